package status

import (
	"math"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/priorityq"
)

// forecastRuns bounds how many runs are looked ahead.
const forecastRuns = 4096

// forecast finds the earliest moment at which the app could stop for being idle: it plays the schedule on, with runs
// that find nothing and take no time. Conditions other than windows are taken to hold then.
func (v *view) forecast(s *Stops) {
	if d := v.tooOften(); d != nil {
		s.Never, s.KeptBy = true, d.Name
		return
	}
	f := foresight{view: v, threshold: s.Idle.Duration(), soft: s.SoftAt}
	for i := range v.daemons {
		d := &v.daemons[i]
		if d.Background {
			continue
		}
		if d.State == schedule.HeldByDaemon { // it asks again, nobody knows when
			s.KeptBy = d.Name
			return
		}
		f.enter(d)
	}
	if at, after, ok := f.play(); ok {
		s.IdleAt = at
		if after != nil {
			s.KeptBy = after.Name
		}
	}
}

// tooOften is the daemon that is due most often of those whose longest wait is under the threshold; nil if there is none.
// One that may be held is not scheduled then.
func (v *view) tooOften() *subject {
	var found *subject
	for i := range v.daemons {
		d := &v.daemons[i]
		longest := d.pace.longest()
		t := &d.Terms
		conditional := len(t.After) > 0 || len(t.Windows) > 0 || t.LoadBelow > 0
		switch {
		case d.Background || t.RunOnce || d.Leaving || conditional || longest == 0 || longest >= v.Limits.IdleThreshold:
		case d.State == schedule.Disarmed || d.State == schedule.Finished:
		case found == nil || longest < found.pace.longest():
			found = d
		}
	}
	return found
}

// foresight plays a schedule on.
type foresight struct {
	*view
	threshold time.Duration
	soft      time.Time
	due       priorityq.Queue[int64, turn] // by time after now
}

// turn is a daemon that is due, and how many idle runs in a row it will have had then.
type turn struct {
	of   *subject
	idle int
}

// enter notes when a daemon is due, if it is at all.
func (f *foresight) enter(d *subject) {
	at := d.next()
	switch d.State {
	case schedule.Running, schedule.Ready, schedule.HeldBySlots:
		at = f.Now
	case schedule.HeldByLoad:
		at = f.Now.Add(decay(f.vitals.Load[0], d.Terms.LoadBelow))
	case schedule.Waiting, schedule.HeldByWindow:
	case schedule.HeldByAfter, schedule.HeldByDaemon, schedule.Paused, schedule.Disarmed, schedule.Finished:
		return
	}
	if !at.IsZero() {
		f.push(turn{d, d.IdleRuns}, at)
	}
}

func (f *foresight) push(t turn, at time.Time) {
	if open, ok := opening(t.of.Terms.Windows, at); ok {
		f.due.Push(int64(max(open.Sub(f.Now), 0)), t)
	}
}

// play goes from run to run until a gap is long enough; after is whose run comes before it, nil if none does.
func (f *foresight) play() (at time.Time, after *subject, ok bool) {
	at = f.Now
	for range forecastRuns {
		from := laterOf(at, f.soft)
		next, due, more := f.due.Peek()
		if !more || f.Now.Add(time.Duration(due)).Sub(from) >= f.threshold {
			if from.After(at) {
				after = nil // it is the soft deadline that is waited for
			}
			return from, after, true
		}
		f.due.Pop()
		at, after = f.Now.Add(time.Duration(due)), next.of
		if next.of.Terms.RunOnce || next.of.Leaving {
			continue
		}
		if again, ok := next.of.pace.next(at, next.idle+1); ok {
			f.push(turn{next.of, next.idle + 1}, again)
		}
	}
	return time.Time{}, nil, false
}

// decay is how long the one-minute load takes to fall below a bound while nothing runs.
func decay(load, below float64) time.Duration {
	if load < below || below <= 0 {
		return 0
	}
	return time.Duration(float64(time.Minute) * math.Log(load/below))
}
