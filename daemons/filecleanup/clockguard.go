package filecleanup

import (
	"errors"
	"fmt"
	"time"
)

// ErrClock is why nothing was removed in a run: the wall clock cannot be believed.
var ErrClock = errors.New("clock cannot be believed")

const (
	// firstYear is the year in which this was written: a clock that shows less has not been set.
	firstYear = 2025
	// maxJump is how far the wall clock may run ahead of the time that really passed.
	maxJump = time.Hour
)

// clockGuard watches the wall clock, by which files are judged, against the monotonic one. A jump ahead
// makes every file old at once: the run that sees it removes nothing, and the next one believes it. So a
// clock that is wrong for a moment does no harm, and one that was wrong before is not held against it.
// (A clock that jumps back needs no guard: files of the future are never old.)
type clockGuard struct{ last time.Time }

func (g *clockGuard) check(now time.Time) error {
	last := g.last
	g.last = now
	if now.Year() < firstYear {
		return fmt.Errorf("%w: it shows %s", ErrClock, now.UTC().Format(time.RFC3339))
	}
	if last.IsZero() {
		return nil
	}
	return judgeJump(now.Round(0).Sub(last.Round(0)), now.Sub(last))
}

// judgeJump compares what passed by the wall clock with what passed by the monotonic one.
func judgeJump(wall, monotonic time.Duration) error {
	if ahead := wall - monotonic; ahead > maxJump {
		return fmt.Errorf("%w: it went ahead by %s, or the host was suspended; the next run goes by the new time", ErrClock, ahead.Round(time.Second))
	}
	return nil
}
