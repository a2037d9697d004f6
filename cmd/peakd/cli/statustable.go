package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/peakd/peakd/daemonapp/status"
)

// statusView is how a status is written.
type statusView struct {
	// width is that of a line, in columns.
	width   int
	colours bool
	// program is the name that commands begin with.
	program string
	// whole tells that no daemons are told of together.
	whole bool
}

// statusRow is a line of the table.
type statusRow struct {
	cells  [7]string
	folded string // instead of cells
	state  status.State
	name   string // of the daemon, empty if folded
}

// Columns of the table.
const (
	columnName = iota
	columnState
	columnLast
	columnNext
	columnP50
	columnP95
	columnWhy
)

func statusHead() statusRow {
	return statusRow{cells: [7]string{"NAME", "STATE", "LAST", "NEXT", "P50", "P95", "WHY"}}
}

// percentilesFrom is the width from which the table has room for percentiles.
const percentilesFrom = 100

// rows are the daemons as a table has them.
func (v statusView) rows(s status.Status) []statusRow {
	var rows []statusRow
	var add func(nodes []*statusNode, indent string)
	add = func(nodes []*statusNode, indent string) {
		for _, n := range nodes {
			if n.daemon == nil {
				rows = append(rows, statusRow{folded: indent + n.folded, state: ranked(n.rank)})
				continue
			}
			rows = append(rows, statusRowOf(n, indent, s.App.At))
			add(n.kids, indent+"  ")
		}
	}
	add(statusTree(s.Daemons, !v.whole && len(s.Daemons) > foldFrom), "")
	return rows
}

func statusRowOf(n *statusNode, indent string, now time.Time) statusRow {
	d := n.daemon
	row := statusRow{state: d.State, name: d.Name}
	row.cells = [7]string{
		indent + printable(n.label), string(d.State), lastCell(d, now), nextCell(d, now),
		tookCell(d, d.P50), tookCell(d, d.P95), printable(d.Why),
	}
	return row
}

func lastCell(d *status.Daemon, now time.Time) string {
	if d.Outcome == "" || d.LastEnd.IsZero() {
		return "-"
	}
	outcome := d.Outcome
	if outcome == "more" {
		outcome = "worked"
	}
	return printable(outcome) + " " + ageOf(now.Sub(d.LastEnd))
}

func nextCell(d *status.Daemon, now time.Time) string {
	switch d.State {
	case status.Disarmed, status.Stuck, status.Finished:
		return "never"
	case status.Running:
		return ""
	case status.Ready:
		return "now"
	case status.Retrying, status.Held, status.Paused, status.Window, status.Backoff, status.Waiting:
	}
	if d.Next.IsZero() {
		return ""
	}
	return ageOf(d.Next.Sub(now))
}

func tookCell(d *status.Daemon, took status.Seconds) string {
	if d.Samples == 0 {
		return "-"
	}
	return short(took.Duration())
}

// ageOf is a time that passes while it is read: in whole seconds.
func ageOf(d time.Duration) string { return short(max(d, 0).Round(time.Second)) }

// layout is how wide each column is; 0: it is left out.
type layout [7]int

// The narrowest that the columns of text may become.
const (
	leastName = 10
	leastWhy  = 16
)

func (v statusView) layout(rows []statusRow) layout {
	var l layout
	for _, row := range rows {
		if row.folded != "" {
			continue
		}
		for i, cell := range row.cells {
			l[i] = max(l[i], cells(cell))
		}
	}
	if v.width < percentilesFrom {
		l[columnP50], l[columnP95] = 0, 0
	}
	if over := l.before() + leastWhy - v.width; over > 0 {
		l[columnName] = max(l[columnName]-over, min(leastName, l[columnName]))
	}
	if l.before()+leastWhy > v.width { // a name alone does not make the room
		l[columnLast] = 0
	}
	l[columnWhy] = max(v.width-l.before(), 1)
	return l
}

// before is where the last column begins.
func (l layout) before() int {
	n := 0
	for _, w := range l[:columnWhy] {
		if w > 0 {
			n += w + 2
		}
	}
	return n
}

func (l layout) line(row statusRow, width int) string {
	if row.folded != "" {
		return cut(row.folded, width)
	}
	var b strings.Builder
	for i, w := range l[:columnWhy] {
		if w > 0 {
			b.WriteString(fill(row.cells[i], w, i >= columnNext) + "  ")
		}
	}
	b.WriteString(cut(row.cells[columnWhy], l[columnWhy]))
	return cut(strings.TrimRight(b.String(), " "), width)
}

// table is the daemons, a line each.
func (v statusView) table(rows []statusRow) []string {
	all := append([]statusRow{statusHead()}, rows...)
	l := v.layout(all)
	lines := make([]string, len(all))
	for i, row := range all {
		lines[i] = v.painted(row.state, l.line(row, v.width))
	}
	return lines
}

// painted is a line in the colour of a state.
func (v statusView) painted(s status.State, line string) string {
	colour := ""
	switch s {
	case status.Disarmed, status.Stuck:
		colour = "31"
	case status.Retrying:
		colour = "33"
	case status.Running:
		colour = "32"
	case status.Backoff, status.Finished:
		colour = "2"
	case status.Ready, status.Held, status.Paused, status.Window, status.Waiting:
	}
	if !v.colours || colour == "" {
		return line
	}
	return "\x1b[" + colour + "m" + line + "\x1b[0m"
}

func writeLines(w io.Writer, lines []string) error {
	if len(lines) == 0 {
		return nil
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}
