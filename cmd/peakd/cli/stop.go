package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/peakd/peakd/daemonapp/control"
)

func (c *command) drainCommand() *cobra.Command {
	return c.endCommand("drain", "Let the running app end when what runs has ended",
		`Nothing starts any more; the runs in flight may take as long as they like, and then the app ends.`,
		(*control.Client).Drain)
}

func (c *command) stopCommand() *cobra.Command {
	return c.endCommand("stop", "Have the running app end",
		`Nothing starts any more; the runs in flight get shutdown_grace, and then the app ends.`,
		(*control.Client).Stop)
}

func (c *command) endCommand(use, short, long string, ask func(*control.Client, context.Context) (control.Ending, error)) *cobra.Command {
	var noWait bool
	cmd := &cobra.Command{
		Use: use, Short: short,
		Long: long + "\n\nIt returns when the process has ended, and says meanwhile what still runs; with --no-wait at once.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := c.dial(cmd.Context(), ExitFailure)
			if err != nil {
				return err
			}
			about, err := client.Version(cmd.Context())
			if err != nil {
				return asked(err)
			}
			gone := client.AwaitExit()
			ending, err := ask(client, cmd.Context())
			if err != nil {
				return asked(err)
			}
			return c.ending(cmd.Context(), client, printable(about.App), ending, gone, noWait)
		},
	}
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "do not wait for the end")
	return cmd
}

// ending follows an app to its end.
func (c *command) ending(ctx context.Context, client *control.Client, app string, e control.Ending, gone func(context.Context) error, noWait bool) error {
	if e.Already {
		fmt.Fprintf(c.Err, "%s: %s is ending already, as it was told before\n", c.Name, app)
	}
	c.stillRunning(e.Running)
	if noWait {
		return nil
	}
	exited := make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { exited <- gone(ctx) }() // received below
	every := time.NewTicker(time.Second)
	defer every.Stop()
	for told := e.Running; ; {
		select {
		case err := <-exited:
			if err != nil {
				return fmt.Errorf("wait for %s: %w", app, err)
			}
			_, err = fmt.Fprintf(c.Out, "%s has ended\n", app)
			return err
		case <-every.C:
		}
		if running, err := inFlight(ctx, client); err == nil && !slices.Equal(running, told) {
			c.stillRunning(running)
			told = running
		}
	}
}

// stillRunning says whose runs are waited for.
func (c *command) stillRunning(names []string) {
	const most = 5
	if len(names) == 0 {
		return
	}
	text := strings.Join(names[:min(len(names), most)], ", ")
	if n := len(names) - most; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	fmt.Fprintf(c.Err, "waiting for %s\n", printable(text))
}

// inFlight are the daemons that run, sorted.
func inFlight(ctx context.Context, client *control.Client) ([]string, error) {
	all, err := client.Daemons(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, d := range all {
		if d.Run != "" {
			names = append(names, d.Name)
		}
	}
	return names, nil
}
