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

// NextAt is [Scheduler.Next] for a driver on virtual time, which has no use for points in time: most of what a
// decision costs such a driver is to turn one into the other. The wall clock goes as the ages do.
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
