package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/simulate"
)

func short(d time.Duration) string { return simulate.Short(d) }

// writeRuns prints the table of what every daemon did, and why the app stopped.
//
// Age is how old the app was when its last run had ended.
func writeRuns(w io.Writer, list []daemonapp.DaemonStatus, stop daemonapp.Stop, age time.Duration, once bool) error {
	t := newTable("DAEMON", "PRIO", "RUNS", "WORKED", "IDLE", "FAILED", "COUNT", "BUSY", "LONGEST WAIT", "STARVED", "INTERVAL").
		alignRight(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
	rows, others := noted(families(list))
	for _, row := range rows {
		t.add(append([]string{row.label, strconv.Itoa(row.Priority)}, append(sums(row.Stats, age), pauses(row.Stats))...)...)
	}
	if len(others) > 0 {
		t.add(append([]string{fmt.Sprintf("%d others", len(others)), ""}, append(sums(total(others), age), "")...)...)
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	if err := t.write(w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nstopped after %s: %s\n", short(age), because(stop, once))
	return err
}

// noteworthy is how many daemons a report names.
const noteworthy = 40

// noted are the daemons that a report names: all, or of many those that failed most and waited longest, by their
// full names.
func noted(rows []familyRow) (named, others []familyRow) {
	if len(rows) <= noteworthy {
		return rows, nil
	}
	ranked := slices.Clone(rows)
	slices.SortStableFunc(ranked, func(a, b familyRow) int {
		return cmp.Or(cmp.Compare(b.Stats.Failed, a.Stats.Failed), cmp.Compare(b.Stats.LongestWait, a.Stats.LongestWait))
	})
	for i := range ranked {
		ranked[i].label = ranked[i].Name
	}
	return ranked[:noteworthy], ranked[noteworthy:]
}

func total(rows []familyRow) schedule.Stats {
	var sum schedule.Stats
	for _, row := range rows {
		s := row.Stats
		sum.Worked += s.Worked
		sum.Idle += s.Idle
		sum.Failed += s.Failed
		sum.Cancelled += s.Cancelled
		sum.Count += s.Count
		sum.Busy += s.Busy
		sum.LongestWait = max(sum.LongestWait, s.LongestWait)
		sum.Starved += s.Starved
	}
	return sum
}

// sums are the figures that add up.
func sums(s schedule.Stats, age time.Duration) []string {
	return []string{
		number(s.Runs()), number(int(s.Worked)), number(int(s.Idle)), number(int(s.Failed)),
		strconv.FormatInt(s.Count, 10), share(s.Busy, age), short(s.LongestWait), short(s.Starved),
	}
}

// because is the reason in words.
func because(stop daemonapp.Stop, once bool) string {
	if once && stop.Reason == schedule.IdleGap {
		return "every daemon has run once"
	}
	switch stop.Reason {
	case schedule.HardDeadline:
		return "the hard deadline (shutdown_after) was reached"
	case schedule.NoWork:
		return "nothing useful was done for shutdown_if_no_work"
	case schedule.IdleGap:
		return "nothing was due within shutdown_if_idle"
	case schedule.Signalled:
		return "a signal asked for it"
	case schedule.Asked:
		return "an operator asked for it"
	case schedule.Horizon:
	}
	return stop.Reason.String()
}

// familyRow is a daemon and how it is named in a table: children are indented under their seed.
type familyRow struct {
	daemonapp.DaemonStatus
	label string
}

// families orders daemons as they were added, each child below its seed.
func families(list []daemonapp.DaemonStatus) []familyRow {
	children := map[string][]daemonapp.DaemonStatus{}
	for _, d := range list {
		children[d.Parent] = append(children[d.Parent], d)
	}
	var rows []familyRow
	var visit func(parent, indent string)
	visit = func(parent, indent string) {
		kin := children[parent]
		if parent != "" {
			slices.SortFunc(kin, func(a, b daemonapp.DaemonStatus) int { return cmp.Compare(a.Name, b.Name) })
		}
		for _, d := range kin {
			rows = append(rows, familyRow{d, indent + d.Name[strings.LastIndexByte(d.Name, '/')+1:]})
			visit(d.Name, indent+"  ")
		}
	}
	visit("", "")
	return rows
}

// plural is "1 thing" or "2 things".
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func number(n int) string { return strconv.Itoa(n) }

func share(part, whole time.Duration) string {
	if whole <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100*float64(part)/float64(whole))
}

// pauses is the range of the intervals that a daemon asked for.
func pauses(s schedule.Stats) string {
	if s.Runs() == 0 || s.ShortestPause < 0 {
		return "-"
	}
	from, to := short(s.ShortestPause), short(s.LongestPause)
	if s.ShortestPause == 0 {
		from = "now"
	}
	if from == to || (s.LongestPause == 0) {
		return from
	}
	return from + ".." + to
}
