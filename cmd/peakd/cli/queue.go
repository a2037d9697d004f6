package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

func (c *command) queueCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "queue",
		Short: "Look after the files of a directory queue",
		Long: `Works on the directory of a queue, with or without a running app: all state of a queue is in its tree.
DIR is the directory itself, not its reserved folder .peakd.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_ = cmd.Help()
			return &exit{ExitUsage, nil}
		},
	}
	cmd.AddCommand(c.queueLsCommand(), c.queueShowCommand(), c.queueRetryCommand(), c.queuePurgeCommand())
	return cmd
}

// openQueue opens a queue for looking, or for changing.
func openQueue(dir string, readOnly bool) (*spool.Queue, error) {
	q, err := spool.Open(dir, spool.Options{ReadOnly: readOnly})
	if err != nil {
		return nil, &exit{ExitFailure, err}
	}
	return q, nil
}

func (c *command) queueLsCommand() *cobra.Command {
	var states []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "ls DIR",
		Short: "List the files of a queue and how they stand",
		Args:  cobra.ExactArgs(1),
		RunE:  func(_ *cobra.Command, args []string) error { return c.queueLs(args[0], states, asJSON) },
	}
	cmd.Flags().StringSliceVar(&states, "state", []string{"ready", "claimed", "retry", "failed"}, "`states` to list: ready, claimed, retry, done, failed")
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON, an object a line")
	return cmd
}

func (c *command) queueLs(dir string, states []string, asJSON bool) error {
	q, err := openQueue(dir, true)
	if err != nil {
		return err
	}
	defer q.Close()
	var all []spool.Entry
	for _, word := range states {
		state, err := stateOf(word)
		if err != nil {
			return err
		}
		entries, err := listed(q, state)
		if err != nil {
			return err
		}
		all = append(all, entries...)
	}
	if asJSON {
		return c.queueJSON(all)
	}
	return c.queueTable(dir, all)
}

func stateOf(word string) (spool.State, error) {
	for _, s := range spool.States() {
		if s.String() == word {
			return s, nil
		}
	}
	return 0, usage("no state is called %q: ready, claimed, retry, done, failed", word)
}

// listed are the files in a state, by name.
func listed(q *spool.Queue, state spool.State) ([]spool.Entry, error) {
	var entries []spool.Entry
	for e, err := range q.List(state) {
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b spool.Entry) int { return cmp.Compare(a.Name, b.Name) })
	return entries, nil
}

func (c *command) queueTable(dir string, all []spool.Entry) error {
	t := newTable("STATE", "SIZE", "AGE", "ATTEMPTS", "NAME", "WHY").alignRight(1, 2, 3)
	counts := map[spool.State]int{}
	now := time.Now()
	for _, e := range all {
		counts[e.State]++
		t.add(e.State.String(), config.Size(e.Size).String(), short(now.Sub(e.Modified).Round(time.Second)), strconv.Itoa(e.Attempts),
			shown(e.Name), why(e, now))
	}
	if len(all) > 0 {
		if err := t.write(c.Out); err != nil {
			return err
		}
		fmt.Fprintln(c.Out)
	}
	_, err := fmt.Fprintf(c.Out, "%s: %d ready, %d claimed, %d to retry, %d done, %d failed\n", dir, counts[spool.StateReady],
		counts[spool.StateClaimed], counts[spool.StateRetry], counts[spool.StateDone], counts[spool.StateFailed])
	return err
}

// shown is a name that a terminal can be given: as it is, or quoted.
func shown(name string) string {
	if q := strconv.Quote(name); q != `"`+name+`"` {
		return q
	}
	return name
}

// why is what there is to say of an entry.
func why(e spool.Entry, now time.Time) string {
	switch e.State {
	case spool.StateClaimed:
		if e.Alive {
			return "by " + e.Owner
		}
		return "its owner is dead; it is recovered by the next run"
	case spool.StateRetry:
		return "tried again in " + short(max(e.Due.Sub(now), 0).Round(time.Second))
	case spool.StateFailed:
		return shortened(e.Failure.Reason, 60)
	case spool.StateReady, spool.StateDone:
	}
	return ""
}

// queueEntry is an entry as JSON.
type queueEntry struct {
	State    string     `json:"state"`
	Name     string     `json:"name"`
	Original string     `json:"original,omitempty"`
	Path     string     `json:"path"`
	Size     int64      `json:"size"`
	Modified time.Time  `json:"modified"`
	Attempts int        `json:"attempts"`
	Crashes  int        `json:"crashes,omitempty"`
	Owner    string     `json:"owner,omitempty"`
	Due      *time.Time `json:"due,omitempty"`
	Reason   string     `json:"reason,omitempty"`
	Detail   string     `json:"detail,omitempty"`
}

func (c *command) queueJSON(all []spool.Entry) error {
	enc := json.NewEncoder(c.Out)
	enc.SetEscapeHTML(false)
	for _, e := range all {
		j := queueEntry{
			State: e.State.String(), Name: e.Name, Path: e.Path, Size: e.Size, Modified: e.Modified, Attempts: e.Attempts,
			Crashes: e.Crashes, Owner: e.Owner, Reason: e.Failure.Reason, Detail: string(e.Failure.Detail),
		}
		if e.Original != e.Name {
			j.Original = e.Original
		}
		if !e.Due.IsZero() {
			j.Due = &e.Due
		}
		if err := enc.Encode(j); err != nil {
			return err
		}
	}
	return nil
}

func (c *command) queueShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show DIR NAME",
		Short: "Print everything known of one file",
		Args:  cobra.ExactArgs(2),
		RunE:  func(_ *cobra.Command, args []string) error { return c.queueShow(args[0], args[1]) },
	}
}

func (c *command) queueShow(dir, name string) error {
	q, err := openQueue(dir, true)
	if err != nil {
		return err
	}
	defer q.Close()
	found := 0
	for _, state := range spool.States() {
		entries, err := listed(q, state)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if e.Name == name || e.Original == name {
				found++
				if err := c.writeEntry(e); err != nil {
					return err
				}
			}
		}
	}
	if found == 0 {
		return &exit{ExitFailure, fmt.Errorf("no file of %s is called %q", dir, name)}
	}
	return nil
}

func (c *command) writeEntry(e spool.Entry) error {
	t := newTable("", "")
	t.rows = nil
	t.add("name", shown(e.Name))
	if e.Original != "" && e.Original != e.Name {
		t.add("handed in as", shown(e.Original))
	}
	t.add("state", e.State.String())
	t.add("path", shown(e.Path))
	t.add("size", config.Size(e.Size).String())
	t.add("modified", e.Modified.Format(time.RFC3339))
	t.add("attempts", fmt.Sprintf("%d, %d of them cut off", e.Attempts, e.Crashes))
	if text := why(e, time.Now()); text != "" && e.State != spool.StateFailed {
		t.add("", text)
	}
	if e.State == spool.StateFailed {
		t.add("failed", e.Failure.Failed.Format(time.RFC3339))
		t.add("reason", e.Failure.Reason)
	}
	if err := t.write(c.Out); err != nil || len(e.Failure.Detail) == 0 {
		return err
	}
	_, err := fmt.Fprintf(c.Out, "\n%s\n", e.Failure.Detail)
	return err
}

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
	q, err := openQueue(dir, false)
	if err != nil {
		return err
	}
	defer q.Close()
	released := 0
	for _, state := range []spool.State{spool.StateFailed, spool.StateRetry} {
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
			released++
		}
	}
	if err := q.Sync(); err != nil {
		return err
	}
	if released == 0 && !all {
		return &exit{ExitFailure, fmt.Errorf("no file of that name has failed or waits in %s", dir)}
	}
	_, err = fmt.Fprintf(c.Out, "%d files are due now\n", released)
	return err
}

func (c *command) queuePurgeCommand() *cobra.Command {
	var failed, done, yes bool
	var older string
	cmd := &cobra.Command{
		Use:   "purge DIR",
		Short: "Delete files that are done or failed",
		Long: `Deletes the files in the archive (--done) or those set aside (--failed), with their reasons. It asks before, unless --yes
is given.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return c.queuePurge(args[0], failed, done, yes, older) },
	}
	cmd.Flags().BoolVar(&failed, "failed", false, "delete files that were set aside")
	cmd.Flags().BoolVar(&done, "done", false, "delete delivered files")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.Flags().StringVar(&older, "older-than", "", "only those that came there longer ago than this `duration`")
	return cmd
}

func (c *command) queuePurge(dir string, failed, done, yes bool, older string) error {
	if failed == done {
		return usage("say what to delete: --failed or --done")
	}
	request := spool.PurgeRequest{State: spool.StateDone}
	if failed {
		request.State = spool.StateFailed
	}
	if older != "" {
		age, err := config.ParseDuration(older)
		if err != nil {
			return usage("--older-than: %w", err)
		}
		request.Before = time.Now().Add(-age)
	}
	q, err := openQueue(dir, false)
	if err != nil {
		return err
	}
	defer q.Close()
	depth, err := q.Depth(request.State, false)
	if err != nil {
		return err
	}
	if !yes && !c.confirmed("delete up to %d %s files of %s?", depth.Files, request.State, dir) {
		return &exit{ExitFailure, errors.New("nothing was deleted")}
	}
	purged, err := q.Purge(request)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Out, "%d files deleted\n", purged.Files)
	return err
}

// confirmed asks a person; without one the answer is no.
func (c *command) confirmed(format string, args ...any) bool {
	fmt.Fprintf(c.Err, format+" [y/N] ", args...)
	var answer string
	_, _ = fmt.Fscanln(c.In, &answer)
	return answer == "y" || answer == "yes"
}

func (c *command) enqueueCommand() *cobra.Command {
	var name string
	var volatile bool
	cmd := &cobra.Command{
		Use:   "enqueue DIR FILE...",
		Short: "Hand files in to a directory queue",
		Long: `Hands copies of files in to a queue: each is there as a whole or not at all, replaces nothing, and survives a power cut once
this has returned. - is standard input, which needs --name.`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(_ *cobra.Command, args []string) error { return c.enqueue(args[0], args[1:], name, volatile) },
	}
	cmd.Flags().StringVar(&name, "name", "", "`name` in the queue, of a single file (default its own)")
	cmd.Flags().BoolVar(&volatile, "volatile", false, "do not wait for the disk: a power cut may lose the files")
	return cmd
}

func (c *command) enqueue(dir string, paths []string, name string, volatile bool) error {
	if name != "" && len(paths) > 1 {
		return usage("--name is for a single file")
	}
	p, err := spool.OpenProducer(dir, spool.ProducerOptions{Volatile: volatile})
	if err != nil {
		return &exit{ExitFailure, err}
	}
	defer p.Close()
	var failures []error
	for _, path := range paths {
		if err := c.enqueueFile(p, path, orElse(name, filepath.Base(path))); err != nil {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

func (c *command) enqueueFile(p *spool.Producer, path, name string) error {
	from := c.In
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		from = f
	} else if name == "-" {
		return usage("standard input needs a name: --name NAME")
	}
	return p.Put(name, from)
}
