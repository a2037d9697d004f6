package simulate

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// headline names the app and its limits.
func (r *Report) headline() string {
	top, children := 0, 0
	for i := range r.Daemons {
		if r.Daemons[i].Depth > 0 {
			children++
		} else {
			top++
		}
	}
	parts := []string{plural(top, "daemon")}
	if children > 0 {
		parts[0] += " and " + strconv.Itoa(children) + " " + map[bool]string{true: "child", false: "children"}[children == 1]
	}
	parts[0] += " on " + plural(r.Input.Limits.Workers, "worker")
	if limits := r.limits(); limits != "" {
		parts = append(parts, limits)
	}
	parts = append(parts, "horizon "+Short(r.Input.Horizon))
	return r.name() + ": " + strings.Join(parts, "; ")
}

func (r *Report) name() string {
	if r.Input.App == "" {
		return "app"
	}
	return r.Input.App
}

// limits lists those that are set.
func (r *Report) limits() string {
	l := r.Input.Limits
	var parts []string
	for _, limit := range []struct {
		name  string
		value time.Duration
	}{
		{"soft", l.SoftDeadline},
		{"idle", l.IdleThreshold},
		{"no work", l.NoWorkTimeout},
		{"hard", l.HardDeadline},
		{"aging", l.Aging},
	} {
		if limit.value > 0 {
			parts = append(parts, limit.name+" "+Short(limit.value))
		}
	}
	return strings.Join(parts, ", ")
}

// began says when the virtual world starts; empty if that does not matter.
func (r *Report) began() string {
	if r.Input.nameless {
		return ""
	}
	s := "starts " + r.Input.Start.Format("Mon 2006-01-02 15:04:05 MST")
	if r.Input.StartAssumed {
		s += ", the coming midnight"
	}
	return s
}

// stops says when, why and what would have come next.
func (r *Report) stops() string {
	s := r.Stop
	if s.Reason == schedule.Horizon {
		return "goes on after " + Short(s.At) + ", the horizon" + r.unfinished() + r.next()
	}
	return "stops at " + Short(s.At) + ": " + s.Reason.String() + r.because() + r.unfinished() + r.next()
}

func (r *Report) because() string {
	if r.Stop.Reason != schedule.NoWork {
		return ""
	}
	return "; nothing useful done for " + Short(r.Input.Limits.NoWorkTimeout)
}

// unfinished tells of the runs in flight and of those that never got the floor.
func (r *Report) unfinished() string {
	s := ""
	if n := r.Stop.InFlight; n > 0 {
		s = "; " + plural(n, "run") + " in flight at " + Short(r.Stop.Decided)
	}
	if n := r.Stop.Ready; n > 0 {
		s += "; " + plural(n, "daemon") + " due and waiting for the floor"
	}
	return s
}

func (r *Report) next() string {
	s := r.Stop
	if s.Next == "" {
		if s.Ready > 0 || s.InFlight > 0 {
			return ""
		}
		return "; nothing else is scheduled"
	}
	out := "; " + s.Next + " is the next, at " + Short(s.NextAt)
	if ahead := s.NextAt - s.Decided; ahead > 0 {
		out += ", " + Short(ahead) + " ahead"
	}
	if s.Reason == schedule.IdleGap {
		out += " (threshold " + Short(r.Input.Limits.IdleThreshold) + ")"
	}
	return out
}

// largestGap says how near the app came to stopping for being idle; empty if the stop says it.
func (r *Report) largestGap() string {
	if r.Stop.Reason == schedule.IdleGap || r.Gap.Length == 0 {
		return ""
	}
	threshold, gap := r.Input.Limits.IdleThreshold, r.Gap
	near := ""
	if threshold > 0 {
		switch {
		case r.Closest == nil || r.Closest.Length == 0:
			near = "none after the soft deadline, when " + Short(threshold) + " would have stopped it"
		default:
			near = Short(threshold-r.Closest.Length) + " short of stopping it"
			if r.Closest.At != gap.At {
				near = "after the soft deadline " + gapAt(*r.Closest) + ", " + near
			}
		}
		near = "; " + near
	}
	return "largest gap: " + gapAt(gap) + near
}

func gapAt(g Gap) string {
	s := Short(g.Length) + " at " + Short(g.At)
	if g.Next != "" {
		s += ", before " + g.Next
	}
	return s
}

// longestWait says who waited longest for the floor, and behind whom.
func (r *Report) longestWait() string {
	w := r.Sum.Wait
	if w.Length == 0 {
		return "nothing had to wait for the floor"
	}
	s := "longest wait: " + w.Daemon + ", due " + Short(w.Due)
	if w.Unfinished {
		s += ", not started in the " + Short(w.Length) + " to the stop"
	} else {
		s += ", started " + Short(w.Due+w.Length)
	}
	for track, index := range r.drawn.shown {
		if r.Daemons[index].Name == w.Daemon {
			return s + r.drawn.behind[track].words()
		}
	}
	return s
}

func (b Behind) words() string {
	if b.Daemon == "" {
		return ""
	}
	s := ", behind " + b.Daemon + " (" + Short(b.Busy) + ")"
	if b.Others > 0 {
		s += " and " + plural(b.Others, "other")
	}
	return s
}

// moreWorkers says what one more would change; empty if it would not help.
func (r *Report) moreWorkers() string {
	if !r.drawn.helps {
		return ""
	}
	with := "with workers = " + strconv.Itoa(r.Input.Limits.Workers+1)
	w := r.drawn.oneMore
	if w.Length == 0 {
		return with + " nothing would have to wait"
	}
	return fmt.Sprintf("%s the longest wait would be %s (%s at %s)", with, Short(w.Length), w.Daemon, Short(w.Due))
}

// sentences are what there is to say below the tables.
func (r *Report) sentences() []string {
	return nonEmpty(r.stops(), r.largestGap(), r.longestWait(), r.moreWorkers())
}

func nonEmpty(lines ...string) []string {
	out := make([]string, 0, len(lines))
	for _, line := range lines {
		if line != "" {
			out = append(out, line)
		}
	}
	return out
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.Itoa(n) + " " + word + "s"
}
