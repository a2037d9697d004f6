package program

import (
	"context"
	"io"
	"slices"

	"github.com/benbjohnson/clock"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemons/exec/process"
)

// Prepare makes the program ready to start, with the arguments behind its own and the variables added to its
// environment.
func (s *Settings) Prepare(clk clock.Clock, vars map[string]string, args ...string) (*process.Command, error) {
	cmd, err := s.Settings.Prepare(s.Command[0], vars)
	if err != nil {
		return nil, err
	}
	cmd.Argv, cmd.Grace, cmd.Clock = slices.Concat(s.Command, args), s.KillGrace, clk
	return cmd, nil
}

// Killed is closed when the run that ctx belongs to is to die at once; nil outside of a run.
func Killed(ctx context.Context) <-chan struct{} {
	if run, ok := daemonapp.RunFrom(ctx); ok {
		return run.Killed()
	}
	return nil
}

// Into copies a stream to a writer that does not fail.
func Into(w io.Writer) func(io.Reader) {
	return func(r io.Reader) { _, _ = io.Copy(w, r) } // ends when the stream does
}
