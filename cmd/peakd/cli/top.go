package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/peakd/peakd/daemonapp/control"
	"github.com/peakd/peakd/daemonapp/status"
)

// topApp is a running app, as top watches and steers it.
type topApp interface {
	statusSource
	Pause(ctx context.Context, r control.PauseRequest) (control.Steered, error)
	Resume(ctx context.Context, r control.ChoiceRequest) (control.Steered, error)
	Trigger(ctx context.Context, r control.TriggerRequest) (control.Steered, error)
	Arm(ctx context.Context, r control.ChoiceRequest) (control.Steered, error)
}

var _ topApp = (*control.Client)(nil)

// topInterval is how often top looks.
const topInterval = time.Second

func (c *command) topCommand() *cobra.Command {
	var plain bool
	var chosen status.Selection
	cmd := &cobra.Command{
		Use:   "top [NAME...]",
		Short: "Watch where each daemon stands, live, and steer it",
		Long: `Shows what status shows, every second, with the load of the last minutes. The keys move a mark over the daemons and steer the
one that is marked, a seed with its children, after asking back:

  j k, arrows, PgUp PgDn, Home End   move
  p pause   r resume   t trigger   a arm
  w         show every daemon, or those that only wait together
  q, Ctrl-C quit

It needs a terminal. With --plain it writes one picture after another, without anything that steers a terminal, until it is
interrupted. It exits 4 if no app runs.`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: c.completeDaemons,
		RunE: func(cmd *cobra.Command, args []string) error {
			chosen.Names = args
			client, err := c.dial(cmd.Context(), ExitNotRunning)
			if err != nil {
				return err
			}
			if plain {
				return c.topPlain(cmd.Context(), client, chosen)
			}
			return c.top(cmd.Context(), client, chosen)
		},
	}
	cmd.Flags().BoolVar(&plain, "plain", false, "write pictures one after another, without control codes")
	cmd.Flags().StringArrayVar(&chosen.Tags, "tag", nil, "only daemons with this `tag`, and the children of such seeds; repeatable")
	return cmd
}

// topPlain writes pictures until ctx ends or the process is told to.
func (c *command) topPlain(ctx context.Context, app statusSource, chosen status.Selection) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	screen := newTopScreen(c.statusView(c.Out))
	screen.view.colours = false
	ticker := time.NewTicker(topInterval)
	defer ticker.Stop()
	for {
		seen := glimpse(ctx, app, chosen)
		if seen.err != nil {
			return c.topEnd(ctx, seen.err)
		}
		screen.see(seen.status)
		if err := writeLines(c.Out, append(screen.picture(), "")); err != nil {
			return fmt.Errorf("write picture: %w", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// topEnd is the error that top ends with: none if it was told to end.
func (c *command) topEnd(ctx context.Context, err error) error {
	var unknown *status.UnknownError
	switch {
	case ctx.Err() != nil:
		return nil //nolint:nilerr // what it was told to end with is no failure
	case errors.As(err, &unknown):
		return usage("%w", err)
	case errors.Is(err, control.ErrNotRunning):
		return &exit{ExitNotRunning, err}
	}
	return asked(err)
}

// sight is a look at the app.
type sight struct {
	status status.Status
	err    error
}

// glimpse asks for the status of the chosen daemons.
func glimpse(ctx context.Context, app statusSource, chosen status.Selection) sight {
	s, err := app.Status(ctx)
	if err == nil {
		s, err = s.Select(chosen)
	}
	return sight{s, err}
}

// top shows pictures on a terminal until a key or a signal ends it. However it ends, the terminal is as it was.
func (c *command) top(ctx context.Context, app topApp, chosen status.Selection) (err error) {
	in, out, ok := c.terminals()
	if !ok {
		return usage("top needs a terminal; `%s top --plain` writes pictures one after another, and `%s status` one", c.Name, c.Name)
	}
	first := glimpse(ctx, app, chosen) // before the terminal is touched: its error is to be read
	if first.err != nil {
		return c.topEnd(ctx, first.err)
	}
	signals := make(chan os.Signal, 8) // the runtime sends, live receives
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGWINCH)
	defer signal.Stop(signals)
	tty, err := openTTY(in, out)
	if err != nil {
		return fmt.Errorf("set terminal: %w", err)
	}
	defer func() {
		if closed := tty.close(); err == nil {
			err = closed
		}
	}()
	screen := newTopScreen(c.statusView(c.Out))
	screen.see(first.status)
	l := &topLoop{app: app, chosen: chosen, screen: screen, tty: tty, signals: signals}
	if err := l.run(ctx); err != nil {
		return c.topEnd(ctx, err)
	}
	return nil
}

// terminals are those that the command reads and writes; ok is false if one of them is none.
func (c *command) terminals() (in, out *os.File, ok bool) {
	in, isIn := c.In.(*os.File)
	out, isOut := c.Out.(*os.File)
	if !isIn || !isOut {
		return nil, nil, false
	}
	_, inOK := terminal(in)
	_, outOK := terminal(out)
	return in, out, inOK && outOK
}

// steeredText is what a steering act did, in a line.
func steeredText(done control.Steered, err error, did string) string {
	if refused := (*control.Error)(nil); errors.As(err, &refused) && len(refused.Results) > 0 {
		done.Results, err = refused.Results, nil
	}
	if err != nil {
		return err.Error()
	}
	var refusals []string
	for _, r := range done.Results {
		if r.Error != "" {
			refusals = append(refusals, withHint(r.Daemon+": "+r.Error, r.Hint))
		}
	}
	n := len(done.Results) - len(refusals)
	if len(refusals) == 0 {
		return fmt.Sprintf("%s %s", did, plural(n, "daemon"))
	}
	return fmt.Sprintf("%s %s; %s", did, plural(n, "daemon"), strings.Join(refusals, "; "))
}
