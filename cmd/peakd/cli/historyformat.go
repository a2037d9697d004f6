package cli

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/peakd/peakd/daemonapp/history"
)

// historyWriter writes the entries of a query in the format asked for.
func (c *command) historyWriter(o recalled) (func(context.Context, *history.Reader, history.Query) error, error) {
	switch o.format {
	case "table":
		if o.width != 0 && o.width < 60 {
			return nil, usage("--width %d: at least 60", o.width)
		}
		return func(ctx context.Context, r *history.Reader, q history.Query) error {
			return c.historyTable(ctx, r, q, o.width)
		}, nil
	case "json":
		return c.historyJSON, nil
	case "csv":
		return c.historyCSV, nil
	}
	return nil, usage("--format %q: table, json or csv", o.format)
}

// historyEntry is an entry as JSON and CSV have it: times are RFC 3339 in UTC, durations seconds.
type historyEntry struct {
	Kind        string     `json:"kind"`
	Outcome     string     `json:"outcome,omitempty"`
	Daemon      string     `json:"daemon,omitempty"`
	Type        string     `json:"type,omitempty"`
	Due         *time.Time `json:"due,omitempty"`
	Since       *time.Time `json:"since,omitempty"`
	At          time.Time  `json:"at"`
	Until       *time.Time `json:"until,omitempty"`
	Times       int        `json:"times"`
	Took        *float64   `json:"took,omitempty"`
	Waited      *float64   `json:"waited,omitempty"`
	Count       int        `json:"count,omitempty"`
	Attempt     int        `json:"attempt,omitempty"`
	Trigger     string     `json:"trigger,omitempty"`
	Run         string     `json:"run,omitempty"`
	Digest      string     `json:"digest,omitempty"`
	CPUUser     float64    `json:"cpu_user,omitempty"`
	CPUSystem   float64    `json:"cpu_system,omitempty"`
	PeakBytes   int64      `json:"peak_bytes,omitempty"`
	Who         string     `json:"who,omitempty"`
	Why         string     `json:"why,omitempty"`
	OutputBytes int64      `json:"output_bytes,omitempty"`
}

func historyEntryOf(e history.Entry) historyEntry {
	j := historyEntry{
		Kind: string(e.Kind), Outcome: e.Outcome, Daemon: e.Daemon, Type: e.Type,
		Due: someTime(e.Due()), Since: someTime(e.Since), At: e.At, Until: someTime(e.Until), Times: e.Times,
		Count: e.Count, Attempt: e.Attempt, Trigger: e.Trigger, Digest: e.Digest,
		CPUUser: e.User.Seconds(), CPUSystem: e.System.Seconds(), PeakBytes: e.PeakBytes,
		Who: e.Who, Why: e.Why, OutputBytes: e.OutputBytes,
	}
	if e.RunID != 0 {
		j.Run = e.RunID.String()
	}
	if e.Kind == history.Run && e.Outcome != "lost" {
		took, waited := e.Took.Seconds(), e.Waited.Seconds()
		j.Took, j.Waited = &took, &waited
	}
	return j
}

func someTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (c *command) historyJSON(ctx context.Context, r *history.Reader, q history.Query) error {
	enc := json.NewEncoder(c.Out)
	enc.SetEscapeHTML(false)
	return r.Each(ctx, q, func(e history.Entry) error { return enc.Encode(historyEntryOf(e)) })
}

// historyCSV writes RFC 4180: a head, lines that end in CR LF, quotes where they are due.
func (c *command) historyCSV(ctx context.Context, r *history.Reader, q history.Query) error {
	w := newCSV(c)
	if err := w.Write(historyHead()); err != nil {
		return err
	}
	err := r.Each(ctx, q, func(e history.Entry) error { return w.Write(historyEntryOf(e).cells()) })
	w.Flush()
	if err == nil {
		err = w.Error()
	}
	return err
}

func newCSV(c *command) *csv.Writer {
	w := csv.NewWriter(c.Out)
	w.UseCRLF = true
	return w
}

func historyHead() []string {
	return []string{
		"kind", "outcome", "daemon", "type", "due", "since", "at", "until", "times", "took", "waited", "count", "attempt", "trigger", "run",
		"digest", "cpu_user", "cpu_system", "peak_bytes", "who", "why", "output_bytes",
	}
}

func (e historyEntry) cells() []string {
	return []string{
		e.Kind, e.Outcome, inert(e.Daemon), inert(e.Type), timeCell(e.Due), timeCell(e.Since), timeCell(&e.At), timeCell(e.Until),
		number(e.Times), secondsCell(e.Took), secondsCell(e.Waited), countCell(int64(e.Count)), countCell(int64(e.Attempt)), e.Trigger, e.Run,
		e.Digest, secondsCell(&e.CPUUser), secondsCell(&e.CPUSystem), countCell(e.PeakBytes), inert(e.Who), inert(e.Why), countCell(e.OutputBytes),
	}
}

// inert keeps a spreadsheet from taking what a job wrote for a formula: an apostrophe makes it text.
func inert(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n|%", rune(text[0])) {
		return "'" + text
	}
	return text
}

func timeCell(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}

func secondsCell(s *float64) string {
	if s == nil {
		return ""
	}
	return strconv.FormatFloat(*s, 'f', -1, 64)
}

func countCell(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}
