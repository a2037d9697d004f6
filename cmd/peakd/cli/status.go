package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/peakd/peakd/daemonapp/status"
)

// statusSource is a running app, as status and top ask it.
type statusSource interface {
	// Status tells where everything stands.
	Status(ctx context.Context) (status.Status, error)
}

// statusFlags are those of status and top.
type statusFlags struct {
	names, tags   []string
	asJSON, check bool
}

func (c *command) statusCommand() *cobra.Command {
	var f statusFlags
	cmd := &cobra.Command{
		Use:   "status [NAME...]",
		Short: "Show where each daemon stands, and why it waits",
		Long: `Asks the running app where its daemons stand and why each of them waits, those first that need attention. A seed stands at
the place of its worst child. NAME may be a glob, and a seed means its children too; a single name shows everything about
that daemon. Where there are more than 40 daemons, those that only wait are told of together; name them to see each.

With --check it prints only what is disarmed, stuck or failing, and exits 1 if anything is. It exits 4 if no app runs.`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: c.completeDaemons,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.names = args
			return c.status(cmd.Context(), f)
		},
	}
	cmd.Flags().StringArrayVar(&f.tags, "tag", nil, "only daemons with this `tag`, and the children of such seeds; repeatable")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "write JSON: times are RFC 3339, durations seconds")
	cmd.Flags().BoolVar(&f.check, "check", false, "print what is disarmed, stuck or failing, and exit 1 if anything is")
	return cmd
}

// status asks once and writes the answer.
func (c *command) status(ctx context.Context, f statusFlags) error {
	source, err := c.statusSource()
	if err != nil {
		return err
	}
	s, err := source.Status(ctx)
	if err != nil {
		return asked(err)
	}
	return c.writeStatus(s, f)
}

// writeStatus writes what was asked for, and turns --check into the exit code.
func (c *command) writeStatus(s status.Status, f statusFlags) error {
	all := s
	s, err := s.Select(status.Selection{Names: f.names, Tags: f.tags})
	if err != nil {
		return unknownDaemon(err, all)
	}
	if f.check {
		s.Daemons = slices.DeleteFunc(slices.Clone(s.Daemons), func(d status.Daemon) bool { return !d.Failing() })
	}
	if err := c.printStatus(s, f); err != nil {
		return fmt.Errorf("write status: %w", err)
	}
	if f.check && len(s.Daemons) > 0 {
		return &exit{ExitFailure, nil}
	}
	return nil
}

func (c *command) printStatus(s status.Status, f statusFlags) error {
	v := c.statusView(c.Out)
	v.whole = len(f.names) > 0 || f.check
	switch one := single(s, f); {
	case f.asJSON:
		return writeStatusJSON(c.Out, s)
	case f.check:
		return v.writeFailing(c.Out, s)
	case one >= 0:
		d := s.Daemons[one]
		s.Daemons = slices.Delete(slices.Clone(s.Daemons), one, one+1)
		v.whole = false
		return v.writeOne(c.Out, &d, s)
	case len(f.names)+len(f.tags) > 0:
		return v.writeSome(c.Out, s)
	}
	return v.write(c.Out, s)
}

// single is the place of the daemon that one whole name asks for; -1 if none does.
func single(s status.Status, f statusFlags) int {
	if len(f.names) != 1 || f.check {
		return -1
	}
	return slices.IndexFunc(s.Daemons, func(d status.Daemon) bool { return d.Name == f.names[0] })
}

// writeSome writes some of the daemons, without the app.
func (v statusView) writeSome(w io.Writer, s status.Status) error {
	lines := append(v.table(v.rows(s)), "")
	lines = append(lines, v.summary(s)...)
	return writeLines(w, append(lines, v.needs(s)...))
}

// writeFailing writes only what is wrong; nothing if nothing is.
func (v statusView) writeFailing(w io.Writer, s status.Status) error {
	if len(s.Daemons) == 0 {
		return nil
	}
	return writeLines(w, append(v.table(v.rows(s)), v.needs(s)...))
}

func writeStatusJSON(w io.Writer, s status.Status) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(s)
}

// unknownDaemon is an error of the command line, with what may have been meant.
func unknownDaemon(err error, s status.Status) error {
	var unknown *status.UnknownError
	if !errors.As(err, &unknown) {
		return usage("%w", err)
	}
	if near := unknown.Nearest(s); near != "" {
		return usage("%w; did you mean %q?", err, near)
	}
	return usage("%w; `status` without a name lists them", err)
}

// statusView is how a status is written to w.
func (c *command) statusView(w io.Writer) statusView {
	return statusView{width: c.textWidth(w), colours: c.colours(w), program: c.Name}
}

// The widths that tables are made for: leastWidth and more.
const leastWidth = 40

// textWidth is how wide text for people may be: COLUMNS, else what the terminal has, else 100.
func (c *command) textWidth(w io.Writer) int {
	width, isTerminal := terminal(w)
	if text, ok := c.getenv("COLUMNS"); ok {
		if n, err := strconv.Atoi(text); err == nil && n > 0 {
			return max(n, leastWidth)
		}
	}
	if !isTerminal || width <= 0 {
		return tableWidth
	}
	return max(width, leastWidth)
}
