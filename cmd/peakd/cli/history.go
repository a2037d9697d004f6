package cli

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp/history"
)

// recalled are the flags that say which entries of the history are wanted.
type recalled struct {
	names    []string
	stateDir string
	last     string
	outcomes []string
	kinds    []string
	limit    int
	oldest   bool
	self     bool
	format   string
	width    int
}

func (c *command) historyCommand() *cobra.Command {
	var o recalled
	cmd := &cobra.Command{
		Use:   "history [NAME...]",
		Short: "Show what ran, what did not and why, and who did what",
		Long: `Shows the runs of each daemon, the runs that did not happen, with the reason, and what people did, the newest first. It reads
the app's state directory, whether the app runs or not. NAME may be a glob, and a seed means its children too.

Consecutive idle runs of a daemon are one line (idle x360), and so are moments at which it was held for the same reason;
how often is brought up to date once a minute.

Outcomes are ` + strings.Join(history.Outcomes(), ", ") + ` (the host died, or ` + c.Name + ` was killed).
Kinds are ` + kindWords() + `.`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: c.completeRecorded,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.names = args
			return c.history(cmd.Context(), o)
		},
	}
	o.add(cmd.Flags())
	f := cmd.Flags()
	f.StringVar(&o.last, "last", "", "`duration`: only what ended or happened since, as in 7d")
	f.StringSliceVar(&o.kinds, "kind", nil, "only entries of these kinds, as `words` with commas between")
	f.IntVar(&o.limit, "limit", 100, "`number` of entries at most, the newest; 0: all")
	f.BoolVar(&o.oldest, "oldest-first", false, "turn the order around")
	f.StringVar(&o.format, "format", "table", "`form` of the output: table, json (an object a line) or csv")
	f.IntVar(&o.width, "width", 0, "`columns` of the table (default the terminal's, at most 100)")
	return cmd
}

// add adds what history and logs have in common.
func (o *recalled) add(f *pflag.FlagSet) {
	f.StringVar(&o.stateDir, "state-dir", "", "state `directory` of the app (default that of the configuration)")
	f.StringSliceVar(&o.outcomes, "outcome", nil, "only runs that ended so, as `words` with commas between")
	f.BoolVar(&o.self, "self", false, "a seed without its children")
}

func kindWords() string {
	words := make([]string, 0, len(history.Kinds()))
	for _, k := range history.Kinds() {
		words = append(words, string(k))
	}
	return strings.Join(words, ", ")
}

func (c *command) history(ctx context.Context, o recalled) error {
	q, err := o.query(time.Now())
	if err != nil {
		return err
	}
	write, err := c.historyWriter(o)
	if err != nil {
		return err
	}
	r, err := c.openHistory(ctx, o.stateDir)
	if err != nil {
		return err
	}
	return errors.Join(write(ctx, r, q), r.Close())
}

// query is what the flags ask for. The words are checked here, so that a mistyped one is a mistake of usage.
func (o recalled) query(now time.Time) (history.Query, error) {
	q := history.Query{Names: o.names, Self: o.self, Outcomes: o.outcomes, Limit: o.limit, OldestFirst: o.oldest}
	for _, k := range o.kinds {
		q.Kinds = append(q.Kinds, history.Kind(k))
	}
	if err := q.Check(); err != nil {
		return q, usage("%w", err)
	}
	if o.limit < 0 {
		return q, usage("--limit %d: 0 or more", o.limit)
	}
	if o.last != "" {
		d, err := config.ParseDuration(o.last)
		if err != nil || d <= 0 {
			return q, usage("--last %q: a duration with a unit, as in 24h or 7d", o.last)
		}
		q.Since = now.Add(-d)
	}
	return q, nil
}

// openHistory opens the history in dir, or in the state directory of the configuration.
func (c *command) openHistory(ctx context.Context, dir string) (*history.Reader, error) {
	if dir == "" {
		cfg, err := c.onlyErrors(c.load())
		if err != nil {
			return nil, err
		}
		if dir, err = c.stateDir(cfg); err != nil {
			return nil, err
		}
		c.settle(ctx, cfg, dir)
	}
	r, err := history.OpenReader(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &noHistory{dir}
	}
	return r, err
}

// completeRecorded completes the names of daemons of which there is something in the history.
func (c *command) completeRecorded(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	if c.fromEnvironment(cmd.Flags()) != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	dir, _ := cmd.Flags().GetString("state-dir")
	if dir == "" {
		cfg, found := c.load()
		if found.HasErrors() {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		dir, _ = c.stateDir(cfg)
	}
	r, err := history.OpenReader(dir)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer r.Close()
	names, err := r.Names(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// noHistory: nothing was recorded in a directory yet.
type noHistory struct{ dir string }

// Error implements error.
func (e *noHistory) Error() string {
	return "nothing was recorded yet: there is no history in " + e.dir + "; --state-dir names another place"
}

// Is makes it one of what does not exist.
func (e *noHistory) Is(target error) bool { return target == fs.ErrNotExist } //nolint:errorlint // this is errors.Is
