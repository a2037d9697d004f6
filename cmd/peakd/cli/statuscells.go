package cli

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"

	"github.com/peakd/peakd/daemonapp/status"
)

// cells is how many columns of a terminal a text takes.
func cells(text string) int {
	n := 0
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			n++
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		n += runeCells(r)
		i += size
	}
	return n
}

func runeCells(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	case width.Neutral, width.EastAsianAmbiguous, width.EastAsianNarrow, width.EastAsianHalfwidth:
	}
	return 1
}

// cut is a text of at most so many columns; one that is longer ends in "…".
func cut(text string, most int) string {
	if len(text) <= most || cells(text) <= most {
		return text
	}
	n := 0
	for i, r := range text {
		if n += runeCells(r); n > most-1 {
			return strings.TrimRight(text[:i], " ") + "…"
		}
	}
	return text
}

// fill cuts a text or fills it with spaces, on its right or its left.
func fill(text string, columns int, right bool) string {
	text = cut(text, columns)
	space := strings.Repeat(" ", max(columns-cells(text), 0))
	if right {
		return space + text
	}
	return text + space
}

// wrapped breaks a text at spaces into lines of at most so many columns; a word that is longer is cut in pieces.
func wrapped(text string, columns int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && cells(line)+1+cells(word) <= columns {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for cells(word) > columns {
			head := pieceOf(word, columns)
			lines, word = append(lines, head), word[len(head):]
		}
		line = word
	}
	return append(lines, line)
}

// pieceOf is the beginning of a word that fits, one character at least.
func pieceOf(word string, columns int) string {
	n := 0
	for i, r := range word {
		if n += runeCells(r); n > columns && i > 0 {
			return word[:i]
		}
	}
	return word
}

// printable is a name as it may be written to a terminal.
func printable(name string) string { return status.Line(name, 1<<10) }

// shellWord is a name as a shell takes it.
func shellWord(name string) string {
	if name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-/%+@", r))
	}) {
		return name
	}
	return "'" + strings.ReplaceAll(printable(name), "'", `'\''`) + "'"
}
