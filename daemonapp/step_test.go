package daemonapp_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/benbjohnson/clock"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// steppedClock goes as the clock of a bubble, but its times carry a monotonic reading and its wall clock, which starts at
// midnight, can be stepped.
type steppedClock struct {
	clock.Clock
	base  time.Time // from outside the bubble, where times carry one
	start time.Time // of the bubble
	step  atomic.Int64
}

// Now implements [clock.Clock].
func (c *steppedClock) Now() time.Time {
	midnight := c.base.Round(0).UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
	return c.at(time.Since(c.start), midnight.Sub(c.base.Round(0))+time.Duration(c.step.Load()))
}

// at is the time so long after the start, when the wall clock has been stepped by that much. The package time offers no
// way to build it, so this moves the wall clock and takes the monotonic reading back.
func (c *steppedClock) at(age, step time.Duration) time.Time {
	now := c.base.Add(age + step)
	*(*int64)(unsafe.Add(unsafe.Pointer(&now), 8)) -= int64(step)
	return now
}

// TestTheWallClockIsSteppedInAWindow that stops what runs when it closes: it closes by the wall clock, which is looked at
// every half minute.
func TestTheWallClockIsSteppedInAWindow(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		step time.Duration // ten minutes into a window of an hour
		want string        // the age at which the run is stopped
	}{
		{"not at all", 0, "1h0m0s"},
		{"on, within the window", 20 * time.Minute, "40m0s"},
		{"on, beyond the window", 2 * time.Hour, "10m30s"},
		{"back, within the window", -5 * time.Minute, "1h5m0s"},
		{"back, before the window", -30 * time.Minute, "10m30s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			outside := time.Now()
			bubble(t, func(t *testing.T) {
				began := time.Now()
				c := &steppedClock{Clock: clock.New(), base: outside, start: began}
				if at := c.at(time.Second, time.Hour); at.Sub(outside) != time.Second || at.Round(0).Sub(outside.Round(0)) != time.Hour+time.Second {
					t.Fatal("this Go lays a time.Time out otherwise: mend steppedClock.at")
				}
				ended := make(chan time.Duration, 10)
				run := func(ctx context.Context) (schedule.Result, error) {
					<-ctx.Done()
					is(t, "why it ends", context.Cause(ctx), daemonapp.ErrWindowClosed)
					ended <- time.Since(began)
					return schedule.Result{}, context.Cause(ctx)
				}
				s := spec("a", every(24*time.Hour, run))
				s.Terms.Windows = []daemonapp.Window{{Window: hours{0, time.Hour}, StopAtClose: true}}
				l := begin(t, daemonapp.Options{Clock: c}, s)
				l.until(10 * time.Minute)
				c.step.Store(int64(tt.step))
				same(t, "stopped at", (<-ended).String(), tt.want)
				l.until(3 * time.Hour)
				same(t, "runs", len(l.starts("a")), 1)
			})
		})
	}
}
