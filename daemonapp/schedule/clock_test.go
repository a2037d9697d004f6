package schedule_test

import (
	"testing"
	"time"
	"unsafe"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// clock makes times that carry a monotonic reading, on a wall clock that can be stepped.
type clock struct {
	t     *testing.T
	start time.Time
}

func newClock(t *testing.T) clock {
	t.Helper()
	c := clock{t, time.Now()}
	if now := c.at(sec, time.Hour); now.Sub(c.start) != sec || now.Round(0).Sub(c.start.Round(0)) != time.Hour+sec {
		t.Fatal("this Go lays a time.Time out otherwise: mend clock.at")
	}
	return c
}

// at is the time so long after the start, when the wall clock has been stepped by that much. The package
// time offers no way to build it, so this moves the wall clock and takes the monotonic reading back.
func (c clock) at(d, step time.Duration) time.Time {
	now := c.start.Add(d + step)
	*(*int64)(unsafe.Add(unsafe.Pointer(&now), 8)) -= int64(step)
	return now
}

func (c clock) app(now time.Time, cal *calendar, entries ...schedule.Entry) *schedule.Scheduler {
	c.t.Helper()
	s := schedule.New(now, schedule.Limits{Workers: 2})
	if cal != nil {
		entries = append(entries, schedule.Entry{Name: "c", Planner: cal})
	}
	for _, e := range entries {
		if _, err := s.Add(now, e); err != nil {
			c.t.Fatal(err)
		}
	}
	return s
}

// after is a calendar with one time, so long after the start on the wall clock, and then each hour.
func (c clock) after(d time.Duration, catchUp bool) *calendar {
	return &calendar{every: time.Hour, from: c.start.Round(0).Add(d), catchUp: catchUp}
}

func TestClockStepMovesCalendarsAlone(t *testing.T) {
	t.Parallel()
	for _, step := range []time.Duration{time.Hour, -time.Hour, -12 * time.Hour} {
		c := newClock(t)
		interval := &schedule.Interval{Backoff: schedule.Backoff{RunEvery: 20 * time.Minute, MinimumIdle: 20 * time.Minute}}
		s := c.app(c.start, c.after(30*time.Minute, true), schedule.Entry{Name: "i", Planner: interval, StartAfter: 20 * time.Minute})
		if d := s.Next(c.at(20*time.Minute-1, step)); d.Action == schedule.Start && d.Name == "i" {
			t.Errorf("step %v: an interval was cut short", step)
		}
		if d := s.Next(c.at(20*time.Minute, step)); d.Action != schedule.Start || d.Name != "i" {
			t.Errorf("step %v: an interval was drawn out: %+v", step, d)
		}
	}
}

func TestClockStep(t *testing.T) {
	t.Parallel()
	const m = time.Minute
	for _, c := range []struct {
		name          string
		catchUp       bool
		looked, step  time.Duration // when the step is noticed
		paused        bool
		started, next time.Duration // since the start, without steps; started 0: not then
	}{
		{name: "ahead, short of it: it comes sooner", looked: 10 * m, step: 15 * m, next: 15 * m},
		{name: "back: it comes later", looked: 10 * m, step: -15 * m, next: 45 * m},
		{name: "ahead past it: made up for, at once", catchUp: true, looked: 10 * m, step: 50 * m, started: 10 * m},
		{name: "ahead past it: skipped", looked: 10 * m, step: 50 * m, next: 40 * m},
		{name: "ahead past it by less than a second: no miss", looked: 30*m - sec/4, step: sec / 2, started: 30*m - sec/4},
		{name: "ahead past several: still once", catchUp: true, looked: 10 * m, step: 500 * m, started: 10 * m},
		{name: "back by hours: anew from the old time", looked: 10 * m, step: -245 * m, next: 35 * m},
		{name: "noticed while paused", looked: 10 * m, step: -15 * m, paused: true, next: 45 * m},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := newClock(t)
			s := k.app(k.start, k.after(30*m, c.catchUp))
			id, _ := s.Lookup("c")
			s.Next(k.start)
			if c.paused {
				if err := s.Pause(k.at(m, 0), id, time.Time{}); err != nil {
					t.Fatal(err)
				}
			}
			d := s.Next(k.at(c.looked, c.step))
			if c.paused {
				s.Resume(k.at(c.looked, c.step), id)
			}
			if (d.Action == schedule.Start) != (c.started > 0) {
				t.Fatalf("decided %+v", d)
			}
			if c.started > 0 {
				_, next := s.Done(id, k.at(c.looked, c.step), schedule.Result{Outcome: schedule.Worked}, nil)
				if next.Sub(k.start) <= c.looked {
					t.Errorf("a burst: next at %v", next.Sub(k.start))
				}
				return
			}
			if due := s.Status(id).Due.Sub(k.start); due != c.next {
				t.Errorf("due at %v, want %v", due, c.next)
			}
		})
	}
}

// TestSlowWallClock: the time came by the monotonic clock while the wall clock was a little behind it; the
// same calendar time does not run twice.
func TestSlowWallClock(t *testing.T) {
	t.Parallel()
	c := newClock(t)
	s := c.app(c.start, c.after(30*time.Minute, true))
	late := -5 * time.Millisecond
	d := s.Next(c.at(30*time.Minute, late))
	if d.Action != schedule.Start {
		t.Fatalf("decided %+v", d)
	}
	_, next := s.Done(d.ID, c.at(30*time.Minute+time.Millisecond, late), schedule.Result{Outcome: schedule.Worked}, nil)
	if got := next.Round(0).Sub(c.start.Round(0)); got != 90*time.Minute {
		t.Errorf("next on the wall clock at %v, want 90m", got)
	}
}

// TestStepBeforeTheFirstCalendar: a step from before anybody read the wall clock is no step afterwards.
func TestStepBeforeTheFirstCalendar(t *testing.T) {
	t.Parallel()
	c := newClock(t)
	s := c.app(c.start, nil)
	now := c.at(time.Minute, time.Hour)
	s.Next(now)
	id, err := s.Add(now, schedule.Entry{Name: "c", Planner: c.after(time.Hour+time.Minute+sec, false)})
	if err != nil {
		t.Fatal(err)
	}
	if d := s.Next(c.at(time.Minute+2*sec, time.Hour)); d.Action != schedule.Start || d.ID != id {
		t.Errorf("decided %+v", d)
	}
}

func TestWindowFollowsTheWallClock(t *testing.T) {
	t.Parallel()
	c := newClock(t)
	w := &testWindow{base: c.start.Round(0), every: time.Hour, shift: 30 * time.Minute, open: time.Minute}
	interval := &schedule.Interval{Backoff: schedule.Backoff{RunEvery: sec}}
	s := c.app(c.start, nil, schedule.Entry{Name: "w", Planner: interval, Conditions: schedule.Conditions{Window: w}})
	if d := s.Next(c.start); d.Action != schedule.Wait {
		t.Fatalf("decided %+v", d)
	}
	if d := s.Next(c.at(time.Minute, 29*time.Minute)); d.Action != schedule.Start {
		t.Errorf("the step into the window was not noticed: %+v", d)
	}
}

// TestTimesThatRunBackwards count as the latest one told.
func TestTimesThatRunBackwards(t *testing.T) {
	t.Parallel()
	s := schedule.New(epoch, schedule.Limits{})
	id, err := s.Add(at(5*sec), every("a", 0, sec).Entry)
	if err != nil {
		t.Fatal(err)
	}
	if d := s.Next(at(2 * sec)); d.Action != schedule.Start || !d.Due.Equal(at(5*sec)) {
		t.Errorf("decided %+v", d)
	}
	r, next := s.Done(id, at(0), schedule.Result{Outcome: schedule.Worked}, nil)
	if !r.Finished.Equal(at(5*sec)) || !next.Equal(at(6*sec)) {
		t.Errorf("record %+v, next %v", r, next)
	}
}
