package history_test

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/history"
	"github.com/peakd/peakd/daemonapp/schedule"
)

func TestEverythingOfARun(t *testing.T) {
	t.Parallel()
	rec := record(t, "", history.Options{})
	e := ended("backup-db", start(), schedule.Worked)
	e.Run.Result.Count, e.Attempt, e.By = 7, 3, schedule.ByOperator
	e.Report = &daemonapp.Report{
		User: 5 * time.Millisecond, System: 2 * time.Millisecond, PeakBytes: 9 << 20,
		Head: []byte("first\n"), Tail: []byte("last\n"), Dropped: 1234,
	}
	rec.see(begun("backup-db", start()), e)
	list := entries(t, rec.dir, history.Query{})
	want := []history.Entry{{
		ID: 1, Kind: history.Run, Outcome: "worked", Daemon: "backup-db", Type: "exec", Digest: "3f9c2a1b",
		Since: start(), At: start().Add(time.Second), Times: 1, Took: time.Second, Waited: 100 * time.Millisecond,
		Count: 7, Attempt: 3, Trigger: "operator", RunID: daemonapp.RunID(start().Unix()),
		User: 5 * time.Millisecond, System: 2 * time.Millisecond, PeakBytes: 9 << 20, OutputBytes: 11,
	}}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Fatalf("entry differs (-want +got):\n%s", diff)
	}
	if due := list[0].Due(); !due.Equal(e.Run.Due) {
		t.Errorf("due %v, want %v", due, e.Run.Due)
	}
	output, err := reader(t, rec.dir).Output(t.Context(), list[0].ID)
	wanted := history.Output{Head: []byte("first\n"), Tail: []byte("last\n"), Dropped: 1234}
	if diff := cmp.Diff(wanted, output); err != nil || diff != "" {
		t.Errorf("%v, output (-want +got):\n%s", err, diff)
	}
}

func TestWhatIsRecorded(t *testing.T) {
	t.Parallel()
	at, later := start(), start().Add(time.Hour)
	panicked := ended("a", at, schedule.Failed)
	panicked.Run.Err = &daemonapp.PanicError{Value: "boom", Stack: []byte("goroutine 7")}
	for _, c := range []struct {
		name  string
		event daemonapp.Event
		want  string
	}{
		{"worked", ended("a", at, schedule.Worked), "a worked"},
		{"more", ended("a", at, schedule.More), "a more"},
		{"idle", ended("a", at, schedule.Idle), "a idle"},
		{"failed", ended("a", at, schedule.Failed), "a failed: exit status 12"},
		{"cancelled", ended("a", at, schedule.Cancelled), "a cancelled"},
		{"panicked", panicked, "a failed: panic: boom\ngoroutine 7"},
		{
			"stuck",
			daemonapp.Event{Kind: daemonapp.Stuck, At: at, Daemon: "a", Reason: "timeout", Err: errors.New("timeout")},
			"a failed: timeout; it did not return, and was given up",
		},
		{"unstuck", daemonapp.Event{Kind: daemonapp.Unstuck, At: at, Daemon: "a"}, "a unstuck"},
		{"held", held("a", at, "after b"), "a held: after b"},
		{"missed", daemonapp.Event{Kind: daemonapp.Missed, At: at, Daemon: "a", Times: 3, First: at, Reason: "asleep"}, "a missed x3: asleep"},
		{"skipped", daemonapp.Event{Kind: daemonapp.Skipped, At: at, Daemon: "a", Who: "alice"}, "a skipped by alice"},
		{"disarmed", daemonapp.Event{Kind: daemonapp.DaemonDisarmed, At: at, Daemon: "a", Reason: "5 failures"}, "a disarmed: 5 failures"},
		{"armed", daemonapp.Event{Kind: daemonapp.DaemonArmed, At: at, Daemon: "a", Who: "alice"}, "a armed by alice"},
		{
			"paused",
			daemonapp.Event{Kind: daemonapp.DaemonPaused, At: at, Daemon: "a", Who: "alice", Reason: "migration", Next: later},
			"a paused: migration by alice",
		},
		{"resumed", daemonapp.Event{Kind: daemonapp.DaemonResumed, At: at, Daemon: "a", Who: "bob"}, "a resumed by bob"},
		{"triggered", daemonapp.Event{Kind: daemonapp.Triggered, At: at, Daemon: "a", Who: "bob"}, "a triggered by bob"},
		{"cancel", daemonapp.Event{Kind: daemonapp.CancelWanted, At: at, Daemon: "a", Who: "bob", Reason: "killed"}, "a cancel: killed by bob"},
		{
			"reloaded",
			daemonapp.Event{Kind: daemonapp.Reloaded, At: at, Who: "alice", Children: daemonapp.Change{Added: []string{"x"}, Kept: 4}},
			" reloaded: added 1, kept 4 by alice",
		},
		{"refused", daemonapp.Event{Kind: daemonapp.ReloadRefused, At: at, Who: "alice", Err: errors.New("3 errors")}, " refused: 3 errors by alice"},
		{"children refused", daemonapp.Event{Kind: daemonapp.ChildrenRefused, At: at, Daemon: "a", Err: errors.New("twice")}, "a children_refused: twice"},
		{"app started", daemonapp.Event{Kind: daemonapp.AppStarted, At: at, Daemons: 3}, " started"},
		{"draining", daemonapp.Event{Kind: daemonapp.Draining, At: at, Stop: schedule.Signalled, Who: "SIGTERM"}, " draining: signal by SIGTERM"},
		{"cancelling", daemonapp.Event{Kind: daemonapp.Cancelling, At: at, Running: 2}, " cancelling"},
		{"stopped", daemonapp.Event{Kind: daemonapp.AppStopped, At: at, Reason: "idle"}, " stopped: idle"},
		{"no text is no UTF-8", daemonapp.Event{Kind: daemonapp.DaemonArmed, At: at, Daemon: "a", Who: "\xff"}, "a armed by \uFFFD"},

		{"added", daemonapp.Event{Kind: daemonapp.Added, At: at, Daemon: "a"}, ""},
		{"removed", daemonapp.Event{Kind: daemonapp.Removed, At: at, Daemon: "a"}, ""},
		{"replaced", daemonapp.Event{Kind: daemonapp.Replaced, At: at, Daemon: "a"}, ""},
		{"changed", daemonapp.Event{Kind: daemonapp.Changed, At: at, Daemon: "a"}, ""},
		{"soft", daemonapp.Event{Kind: daemonapp.SoftDeadlinePassed, At: at}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rec := record(t, "", history.Options{})
			rec.see(c.event)
			if got := strings.Join(briefly(entries(t, rec.dir, history.Query{})), "|"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// Every kind that the app can tell of is either kept or known to be none of the history's.
func TestKindsAreSpelledAsTheAppDoes(t *testing.T) {
	t.Parallel()
	kinds := history.Kinds()
	for _, k := range []daemonapp.Kind{
		daemonapp.Held, daemonapp.Missed, daemonapp.Skipped, daemonapp.Triggered, daemonapp.CancelWanted, daemonapp.Reloaded,
		daemonapp.ReloadRefused, daemonapp.DaemonDisarmed, daemonapp.DaemonPaused,
	} {
		if !slices.Contains(kinds, history.Kind(k.String())) {
			t.Errorf("kind %q is not among %v", k, kinds)
		}
	}
	if want := []string{"worked", "more", "idle", "failed", "cancelled", "lost"}; !slices.Equal(history.Outcomes(), want) {
		t.Errorf("outcomes %v, want %v", history.Outcomes(), want)
	}
}

func TestEntriesThatAreShared(t *testing.T) {
	t.Parallel()
	at := func(n int) time.Time { return start().Add(time.Duration(n) * time.Minute) }
	other := ended("a", at(1), schedule.Idle)
	other.Digest = daemonapp.DigestOf("another")
	for _, c := range []struct {
		name   string
		events []daemonapp.Event
		want   []string // oldest first
	}{
		{"idle runs", []daemonapp.Event{ended("a", at(0), schedule.Idle), ended("a", at(1), schedule.Idle), ended("a", at(2), schedule.Idle)}, []string{"a idle x3"}},
		{
			"not over work",
			[]daemonapp.Event{ended("a", at(0), schedule.Idle), ended("a", at(1), schedule.Worked), ended("a", at(2), schedule.Idle)},
			[]string{"a idle", "a worked", "a idle"},
		},
		{
			"not over what somebody does",
			[]daemonapp.Event{
				ended("a", at(0), schedule.Idle), {Kind: daemonapp.Triggered, At: at(1), Daemon: "a", Who: "bob"}, ended("a", at(2), schedule.Idle),
			},
			[]string{"a idle", "a triggered by bob", "a idle"},
		},
		{
			"each daemon's own",
			[]daemonapp.Event{ended("a", at(0), schedule.Idle), ended("b", at(1), schedule.Idle), ended("a", at(2), schedule.Idle), ended("b", at(3), schedule.Idle)},
			[]string{"a idle x2", "b idle x2"},
		},
		{
			"held moments, whatever the figures",
			[]daemonapp.Event{held("a", at(0), "load 0.81, runs below 0.70"), held("a", at(1), "load 1.2, runs below 0.70")},
			[]string{"a held x2: load 1.2, runs below 0.70"},
		},
		{"not those of another reason", []daemonapp.Event{held("a", at(0), "after b"), held("a", at(1), "after c")}, []string{"a held: after b", "a held: after c"}},
		{
			"held and idle in turns",
			[]daemonapp.Event{held("a", at(0), "all 2 slots are taken"), ended("a", at(1), schedule.Idle), held("a", at(2), "all 2 slots are taken"), ended("a", at(3), schedule.Idle)},
			[]string{"a held x2: all 2 slots are taken", "a idle x2"},
		},
		{"not over other settings", []daemonapp.Event{ended("a", at(0), schedule.Idle), other}, []string{"a idle", "a idle"}},
		{"not longer than a day", []daemonapp.Event{ended("a", at(0), schedule.Idle), ended("a", at(24*60+1), schedule.Idle)}, []string{"a idle", "a idle"}},
		{
			"not over a removal",
			[]daemonapp.Event{ended("a", at(0), schedule.Idle), {Kind: daemonapp.Removed, At: at(1), Daemon: "a"}, ended("a", at(2), schedule.Idle)},
			[]string{"a idle", "a idle"},
		},
	} {
		for _, flushed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, flushed=%v", c.name, flushed), func(t *testing.T) {
				t.Parallel()
				rec := record(t, "", history.Options{})
				for _, e := range c.events {
					rec.Observe(e)
					if flushed {
						rec.see()
					}
				}
				rec.closed()
				list := entries(t, rec.dir, history.Query{OldestFirst: true})
				if diff := cmp.Diff(c.want, briefly(list)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestSumsOfASharedEntry(t *testing.T) {
	t.Parallel()
	rec := record(t, "", history.Options{})
	for n := range 3 {
		e := ended("a", start().Add(time.Duration(n)*time.Minute), schedule.Idle)
		e.Report = &daemonapp.Report{User: time.Millisecond, PeakBytes: int64(1000 - n), Head: fmt.Appendf(nil, "run %d", n)}
		rec.see(e)
	}
	e := entries(t, rec.dir, history.Query{})[0]
	if e.Times != 3 || e.Took != 3*time.Second || e.Mean() != time.Second || e.User != 3*time.Millisecond || e.PeakBytes != 1000 ||
		!e.Since.Equal(start()) || !e.At.Equal(start().Add(2*time.Minute+time.Second)) || !e.Due().IsZero() {
		t.Errorf("got %+v", e)
	}
	if o, err := reader(t, rec.dir).Output(t.Context(), e.ID); err != nil || string(o.Head) != "run 2" {
		t.Errorf("output %q, %v; want that of the last run", o.Head, err)
	}
}

// Open entries reach the file within a minute, without anybody asking, and others at once.
func TestWhenEntriesAreWritten(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	synctest.Test(t, func(t *testing.T) {
		rec := record(t, dir, history.Options{})
		rec.Observe(ended("a", time.Now(), schedule.Idle))
		time.Sleep(300 * time.Millisecond)
		rec.Observe(ended("a", time.Now(), schedule.Idle))
		time.Sleep(300 * time.Millisecond)
		if got := briefly(entries(t, dir, history.Query{})); !slices.Equal(got, []string{"a idle"}) {
			t.Errorf("after 600 ms: %q", got)
		}
		time.Sleep(time.Minute)
		if got := briefly(entries(t, dir, history.Query{})); !slices.Equal(got, []string{"a idle x2"}) {
			t.Errorf("after a minute: %q", got)
		}
		rec.closed()
	})
}

func TestSecretsAreMasked(t *testing.T) {
	t.Parallel()
	mask := func(text string) string { return strings.ReplaceAll(text, "hunter2", "***") }
	rec := record(t, "", history.Options{Mask: mask})
	e := ended("a", start(), schedule.Failed)
	e.Run.Err = errors.New("login as root/hunter2 refused")
	e.Report = &daemonapp.Report{Head: []byte("password hunter2\n"), Tail: []byte("bye hunter2\n")}
	rec.see(e)
	got := entries(t, rec.dir, history.Query{})[0]
	o, err := reader(t, rec.dir).Output(t.Context(), got.ID)
	if err != nil {
		t.Fatal(err)
	}
	if all := got.Why + string(o.Head) + string(o.Tail); strings.Contains(all, "hunter2") || strings.Count(all, "***") != 3 {
		t.Errorf("kept %q", all)
	}
}

func TestLongTexts(t *testing.T) {
	t.Parallel()
	rec := record(t, "", history.Options{})
	e := ended("a", start(), schedule.Failed)
	e.Run.Err = errors.New(strings.Repeat("é", 100_000))
	head, tail := bytes.Repeat([]byte("line of output\n"), 4000), bytes.Repeat([]byte{0, 1, 0xff}, 20_000)
	e.Report = &daemonapp.Report{Head: head, Tail: tail, Dropped: 1 << 40}
	rec.see(e)
	got := entries(t, rec.dir, history.Query{})[0]
	if len(got.Why) > 2010 || !strings.HasSuffix(got.Why, "é…") {
		t.Errorf("an error of %d bytes is kept, ending in %q", len(got.Why), got.Why[len(got.Why)-8:])
	}
	o, err := reader(t, rec.dir).Output(t.Context(), got.ID)
	if err != nil || !bytes.Equal(o.Head, head) || !bytes.Equal(o.Tail, tail) || o.Dropped != 1<<40 {
		t.Errorf("%v; %d and %d bytes, %d dropped", err, len(o.Head), len(o.Tail), o.Dropped)
	}
}

func TestNoOutput(t *testing.T) {
	t.Parallel()
	rec := record(t, "", history.Options{})
	rec.see(ended("a", start(), schedule.Worked))
	if _, err := reader(t, rec.dir).Output(t.Context(), 1); !errors.Is(err, history.ErrNoOutput) {
		t.Errorf("got %v, want %v", err, history.ErrNoOutput)
	}
}

// An error may be of any origin: one that panics must not end the recorder.
func TestErrorThatPanics(t *testing.T) {
	t.Parallel()
	rec := record(t, "", history.Options{})
	e := ended("a", start(), schedule.Failed)
	var broken *brokenError
	e.Run.Err = broken
	rec.see(e, ended("b", start(), schedule.Worked))
	if got := entries(t, rec.dir, history.Query{}); len(got) != 2 {
		t.Errorf("got %q", briefly(got))
	}
}

type brokenError struct{ text string }

func (b *brokenError) Error() string { return b.text }

// From many goroutines nothing is lost that the buffer has room for.
func TestObservedFromManyGoroutines(t *testing.T) {
	t.Parallel()
	rec := record(t, "", history.Options{})
	var group sync.WaitGroup
	for g := range 4 {
		group.Go(func() {
			for n := range 500 {
				rec.Observe(ended(fmt.Sprint("d", g), start().Add(time.Duration(n)*time.Second), schedule.Worked))
				if n%100 == 0 {
					_ = rec.Flush()
				}
			}
		})
	}
	group.Wait()
	rec.closed()
	if got := len(entries(t, rec.dir, history.Query{})); got != 2000 || rec.Dropped() != 0 {
		t.Errorf("%d entries and %d dropped, want 2000 and none", got, rec.Dropped())
	}
}

// The view spells out what the tables have as numbers, for people with a shell of SQLite.
func TestViewForPeople(t *testing.T) {
	t.Parallel()
	rec := record(t, "", history.Options{})
	rec.see(ended("backup-db", start(), schedule.Failed))
	got := ask(t, filepath.Join(rec.dir, history.FileName), `SELECT concat_ws('|', id, at, kind, outcome, name, type, took, run, digest, why) FROM history`)
	if want := fmt.Sprintf("1|2026-11-23T06:00:01Z|run|failed|backup-db|exec|1.0|%x|3f9c2a1b|exit status 12", start().Unix()); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
