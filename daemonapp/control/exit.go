package control

import (
	"context"
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// pollEvery is how often a wait for the end of a process looks up, in milliseconds.
const pollEvery = 100

// AwaitExit returns a function that waits until the server's process has ended, and closes what it needs for that. It is
// called before the process is asked to end: its number may be another's afterwards.
func (c *Client) AwaitExit() (wait func(ctx context.Context) error) {
	if c.PID() <= 0 {
		return func(ctx context.Context) error { // of a container whose processes cannot be seen from here
			return until(ctx, func() bool {
				conn, err := dial(ctx, c.path)
				if err == nil {
					_ = conn.Close()
				}
				return errors.Is(err, ErrNotRunning)
			})
		}
	}
	if wait := awaitHandle(c.PID()); wait != nil {
		return wait
	}
	return func(ctx context.Context) error {
		return until(ctx, func() bool { return errors.Is(syscall.Kill(c.PID(), 0), syscall.ESRCH) })
	}
}

// until looks now and then whether it is over.
func until(ctx context.Context, over func() bool) error {
	for !over() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		_, _ = unix.Poll(nil, pollEvery)
	}
	return nil
}
