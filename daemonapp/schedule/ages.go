package schedule

import "time"

// NeverAge is the age that an app does not reach.
const NeverAge = time.Duration(never)

// Verdict is the core of a [Decision], with time as the age of the app. It has four fields, as the compiler keeps
// no more in registers.
type Verdict struct {
	Action Action
	Reason Reason
	ID     ID
	// Until is when to ask again at the latest; NeverAge means that only the end of a run or a change can
	// bring anything new.
	Until time.Duration
}

// Ended is the core of a [Run] likewise.
type Ended struct {
	Due, Started time.Duration
	// Next is the daemon's next desired run time, NeverAge if there is none.
	Next     time.Duration
	Failures int
}

// Begun is what a run that starts may know of its daemon: since when that is ready, how many of its runs in a row have
// failed, and who woke it early (0: its time had come).
type Begun struct {
	Due      time.Duration
	Failures int
	By       Waker
}

// Begun tells it of a daemon that NextAt has just said to start.
func (s *Scheduler) Begun(id ID) Begun {
	d := s.daemon(id)
	return Begun{Due: time.Duration(d.due), Failures: int(d.fails), By: d.woken()}
}

// Time is the point in time at that age; the zero time for NeverAge.
func (s *Scheduler) Time(age time.Duration) time.Time { return s.time(int64(age)) }

// Age is how old the app is at that time, NeverAge for the zero time. A time without a monotonic reading is measured
// from the latest time told: since the start the wall clock may have been stepped.
func (s *Scheduler) Age(t time.Time) time.Duration { return time.Duration(s.offset(t)) }

// NextAt is [Scheduler.Next] for a driver that has no use for points in time: to turn one into the other is much of what
// a decision costs. The wall clock goes as the ages do; a driver on real time tells [Scheduler.Look] what it shows.
func (s *Scheduler) NextAt(age time.Duration) Verdict {
	s.reach(age)
	return s.next()
}

// DoneAt is [Scheduler.Done] likewise.
func (s *Scheduler) DoneAt(id ID, age time.Duration, result Result, err error) Ended {
	s.reach(age)
	d := s.daemon(id)
	if p := d.plain(); p != nil {
		return s.endPlain(id, d, p, result)
	}
	return s.end(id, d, result, &Run{Result: result, Err: err})
}

// reach takes note of the time, as an age.
func (s *Scheduler) reach(age time.Duration) { s.at = max(s.at, int64(age)) }
