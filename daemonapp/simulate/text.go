package simulate

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// DefaultWidth is how wide a text drawing is if nobody says.
	DefaultWidth = 100
	// leastWidth is what a narrower width counts as.
	leastWidth = 40
	// nameLimit is how much of a name is shown.
	nameLimit = 24
	// nameGap is the space between names and lanes.
	nameGap = 3
)

// WriteText draws the report in plain text, no wider than width columns (0 means DefaultWidth, at
// least 40): a timeline, a table, and what there is to say. It is UTF-8 and ends in a newline.
func WriteText(w io.Writer, r *Report, width int) error {
	if err := r.Explain(); err != nil {
		return err
	}
	if width <= 0 {
		width = DefaultWidth
	}
	t := &text{r: r, width: max(width, leastWidth)}
	if err := t.draw(); err != nil {
		return err
	}
	if _, err := io.WriteString(w, t.out.String()); err != nil {
		return fmt.Errorf("write text: %w", err)
	}
	return nil
}

// text is a text drawing in the making.
type text struct {
	r     *Report
	width int
	out   strings.Builder
	names int // the width of the names
	cell  time.Duration
	cells int
}

func (t *text) draw() error {
	t.wrap(t.r.headline())
	if began := t.r.began(); began != "" {
		t.wrap(began)
	}
	t.measure()
	if len(t.r.Daemons) > 0 {
		t.out.WriteByte('\n')
		t.timeline()
		t.out.WriteByte('\n')
		g := grid{rows: t.r.table(), gap: nameGap}
		g.cut(nameLimit)
		g.fit(t.width)
		g.write(&t.out)
	}
	t.out.WriteByte('\n')
	for _, line := range t.r.sentences() {
		t.wrap(line)
	}
	warnings, err := t.r.warnings()
	for _, line := range warnings {
		t.wrap("warning: " + line)
	}
	return err
}

// measure divides the width among names and cells.
func (t *text) measure() {
	t.names = len("deadlines")
	for _, index := range t.r.drawn.shown {
		t.names = max(t.names, utf8.RuneCountInString(t.r.drawn.label(t.r, index)))
	}
	t.names = min(t.names, nameLimit, t.width/3)
	t.cell = cellLength(t.r.Stop.At, time.Second, t.width-t.names-nameGap)
	t.cells = int(t.r.Stop.At/t.cell) + 1
}

// wrap writes a sentence, broken between words where it is too long.
func (t *text) wrap(sentence string) {
	column := 0
	for i, word := range strings.Fields(sentence) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case column+1+n > t.width:
			t.out.WriteString("\n  ")
			column = 2
		default:
			t.out.WriteByte(' ')
			column++
		}
		for column+n > t.width { // a word that fits no line
			room := t.width - column
			runes := []rune(word)
			t.out.WriteString(string(runes[:room]) + "\n  ")
			word, n, column = string(runes[room:]), n-room, 2
		}
		t.out.WriteString(word)
		column += n
	}
	t.out.WriteByte('\n')
}

// row writes one line of the timeline.
func (t *text) row(name, cells string) {
	line := padRight(cut(name, t.names), t.names+nameGap) + cells
	t.out.WriteString(strings.TrimRight(line, " "))
	t.out.WriteByte('\n')
}
