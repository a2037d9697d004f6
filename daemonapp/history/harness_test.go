package history_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/history"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// patience is how long a test waits for a disk.
const patience = 30 * time.Second

// start is when the tests' stories begin.
func start() time.Time { return time.Date(2026, 11, 23, 6, 0, 0, 123, time.UTC) }

// ended is the end of a run that began at a time and took a second.
func ended(name string, at time.Time, o schedule.Outcome) daemonapp.Event {
	e := daemonapp.Event{
		Kind: daemonapp.RunEnded, At: at.Add(time.Second), Daemon: name, Type: "exec", Digest: daemonapp.DigestOf("3f9c2a1b"), Attempt: 1,
		RunID: daemonapp.RunID(at.Unix()),
		Run: schedule.Run{
			Due: at.Add(-100 * time.Millisecond), Started: at, Finished: at.Add(time.Second), Result: schedule.Result{Outcome: o},
		},
	}
	if o == schedule.Failed {
		e.Run.Err = errors.New("exit status 12")
		e.Run.Failures = 1
	}
	return e
}

// begun is the start of that run.
func begun(name string, at time.Time) daemonapp.Event {
	return daemonapp.Event{
		Kind: daemonapp.RunStarted, At: at, Daemon: name, Type: "exec", Digest: daemonapp.DigestOf("3f9c2a1b"), Attempt: 1,
		RunID: daemonapp.RunID(at.Unix()), Run: schedule.Run{Due: at.Add(-100 * time.Millisecond), Started: at},
	}
}

func held(name string, at time.Time, reason string) daemonapp.Event {
	return daemonapp.Event{Kind: daemonapp.Held, At: at, Daemon: name, Type: "exec", Reason: reason, Times: 1, First: at}
}

// recording is a recorder in a directory of its own, and what it told.
type recording struct {
	*history.Recorder
	t    testing.TB
	dir  string
	told chan error
}

func record(t testing.TB, dir string, o history.Options) *recording {
	t.Helper()
	if dir == "" {
		dir = filepath.Join(t.TempDir(), "state")
	}
	rec := &recording{t: t, dir: dir, told: make(chan error, 100)}
	if o.OnError == nil {
		o.OnError = func(err error) { rec.told <- err }
	}
	var err error
	if rec.Recorder, err = history.Open(dir, o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rec.Recorder.Close(patience) })
	return rec
}

// see has the recorder see events, and waits until they are written.
func (r *recording) see(events ...daemonapp.Event) {
	r.t.Helper()
	for _, e := range events {
		r.Observe(e)
	}
	if err := r.Flush(); err != nil {
		r.t.Fatalf("flush: %v", err)
	}
}

func (r *recording) closed() {
	r.t.Helper()
	if err := r.Close(patience); err != nil {
		r.t.Fatalf("close: %v", err)
	}
}

// tells waits for what the recorder tells.
func (r *recording) tells() error {
	r.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case err := <-r.told:
		return err
	case <-timer.C:
		r.t.Fatal("nothing was told")
		return nil
	}
}

func reader(t testing.TB, dir string) *history.Reader {
	t.Helper()
	r, err := history.OpenReader(dir)
	if err != nil {
		t.Fatalf("open reader: %v", err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Errorf("close reader: %v", err)
		}
	})
	return r
}

func entries(t testing.TB, dir string, q history.Query) []history.Entry {
	t.Helper()
	list, err := reader(t, dir).Entries(t.Context(), q)
	if err != nil {
		t.Fatalf("entries: %v", err)
	}
	return list
}

// brief is an entry in a line.
func brief(e history.Entry) string {
	text := fmt.Sprintf("%s %s", e.Daemon, e.Kind)
	if e.Kind == history.Run {
		text = fmt.Sprintf("%s %s", e.Daemon, e.Outcome)
	}
	if e.Times > 1 {
		text += fmt.Sprintf(" x%d", e.Times)
	}
	if e.Why != "" {
		text += ": " + e.Why
	}
	if e.Who != "" {
		text += " by " + e.Who
	}
	return text
}

func briefly(list []history.Entry) []string {
	var texts []string
	for _, e := range list {
		texts = append(texts, brief(e))
	}
	return texts
}

func mode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}
