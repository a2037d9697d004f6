package calendar

import (
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

const (
	meetsYears = 2
	// meetsLooks bounds the work of Meets: two years of windows that open four times a day.
	meetsLooks = 3000
)

// Meets tells whether any time of s lies in w, looking two years ahead of the first one after from. It
// answers true where that would be too much work, for windows that open more than four times a day.
func Meets(s *Schedule, w schedule.Window, from time.Time) bool {
	t := s.Next(from)
	last := t.AddDate(meetsYears, 0, 0)
	for range meetsLooks {
		if t.IsZero() || t.After(last) {
			return false
		}
		open, change := w.Open(t)
		if open {
			return true
		}
		if change.IsZero() {
			return false
		}
		t = s.Next(change.Add(-1))
	}
	return true
}
