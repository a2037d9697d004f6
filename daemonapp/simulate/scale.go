package simulate

import "time"

// cellLengths are the lengths that a cell of a drawing may have. Each divides the next, so that a drawing in
// larger cells can be made from one in smaller ones.
func cellLengths() []time.Duration {
	const day = 24 * time.Hour
	return []time.Duration{
		time.Millisecond, 10 * time.Millisecond, 50 * time.Millisecond, 250 * time.Millisecond,
		time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute,
		time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, day, 7 * day, 28 * day, 364 * day, 3640 * day,
	}
}

// cellLength is the least length, of at least that, with which a drawing up to at, at included, has no more
// than most cells.
func cellLength(at, least time.Duration, most int) time.Duration {
	lengths := cellLengths()
	for _, length := range lengths {
		if length >= least && int64(at/length) < int64(most) {
			return length
		}
	}
	return lengths[len(lengths)-1]
}

// tickLengths are the steps that people read a time axis in.
func tickLengths() []time.Duration {
	const day = 24 * time.Hour
	return []time.Duration{
		time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond,
		50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
		time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 20 * time.Second, 30 * time.Second,
		time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 20 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 3 * time.Hour, 4 * time.Hour, 6 * time.Hour, 12 * time.Hour,
		day, 2 * day, 7 * day, 14 * day, 28 * day, 91 * day, 182 * day, 364 * day, 3640 * day,
	}
}

// tickLength is the least step of at least that, which is a multiple of unit.
func tickLength(least, unit time.Duration) time.Duration {
	for _, tick := range tickLengths() {
		if tick >= least && tick%unit == 0 {
			return tick
		}
	}
	return max(least/unit, 1) * unit
}

// tickLabel names a tick; the first is a zero in the unit of the others.
func tickLabel(at, tick time.Duration) string {
	if at > 0 {
		return Short(at)
	}
	switch {
	case tick >= 48*time.Hour:
		return "0d"
	case tick >= time.Hour:
		return "0h"
	case tick >= time.Minute:
		return "0m"
	}
	return "0s"
}
