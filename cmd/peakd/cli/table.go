package cli

import (
	"io"
	"strings"
	"unicode/utf8"
)

// table is text in aligned columns, no wider than a screen: the last column is broken into lines.
type table struct {
	rows  [][]string
	right []bool // columns that are aligned to the right
	width int    // at most, in columns of text
}

// tableWidth is that of a table for people.
const tableWidth = 100

func newTable(head ...string) *table {
	return &table{rows: [][]string{head}, right: make([]bool, len(head)), width: tableWidth}
}

// alignRight aligns these columns to the right.
func (t *table) alignRight(columns ...int) *table {
	for _, c := range columns {
		t.right[c] = true
	}
	return t
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) write(w io.Writer) error {
	widths := make([]int, len(t.rows[0]))
	for _, row := range t.rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range t.rows {
		t.line(&b, row, widths)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *table) line(b *strings.Builder, row []string, widths []int) {
	last := len(row) - 1
	indent := 0
	var line strings.Builder
	for i, cell := range row[:last] {
		space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if t.right[i] {
			cell = space + cell
		} else {
			cell += space
		}
		line.WriteString(cell + "  ")
		indent += widths[i] + 2
	}
	cell := row[last]
	if t.right[last] {
		cell = strings.Repeat(" ", widths[last]-utf8.RuneCountInString(cell)) + cell
	}
	for i, part := range broken(cell, max(t.width-indent, 30)) {
		if i > 0 {
			line.Reset()
			line.WriteString(strings.Repeat(" ", indent))
		}
		b.WriteString(strings.TrimRight(line.String()+part, " ") + "\n")
	}
}

// broken breaks text at spaces into lines of at most width.
func broken(text string, width int) []string {
	var lines []string
	for utf8.RuneCountInString(text) > width {
		runes := []rune(text)
		cut := strings.LastIndexByte(string(runes[:width+1]), ' ')
		if cut <= 0 {
			cut = len(string(runes[:width]))
		}
		lines = append(lines, text[:cut])
		text = strings.TrimLeft(text[cut:], " ")
	}
	return append(lines, text)
}
