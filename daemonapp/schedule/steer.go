package schedule

import (
	"fmt"
	"time"
)

// Waker is who wakes a daemon early.
type Waker uint8

const (
	// ByEvent: a program or a file-system event. Conditions hold as ever; the next time is planned anew.
	ByEvent Waker = iota + 1
	// ByOperator: conditions are not looked at, and the time planned earlier stands if it still lies
	// ahead when the run ends.
	ByOperator
	// ByOperatorShift: likewise, but the next time is planned anew.
	ByOperatorShift
)

// Wake makes a daemon due now. While it is ready this changes nothing; while it runs, one wake is
// remembered for its end. It reports ErrDisarmed, ErrPaused or ErrStuck, and then changes nothing: an
// operator is to be told, an event may be dropped. It touches no count: only work does.
func (s *Scheduler) Wake(now time.Time, id ID, by Waker) error {
	s.advance(now)
	d := s.daemon(id)
	operator := by != ByEvent
	switch d.state {
	case Disarmed:
		if d.flags&isStuck != 0 {
			return ErrStuck
		}
		return ErrDisarmed
	case Paused:
		return ErrPaused
	case Ready:
		d.force(by)
		return nil
	case Running:
		return d.wakeAtEnd(by)
	case Finished:
		if !operator {
			return nil
		}
	case Waiting, HeldByWindow, HeldByAfter, HeldByLoad, HeldBySlots, HeldByDaemon:
		if !operator && d.state != Waiting {
			d.flags |= wakeLater // due already
			return nil
		}
		if d.state == Waiting && d.due <= s.at {
			d.force(by) // as good as ready
			return nil
		}
	}
	planned := int64(unset)
	if by == ByOperator && d.state == Waiting {
		planned = d.due
	}
	s.unqueue(id)
	s.wakeNow(id, planned, operator)
	return nil
}

// wakeAtEnd remembers one wake for the end of the run.
func (d *daemon) wakeAtEnd(by Waker) error {
	switch {
	case d.flags&disarmLater != 0:
		return ErrDisarmed
	case d.flags&pauseLater != 0:
		return ErrPaused
	}
	d.flags |= wakeLater
	if by != ByEvent {
		d.flags |= wakeForced
	}
	if by == ByOperatorShift {
		d.flags |= wakeShift
	}
	return nil
}

// force lets an operator's trigger of a daemon that is due already have its way. An event is noted for a successor.
func (d *daemon) force(by Waker) {
	if by != ByEvent {
		d.flags |= isForced
	} else {
		d.flags |= wakeLater
	}
	if by == ByOperatorShift && d.extra != nil {
		d.extra.planned = unset
	}
}

// wakeNow puts a daemon in the waiting set as due now; planned is the time that stands afterwards.
func (s *Scheduler) wakeNow(id ID, planned int64, operator bool) {
	d := s.daemon(id)
	d.flags |= isWoken
	if d.extra != nil {
		d.extra.wall = time.Time{} // no calendar time stands behind this run
	}
	if operator {
		d.flags |= isForced
		if planned != unset && planned != never {
			s.extra(d).planned = planned
		}
	}
	s.wait(id, s.at)
}

// Pause keeps a daemon from starting until Resume or, if until is not zero, until then. A run in flight goes
// on. While any daemon is paused the app does not stop for being idle or without work; the time without work
// counts from the end of the last pause, or from later work.
func (s *Scheduler) Pause(now time.Time, id ID, until time.Time) error {
	s.advance(now)
	d := s.daemon(id)
	if d.state == Disarmed {
		return ErrDisarmed
	}
	to := int64(never)
	if !until.IsZero() {
		to = max(s.offset(until), s.at)
	}
	if d.state == Running {
		s.extra(d).until = to
		d.flags |= pauseLater
		return nil
	}
	plan := d.due
	s.unqueue(id)
	d.due = plan
	s.pause(id, to)
	return nil
}

// pause parks a daemon that stands in no queue; its due is the plan that Resume takes up.
func (s *Scheduler) pause(id ID, until int64) {
	d := s.daemon(id)
	if d.flags&isQueued != 0 {
		s.dequeue(id, d)
	}
	d.state = Paused
	s.extra(d).until = until
	s.paused++
	if until != never {
		s.enqueue(id, d, until)
	}
}

// Resume ends a pause: the daemon is due at its planned time, or now if that has passed.
func (s *Scheduler) Resume(now time.Time, id ID) {
	s.advance(now)
	d := s.daemon(id)
	d.flags &^= pauseLater
	if d.state != Paused {
		return
	}
	s.unqueue(id)
	s.wait(id, max(d.due, s.at))
}

// Disarm stops scheduling a daemon; it stays listed with the reason. A run in flight ends as ever.
func (s *Scheduler) Disarm(now time.Time, id ID, why string) {
	s.advance(now)
	d := s.daemon(id)
	if d.state == Running {
		d.flags |= disarmLater
		s.extra(d).why = why
		return
	}
	s.unqueue(id)
	s.disarm(id, why)
}

func (s *Scheduler) disarm(id ID, why string) {
	d := s.daemon(id)
	d.state = Disarmed
	d.due = never
	d.flags &^= isForced | isWoken
	x := s.extra(d)
	x.why, x.planned = why, unset
}

// Arm brings a disarmed daemon back: it is due now (or at its next calendar time), its failures are
// forgotten. It reports ErrStuck while an abandoned run has not returned.
func (s *Scheduler) Arm(now time.Time, id ID) error {
	s.advance(now)
	d := s.daemon(id)
	if d.flags&isStuck != 0 {
		return fmt.Errorf("arm %s: %w", d.name, ErrStuck)
	}
	d.flags &^= disarmLater
	if d.state != Disarmed {
		return nil
	}
	d.extra.why = ""
	due := s.at
	if d.calendar() != nil {
		due = s.onCalendar(d, d.after(s.Now()))
	}
	d.fails, d.idle = 0, 0
	s.wait(id, due)
	return nil
}
