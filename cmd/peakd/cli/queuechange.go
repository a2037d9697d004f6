package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

func (c *command) queueRetryCommand() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "retry DIR [NAME]...",
		Short: "Make files due now that failed or wait for another attempt",
		Long: `Makes files due now. A failed one starts afresh, with no attempts on record. With --all every failed and every
waiting file.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return c.queueRetry(args[0], args[1:], all) },
	}
	cmd.Flags().BoolVar(&all, "all", false, "every failed and every waiting file")
	return cmd
}

func (c *command) queueRetry(dir string, names []string, all bool) error {
	if all == (len(names) > 0) {
		return usage("name the files, or say --all")
	}
	q, err := change(dir)
	if err != nil {
		return err
	}
	defer q.Close()
	released := map[string]bool{}
	n := 0
	for _, state := range []spool.State{spool.StateRetry, spool.StateFailed} {
		entries, err := listed(q, state)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !all && !slices.Contains(names, e.Name) && !slices.Contains(names, e.Original) {
				continue
			}
			err := q.Release(state, e.Name, time.Now())
			if errors.Is(err, fs.ErrNotExist) {
				continue // it has just moved on
			}
			if err != nil {
				return err
			}
			released[e.Name], released[e.Original] = true, true
			n++
		}
	}
	if n > 0 {
		if err := q.Announce(); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintf(c.Out, "%s due now\n", counted(n, "file is", "files are")); err != nil {
		return err
	}
	return missing(dir, names, released)
}

// missing are the names of which there was no file.
func missing(dir string, names []string, found map[string]bool) error {
	var errs []error
	for _, name := range names {
		if !found[name] {
			errs = append(errs, fmt.Errorf("no file called %q has failed or waits in %s", name, shown(dir)))
		}
	}
	return errors.Join(errs...)
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// purge is what is asked for.
type purge struct {
	failed, done, yes bool
	older             string
}

func (c *command) queuePurgeCommand() *cobra.Command {
	var p purge
	cmd := &cobra.Command{
		Use:   "purge DIR",
		Short: "Delete files that are done or failed",
		Long: `Deletes the files in the archive (--done) or those set aside (--failed), with their reasons. It asks before, unless --yes
is given.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return c.queuePurge(args[0], p) },
	}
	cmd.Flags().BoolVar(&p.failed, "failed", false, "delete files that were set aside")
	cmd.Flags().BoolVar(&p.done, "done", false, "delete delivered files")
	cmd.Flags().BoolVar(&p.yes, "yes", false, "do not ask")
	cmd.Flags().StringVar(&p.older, "older-than", "", "only those that came there longer ago than this `duration`; of delivered ones by whole days, UTC")
	return cmd
}

func (p *purge) request() (spool.PurgeRequest, error) {
	r := spool.PurgeRequest{State: spool.StateDone}
	if p.failed == p.done {
		return r, usage("say what to delete: --failed or --done")
	}
	if p.failed {
		r.State = spool.StateFailed
	}
	if p.older != "" {
		age, err := config.ParseDuration(p.older)
		if err != nil {
			return r, usage("--older-than: %w", err)
		}
		r.Before = time.Now().Add(-age)
	}
	return r, nil
}

func (c *command) queuePurge(dir string, p purge) error {
	request, err := p.request()
	if err != nil {
		return err
	}
	q, err := change(dir)
	if err != nil {
		return err
	}
	defer q.Close()
	depth, err := q.Depth(request.State, false)
	if err != nil {
		return err
	}
	if depth.Files > 0 && !p.yes {
		question := fmt.Sprintf("delete %s of %s", counted(depth.Files, request.State.String()+" file", request.State.String()+" files"), shown(dir))
		if p.older != "" {
			question += " as far as older than " + p.older
		}
		if !c.confirmed(question) {
			return errors.New("nothing was deleted")
		}
	}
	purged, err := q.Purge(request)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Out, "%s deleted\n", counted(purged.Files, "file was", "files were"))
	return err
}

// confirmed asks a person; without one the answer is no.
func (c *command) confirmed(question string) bool {
	fmt.Fprintf(c.Err, "%s? [y/N] ", question)
	var answer string
	_, _ = fmt.Fscanln(c.In, &answer)
	return answer == "y" || answer == "yes"
}
