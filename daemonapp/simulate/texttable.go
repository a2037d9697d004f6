package simulate

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// grid is the table of daemons: the first row is its head, the first column is set left, the others right.
type grid struct {
	rows [][]string
	// gap is the space after the first column; the others have two.
	gap int
}

// columns of the table, by index.
const (
	columnDaemon = iota
	columnPriority
	columnRuns
	columnWorked
	columnIdle
	columnFailed
	columnBusy
	columnWait
	columnStarved
	columnInterval
)

// dispensable are the columns that a narrow table goes without, the first to go first.
func dispensable() []int {
	return []int{columnPriority, columnStarved, columnInterval, columnBusy, columnIdle, columnWorked, columnFailed}
}

// table has a row for each daemon shown, for the rest and for all.
func (r *Report) table() [][]string {
	rows := [][]string{{
		"DAEMON", "PRIO", "RUNS", "WORKED", "IDLE", "FAILED", "BUSY", "LONGEST WAIT", "STARVED", "INTERVAL",
	}}
	for _, index := range r.drawn.shown {
		rows = append(rows, r.Daemons[index].cells(r.drawn.label(r, index)))
	}
	if r.drawn.others > 0 {
		rest := r.rest()
		rows = append(rows, rest.summary(plural(r.drawn.others, "other")))
	}
	return append(rows, r.Sum.summary("all"))
}

// label is the name of a daemon in a drawing, indented under its seed where that stands above it.
func (d *drawing) label(r *Report, index int32) string {
	row := &r.Daemons[index]
	if !d.tree {
		return row.Name
	}
	return strings.Repeat("  ", row.Depth) + row.Short
}

// rest sums up the daemons that are not shown.
func (r *Report) rest() Row {
	shown := make(map[int32]bool, len(r.drawn.shown))
	for _, index := range r.drawn.shown {
		shown[index] = true
	}
	sum := Row{Shortest: Never, Longest: Never, Disarmed: Never}
	for i := range r.Daemons {
		if !shown[int32(i)] {
			sum.add(&r.Daemons[i])
		}
	}
	return sum
}

func (r *Row) cells(name string) []string {
	cells := r.summary(name)
	cells[columnPriority], cells[columnInterval] = strconv.Itoa(r.Priority), r.interval()
	return cells
}

func (r *Row) summary(name string) []string {
	return []string{
		name, "", strconv.Itoa(r.Runs), strconv.Itoa(r.Worked), strconv.Itoa(r.Idle), strconv.Itoa(r.Failed),
		percent(r.Share), Short(r.Wait.Length), Short(r.Starved), "",
	}
}

// percent never rounds something to nothing.
func percent(share float64) string {
	if share > 0 && share < 0.0005 {
		return "<0.1%"
	}
	return strconv.FormatFloat(100*share, 'f', 1, 64) + "%"
}

// interval is the range of the waits that the daemon asked for.
func (r *Row) interval() string {
	switch {
	case r.Runs == 0:
		return "-"
	case r.Shortest < 0:
		return "never"
	case r.Shortest == r.Longest:
		return orNow(r.Shortest)
	}
	return orNow(r.Shortest) + ".." + orNow(r.Longest)
}

func orNow(d time.Duration) string {
	if d == 0 {
		return "now"
	}
	return Short(d)
}

// fit makes the table no wider than that: it cuts names, then leaves columns out.
func (g *grid) fit(width int) {
	const leastName = 12
	for _, column := range dispensable() {
		if g.width() <= width {
			return
		}
		g.cut(max(leastName, g.columnWidth(columnDaemon)-(g.width()-width)))
		if g.width() > width {
			g.drop(column)
		}
	}
	g.cut(max(1, g.columnWidth(columnDaemon)-max(g.width()-width, 0)))
}

// drop empties a column; an empty column takes no space.
func (g *grid) drop(column int) {
	for _, row := range g.rows {
		row[column] = ""
	}
}

func (g *grid) cut(width int) {
	for _, row := range g.rows {
		row[columnDaemon] = cut(row[columnDaemon], width)
	}
}

func (g *grid) columnWidth(column int) int {
	width := 0
	for _, row := range g.rows {
		width = max(width, utf8.RuneCountInString(row[column]))
	}
	return width
}

func (g *grid) width() int {
	width := g.columnWidth(columnDaemon) + g.gap - 2
	for column := columnPriority; column <= columnInterval; column++ {
		if w := g.columnWidth(column); w > 0 {
			width += w + 2
		}
	}
	return width
}

// write appends the table, a row a line.
func (g *grid) write(b *strings.Builder) {
	first := g.columnWidth(columnDaemon) + g.gap - 2
	for _, row := range g.rows {
		line := padRight(row[columnDaemon], first)
		for column := columnPriority; column <= columnInterval; column++ {
			if w := g.columnWidth(column); w > 0 {
				line += "  " + padLeft(row[column], w)
			}
		}
		b.WriteString(strings.TrimRight(line, " "))
		b.WriteByte('\n')
	}
}

// cut shortens a text to so many runes.
func cut(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:width-1]) + "…"
}

func padRight(s string, width int) string {
	return s + strings.Repeat(" ", max(width-utf8.RuneCountInString(s), 0))
}

func padLeft(s string, width int) string {
	return strings.Repeat(" ", max(width-utf8.RuneCountInString(s), 0)) + s
}
