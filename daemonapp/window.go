package daemonapp

import (
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// windows is open while any of them is.
type windows []Window

// anyOf is the union of the windows; nil if there are none.
func anyOf(list []Window) schedule.Window {
	switch len(list) {
	case 0:
		return nil
	case 1:
		return list[0].Window
	}
	return windows(list)
}

func anyOpen(list []Window, now time.Time) bool {
	open, _ := windows(list).Open(now)
	return open
}

// Open implements [schedule.Window]. The change of a closed union is its first opening; that of an open
// one is the first closing of an open member, which may not close the union: the asker asks again.
func (w windows) Open(now time.Time) (open bool, change time.Time) {
	var closes, opens time.Time
	for i := range w {
		isOpen, at := w[i].Open(now)
		if isOpen {
			open, closes = true, earlier(closes, at)
		} else {
			opens = earlier(opens, at)
		}
	}
	if open {
		return true, closes
	}
	return false, opens
}
