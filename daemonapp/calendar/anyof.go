package calendar

import (
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// AnyOf is the union of windows: open while any of them is. Without any it is always open, like a daemon
// that has no window. The windows may lie in different time zones.
type AnyOf []*Window

var _ schedule.Window = AnyOf(nil)

// Open implements [schedule.Window]. A window that opens at the instant another closes, or before, is no
// change.
func (a AnyOf) Open(now time.Time) (open bool, change time.Time) {
	open, next := a.look(now)
	for last := now.AddDate(0, 0, patternDays); !next.IsZero() && next.Before(last); {
		change = next
		var then bool
		if then, next = a.look(change); then != open {
			return open, change
		}
	}
	return open, time.Time{}
}

// look tells the state at an instant, and when that of any window changes next.
func (a AnyOf) look(now time.Time) (open bool, next time.Time) {
	open = len(a) == 0
	for _, w := range a {
		one, change := w.Open(now)
		open = open || one
		if !change.IsZero() && (next.IsZero() || change.Before(next)) {
			next = change
		}
	}
	return open, next
}
