package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/peakd/peakd/daemonapp/status"
)

// write writes a status for people.
func (v statusView) write(w io.Writer, s status.Status) error {
	lines := append(v.header(s.App), "")
	lines = append(lines, v.table(v.rows(s))...)
	lines = append(lines, "")
	lines = append(lines, v.summary(s)...)
	return writeLines(w, append(lines, v.needs(s)...))
}

// header are the lines on the app as a whole.
func (v statusView) header(a status.App) []string {
	column := v.headColumn(a)
	var lines []string
	for _, part := range []struct{ label, text string }{
		{printable(a.Name), v.identity(a)},
		{"workers", floorText(a)},
		{"stops", a.Stops.Why},
	} {
		for i, text := range wrapped(printable(part.text), max(v.width-column, 20)) {
			label := part.label
			if i > 0 {
				label = ""
			}
			lines = append(lines, strings.TrimRight(fill(label, column-1, false)+" "+text, " "))
		}
	}
	return lines
}

// headColumn is where the text of the header begins. A name that leaves too little room for it is cut.
func (v statusView) headColumn(a status.App) int {
	if column := max(cells(printable(a.Name)), 8) + 2; column <= v.width/2 {
		return column
	}
	return 10
}

// identity: "up 3d04h, pid 4711, peakd 0.4.0, config 3f9c2a1 applied 2h10m ago by alice".
func (v statusView) identity(a status.App) string {
	parts := []string{"up " + ageOf(a.Up.Duration())}
	if a.PID > 0 {
		parts = append(parts, "pid "+strconv.Itoa(a.PID))
	}
	if a.Version != "" {
		parts = append(parts, v.program+" "+a.Version)
	}
	if digest := a.Config.Digest; digest != "" {
		text := "config " + digest[:min(len(digest), 7)]
		if at := a.Config.AppliedAt; !at.IsZero() {
			text += " applied " + ageOf(a.At.Sub(at)) + " ago"
		}
		if by := a.Config.AppliedBy; by != "" && by != "start" {
			text += " by " + by
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

// floorText: "1 of 2 busy, 0 ready; load 0.52 0.51 0.38; lag p95 3ms; starved 0s".
func floorText(a status.App) string {
	return fmt.Sprintf("%d of %d busy, %d ready; load %.2f %.2f %.2f; lag p95 %s; starved %s",
		a.Busy, a.Workers, a.Ready, a.Load[0], a.Load[1], a.Load[2], short(a.LagP95.Duration()), short(a.Starved.Duration()))
}

// summary counts the daemons: "12 daemons: 1 running, 1 held, 5 waiting".
func (v statusView) summary(s status.Status) []string {
	counts := map[status.State]int{}
	for i := range s.Daemons {
		counts[s.Daemons[i].State]++
	}
	var parts []string
	for _, state := range summaryOrder() {
		if n := counts[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	text := plural(len(s.Daemons), "daemon")
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	return wrapped(text, v.width)
}

// summaryOrder is that of an ordinary day: what is well comes first.
func summaryOrder() []status.State {
	return []status.State{
		status.Running, status.Ready, status.Held, status.Waiting, status.Backoff, status.Retrying, status.Window, status.Paused,
		status.Finished, status.Disarmed, status.Stuck,
	}
}

// needsShown is how many daemons are named that need a person.
const needsShown = 8

// needs are what a person is to do, with the commands.
func (v statusView) needs(s status.Status) []string {
	var lines []string
	needing := 0
	for i := range s.Daemons {
		d := &s.Daemons[i]
		if !d.NeedsYou {
			continue
		}
		if needing++; needing > needsShown {
			continue
		}
		for _, part := range wrapped(v.remedy(d), v.width) {
			lines = append(lines, v.painted(d.State, part))
		}
	}
	if others := needing - needsShown; others > 0 {
		lines = append(lines, wrapped(fmt.Sprintf("and %d more need you; %s status --check lists them", others, v.program), v.width)...)
	}
	return lines
}

// remedy is what to do about a daemon that needs a person.
func (v statusView) remedy(d *status.Daemon) string {
	name := shellWord(d.Name)
	look := fmt.Sprintf("%s needs you: %s logs %s; ", printable(d.Name), v.program, name)
	if d.State == status.Stuck {
		return look + fmt.Sprintf("when its run has returned, or after a restart, %s arm %s", v.program, name)
	}
	return look + fmt.Sprintf("when mended, %s arm %s", v.program, name)
}
