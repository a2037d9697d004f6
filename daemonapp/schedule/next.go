package schedule

import (
	"math"
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
	s.releaseByLoad()
	first := s.release(s.at)
	if reason, ok := s.overdue(); ok {
		s.line(first)
		return Verdict{Action: Stop, Reason: reason}
	}
	if s.running < s.limits.Workers {
		if first == nobody || s.late(first) {
			s.line(first)
			first = s.pick()
		}
		if first != nobody {
			s.start(first)
			return Verdict{Action: Start, ID: first}
		}
	}
	s.line(first)
	if s.idleGap() {
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
	if threshold <= 0 || s.at < int64(s.limits.SoftDeadline) || s.running > 0 || s.ready.Len() > 0 || s.paused > 0 {
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

// nextDue is the earliest time at which a daemon becomes due or is released.
func (s *Scheduler) nextDue() int64 {
	at := s.loadReleaseAt(false)
	if _, due, ok := s.waiting.Peek(); ok {
		at = min(at, due)
	}
	if s.background.Len() > 0 {
		_, due, _ := s.background.Peek()
		at = min(at, due)
	}
	return at
}

// release lets daemons become due until then, by due time, then in the order in which they were put in the waiting
// set. If that leaves a single one ready, it is the answer and stands in no line: most often it starts at once.
func (s *Scheduler) release(until int64) (only ID) {
	for only = nobody; ; {
		id, due, ok := s.waiting.Peek()
		if s.background.Len() > 0 {
			other, otherDue, _ := s.background.Peek()
			if !ok || otherDue < due || (otherDue == due && s.daemon(other).order() < s.daemon(id).order()) {
				id, due, ok = other, otherDue, true
			}
		}
		if !ok || due > until {
			break
		}
		d := s.daemon(id)
		s.dequeue(d)
		if d.state == Paused {
			s.unpaused(due)
			s.wait(id, max(d.due, due))
			continue
		}
		d.due = due
		if s.admit(id) {
			s.line(only)
			only = id
		}
	}
	if s.ready.Len() > 0 {
		s.line(only)
		return nobody
	}
	return only
}

// late tells whether a condition of a daemon that is ready may have changed since it became so.
func (s *Scheduler) late(id ID) bool {
	d := s.daemon(id)
	return d.extra != nil && d.due < s.at
}

// admit makes a due daemon ready, unless a condition holds it; as it was when it became due, for nobody looks while
// no worker is free. It is then to be put in line.
func (s *Scheduler) admit(id ID) bool {
	d := s.daemon(id)
	if d.extra != nil && s.holds(id, d.due) {
		return false
	}
	d.state = Ready
	d.priority = d.askPriority()
	return true
}

// line puts a ready daemon, if there is one, behind the others.
func (s *Scheduler) line(id ID) {
	if id == nobody {
		return
	}
	d := s.daemon(id)
	d.handle = s.ready.Push(s.readyKey(d), id)
	d.prev, d.next = s.lastReady, nobody
	if s.lastReady == nobody {
		s.firstReady = id
	} else {
		s.daemon(s.lastReady).next = id
	}
	s.lastReady = id
}

// readyKey orders the ready: least first. It is fixed while the daemon is ready, so that ageing needs no
// sorting: a priority is worth that many spans of ageing.
func (s *Scheduler) readyKey(d *daemon) int64 {
	aging := int64(s.limits.Aging)
	if aging <= 0 {
		return -int64(d.priority)
	}
	return saturated(d.due, int64(d.priority), aging)
}

// saturated is due - priority*aging, for due and aging not below zero.
func saturated(due, priority, aging int64) int64 {
	worth := priority * aging
	if priority != 0 && worth/priority != aging {
		worth = math.MaxInt64
		if priority < 0 {
			worth = math.MinInt64
		}
	}
	if worth < due-math.MaxInt64 {
		return math.MaxInt64
	}
	return due - worth
}

// pick takes the first of the ready whose conditions still hold.
func (s *Scheduler) pick() ID {
	for {
		id, _, ok := s.ready.Peek()
		if !ok {
			return nobody
		}
		d := s.daemon(id)
		s.unready(id)
		if d.extra != nil && s.holds(id, s.at) {
			continue
		}
		return id
	}
}

// unready takes a daemon out of the ready queue and its list.
func (s *Scheduler) unready(id ID) {
	d := s.daemon(id)
	s.ready.Remove(d.handle)
	if d.prev == nobody {
		s.firstReady = d.next
	} else {
		s.daemon(d.prev).next = d.next
	}
	if d.next == nobody {
		s.lastReady = d.prev
	} else {
		s.daemon(d.next).prev = d.prev
	}
}

func (s *Scheduler) start(id ID) {
	d := s.daemon(id)
	d.state = Running
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
func (s *Scheduler) wait(id ID, due int64) {
	d := s.daemon(id)
	d.due = due
	if due == never {
		d.state = Finished
		return
	}
	d.state = Waiting
	s.enqueue(id, due)
}

func (s *Scheduler) enqueue(id ID, at int64) {
	d := s.daemon(id)
	s.order++
	d.setOrder(s.order)
	d.flags |= isQueued
	d.handle = s.queue(d).Push(at, id)
}

func (s *Scheduler) dequeue(d *daemon) {
	d.flags &^= isQueued
	s.queue(d).Remove(d.handle)
}

// queue is the waiting set that d belongs to.
func (s *Scheduler) queue(d *daemon) *priorityq.Queue[int64, ID] {
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
		s.unready(id)
	case d.state == HeldByLoad:
		s.loadHeld.Remove(d.handle)
	case d.state == HeldBySlots:
		d.slots().held.Remove(d.handle)
	case d.flags&isQueued != 0:
		s.dequeue(d)
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
