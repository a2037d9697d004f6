package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp/simulate"
)

// simulateOptions are the flags of simulate.
type simulateOptions struct {
	horizon  string
	start    string
	assume   []string
	hostname string
	format   string
	output   string
	width    int
	// history is how far back recorded runs stand in for assumptions; empty: they do not.
	history string
}

func (c *command) simulateCommand() *cobra.Command {
	var o simulateOptions
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Show what the configuration would do, on virtual time",
		Long: `Drives the real scheduler on virtual time and shows what would run when, who would wait for whom, and when and why
the app would stop. Nothing is executed, and no state is read.

Each daemon's runs go by its assumption, else they work and take no time; with --from-history they end and last as those
that were recorded of it, one after the other and then from the first again, and a seed has the children that were
recorded, unless there is an --assume. Assumptions stand in a file of their own:

    assume "collective" {
      outcomes = ["worked", "idle", "idle"]   # the 1st, 2nd, 3rd run, and from the first again
      duration = "250ms"
    }

    assume "mail-queues" {
      children = ["in", "out"]                # a seed's children appear after its first run
    }`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.simulate(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.history, "from-history", "", "draw from the runs recorded in the last so long, a `duration` (7d if none is given)")
	f.Lookup("from-history").NoOptDefVal = "7d"
	f.StringVar(&o.horizon, "for", "", "`duration`: how long to look (default shutdown_after, else 24h)")
	f.StringVar(&o.start, "start", "", "`time` at which it starts, as RFC 3339 (default the coming midnight in the app's time zone)")
	f.StringArrayVar(&o.assume, "assume", nil, "`file` of assume blocks; repeatable")
	f.StringVar(&o.hostname, "hostname", "", "`name` of the host it would run on (default this one)")
	f.StringVar(&o.format, "format", "text", "`form` of the output: text, json (an object a line), svg or html")
	f.StringVarP(&o.output, "output", "o", "", "`file` to write to (default standard output)")
	f.IntVar(&o.width, "width", 100, "`columns` of text")
	return cmd
}

func (c *command) simulate(ctx context.Context, o simulateOptions) error {
	write, err := writerOf(o)
	if err != nil {
		return err
	}
	cfg, found := c.loadFrom(c.configPaths(), o.hostname)
	if cfg, err = c.onlyErrors(cfg, found); err != nil {
		return err
	}
	past, err := c.recollect(ctx, o.history)
	if err != nil {
		return err
	}
	in, err := c.simulation(cfg, o, past)
	if err != nil {
		return err
	}
	in.App = c.label(cfg)
	if in.Start, in.StartAssumed, err = startOf(o.start, cfg); err != nil {
		return err
	}
	if in.Horizon, err = horizonOf(o.horizon); err != nil {
		return err
	}
	return c.output(o.output, func(w io.Writer) error {
		if err := c.recall(w, o.format, past, in.Daemons); err != nil {
			return err
		}
		return write(w, in)
	})
}

// recall draws from the past, and says how much of it there is: above a text, and beside what is not for people.
func (c *command) recall(w io.Writer, format string, past *recollection, daemons []simulate.Daemon) error {
	if past == nil {
		return nil
	}
	past.assume(daemons)
	text := past.String() + "\n"
	if format != "text" {
		_, err := io.WriteString(c.Err, text)
		return err
	}
	_, err := io.WriteString(w, text+"\n")
	return err
}

// onlyErrors is accepted without warnings: a simulation shows what they warn of.
func (c *command) onlyErrors(cfg *config.Config, found *config.Diagnostics) (*config.Config, error) {
	if !found.HasErrors() {
		return cfg, nil
	}
	return c.accepted(cfg, found)
}

// writerOf is what runs the simulation and writes it in the format asked for.
func writerOf(o simulateOptions) (func(io.Writer, simulate.Input) error, error) {
	drawn := func(draw func(io.Writer, *simulate.Report) error) func(io.Writer, simulate.Input) error {
		return func(w io.Writer, in simulate.Input) error {
			report, err := simulate.Run(in, nil)
			if err != nil {
				return impossible(err)
			}
			return draw(w, report)
		}
	}
	switch o.format {
	case "text":
		if o.width < 60 {
			return nil, usage("--width %d: at least 60", o.width)
		}
		return drawn(func(w io.Writer, r *simulate.Report) error { return simulate.WriteText(w, r, o.width) }), nil
	case "svg":
		return drawn(simulate.WriteSVG), nil
	case "html":
		return drawn(simulate.WriteHTML), nil
	case "json":
		return func(w io.Writer, in simulate.Input) error {
			lines := simulate.NewJSONLines(w)
			if _, err := simulate.Run(in, lines.Write); err != nil {
				return impossible(err)
			}
			return lines.Flush()
		}, nil
	}
	return nil, usage("--format %q: text, json, svg or html", o.format)
}

// impossible makes a simulation that would never end a mistake of whoever asked for it.
func impossible(err error) error {
	var stuck *simulate.NoProgress
	if errors.As(err, &stuck) {
		return &exit{ExitUsage, err}
	}
	return fmt.Errorf("simulate: %w", err)
}

// startOf is when the virtual world begins: what was asked for, else the coming midnight.
func startOf(text string, cfg *config.Config) (start time.Time, assumed bool, err error) {
	zone := cfg.App.Location()
	if text == "" {
		now := time.Now().In(zone)
		return time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, zone), true, nil
	}
	start, err = time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, false, usage("--start %q: write it as RFC 3339, as in 2026-11-23T00:00:00+01:00", text)
	}
	return start.In(zone), false, nil
}

func horizonOf(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := config.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, usage("--for %q: a duration with a unit, as in 24h or 7d", text)
	}
	return d, nil
}

// output writes to the file of that name, whole or not at all, or to standard output. What is there and no file, as a
// device or a pipe, is written to as it is, and a link is followed: neither is replaced by a file.
func (c *command) output(name string, write func(io.Writer) error) error {
	if name == "" || name == "-" {
		return write(c.Out)
	}
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".simulate-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer os.Remove(f.Name()) // gone after the rename
	err = errors.Join(write(f), f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	return err
}
