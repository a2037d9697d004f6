package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/peakd/peakd/daemonapp/control"
)

// followLines hands over what the runs of these daemons write from now on, until the app ends, ctx does, or take returns
// an error. Names may be globs, and a seed includes its children. Lines that came too fast are told of on standard error.
func (c *command) followLines(ctx context.Context, client *control.Client, names []string, take func(control.Line) error) error {
	lines, err := client.Lines(ctx, names...)
	if err != nil {
		return asked(err)
	}
	defer lines.Close()
	for {
		line, err := lines.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("follow lines: %w", err)
		}
		switch line.Event {
		case "":
			if err := take(line); err != nil {
				return err
			}
		case control.WordDropped:
			fmt.Fprintf(c.Err, "%s: %s missing here: they came faster than they could be written\n", c.Name, counted(int(line.Dropped), "line is", "lines are"))
		case control.WordEnd:
			return nil
		}
	}
}
