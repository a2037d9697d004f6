package status_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/peakd/peakd/daemonapp/status"
)

func TestLine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text string
		most       int
		want       string
	}{
		{"plain", "exit 1: no such table", 40, "exit 1: no such table"},
		{"lines", " one\n\ttwo\r\nthree  ", 40, "one two three"},
		{"escapes", "a\x1b[31mred\x07", 40, `a\x1b[31mred\x07`},
		{"turned round", "a\u202eb\u200b", 40, `a\u202eb\u200b`},
		{"not UTF-8", "a\xff\xfe", 40, `a\xff\xfe`},
		{"wide", "données 日本語", 40, "données 日本語"},
		{"tags", "\U000e0041", 40, `\U000e0041`},
		{"long", "0123456789", 5, "0123…"},
		{"just fits", "01234", 5, "01234"},
		{"fits in characters", "ééééé", 5, "ééééé"},
		{"an escape is not cut", "012\x1b", 5, "012…"},
		{"empty", "", 5, ""},
		{"nothing but space", " \n ", 5, ""},
	} {
		if got := status.Line(tt.text, tt.most); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func FuzzLine(f *testing.F) {
	for _, text := range []string{"", "plain", "a\nb", "\x1b]0;title\x07", "\u202e\u0301", "日本", "\xff", strings.Repeat("x", 500)} {
		f.Add(text, 40)
	}
	f.Fuzz(func(t *testing.T, text string, most int) {
		most = min(max(most, 1), 200)
		got := status.Line(text, most)
		if n := utf8.RuneCountInString(got); n > most || !utf8.ValidString(got) {
			t.Errorf("%q becomes %q, of %d characters", text, got, n)
		}
		if i := strings.IndexFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("%q becomes %q, which does not print at %d", text, got, i)
		}
		if again := status.Line(got, most); again != got {
			t.Errorf("%q becomes %q, and then %q", text, got, again)
		}
	})
}
