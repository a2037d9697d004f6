package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/peakd/peakd/daemonapp/history"
)

// historyTable writes entries for people.
func (c *command) historyTable(ctx context.Context, r *history.Reader, q history.Query, width int) error {
	list, err := r.Entries(ctx, q)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(c.Out, nothingRecorded(q))
		return err
	}
	if width == 0 {
		width = tableWidth
		if columns, ok := terminal(c.Out); ok {
			width = min(max(columns, 60), tableWidth)
		}
	}
	v := historyView{width: width, colours: c.colours(c.Out), now: time.Now()}
	if err := v.write(c.Out, list); err != nil {
		return err
	}
	if q.Limit > 0 && len(list) == q.Limit {
		_, err = fmt.Fprintf(c.Out, "\nthe last %d; --limit 0 shows all, --last 24h those of a day\n", q.Limit)
	}
	return err
}

func nothingRecorded(q history.Query) string {
	text := "nothing is recorded"
	if len(q.Names) > 0 {
		text += " of " + strings.Join(q.Names, ", ")
	}
	if !q.Since.IsZero() || len(q.Kinds)+len(q.Outcomes) > 0 {
		text += " that the flags ask for"
	}
	return text
}

// historyView is how entries are written.
type historyView struct {
	width   int
	colours bool
	now     time.Time
}

// waitedFrom is from when on the table says how long a run waited, as the log does.
const waitedFrom = 100 * time.Millisecond

// columns of the table.
const (
	historyWhen = iota
	historyDaemon
	historyWhat
	historyTook
	historyCount
	historyWaited
	historyWhy
)

func (v historyView) write(w io.Writer, list []history.Entry) error {
	layout := v.layout(list)
	rows := [][]string{historyHeads()}
	for i := range list {
		rows = append(rows, v.row(&list[i], layout))
	}
	var widths [historyWhy]int
	for _, row := range rows[1:] {
		for column := range widths {
			widths[column] = max(widths[column], utf8.RuneCountInString(row[column]))
		}
	}
	shown := v.shown(&widths)
	var b strings.Builder
	for i, row := range rows {
		line := v.lines(row, widths[:], shown)
		if i > 0 {
			line = v.painted(line, &list[i-1])
		}
		b.WriteString(line + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// shown are the columns that there is room for and something in.
func (v historyView) shown(widths *[historyWhy]int) []int {
	head := historyHeads()
	var shown []int
	for column, width := range widths {
		optional := column == historyCount || column == historyWaited
		if optional && v.width < tableWidth || width == 0 {
			continue
		}
		widths[column] = max(width, len(head[column]))
		shown = append(shown, column)
	}
	return append(shown, historyWhy)
}

func historyHeads() []string {
	return []string{"WHEN", "DAEMON", "WHAT", "TOOK", "COUNT", "WAITED", "WHY"}
}

// layout is how times are written: the day is left out if it is today, and the year if it is this one.
func (v historyView) layout(list []history.Entry) string {
	oldest := list[0].At
	if last := list[len(list)-1].At; last.Before(oldest) {
		oldest = last
	}
	oldest, now := oldest.Local(), v.now.Local()
	switch {
	case oldest.Year() != now.Year():
		return "2006-01-02 15:04:05"
	case oldest.YearDay() != now.YearDay():
		return "01-02 15:04:05"
	}
	return "15:04:05"
}

func (v historyView) row(e *history.Entry, layout string) []string {
	what := cmp.Or(e.Outcome, string(e.Kind))
	if e.Times > 1 {
		what += fmt.Sprintf(" x%d", e.Times)
	}
	took, waited, count := "", "", ""
	if e.Kind == history.Run && e.Outcome != "lost" {
		took = short(e.Mean())
	}
	if e.Waited >= waitedFrom {
		waited = short(e.Waited)
	}
	if e.Count > 0 {
		count = number(e.Count)
	}
	most := nameWidth
	if v.width < tableWidth {
		most = 18
	}
	return []string{
		e.At.Local().Format(layout), shortened(printable(cmp.Or(e.Daemon, "-")), most), what, took, count, waited, v.why(e, layout),
	}
}

// why is everything that has no column of its own: who did it and until when, the reason or the error, and the rest.
func (v historyView) why(e *history.Entry, layout string) string {
	var lead, rest []string
	if e.Who != "" {
		lead = append(lead, "by "+e.Who)
	}
	if !e.Until.IsZero() && e.Kind == "paused" {
		lead = append(lead, "until "+e.Until.Local().Format("01-02 15:04"))
	}
	switch since := e.Since.Local().Format(layout); {
	case e.Since.IsZero():
	case e.Outcome == "lost":
		rest = append(rest, "started "+since)
	case e.Kind == "missed" || e.Kind == "skipped":
		rest = append(rest, "due "+since)
	case e.Times > 1:
		rest = append(rest, "since "+since)
	}
	if e.Trigger == "operator" || e.Trigger == "wake" {
		rest = append(rest, "trigger "+e.Trigger)
	}
	if e.Attempt > 1 {
		rest = append(rest, "attempt "+number(e.Attempt))
	}
	if e.Outcome == "failed" {
		rest = append(rest, "run "+e.RunID.String())
	}
	text := strings.Join(lead, " ")
	why, _, _ := strings.Cut(e.Why, "\n") // the stack of a panic follows
	if why != "" && text != "" {
		text += ": "
	}
	if text += why; text != "" && len(rest) > 0 {
		text += "; "
	}
	return printable(text + strings.Join(rest, ", "))
}

// mostLines is how many lines of the table an entry may take.
const mostLines = 3

// lines are those of an entry: what does not fit into the last column goes on below it.
func (v historyView) lines(row []string, widths, shown []int) string {
	var b strings.Builder
	for _, column := range shown[:len(shown)-1] {
		space := strings.Repeat(" ", widths[column]-utf8.RuneCountInString(row[column]))
		if column >= historyTook {
			b.WriteString(space + row[column] + "  ")
		} else {
			b.WriteString(row[column] + space + "  ")
		}
	}
	indent := utf8.RuneCountInString(b.String())
	left := max(v.width-indent, 10)
	parts := broken(row[historyWhy], left)
	if len(parts) > mostLines {
		parts = append(parts[:mostLines-1], shortened(strings.Join(parts[mostLines-1:], " "), left))
	}
	return strings.TrimRight(b.String()+strings.Join(parts, "\n"+strings.Repeat(" ", indent)), " ")
}

// painted colours a line as the log's are.
func (v historyView) painted(line string, e *history.Entry) string {
	colour := ""
	switch {
	case !v.colours:
	case e.Outcome == "failed" || e.Outcome == "lost" || e.Kind == "disarmed" || e.Kind == "refused":
		colour = "31"
	case e.Kind == "held" || e.Kind == "missed" || e.Kind == history.Dropped:
		colour = "33"
	case e.Outcome == "idle":
		colour = "2"
	}
	if colour == "" {
		return line
	}
	return "\x1b[" + colour + "m" + line + "\x1b[0m"
}
