package deliver_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/peakd/peakd/daemons/dirqueue/deliver"
)

func TestSentence(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                 "",
		" a\r\n b\x00c\x1b[31m ":           "a b c [31m",
		"bad \xff byte":                    "bad \uFFFD byte",
		"ümläut":                           "ümläut",
		strings.Repeat("x", 496) + "ü yzz": strings.Repeat("x", 496) + "…",
	} {
		if got := deliver.Sentence(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzSentence(f *testing.F) {
	f.Add("a\n\xff")
	f.Fuzz(func(t *testing.T, text string) {
		got := deliver.Sentence(text)
		if !utf8.ValidString(got) || len(got) > deliver.ReasonBytes || strings.ContainsFunc(got, unicode.IsControl) || deliver.Sentence(got) != got {
			t.Errorf("%q: %q", text, got)
		}
	})
}

func TestTailKeepsTheEnd(t *testing.T) {
	t.Parallel()
	same := func(text string) string { return text }
	var all []byte
	var tail deliver.Tail
	for i := range 3000 {
		chunk := []byte(strings.Repeat(string(rune('a'+i%26)), i%97) + "\n")
		if i%1000 == 999 {
			chunk = slices.Repeat(chunk, 500)
		}
		all = append(all, chunk...)
		_, _ = tail.Write(chunk)
		got := tail.Detail(same)
		if !strings.HasSuffix(string(all), string(got)) || len(got) > deliver.DetailBytes ||
			len(got) < min(len(all), deliver.DetailBytes-100) && len(got) != len(all) {
			t.Fatalf("after %d bytes: %d bytes %.40q", len(all), len(got), got)
		}
	}
}

func TestTailMasksBeforeItCuts(t *testing.T) {
	t.Parallel()
	mask := func(text string) string { return strings.ReplaceAll(text, "secret", "*") }
	var tail deliver.Tail
	_, _ = tail.Write([]byte(strings.Repeat("a", 1000) + "secret" + strings.Repeat("b", deliver.DetailBytes-3)))
	if got := string(tail.Detail(mask)); strings.Contains(got, "ret") || len(got) != deliver.DetailBytes {
		t.Errorf("detail of %d bytes: %.10q", len(got), got)
	}
	if got := string(deliver.Head([]byte("secret "+strings.Repeat("x", 2*deliver.DetailBytes)), mask)); len(got) != deliver.DetailBytes || got[:2] != "* " {
		t.Errorf("head of %d bytes: %.10q", len(got), got)
	}
}

func FuzzEscaped(f *testing.F) {
	f.Add("a b%\n\xff")
	f.Fuzz(func(t *testing.T, text string) {
		got := deliver.Escaped(text)
		if back, err := url.PathUnescape(got); err != nil || back != text ||
			strings.Trim(got, "%+,-./:@_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "" {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	})
}
