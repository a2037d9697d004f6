package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/control"
	"github.com/peakd/peakd/daemonapp/history"
)

// logged are the flags of logs.
type logged struct {
	recalled
	run    string
	last   int
	follow bool
}

func (c *command) logsCommand() *cobra.Command {
	var o logged
	cmd := &cobra.Command{
		Use:   "logs NAME",
		Short: "Print what the last runs of a daemon have written",
		Long: `Prints the output that the history keeps of the last run, or of the last several, the oldest first: the first and the last of
what a run wrote, and how many bytes are missing between. NAME may be a glob, and a seed means its children too.

On a terminal everything that it would obey is escaped; elsewhere the output is as it was, with secrets masked. With
--follow, lines that runs write from now on follow, from the running app, until it ends.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: c.completeRecorded,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.names = args
			return c.logs(cmd.Context(), o)
		},
	}
	o.add(cmd.Flags())
	f := cmd.Flags()
	f.StringVar(&o.run, "run", "", "only the run with this `id`, as logs and history have it")
	f.IntVarP(&o.last, "last", "n", 1, "`number` of runs")
	f.BoolVarP(&o.follow, "follow", "f", false, "go on with what is written from now on")
	f.StringVar(&o.format, "format", "text", "`form` of the output: text, json (an object a run) or csv")
	return cmd
}

func (c *command) logs(ctx context.Context, o logged) error {
	q, err := o.query(time.Now())
	if err != nil {
		return err
	}
	write, end, err := c.logsWriter(o)
	if err != nil {
		return err
	}
	var client *control.Client
	if o.follow { // first of all: what is the use of a history if there is no app to follow
		if client, err = c.dial(ctx, ExitFailure); err != nil {
			return err
		}
	}
	err = c.recorded(ctx, o, q, write)
	if o.follow && errors.Is(err, fs.ErrNotExist) {
		err = nil // nothing was recorded yet
	}
	if err = errors.Join(err, end()); err != nil || client == nil {
		return err
	}
	return c.followLines(ctx, client, o.names, c.writeLine)
}

// query is what the flags ask for.
func (o logged) query(now time.Time) (history.Query, error) {
	q, err := o.recalled.query(now)
	q.Kinds, q.Limit, q.OldestFirst = []history.Kind{history.Run}, o.last, true
	switch {
	case err != nil:
		return q, err
	case o.last < 1:
		return q, usage("--last %d: 1 or more", o.last)
	case o.follow && o.format != "text":
		return q, usage("--follow writes text; --format %s cannot follow", o.format)
	}
	if o.run != "" {
		id, err := strconv.ParseUint(o.run, 16, 64)
		if err != nil || id == 0 {
			return q, usage("--run %q: the id of a run, as in 8f31c2", o.run)
		}
		q.RunID, q.Limit = daemonapp.RunID(id), 0
	}
	return q, nil
}

// recorded writes what the history keeps.
func (c *command) recorded(ctx context.Context, o logged, q history.Query, write func(history.Entry, history.Output) error) error {
	r, err := c.openHistory(ctx, o.stateDir)
	if err != nil {
		return err
	}
	found := false
	err = r.Each(ctx, q, func(e history.Entry) error {
		found = true
		output, err := r.Output(ctx, e.ID)
		if err != nil && !errors.Is(err, history.ErrNoOutput) {
			return err
		}
		return write(e, output)
	})
	if err == nil && !found {
		_, err = fmt.Fprintln(c.Err, noRuns(o))
	}
	return errors.Join(err, r.Close())
}

func noRuns(o logged) string {
	text := "no run of " + o.names[0] + " is recorded"
	if o.run != "" {
		text += " with the id " + o.run
	}
	return text
}

// logsWriter writes what runs have written in the format asked for; end ends it.
func (c *command) logsWriter(o logged) (write func(history.Entry, history.Output) error, end func() error, err error) {
	nothing := func() error { return nil }
	switch o.format {
	case "text":
		first := true
		return func(e history.Entry, out history.Output) error {
			gap := "\n"
			if first {
				gap, first = "", false
			}
			_, err := fmt.Fprint(c.Out, gap+c.outputText(e, out))
			return err
		}, nothing, nil
	case "json":
		enc := json.NewEncoder(c.Out)
		enc.SetEscapeHTML(false)
		return func(e history.Entry, out history.Output) error { return enc.Encode(outputEntryOf(e, out)) }, nothing, nil
	case "csv":
		w := newCSV(c)
		err := w.Write(append(historyHead(), "head", "tail", "dropped_bytes"))
		return func(e history.Entry, out history.Output) error {
				j := outputEntryOf(e, out)
				return w.Write(append(j.cells(), inert(j.Head), inert(j.Tail), countCell(j.Dropped)))
			}, func() error {
				w.Flush()
				return w.Error()
			}, err
	}
	return nil, nil, usage("--format %q: text, json or csv", o.format)
}

// outputEntry is a run with its output, as JSON and CSV have it. What is not UTF-8 is replaced.
type outputEntry struct {
	historyEntry
	Head    string `json:"head"`
	Tail    string `json:"tail,omitempty"`
	Dropped int64  `json:"dropped_bytes,omitempty"`
}

func outputEntryOf(e history.Entry, out history.Output) outputEntry {
	return outputEntry{
		historyEntryOf(e), strings.ToValidUTF8(string(out.Head), "\uFFFD"), strings.ToValidUTF8(string(out.Tail), "\uFFFD"), out.Dropped,
	}
}

// outputText is a head line and the output of a run.
func (c *command) outputText(e history.Entry, out history.Output) string {
	var b strings.Builder
	b.WriteString("==> " + runLine(e) + "\n")
	if len(out.Head)+len(out.Tail) == 0 && out.Dropped == 0 {
		b.WriteString("(no output)\n")
		return b.String()
	}
	safe := func(text []byte) string { return string(text) }
	if _, isTerminal := terminal(c.Out); isTerminal {
		safe = func(text []byte) string { return harmless(string(text)) }
	}
	b.WriteString(wholeLines(safe(out.Head)))
	if out.Dropped > 0 {
		fmt.Fprintf(&b, "… %d bytes not kept …\n", out.Dropped)
	}
	b.WriteString(wholeLines(safe(out.Tail)))
	return b.String()
}

// runLine tells of a run in a line.
func runLine(e history.Entry) string {
	text := fmt.Sprintf("%s, run %s, %s, %s", printable(e.Daemon), e.RunID, e.At.Local().Format(time.DateTime), e.Outcome)
	if e.Outcome != "lost" {
		text += " after " + short(e.Mean())
	}
	if e.Times > 1 {
		text += fmt.Sprintf(", the last of %d", e.Times)
	}
	if why, _, _ := strings.Cut(e.Why, "\n"); why != "" {
		text += ": " + printable(why)
	}
	return text
}

// wholeLines is a text that ends its last line.
func wholeLines(text string) string {
	if text == "" || strings.HasSuffix(text, "\n") {
		return text
	}
	return text + "\n"
}

// writeLine writes a line that a run has just written.
func (c *command) writeLine(l control.Line) error {
	text := l.Text
	if _, isTerminal := terminal(c.Out); isTerminal {
		text = printableText(text)
	}
	_, err := fmt.Fprintf(c.Out, "%s %s: %s\n", l.At.Local().Format(time.TimeOnly), printable(l.Daemon), text)
	return err
}
