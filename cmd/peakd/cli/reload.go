package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/control"
)

func (c *command) reloadCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "reload",
		Short: "Have the running app read its configuration anew",
		Long: `Has the running app read its configuration anew, and returns when it runs by it: what changed is printed, and only that was
touched. A configuration with errors changes nothing; the errors are printed, and the exit code is 2.

The app reads the files that it was started with: --config says nothing to it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := c.dial(cmd.Context(), ExitFailure)
			if err != nil {
				return err
			}
			changed, err := client.Reload(cmd.Context())
			if err != nil {
				return c.notReloaded(err)
			}
			return writeReloaded(c.Out, changed)
		},
	}
}

// notReloaded prints what is wrong with a configuration.
func (c *command) notReloaded(err error) error {
	refused := (*control.Error)(nil)
	if !errors.As(err, &refused) || refused.Diagnostics == "" {
		return asked(err)
	}
	if _, err := fmt.Fprintln(c.Err, strings.TrimRight(printableText(refused.Diagnostics), "\n")); err != nil {
		return err
	}
	return &exit{ExitUsage, refused}
}

// withDiagnostics makes a reload tell all that is wrong with a configuration, as validate does, and not only the first.
func withDiagnostics(reload func(context.Context, string) (daemonapp.Change, error)) func(context.Context, string) (daemonapp.Change, error) {
	return func(ctx context.Context, who string) (daemonapp.Change, error) {
		change, err := reload(ctx, who)
		found := (*config.Diagnostics)(nil)
		if !errors.As(err, &found) {
			return change, err
		}
		var text strings.Builder
		if err := found.WriteText(&text, config.TextOptions{}); err != nil {
			return change, fmt.Errorf("write diagnostics: %w", err)
		}
		return change, &control.Error{
			Status: http.StatusUnprocessableEntity, Message: "the configuration is invalid, and everything stays as it was", Diagnostics: text.String(),
		}
	}
}

func writeReloaded(w io.Writer, r control.Reloaded) error {
	var b strings.Builder
	for _, part := range []struct {
		word  string
		names []string
	}{{"added", r.Added}, {"changed", r.Changed}, {"removed", r.Removed}} {
		for _, name := range part.names {
			fmt.Fprintf(&b, "%-8s %s\n", part.word, printable(name))
		}
	}
	fmt.Fprintf(&b, "reloaded: %d added, %d changed, %d removed, %d kept\n", len(r.Added), len(r.Changed), len(r.Removed), r.Kept)
	_, err := io.WriteString(w, b.String())
	return err
}

// printableText is a text of many lines in which nothing steers a terminal.
func printableText(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return utf8.RuneError
	}, text)
}
