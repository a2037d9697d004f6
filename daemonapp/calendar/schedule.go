// Package calendar computes the times of the wall clock: cron schedules, windows of the day and the
// week, and the planner of a daemon that runs by them.
//
// It obeys one rule about daylight saving, for schedules and windows alike: a local time counts from the
// first instant at which the wall clock shows it or has stepped over it, once. Schedules whose hour
// field is * are the exception: they follow elapsed time.
//
// Everything here is a value without state and may be used from any goroutine. Nothing reads a clock.
package calendar

import (
	"math/bits"
	"time"
)

// Schedule is a parsed cron expression in a time zone. [Parse] makes one.
type Schedule struct {
	expr string
	loc  *time.Location

	minutes uint64 // bit n: minute n
	hours   uint32 // bit n: hour n
	days    daySet

	// elapsed: the hour field is *, and the schedule follows elapsed time.
	elapsed bool
}

// String returns the expression as it was written.
func (s *Schedule) String() string { return s.expr }

// Location is the time zone of the schedule.
func (s *Schedule) Location() *time.Location { return s.loc }

// Next returns the first time of the schedule strictly after t, in the schedule's time zone. A schedule
// that was parsed always has one.
//
// A local time that does not exist, because the clock is put forward over it, comes at the first instant
// after the gap; several in one gap come once. A local time that happens twice comes once, at its first
// occurrence. If the hour field is *, each occurrence counts and nothing replaces what does not exist:
// an hourly schedule comes 25 times on the long day and 23 times on the short one.
func (s *Schedule) Next(t time.Time) time.Time {
	next := s.nextShown
	if s.elapsed {
		next = s.nextElapsed
	}
	unix, ok := next(t.Unix())
	if !ok {
		return time.Time{}
	}
	return time.Unix(unix, 0).In(s.loc)
}

// nextShown is the arrival of the first wall time that has not been reached.
func (s *Schedule) nextShown(unix int64) (int64, bool) {
	wall, p := reached(unix, s.loc)
	wall, ok := s.nextWall(wall)
	if !ok {
		return 0, false
	}
	return arrival(wall, p, s.loc), true
}

// nextElapsed is the first instant whose wall time matches, looked for period by period.
func (s *Schedule) nextElapsed(unix int64) (int64, bool) {
	p := periodAt(unix, s.loc)
	after := unix + p.offset
	for {
		wall, ok := s.nextWall(after)
		if !ok {
			return 0, false
		}
		if unix = wall - p.offset; unix < p.end {
			return unix, true
		}
		edge := p.end
		p = periodAt(edge, s.loc)
		after = edge + p.offset - 1
	}
}

// nextWall is the first wall time that matches strictly after a wall second.
func (s *Schedule) nextWall(after int64) (int64, bool) {
	minute := floorDiv(after, secondsPerMinute) + 1
	today := floorDiv(minute, minutesPerDay)
	m := monthOf(today)
	left := s.days.in(m) & (^uint32(0) << (today - m.before))
	if left&(1<<(today-m.before)) != 0 {
		if tod, ok := s.timeOfDay(int(minute - today*minutesPerDay)); ok {
			return (today*minutesPerDay + int64(tod)) * secondsPerMinute, true
		}
		left &= left - 1
	}
	for range monthsOfCalendar + 1 {
		if left != 0 {
			day := m.before + int64(bits.TrailingZeros32(left))
			return (day*minutesPerDay + int64(s.firstOfDay())) * secondsPerMinute, true
		}
		m = m.next()
		left = s.days.in(m)
	}
	return 0, false
}

// timeOfDay is the first matching minute of a day, not before a given one.
func (s *Schedule) timeOfDay(from int) (int, bool) {
	hour, minute := from/60, from%60
	if s.hours&(1<<hour) != 0 {
		if rest := s.minutes >> minute; rest != 0 {
			return from + bits.TrailingZeros64(rest), true
		}
	}
	later := s.hours &^ (1<<(hour+1) - 1)
	if later == 0 {
		return 0, false
	}
	return bits.TrailingZeros32(later)*60 + bits.TrailingZeros64(s.minutes), true
}

func (s *Schedule) firstOfDay() int {
	return bits.TrailingZeros32(s.hours)*60 + bits.TrailingZeros64(s.minutes)
}
