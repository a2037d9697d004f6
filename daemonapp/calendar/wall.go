package calendar

import "time"

// All reckoning is in whole seconds: "unix" is an instant, "wall" is what the clock on the wall shows
// at it, written as if it were UTC. Calendar times and window edges are whole minutes of wall time.

const (
	secondsPerMinute = 60
	minutesPerDay    = 24 * 60
	secondsPerDay    = 24 * 60 * 60

	// forever stands for the end of a period that has none; far from overflow.
	forever = 1 << 60

	// zoneReach is more than any step of a wall clock and any offset from UTC that a zone has had:
	// Alaska and Manila changed sides of the date line, a step of 24 hours.
	zoneReach = 48 * 60 * 60
)

// period is a stretch of time, start included and end excluded, with one offset from UTC.
type period struct {
	start, end int64 // unix
	offset     int64 // wall = unix + offset
}

// periodAt is the period around an instant. Neighbours may have the same offset: the time package cuts
// at new year where a zone goes by rule.
func periodAt(unix int64, loc *time.Location) period {
	if loc == time.UTC {
		return period{start: -forever, end: forever}
	}
	t := time.Unix(unix, 0).In(loc)
	_, offset := t.Zone()
	p := period{start: -forever, end: forever, offset: int64(offset)}
	start, end := t.ZoneBounds()
	if !start.IsZero() {
		p.start = start.Unix()
	}
	if !end.IsZero() {
		p.end = end.Unix()
	}
	if p.end <= unix {
		// Where a zone goes by rule, the time package ends every year after 365 days: on the last day of
		// a leap year the end lies behind us. No rule steps the clock on that day.
		p.end = (floorDiv(unix, secondsPerDay) + 1) * secondsPerDay
	}
	return p
}

// reached is the latest wall second that has been shown up to an instant, and the instant's period.
// It is the wall clock itself, but stands still after a step backward until the clock has caught up.
// So a wall time has come, for the first time or by being stepped over, exactly if it is not later.
func reached(unix int64, loc *time.Location) (int64, period) {
	p := periodAt(unix, loc)
	wall := unix + p.offset
	for start := p.start; unix-start < zoneReach; {
		earlier := periodAt(start-1, loc)
		wall = max(wall, start-1+earlier.offset)
		start = min(earlier.start, start-1)
	}
	return wall, p
}

// arrival is the first instant at which the wall clock shows wall or, where it steps over it, a later
// time. It must not have been reached yet at some instant of p.
func arrival(wall int64, p period, loc *time.Location) int64 {
	for {
		if unix := wall - p.offset; unix < p.end {
			return max(unix, p.start)
		}
		p = periodAt(max(p.end, wall-zoneReach), loc)
	}
}

// located is loc, or the local zone if there is none.
func located(loc *time.Location) *time.Location {
	if loc == nil {
		return time.Local
	}
	return loc
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
