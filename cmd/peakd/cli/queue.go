package cli

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

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

// lookAt opens a queue for looking.
func lookAt(dir string) (*spool.Queue, error) {
	return spool.Open(dir, spool.Options{ReadOnly: true})
}

// change opens a queue for changing. A directory that is none is not made one by looking after it.
func change(dir string) (*spool.Queue, error) {
	if _, err := os.Lstat(filepath.Join(dir, spool.Reserved)); errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(dir); err == nil {
			return nil, fmt.Errorf("%s is not a queue, or none that has ever run: there is no %s in it", shown(dir), spool.Reserved)
		}
	}
	return spool.Open(dir, spool.Options{})
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

func (c *command) queueLs(dir string, words []string, asJSON bool) error {
	var states []spool.State
	for _, word := range words {
		state, err := stateOf(word)
		if err != nil {
			return err
		}
		states = append(states, state)
	}
	q, err := lookAt(dir)
	if err != nil {
		return err
	}
	defer q.Close()
	var all []spool.Entry
	for _, state := range states {
		entries, err := listed(q, state)
		if err != nil {
			return err
		}
		all = append(all, entries...)
	}
	if asJSON {
		return c.queueJSON(all)
	}
	return c.queueTable(q, dir, all)
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

func (c *command) queueTable(q *spool.Queue, dir string, all []spool.Entry) error {
	t := newTable("STATE", "SIZE", "AGE", "ATTEMPTS", "NAME", "WHY").alignRight(1, 2, 3)
	now := time.Now()
	for _, e := range all {
		t.add(e.State.String(), config.Size(e.Size).String(), short(now.Sub(e.Modified).Round(time.Second)), attempts(e),
			shown(e.Name), why(e, now))
	}
	if len(all) > 0 {
		if err := t.write(c.Out); err != nil {
			return err
		}
		fmt.Fprintln(c.Out)
	}
	var counts []string
	for _, state := range spool.States() {
		depth, err := q.Depth(state, false)
		if err != nil {
			return err
		}
		counts = append(counts, fmt.Sprintf("%d %s", depth.Files, map[spool.State]string{spool.StateRetry: "to retry"}[state]))
		if state != spool.StateRetry {
			counts[len(counts)-1] += state.String()
		}
	}
	_, err := fmt.Fprintf(c.Out, "%s: %s\n", shown(dir), strings.Join(counts, ", "))
	return err
}

// shown is a text in one line that a terminal can be given: as it is, or quoted.
func shown(text string) string {
	if q := strconv.Quote(text); q != `"`+text+`"` {
		return q
	}
	return text
}

// harmless is a text of some lines, with everything escaped that a terminal would obey.
func harmless(text string) string {
	var b strings.Builder
	for i, r := range text {
		_, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == '\n' || r == '\t' || unicode.IsPrint(r) && (r != utf8.RuneError || size > 1):
			b.WriteRune(r)
		default:
			q := strconv.Quote(text[i : i+size])
			b.WriteString(q[1 : len(q)-1])
		}
	}
	return b.String()
}

// attempts are how many have ended. Of a file that is done that is not on record.
func attempts(e spool.Entry) string {
	if e.State == spool.StateDone {
		return "-"
	}
	return strconv.Itoa(e.Attempts)
}

// why is what there is to say of an entry.
func why(e spool.Entry, now time.Time) string {
	switch e.State {
	case spool.StateClaimed:
		if e.Alive {
			return "by " + shown(e.Owner)
		}
		return "its owner is dead; it is recovered by the next run"
	case spool.StateRetry:
		if !e.Due.After(now) {
			return "due now"
		}
		return "tried again in " + short(e.Due.Sub(now).Round(time.Second))
	case spool.StateFailed:
		return shown(shortened(e.Failure.Reason, 60))
	case spool.StateReady, spool.StateDone:
	}
	return ""
}

// queueEntry is an entry as JSON.
type queueEntry struct {
	State string `json:"state"`
	Name  string `json:"name"`
	// NameBytes is the name in base64, where it is not UTF-8.
	NameBytes string     `json:"name_bytes,omitempty"`
	Original  string     `json:"original,omitempty"`
	Path      string     `json:"path"`
	Size      int64      `json:"size"`
	Modified  time.Time  `json:"modified"`
	Attempts  *int       `json:"attempts,omitempty"` // none of what is done: it is not on record
	Crashes   int        `json:"crashes,omitempty"`
	Owner     string     `json:"owner,omitempty"`
	Alive     *bool      `json:"alive,omitempty"`
	Due       *time.Time `json:"due,omitempty"`
	Failed    *time.Time `json:"failed,omitempty"`
	Reason    string     `json:"reason,omitempty"`
	Detail    string     `json:"detail,omitempty"`
}

func (c *command) queueJSON(all []spool.Entry) error {
	enc := json.NewEncoder(c.Out)
	enc.SetEscapeHTML(false)
	for _, e := range all {
		if err := enc.Encode(asJSON(e)); err != nil {
			return err
		}
	}
	return nil
}

func asJSON(e spool.Entry) queueEntry {
	j := queueEntry{
		State: e.State.String(), Name: e.Name, Path: e.Path, Size: e.Size, Modified: e.Modified,
		Crashes: e.Crashes, Owner: e.Owner, Reason: e.Failure.Reason, Detail: string(e.Failure.Detail),
	}
	if e.State != spool.StateDone {
		j.Attempts = &e.Attempts
	}
	if !utf8.ValidString(e.Name) {
		j.NameBytes = base64.StdEncoding.EncodeToString([]byte(e.Name))
	}
	if e.Original != e.Name {
		j.Original = e.Original
	}
	if e.State == spool.StateClaimed {
		j.Alive = &e.Alive
	}
	if !e.Due.IsZero() {
		j.Due = &e.Due
	}
	if !e.Failure.Failed.IsZero() {
		j.Failed = &e.Failure.Failed
	}
	return j
}
