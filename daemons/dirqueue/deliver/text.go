package deliver

import (
	"bytes"
	"strings"
	"unicode"
)

// The bounds of what a [Result] says.
const (
	DetailBytes = 4 << 10
	ReasonBytes = 500
)

// Sentence makes a [Result.Reason] of any text: one line, valid UTF-8, no control characters, at most
// [ReasonBytes]. A sentence stays as it is.
func Sentence(text string) string {
	const ellipsis = "…"
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text[:min(len(text), 8*ReasonBytes)], "\uFFFD"))
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > ReasonBytes {
		text = strings.TrimSpace(strings.ToValidUTF8(text[:ReasonBytes-len(ellipsis)], "")) + ellipsis
	}
	return text
}

// Tail keeps the end of what is written to it, for a [Result.Detail]. One goroutine at a time may use it.
type Tail struct {
	kept []byte
	cut  bool
}

// tailRaw is kept, more than is shown: a secret that straddles the edge is then masked before the cut.
const tailRaw = 2 * DetailBytes

// Write implements io.Writer; it never fails.
func (t *Tail) Write(p []byte) (int, error) {
	n := len(p)
	if len(p) > tailRaw {
		p, t.cut = p[len(p)-tailRaw:], true
		t.kept = t.kept[:0]
	}
	if over := len(t.kept) + len(p) - 2*tailRaw; over > 0 { // seldom, so that a byte is moved once on average
		keep := tailRaw - len(p)
		t.kept, t.cut = append(t.kept[:0], t.kept[len(t.kept)-keep:]...), true
	}
	t.kept = append(t.kept, p...)
	return n, nil
}

// Detail is the end of it, masked, then cut to [DetailBytes].
func (t *Tail) Detail(mask func(string) string) []byte {
	text := []byte(mask(string(t.kept)))
	if room := max(0, len(text)-DetailBytes); room > 0 || t.cut {
		text = text[room:]
		if _, whole, found := bytes.Cut(text, []byte("\n")); found && len(whole) > 0 {
			return bytes.Clone(whole) // from the start of a line
		}
	}
	return text
}

// Head is the start of a text, for a [Result.Detail].
func Head(text []byte, mask func(string) string) []byte {
	masked := mask(string(text))
	return []byte(masked[:min(len(masked), DetailBytes)])
}

// Escaped is a text of letters, digits and the characters %+,-./:@_ only: every byte that is none of them, and "%", is "%" and
// two hexadecimal digits. Different texts stay different. Such a text is one word without a meaning of its own wherever it
// is written: in a line, in a header, and as an argument in the input of a shell.
func Escaped(text string) string { return string(AppendEscaped(nil, text)) }

// AppendEscaped appends the text as [Escaped] has it.
func AppendEscaped(to []byte, text string) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(text) {
		if b := text[i]; isPlain(b) {
			to = append(to, b)
		} else {
			to = append(to, '%', digits[b>>4], digits[b&15])
		}
	}
	return to
}

func isPlain(b byte) bool {
	switch {
	case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '+' <= b && b <= ':', b == '@', b == '_': // + , - . / digits :
		return true
	}
	return false
}
