package deliver

import (
	"context"
	"time"

	"github.com/benbjohnson/clock"
)

// Limited is ctx with a timeout by the injected clock, after which its cause is why. stop ends and joins what watches it,
// and must be called.
func Limited(ctx context.Context, clk clock.Clock, timeout time.Duration, why error) (limited context.Context, stop func()) {
	limited, cancel := context.WithCancelCause(ctx)
	timer := clk.Timer(timeout)
	watched := make(chan struct{})
	go func() { // joined by stop
		defer close(watched)
		select {
		case <-timer.C:
			cancel(why)
		case <-limited.Done():
		}
	}()
	return limited, func() {
		cancel(nil)
		<-watched
		timer.Stop()
	}
}
