package schedule

import (
	"time"

	"github.com/peakd/peakd/priorityq"
)

// Next decides what to do now. Within one instant it first lets daemons become due and pauses end, then
// looks at the hard deadline and at the no-work rule, then starts, and last looks for an idle gap: so runs that
// ended at that instant must have been reported to Done before.
func (s *Scheduler) Next(now time.Time) (told Decision) {
	s.advance(now)
	v := s.next()
	told.Action, told.Reason = v.Action, v.Reason
	switch v.Action {
	case Start:
		d := s.daemon(v.ID)
		told.ID, told.By, told.Name = v.ID, d.woken(), d.name
		told.Due, told.Failures = s.time(d.due), int(d.fails)
	case Wait:
		told.Until = s.time(int64(v.Until))
	case Stop:
	}
	return told
}

// next is Next at the latest time told.
func (s *Scheduler) next() Verdict {
	if s.at < s.soonest && s.ready.count == 0 && !s.bounded && s.loadHeld.Len() == 0 && s.running < s.limits.Workers {
		return Verdict{Action: Wait, Until: time.Duration(s.soonest)} // most often it is
	}
	if s.loadHeld.Len() > 0 {
		s.releaseByLoad()
	}
	only := nobody
	if s.at >= s.soonest {
		only = s.release(s.at)
	}
	if s.bounded {
		if reason, ok := s.overdue(); ok {
			s.lineUp(only)
			return Verdict{Action: Stop, Reason: reason}
		}
	}
	if s.running >= s.limits.Workers {
		s.lineUp(only)
	} else if id, d := s.pick(only); d != nil {
		s.start(d)
		return Verdict{Action: Start, ID: id}
	}
	if s.bounded && s.idleGap() {
		return Verdict{Action: Stop, Reason: IdleGap}
	}
	return Verdict{Action: Wait, Until: time.Duration(s.wakeAt())}
}

// overdue tells whether a limit has been reached that what is due now cannot change.
func (s *Scheduler) overdue() (Reason, bool) {
	if hard := int64(s.limits.HardDeadline); hard > 0 && s.at >= hard {
		return HardDeadline, true
	}
	if at := s.noWorkAt(); s.at >= at && s.running == 0 {
		return NoWork, true
	}
	return 0, false
}

// noWorkAt is when the app stops for want of useful work, if nothing runs then.
func (s *Scheduler) noWorkAt() int64 {
	if s.limits.NoWorkTimeout <= 0 || s.paused > 0 {
		return never
	}
	return max(later(s.workless, int64(s.limits.NoWorkTimeout)), int64(s.limits.SoftDeadline))
}

// idleGap tells whether nothing runs, nothing is ready and nothing that keeps the app alive is
// scheduled within the threshold.
func (s *Scheduler) idleGap() bool {
	threshold := int64(s.limits.IdleThreshold)
	if threshold <= 0 || s.at < int64(s.limits.SoftDeadline) || s.running > 0 || s.ready.count > 0 || s.paused > 0 {
		return false
	}
	next := s.loadReleaseAt(true)
	if _, due, ok := s.waiting.Peek(); ok {
		next = min(next, due)
	}
	return next == never || next-s.at >= threshold
}

// wakeAt is when something changes by itself.
func (s *Scheduler) wakeAt() int64 {
	at := int64(never)
	if s.running < s.limits.Workers {
		at = s.nextDue()
	}
	if !s.bounded {
		return at
	}
	for _, deadline := range [...]time.Duration{s.limits.SoftDeadline, s.limits.HardDeadline} {
		if d := int64(deadline); d > s.at {
			at = min(at, d)
		}
	}
	if s.running == 0 {
		at = min(at, s.noWorkAt())
	}
	return at
}

// nextDue is the earliest time at which a daemon becomes due or is released, once what is due by now has been released.
func (s *Scheduler) nextDue() int64 {
	if s.loadHeld.Len() == 0 {
		return s.soonest
	}
	return min(s.soonest, s.loadReleaseAt(false))
}

// release lets daemons become due until then, by due time, then in the order in which they were put in the waiting
// set. If that leaves a single one ready, it is the answer and stands in no line: most often it starts at once.
func (s *Scheduler) release(until int64) (only ID) {
	for only = nobody; ; {
		from := &s.waiting
		if s.background.Len() > 0 && s.backgroundFirst() {
			from = &s.background
		}
		id, due, ok := from.Peek()
		if !ok {
			s.soonest = never
			break
		}
		if due > until {
			s.soonest = due
			break
		}
		from.Pop()
		if s.arrive(ID(id), due) {
			s.lineUp(only)
			only = ID(id)
		}
	}
	if only != nobody && s.ready.count > 0 {
		s.lineUp(only)
		return nobody
	}
	return only
}

// backgroundFirst tells whether the first of the background daemons, of which there are some, comes before the first of
// the others.
func (s *Scheduler) backgroundFirst() bool {
	b, due, _ := s.background.Peek()
	id, foreground, ok := s.waiting.Peek()
	return !ok || due < foreground || (due == foreground && s.daemon(ID(b)).order() < s.daemon(ID(id)).order())
}

// arrive follows up that the time of a daemon in a waiting set has come, and tells whether it is ready; it is then to be
// put in line. A condition may hold it: as it was when the daemon became due, for nobody looks while no worker is free.
func (s *Scheduler) arrive(id ID, due int64) bool {
	d := s.daemon(id)
	d.flags &^= isQueued
	if d.state == Paused {
		s.unpaused(due)
		s.wait(id, max(d.due, due))
		return false
	}
	d.due = due
	if d.extra != nil && s.holds(id, due) {
		return false
	}
	d.state = Ready
	if p := d.interval(); p != nil {
		d.priority = bounded(p.Prio)
	} else {
		d.priority = d.askPriority()
	}
	return true
}

// pick takes the daemon that is to start: the only one that is ready, or else the first in line whose conditions still
// hold. Of the only one it was looked at a moment ago, at the time at which it was due: that matters to a window alone.
func (s *Scheduler) pick(only ID) (ID, *daemon) {
	if only != nobody {
		d := s.daemon(only)
		if d.extra != nil && d.extra.conditions.Window != nil && d.due < s.at && s.holds(only, s.at) {
			return nobody, nil
		}
		return only, d
	}
	for s.ready.count > 0 {
		first, _, _ := s.ready.heads.Peek()
		id := ID(first)
		d := s.daemon(id)
		s.unready(id, d)
		if d.extra == nil || !s.holds(id, s.at) {
			return id, d
		}
	}
	return nobody, nil
}

func (s *Scheduler) start(d *daemon) {
	d.state = Running
	d.flags &^= wakeLater
	d.started = s.at
	d.takeSlot()
	d.stats.waited(time.Duration(s.at - d.due))
	s.load.change(s.at, +1)
	s.running++
}

func (d *daemon) woken() Waker {
	switch {
	case d.flags&isForced != 0:
		return ByOperator
	case d.flags&isWoken != 0:
		return ByEvent
	}
	return 0
}

// wait puts a daemon in the waiting set; never finishes it.
func (s *Scheduler) wait(id ID, due int64) { s.park(id, s.daemon(id), due) }

func (s *Scheduler) park(id ID, d *daemon, due int64) {
	d.due = due
	if due == never {
		d.state = Finished
		return
	}
	d.state = Waiting
	s.enqueue(id, d, due)
}

func (s *Scheduler) enqueue(id ID, d *daemon, at int64) {
	s.soonest = min(s.soonest, at)
	s.order++
	d.setOrder(s.order)
	d.flags |= isQueued
	s.queue(d).Push(int32(id), at)
}

func (s *Scheduler) dequeue(id ID, d *daemon) {
	d.flags &^= isQueued
	s.queue(d).Remove(int32(id))
	s.soonest = unset
}

// queue is the waiting set that d belongs to.
func (s *Scheduler) queue(d *daemon) *priorityq.Indexed[int64] {
	if d.flags&isBackground != 0 {
		return &s.background
	}
	return &s.waiting
}

// unqueue takes a daemon that does not run out of wherever it stands.
func (s *Scheduler) unqueue(id ID) {
	d := s.daemon(id)
	switch {
	case d.state == Ready:
		s.unready(id, d)
	case d.state == HeldByLoad:
		s.loadHeld.Remove(d.extra.handle)
	case d.state == HeldBySlots:
		d.slots().held.Remove(d.extra.handle)
	case d.flags&isQueued != 0:
		s.dequeue(id, d)
	}
	if d.state == Paused {
		s.unpaused(min(d.extra.until, s.at))
	}
}

// unpaused books that a pause ended at that time. Without work counts anew from the end of the last one: what was
// paused is given its time to work.
func (s *Scheduler) unpaused(at int64) {
	s.paused--
	if s.paused == 0 {
		s.workless = max(s.workless, at)
	}
}
