package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/peakd/peakd/daemonapp/status"
)

// writeOne writes everything about one daemon, and where its children stand.
func (v statusView) writeOne(w io.Writer, d *status.Daemon, children status.Status) error {
	var lines []string
	for _, f := range v.facts(d, children.App.At) {
		if f.text == "" {
			continue
		}
		for i, text := range wrapped(printable(f.text), max(v.width-factColumn, 20)) {
			label := f.label
			if i > 0 {
				label = ""
			}
			line := fill(label, factColumn-2, false) + "  " + text
			if f.label == factState {
				line = v.painted(d.State, line)
			}
			lines = append(lines, line)
		}
	}
	if len(children.Daemons) > 0 {
		lines = append(append(lines, ""), v.table(v.rows(children))...)
	}
	if d.NeedsYou {
		lines = append(append(lines, ""), wrapped(v.remedy(d), v.width)...)
	}
	return writeLines(w, lines)
}

// fact is a line about a daemon; without text there is none.
type fact struct{ label, text string }

const (
	factColumn = 13
	factState  = "state"
)

// facts are what is known of a daemon.
func (v statusView) facts(d *status.Daemon, now time.Time) []fact {
	return []fact{
		{"daemon", d.Name},
		{"type", d.Type},
		{"description", d.Description},
		{"tags", strings.Join(d.Tags, ", ")},
		{factState, string(d.State)},
		{"why", d.Why},
		{"run", runFact(d, now)},
		{"last run", lastFact(d, now)},
		{"last good", momentFact(d.LastGood, now)},
		{"last error", errorFact(d, now)},
		{"next", nextFact(d, now)},
		{"pace", paceFact(d)},
		{"durations", durationsFact(d)},
		{"runs", runsFact(d)},
		{"waits", waitsFact(d)},
		{"conditions", conditionsFact(d)},
		{"limits", limitsFact(d)},
		{"paused", pauseFact(d, now)},
		{"priority", strconv.Itoa(d.Priority)},
		{"background", backgroundFact(d)},
		{"child of", d.Parent},
		{"children", childrenFact(d)},
		{"settings", d.Digest},
	}
}

// momentFact: "2026-03-02 16:02:11, 6h05m ago".
func momentFact(t, now time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case t.After(now):
		return fmt.Sprintf("%s, in %s", moment(t), ageOf(t.Sub(now)))
	}
	return fmt.Sprintf("%s, %s ago", moment(t), ageOf(now.Sub(t)))
}

func moment(t time.Time) string { return t.Format("2006-01-02 15:04:05") }

func runFact(d *status.Daemon, now time.Time) string {
	if d.Run == nil {
		return ""
	}
	text := fmt.Sprintf("%s, since %s (%s)", d.Run.ID, moment(d.Run.Started), ageOf(now.Sub(d.Run.Started)))
	if !d.Run.Deadline.IsZero() {
		text += ", times out at " + moment(d.Run.Deadline)
	}
	if d.Run.Done > 0 || d.Run.Total > 0 {
		text += fmt.Sprintf(", %d of %d done", d.Run.Done, d.Run.Total)
	}
	return text
}

func lastFact(d *status.Daemon, now time.Time) string {
	if d.Outcome == "" || d.LastEnd.IsZero() {
		return "none"
	}
	text := d.Outcome + " at " + momentFact(d.LastEnd, now)
	if d.Run == nil && !d.LastStart.IsZero() && !d.LastEnd.Before(d.LastStart) {
		text += ", took " + short(d.LastEnd.Sub(d.LastStart))
	}
	return text
}

func errorFact(d *status.Daemon, now time.Time) string {
	if d.LastError == "" {
		return ""
	}
	return fmt.Sprintf("%s (%s)", d.LastError, momentFact(d.LastErrorAt, now))
}

func nextFact(d *status.Daemon, now time.Time) string {
	if cell := nextCell(d, now); cell == "never" || cell == "now" {
		return cell
	}
	if d.State == status.Running {
		return "when this run has ended"
	}
	if d.Next.IsZero() {
		return "not known: see why"
	}
	return momentFact(d.Next, now)
}

func paceFact(d *status.Daemon) string {
	var parts []string
	if d.Interval > 0 {
		parts = append(parts, "every "+short(d.Interval.Duration()))
	}
	if d.Schedule != "" {
		parts = append(parts, "schedule "+d.Schedule)
	}
	if d.Wait > 0 && d.Wait != d.Interval {
		parts = append(parts, "now after "+short(d.Wait.Duration()))
	}
	if d.IdleRuns > 0 {
		parts = append(parts, plural(d.IdleRuns, "idle run")+" in a row")
	}
	if d.Failures > 0 {
		parts = append(parts, plural(d.Failures, "failure")+" in a row")
	}
	return strings.Join(parts, ", ")
}

func durationsFact(d *status.Daemon) string {
	if d.Samples == 0 {
		return ""
	}
	return fmt.Sprintf("p50 %s, p95 %s of the latest %s", short(d.P50.Duration()), short(d.P95.Duration()), plural(d.Samples, "run"))
}

func runsFact(d *status.Daemon) string {
	c := d.Counts
	text := fmt.Sprintf("%d worked, %d idle, %d failed", c.Worked, c.Idle, c.Failed)
	if c.Cancelled > 0 {
		text += fmt.Sprintf(", %d cancelled", c.Cancelled)
	}
	if c.Items > 0 {
		text += fmt.Sprintf("; %d done in all", c.Items)
	}
	return text + " since the start"
}

func waitsFact(d *status.Daemon) string {
	if d.Counts.LongestWait <= 0 {
		return ""
	}
	return fmt.Sprintf("for the floor at most %s, %s in all", short(d.Counts.LongestWait.Duration()), short(d.Counts.Starved.Duration()))
}

func conditionsFact(d *status.Daemon) string {
	var parts []string
	if len(d.Windows) > 0 {
		parts = append(parts, "from "+strings.Join(d.Windows, " or "))
	}
	if len(d.After) > 0 {
		parts = append(parts, "after "+strings.Join(d.After, ", "))
	}
	if d.LoadBelow > 0 {
		parts = append(parts, fmt.Sprintf("load below %.2f", d.LoadBelow))
	}
	return strings.Join(parts, "; ")
}

func limitsFact(d *status.Daemon) string {
	var parts []string
	if d.Timeout > 0 {
		parts = append(parts, "timeout "+short(d.Timeout.Duration()))
	}
	if d.DisarmAfter > 0 {
		parts = append(parts, "disarmed after "+plural(d.DisarmAfter, "failure"))
	}
	return strings.Join(parts, ", ")
}

func pauseFact(d *status.Daemon, now time.Time) string {
	if d.Pause == nil {
		return ""
	}
	text := "since " + momentFact(d.Pause.Since, now)
	if d.Pause.Who != "" {
		text += ", by " + d.Pause.Who
	}
	if !d.Pause.Until.IsZero() {
		text += ", until " + moment(d.Pause.Until)
	}
	if d.Pause.Why != "" {
		text += ": " + d.Pause.Why
	}
	return text
}

func backgroundFact(d *status.Daemon) string {
	if !d.Background {
		return ""
	}
	return "yes: it does not keep the app alive"
}

func childrenFact(d *status.Daemon) string {
	if !d.Seed {
		return ""
	}
	return strconv.Itoa(d.Children)
}
