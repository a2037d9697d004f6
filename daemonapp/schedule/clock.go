package schedule

import "time"

// advance takes note of the time. A time before the latest one counts as that.
func (s *Scheduler) advance(now time.Time) {
	if now == s.now {
		return
	}
	at := int64(now.Sub(s.origin))
	if at < s.at {
		return
	}
	s.now, s.nowAt, s.at = now, at, at
	if s.wallBound == 0 {
		return
	}
	drift := s.drifted()
	if moved := drift - s.drift; moved >= stepGrain || moved <= -stepGrain {
		s.drift = drift
		s.stepped(time.Duration(moved))
	}
}

// drifted is how far the wall clock has moved against the monotonic one since the start.
func (s *Scheduler) drifted() int64 { return s.now.UnixNano() - s.origin.UnixNano() - s.nowAt }

const (
	// stepGrain is how far the wall clock may wander before calendar times are computed anew.
	stepGrain = int64(10 * time.Millisecond)
	// correction is the step back from which on the old time was wrong, as in cron(8): what has run
	// before it may run again.
	correction = 3 * time.Hour
)

// WallClock tells whether any calendar or window is in play, so that a step of the wall clock matters.
func (s *Scheduler) WallClock() bool { return s.wallBound > 0 }

// stepped computes the times of calendars and windows anew, after the wall clock has moved against
// the monotonic one: a step, or a suspended machine.
func (s *Scheduler) stepped(moved time.Duration) {
	for id := range s.records.used {
		d := s.daemon(id)
		if !d.readsWallClock() {
			continue
		}
		switch {
		case d.state == HeldByWindow:
			s.unqueue(id)
			s.wait(id, s.at)
		case d.extra.calendar == nil || d.extra.wall.IsZero():
		case d.state == Waiting:
			s.unqueue(id)
			s.wait(id, s.recalled(id, moved))
		case d.state == Paused:
			d.due = s.recalled(id, moved)
		}
	}
}

// recalled is the due time of a waiting calendar daemon on the wall clock as it stands now.
func (s *Scheduler) recalled(id ID, moved time.Duration) int64 {
	d := s.daemon(id)
	x := d.extra
	switch {
	case moved <= -correction:
		return s.onCalendar(d, d.after(s.Now()))
	case x.wall.After(s.Now()):
		return s.onCalendar(d, x.wall)
	case moved < time.Second:
		return s.at // due now
	case x.calendar.CatchUp():
		x.wall = s.noteMissed(id, x.wall, s.Now(), true, missedWhileAsleep)
		return s.at // made up for, once
	}
	s.noteMissed(id, x.wall, s.Now(), false, missedWhileAsleep)
	return s.onCalendar(d, d.after(s.Now()))
}

// onCalendar notes the calendar time that d is due at and turns it into ours.
func (s *Scheduler) onCalendar(d *daemon, t time.Time) int64 {
	d.extra.wall = t.Round(0)
	return s.offset(t)
}

// offset turns a time into ours. One that carries a monotonic reading, as those a planner derives from
// the end of a run do, is measured by it; any other by the wall clock. The zero time is never.
func (s *Scheduler) offset(t time.Time) int64 {
	if t.IsZero() {
		return never
	}
	return later(s.nowAt, int64(t.Sub(s.now)))
}

// later is at + d, short of never.
func later(at, d int64) int64 {
	if d > 0 && at > never-1-d {
		return never - 1
	}
	return at + d
}

// time turns one of our times into one that carries what the latest told time carries.
func (s *Scheduler) time(at int64) time.Time {
	switch at {
	case s.nowAt:
		return s.now
	case never, unset:
		return time.Time{}
	}
	return s.now.Add(time.Duration(at - s.nowAt))
}

// restore schedules a daemon that an earlier life of the app knew: it repeats nothing.
func (s *Scheduler) restore(id ID, e *Entry) {
	d, m := s.daemon(id), e.Saved
	d.idle, d.fails, d.outcome = int32(m.IdleRuns), int32(m.Failures), m.LastOutcome
	d.started, d.ended, d.good = s.recall(m.LastStart), s.recall(m.LastEnd), s.recall(m.LastGood)
	if m.SkipNext {
		d.flags |= skipLater
	}
	switch {
	case m.Disarmed != "":
		s.disarm(id, m.Disarmed)
	case m.Next.IsZero():
		s.wait(id, never)
	default:
		s.wait(id, s.resumeAt(id, e))
	}
}

func (s *Scheduler) resumeAt(id ID, e *Entry) int64 {
	d := s.daemon(id)
	first, next := s.first(d, e), e.Saved.Next.Round(0)
	switch {
	case e.Saved.LastEnd.After(s.Now()):
		return first // saved under a clock that was ahead
	case d.calendar() == nil:
		return max(first, s.offset(next))
	case next.After(s.Now()):
		return s.onCalendar(d, next)
	case d.calendar().CatchUp():
		d.extra.wall = s.noteMissed(id, next, s.Now(), true, missedWhileDown)
		return s.at
	}
	s.noteMissed(id, next, s.Now(), false, missedWhileDown)
	return first
}

// recall turns a saved time into ours; what lies ahead was saved under a wrong clock and counts as now.
func (s *Scheduler) recall(t time.Time) int64 {
	if t.IsZero() {
		return unset
	}
	return min(s.offset(t.Round(0)), s.at)
}
