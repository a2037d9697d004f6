package cli

import (
	"context"
	"io"
	"time"

	"github.com/peakd/peakd/daemonapp/control"
)

// UntilTime and ClockTime are how pause reads and writes times.
func UntilTime(text string, now time.Time) (time.Time, error) { return untilTime(text, now) }

// ClockTime is a time for people.
func ClockTime(t, now time.Time) string { return clockTime(t, now) }

// Follow follows what runs write, as logs -f does.
func (h Host) Follow(ctx context.Context, socket string, errs io.Writer, take func(control.Line) error, names ...string) error {
	c := &command{Host: h, Streams: Streams{Err: errs}}
	c.remote.socket = socket
	client, err := c.dial(ctx, ExitFailure)
	if err != nil {
		return err
	}
	return c.followLines(ctx, client, names, take)
}
