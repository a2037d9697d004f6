package schedule

import (
	"fmt"
	"math"
	"time"
)

// holds looks at the conditions, as they were then, of a daemon that is due and stands in no queue. If one does
// not hold, the daemon is parked where its release will find it.
func (s *Scheduler) holds(id ID, at int64) bool {
	d := s.daemon(id)
	if d.flags&isForced != 0 {
		return false
	}
	c := &d.extra.conditions
	switch {
	case len(c.After) > 0 && s.heldByAfter(d): // first: no time of release is known, whatever the window
		d.state = HeldByAfter
	case c.Window != nil && s.heldByWindow(id, c.Window, at):
	case c.LoadBelow > 0 && !(s.load.one(s.at) < c.LoadBelow):
		d.state = HeldByLoad
		d.extra.handle = s.loadHeld.Push(-c.LoadBelow, id)
	case c.Slots != nil && s.heldBySlots(id, c.Slots):
	case c.Hold != nil && s.heldByItself(id, c.Hold):
	default:
		return false
	}
	s.noteHeld(id)
	return true
}

func (s *Scheduler) heldByWindow(id ID, w Window, at int64) bool {
	open, change := askWindow(w, s.time(at))
	if open {
		return false
	}
	s.daemon(id).state = HeldByWindow
	if change.IsZero() {
		return true
	}
	opens := s.offset(change)
	if opens <= at {
		opens = s.at + 1
	}
	s.enqueue(id, s.daemon(id), opens)
	return true
}

// askWindow contains a panic: a window that cannot say is closed, and asked again.
func askWindow(w Window, now time.Time) (open bool, change time.Time) {
	defer func() {
		if recover() != nil {
			open, change = false, now.Add(time.Minute)
		}
	}()
	return w.Open(now)
}

func (s *Scheduler) heldByAfter(d *daemon) bool {
	_, held := s.awaits(d)
	return held
}

// awaits names the first daemon that has not succeeded since d's last start.
func (s *Scheduler) awaits(d *daemon) (name string, held bool) {
	for _, name := range d.extra.conditions.After {
		id, there := s.Lookup(name)
		if !there {
			return name, true
		}
		if good := s.daemon(id).good; good == unset || good < d.started {
			return name, true
		}
	}
	return "", false
}

func (s *Scheduler) heldByItself(id ID, hold func() (string, time.Duration)) bool {
	reason, recheck := askHold(hold)
	if reason == "" {
		return false
	}
	d := s.daemon(id)
	d.state = HeldByDaemon
	d.extra.why = reason
	s.enqueue(id, d, later(s.at, max(int64(recheck), int64(time.Millisecond))))
	return true
}

// askHold contains a panic: a daemon that cannot say whether it may start is held, and asked again.
func askHold(hold func() (string, time.Duration)) (reason string, recheck time.Duration) {
	defer func() {
		if p := recover(); p != nil {
			reason, recheck = fmt.Sprintf("Hold panicked: %v", p), time.Minute
		}
	}()
	return hold()
}

// releaseAfter releases those that waited for a success of the daemon called name.
func (s *Scheduler) releaseAfter(name string) {
	for _, id := range s.dependents[name] {
		d := s.daemon(id)
		if d.state == HeldByAfter && !s.heldByAfter(d) {
			s.wait(id, s.at)
		}
	}
}

// releaseByLoad releases those whose threshold the load has fallen below, the highest first.
func (s *Scheduler) releaseByLoad() {
	load := s.load.one(s.at)
	for {
		id, threshold, ok := s.loadHeld.Peek()
		if !ok || !(load < -threshold) {
			return
		}
		s.loadHeld.Pop()
		s.wait(id, s.at)
	}
}

// loadReleaseAt is the instant at which the load will have decayed below the highest threshold that
// holds a daemon, if nothing starts or ends before; never if it will not. With keepsAlive only daemons
// that keep the app alive count.
func (s *Scheduler) loadReleaseAt(keepsAlive bool) int64 {
	id, threshold, ok := s.loadHeld.Peek()
	if !ok {
		return never
	}
	if keepsAlive && s.daemon(id).flags&isBackground != 0 {
		if threshold, ok = s.highestForeground(); !ok {
			return never
		}
	}
	after := s.load.below(s.at, -threshold)
	if after == never {
		return never
	}
	return s.at + max(after, 1)
}

// highestForeground is the key of the first held daemon that keeps the app alive. It is looked for
// one by one: only an app about to stop, with background daemons held by load, comes here.
func (s *Scheduler) highestForeground() (key float64, ok bool) {
	key = math.Inf(1)
	for id := range s.records.used {
		d := s.daemon(id)
		if d.state == HeldByLoad && d.flags&isBackground == 0 {
			key, ok = min(key, s.loadHeld.Key(d.extra.handle)), true
		}
	}
	return key, ok
}
