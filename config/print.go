package config

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// TextOptions are how [Diagnostics.WriteText] writes.
type TextOptions struct {
	// Color marks errors red and warnings yellow, for terminals.
	Color bool
	// Full is how many diagnostics are written in full; 0 means 20, a negative number all.
	Full int
}

// hintWidth is where hints are broken, so that no line has more than 100 columns.
const hintWidth = 86

// sourceWidth is what of a source line is shown, for the same reason.
const sourceWidth = 92

const (
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	plain  = "\x1b[0m"
)

// WriteText writes the diagnostics for people, each with its source line and a caret, and a line that
// counts them.
func (d *Diagnostics) WriteText(w io.Writer, o TextOptions) error {
	full := o.Full
	if full == 0 {
		full = 20
	}
	p := &printer{w: w, color: o.Color}
	for i, item := range d.items {
		if full >= 0 && i == full {
			p.printf("... and %d more\n\n", len(d.items)-full)
			break
		}
		p.diagnostic(item)
		p.printf("\n")
	}
	p.printf("%s\n", d.Summary())
	return p.err
}

// printer keeps the first error of many writes.
type printer struct {
	w     io.Writer
	color bool
	err   error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

func (p *printer) diagnostic(d Diagnostic) {
	p.printf("%s\n", p.header(d))
	if d.Line > 0 {
		line, start, end := excerpt(d)
		p.printf("%5d | %s\n", d.Line, strings.TrimRightFunc(line, unicode.IsSpace))
		p.printf("      | %s%s\n", blanks(line[:start]), strings.Repeat("^", max(1, columns(line[start:end]))))
	}
	for _, hint := range d.Hints {
		for _, line := range wrapped(hint, hintWidth) {
			p.printf("      = %s\n", line)
		}
	}
}

// excerpt is the source line and what the diagnostic is about in it; of one that is too wide, what stands around that.
func excerpt(d Diagnostic) (line string, start, end int) {
	const cut, ahead = "…", 30
	from, to := 0, len(d.Source)
	if columns(d.Source) <= sourceWidth {
		return d.Source, d.Start, d.End
	}
	before, after := "", ""
	if columns(d.Source[:d.End]) >= sourceWidth {
		before = cut
		from = d.Start
		for room := max(ahead, sourceWidth-1-columns(d.Source[d.Start:])); from > 0; {
			r, size := utf8.DecodeLastRuneInString(d.Source[:from])
			if room -= max(runeColumns(r), 1); room < 0 {
				break
			}
			from -= size
		}
	}
	if room := sourceWidth - columns(before); columns(d.Source[from:]) > room {
		room, after = room-1, cut
		to = from
		for _, r := range d.Source[from:] {
			if room -= max(runeColumns(r), 1); room < 0 {
				break
			}
			to += utf8.RuneLen(r)
		}
	}
	shift := len(before) - from
	return before + d.Source[from:to] + after, d.Start + shift, min(d.End, to) + shift
}

func (p *printer) header(d Diagnostic) string {
	if !p.color {
		return d.String()
	}
	kind, color := d.Severity.String()+":", red
	if d.Severity == Warning {
		color = yellow
	}
	return strings.Replace(d.String(), kind, color+kind+plain, 1)
}

// blanks is as wide as the text: tabs stay tabs, so that the caret stands right whatever their width.
func blanks(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r == '\t' {
			b.WriteByte('\t')
		} else {
			b.WriteString("  "[:runeColumns(r)])
		}
	}
	return b.String()
}

func columns(text string) int {
	n := 0
	for _, r := range text {
		n += runeColumns(r)
	}
	return n
}

// runeColumns is how many columns of a terminal a character takes.
func runeColumns(r rune) int {
	if combines(r) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	case width.Neutral, width.EastAsianAmbiguous, width.EastAsianNarrow, width.EastAsianHalfwidth:
	}
	return 1
}

// wrapped breaks a text between words.
func wrapped(text string, limit int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case columns(line)+1+columns(word) <= limit:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}

// WriteJSON writes one object a line: file, line, column, end_column, severity, summary, hints, source.
func (d *Diagnostics) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, item := range d.items {
		err := enc.Encode(struct {
			File      string   `json:"file"`
			Line      int      `json:"line,omitempty"`
			Column    int      `json:"column,omitempty"`
			EndColumn int      `json:"end_column,omitempty"`
			Severity  string   `json:"severity"`
			Summary   string   `json:"summary"`
			Hints     []string `json:"hints,omitempty"`
			Source    string   `json:"source,omitempty"`
		}{item.File, item.Line, item.Col, item.EndCol, item.Severity.String(), item.Summary, item.Hints, item.Source})
		if err != nil {
			return fmt.Errorf("write diagnostics: %w", err)
		}
	}
	return nil
}

// WriteGitHub writes workflow commands, which annotate the lines of a pull request.
func (d *Diagnostics) WriteGitHub(w io.Writer) error {
	p := &printer{w: w}
	value := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	message := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	for _, item := range d.items {
		place := "file=" + value.Replace(item.File)
		if item.Line > 0 {
			place += fmt.Sprintf(",line=%d,col=%d,endColumn=%d", item.Line, item.Col, item.EndCol)
		}
		text := strings.Join(append([]string{item.Summary}, item.Hints...), "\n")
		p.printf("::%s %s::%s\n", item.Severity, place, message.Replace(text))
	}
	return p.err
}
