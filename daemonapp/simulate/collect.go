package simulate

import (
	"strings"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// decided books the decision to stop, as things stand now.
func (w *world) decided(reason schedule.Reason) Stop {
	s := Stop{Decided: time.Duration(w.at), At: time.Duration(w.at), Reason: reason, InFlight: w.core.Running()}
	for i := range w.lanes {
		l := &w.lanes[i]
		if l.id == nobody {
			continue
		}
		st := w.core.Status(l.id)
		due, ready := w.stands(l, &st)
		if ready {
			l.unstarted = int64(due)
			s.Ready++
			continue
		}
		alive := reason != schedule.IdleGap || !l.entry.Background
		if due >= 0 && alive && (s.Next == "" || due < s.NextAt) {
			s.Next, s.NextAt = l.entry.Name, due
		}
	}
	return s
}

// stands tells when a daemon is due or released next, negative if that is not known, or else that it has
// been ready for some time. What became due while all workers were busy the core still calls waiting.
func (w *world) stands(l *lane, st *schedule.Status) (due time.Duration, ready bool) {
	t := st.Due
	switch st.State {
	case schedule.Ready, schedule.Waiting:
	case schedule.HeldByWindow, schedule.HeldByAfter, schedule.HeldByLoad, schedule.HeldBySlots, schedule.HeldByDaemon:
		t = st.Until
	case schedule.Running, schedule.Paused, schedule.Disarmed, schedule.Finished:
		return Never, false
	}
	if t.IsZero() {
		return Never, false
	}
	due = t.Sub(w.in.Start)
	if due >= time.Duration(w.at) {
		return due, false
	}
	c := &l.entry.Conditions
	free := c.Window == nil && len(c.After) == 0 && c.LoadBelow == 0
	if st.State == schedule.Ready || free {
		return due, true
	}
	return Never, false // nobody has looked whether it is held
}

// report gathers what the core and the lanes have counted.
func (w *world) report() *Report {
	r := &Report{
		Input: w.in, Stop: w.stop, Gap: w.gaps.largest,
		Daemons: make([]Row, len(w.lanes)), parents: make([]int32, len(w.lanes)),
	}
	if w.gaps.seen {
		closest := w.gaps.closest
		r.Closest = &closest
	}
	r.Sum = Row{Shortest: Never, Longest: Never, Disarmed: Never, Present: true}
	for i := range w.lanes {
		l := &w.lanes[i]
		r.parents[i] = l.parent
		r.Daemons[i] = w.row(l)
		r.Sum.add(&r.Daemons[i])
	}
	return r
}

func (w *world) row(l *lane) Row {
	name := l.entry.Name
	row := Row{
		Name: name, Short: name, Depth: l.depth,
		Shortest: Never, Longest: Never, Disarmed: Never,
	}
	if l.parent != nowhere {
		row.Short = strings.TrimPrefix(name, w.lanes[l.parent].entry.Name+"/")
	}
	if l.disarmed != never {
		row.Disarmed = time.Duration(l.disarmed)
	}
	if l.id == nobody {
		return row
	}
	st := w.core.Status(l.id)
	row.Present, row.Priority = true, st.Priority
	row.count(st.Stats)
	row.Busy -= time.Duration(l.after)
	row.Share = w.share(row.Busy)
	row.Wait = Wait{Daemon: name, Due: time.Duration(l.waitedAt), Length: time.Duration(l.longest)}
	if waiting := int64(w.stop.Decided) - l.unstarted; l.unstarted != never {
		row.Starved += time.Duration(waiting)
		if waiting > l.longest {
			row.Wait = Wait{
				Daemon: name, Due: time.Duration(l.unstarted), Length: time.Duration(waiting), Unfinished: true,
			}
		}
	}
	row.Held = held(st)
	return row
}

func held(st schedule.Status) string {
	switch st.State {
	case schedule.HeldByWindow, schedule.HeldByAfter, schedule.HeldByLoad, schedule.HeldBySlots, schedule.HeldByDaemon:
		return st.Reason
	case schedule.Waiting, schedule.Ready, schedule.Running, schedule.Paused, schedule.Disarmed, schedule.Finished:
	}
	return ""
}

func (r *Row) count(s schedule.Stats) {
	r.Runs, r.Worked, r.Idle, r.Failed = s.Runs(), int(s.Worked), int(s.Idle), int(s.Failed)
	r.Busy, r.Starved = s.Busy, s.Starved
	if s.Runs() > 0 && s.ShortestPause >= 0 {
		r.Shortest, r.Longest = s.ShortestPause, s.LongestPause
	}
}

// share is the part of all workers' time up to the stop.
func (w *world) share(busy time.Duration) float64 {
	if w.stop.At <= 0 {
		return 0
	}
	return float64(busy) / (float64(w.stop.At) * float64(w.in.Limits.Workers))
}

// add sums another row up into r.
func (r *Row) add(o *Row) {
	r.Runs += o.Runs
	r.Worked += o.Worked
	r.Idle += o.Idle
	r.Failed += o.Failed
	r.Busy += o.Busy
	r.Share += o.Share
	r.Starved += o.Starved
	if o.Wait.Length > r.Wait.Length {
		r.Wait = o.Wait
	}
	if o.Shortest < 0 {
		return
	}
	if r.Shortest < 0 || o.Shortest < r.Shortest {
		r.Shortest = o.Shortest
	}
	r.Longest = max(r.Longest, o.Longest)
}
