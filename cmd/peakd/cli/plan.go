package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp/statedb"
)

func (c *command) planCommand() *cobra.Command {
	var against []string
	var format string
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what a reload would add, change, replace and remove",
		Long: `Compares the configuration with the one that the app applied last, which it keeps in its state directory, or with
that of --against, and prints what a reload would do. Nothing is changed. What the state directory keeps of daemons
that are gone is listed, too: it is forgotten after 30 days.

The exit code is 0 if there is nothing to do, 2 if there are changes, and 1 after any error.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return planError(c.plan(against, format)) },
	}
	cmd.Flags().StringArrayVar(&against, "against", nil, "configuration `path` to compare with; repeatable")
	cmd.Flags().StringVar(&format, "format", "text", "`form` of the output: text or json")
	return cmd
}

// errChanges: the plan is not empty.
var errChanges = errors.New("there are changes")

// planError gives plan its own exit codes: 2 means changes, so all errors are 1.
func planError(err error) error {
	var e *exit
	switch {
	case errors.Is(err, errChanges):
		return &exit{ExitUsage, nil}
	case errors.As(err, &e):
		return &exit{ExitFailure, e.err}
	}
	return err
}

func (c *command) plan(against []string, format string) error {
	if format != "text" && format != "json" {
		return usage("--format %q: text or json", format)
	}
	cfg, err := c.onlyErrors(c.load())
	if err != nil {
		return err
	}
	before, err := c.before(cfg, against)
	if err != nil {
		return err
	}
	plan := config.Compare(before.snapshot, cfg.Snapshot())
	if format == "json" {
		err = json.NewEncoder(c.Out).Encode(struct {
			config.Plan
			Gone []goneDaemon `json:"gone,omitempty"`
		}{plan, before.gone})
	} else {
		err = c.writePlan(plan, before)
	}
	if err == nil && !plan.Empty() {
		return errChanges
	}
	return err
}

// comparison is the configuration to compare with, and what else the state directory tells.
type comparison struct {
	snapshot config.Snapshot
	what     string // it is, in words
	gone     []goneDaemon
}

// before is the configuration to compare with.
func (c *command) before(cfg *config.Config, against []string) (comparison, error) {
	if len(against) > 0 {
		other, err := c.onlyErrors(c.loadFrom(against, ""))
		if err != nil {
			return comparison{}, err
		}
		return comparison{snapshot: other.Snapshot(), what: strings.Join(against, ", ")}, nil
	}
	dir, err := c.stateDir(cfg)
	if err != nil {
		return comparison{}, err
	}
	reader, err := statedb.OpenReader(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return comparison{}, fmt.Errorf("%s has applied no configuration yet: there is no state in %s; --against names one to compare with",
			c.label(cfg), dir)
	}
	if err != nil {
		return comparison{}, err
	}
	applied, ok, err := reader.LoadApplied()
	memories, loadErr := reader.Load()
	if err = errors.Join(err, loadErr, reader.Close()); err != nil {
		return comparison{}, err
	}
	if !ok {
		return comparison{}, fmt.Errorf("%s has applied no configuration yet; --against names one to compare with", c.label(cfg))
	}
	what := fmt.Sprintf("what %s applied %s ago (%s)", c.label(cfg), short(time.Since(applied.At).Round(time.Second)), applied.By)
	return comparison{snapshotOf(applied), what, goneOf(memories)}, nil
}

// appliedForm is a configuration as the state directory keeps it.
func appliedForm(label string, cfg *config.Config, by string, at time.Time) statedb.Applied {
	s := cfg.Snapshot()
	a := statedb.Applied{App: label, Digest: cfg.Digest, At: at, By: by}
	a.Daemons = append(a.Daemons, statedb.AppliedDaemon{Name: appEntry, Settings: s.App})
	for _, d := range s.Daemons {
		a.Daemons = append(a.Daemons, statedb.AppliedDaemon(d))
	}
	return a
}

// appEntry stands for the app itself among the daemons; no daemon can be called so.
const appEntry = "/app"

func snapshotOf(a statedb.Applied) config.Snapshot {
	var s config.Snapshot
	for _, d := range a.Daemons {
		if d.Name == appEntry {
			s.App = d.Settings
			continue
		}
		s.Daemons = append(s.Daemons, config.SnapshotDaemon(d))
	}
	return s
}

// marks are what stands before each daemon of a plan, and their colours.
func mark(a config.Action) (mark, colour string) {
	switch a {
	case config.Add:
		return "+", "32"
	case config.ReplaceDaemon:
		return "±", "33"
	case config.RemoveDaemon:
		return "-", "31"
	case config.ChangeInPlace:
	}
	return "~", "33"
}

func (c *command) writePlan(p config.Plan, before comparison) error {
	var b strings.Builder
	paint := func(colour, text string) string {
		if !c.colours(c.Out) {
			return text
		}
		return "\x1b[" + colour + "m" + text + "\x1b[0m"
	}
	fmt.Fprintf(&b, "compared with %s:\n", before.what)
	if len(p.App) > 0 {
		fmt.Fprintf(&b, "\n%s app\n", paint("33", "~"))
		writeChanges(&b, p.App)
		for _, name := range p.Restart {
			fmt.Fprintf(&b, "    a change of %s needs a restart\n", name)
		}
	}
	for _, d := range p.Daemons {
		m, colour := mark(d.Action)
		fmt.Fprintf(&b, "\n%s %s %q %s", paint(colour, m), d.Type, d.Name, verb(d.Action))
		if d.Where != "" && d.Action != config.RemoveDaemon {
			fmt.Fprintf(&b, "  # %s", d.Where)
		}
		b.WriteString("\n")
		writeChanges(&b, d.Settings)
	}
	if p.Empty() {
		fmt.Fprintf(&b, "\nnothing to do: %s unchanged\n", plural(p.Unchanged, "daemon"))
	} else {
		fmt.Fprintf(&b, "\n%d to add, %d to change, %d to replace, %d to remove, %d unchanged\n", p.Count(config.Add),
			p.Count(config.ChangeInPlace), p.Count(config.ReplaceDaemon), p.Count(config.RemoveDaemon), p.Unchanged)
	}
	writeGone(&b, before.gone)
	_, err := io.WriteString(c.Out, b.String())
	return err
}

func verb(a config.Action) string {
	switch a {
	case config.Add:
		return "is added"
	case config.ReplaceDaemon:
		return "is replaced, after its current run"
	case config.RemoveDaemon:
		return "is removed, after its current run"
	case config.ChangeInPlace:
	}
	return "is changed and goes on"
}

func writeChanges(b *strings.Builder, list []config.SettingChange) {
	for _, c := range list {
		before, after := orElse(c.Before, "(none)"), orElse(c.After, "(none)")
		if len(c.Path)+len(before)+len(after) < planWidth-12 && !strings.Contains(before+after, "\n") {
			fmt.Fprintf(b, "    %s: %s -> %s\n", c.Path, before, after)
			continue
		}
		from := common(before, after)
		fmt.Fprintf(b, "    %s:\n      - %s\n      + %s\n", c.Path, around(before, from), around(after, from))
	}
}

// planWidth is that of a plan's lines.
const planWidth = 100

// common is how many runes two texts begin with alike.
func common(a, b string) int {
	x, y := []rune(a), []rune(b)
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	return n
}

// around is the part of a long text that its first difference stands in.
func around(text string, difference int) string {
	const before = 20
	runes := []rune(strings.ReplaceAll(text, "\n", `\n`))
	if from := min(difference, len(runes)) - before; from > 0 && len(runes) > planWidth-8 {
		return "…" + shortened(string(runes[from:]), planWidth-9)
	}
	return shortened(string(runes), planWidth-8)
}
