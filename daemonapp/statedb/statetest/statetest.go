// Package statetest is the suite that every [daemonapp.State] passes.
package statetest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// Opener makes an empty state for one test and cleans it up after it. Reopen ends the life of the
// state opened last and begins the next, as a restart of the app does.
type Opener func(t *testing.T) (state daemonapp.State, reopen func() daemonapp.State)

// Run runs the suite.
func Run(t *testing.T, open Opener) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(*testing.T, Opener)
	}{
		{"a new state knows nothing", testNew},
		{"every field survives a restart", testEveryField},
		{"a name alone is a memory", testNameOnly},
		{"save replaces and does not merge", testReplace},
		{"the last of one name in a batch counts", testDuplicate},
		{"an empty batch changes nothing", testEmptyBatch},
		{"times keep their instant and come back in UTC", testTimes},
		{"any text is kept", testText},
		{"forget drops what is gone for long", testForget},
		{"a daemon that comes back is not forgotten", testComeBack},
		{"what load returns is the caller's", testOwnership},
		{"a load sees all of a batch or none", testConcurrent},
		{"any sequence does as a map does", testModel},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open)
		})
	}
}

// full is a memory with every field set.
func full(name string) daemonapp.Memory {
	at := time.Date(2026, 3, 29, 2, 30, 0, 123456789, time.UTC)
	return daemonapp.Memory{
		Name: name, Type: "exec", Digest: "3f9c2a1", Next: at.Add(time.Hour), Never: true,
		IdleRuns: 9, Failures: 5, Disarmed: "5 failures, last exit 1: no such table",
		LastStart: at, LastEnd: at.Add(time.Minute), LastSuccess: at.Add(-time.Hour),
		LastOutcome: schedule.Failed, Gone: at.Add(2 * time.Hour), SkipNext: true,
		Pause: daemonapp.Pause{Since: at, Until: at.Add(24 * time.Hour), Who: "alice", Why: "DB migration"},
	}
}

func testNew(t *testing.T, open Opener) {
	state, reopen := open(t)
	want(t, state)
	want(t, reopen())
}

func testEveryField(t *testing.T, open Opener) {
	state, reopen := open(t)
	batch := []daemonapp.Memory{full("nightly-report"), full("mail-queues/in")}
	for o := schedule.Outcome(0); o <= schedule.Cancelled; o++ {
		batch = append(batch, daemonapp.Memory{Name: o.String(), LastOutcome: o})
	}
	save(t, state, batch...)
	want(t, state, batch...)
	want(t, reopen(), batch...)
}

func testNameOnly(t *testing.T, open Opener) {
	state, reopen := open(t)
	save(t, state, daemonapp.Memory{Name: "a"}, daemonapp.Memory{})
	want(t, reopen(), daemonapp.Memory{Name: "a"}, daemonapp.Memory{})
}

func testReplace(t *testing.T, open Opener) {
	state, reopen := open(t)
	save(t, state, full("a"), full("b"))
	save(t, state, daemonapp.Memory{Name: "a", IdleRuns: 1})
	want(t, reopen(), daemonapp.Memory{Name: "a", IdleRuns: 1}, full("b"))
}

func testDuplicate(t *testing.T, open Opener) {
	state, _ := open(t)
	save(t, state, full("a"), full("b"), daemonapp.Memory{Name: "a", Failures: 2})
	want(t, state, daemonapp.Memory{Name: "a", Failures: 2}, full("b"))
}

func testEmptyBatch(t *testing.T, open Opener) {
	state, _ := open(t)
	save(t, state, full("a"))
	save(t, state)
	want(t, state, full("a"))
}

func testTimes(t *testing.T, open Opener) {
	state, reopen := open(t)
	zone := time.FixedZone("", 5*3600+45*60)
	times := map[string]time.Time{
		"none":       {},
		"epoch":      time.Unix(0, 0),
		"nanosecond": time.Unix(0, 1),
		"before":     time.Unix(-1, 999999999),
		"zone":       time.Date(2026, 10, 25, 2, 30, 0, 1, zone),
		"long ago":   time.Date(1700, 1, 1, 0, 0, 0, 0, time.UTC),
		"far ahead":  time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	for name, at := range times {
		save(t, state, daemonapp.Memory{Name: name, Next: at, Gone: at, Pause: daemonapp.Pause{Since: at, Until: at}})
	}
	for name, m := range load(t, reopen()) {
		at := times[name]
		if !m.Next.Equal(at) || m.Next.IsZero() != at.IsZero() || !m.Gone.Equal(at) ||
			!m.Pause.Since.Equal(at) || !m.Pause.Until.Equal(at) {
			t.Errorf("%s: got next %v, gone %v, pause %v, want %v", name, m.Next, m.Gone, m.Pause, at)
		}
		if m.Next.Location() != time.UTC {
			t.Errorf("%s: location %v, want UTC", name, m.Next.Location())
		}
	}
}

func testText(t *testing.T, open Opener) {
	state, reopen := open(t)
	var batch []daemonapp.Memory
	for _, text := range []string{
		"'; DROP TABLE daemon; --", "\"", "a\x00b", "\xff\xfe", "naïve ☂", "%2F", " ", "\n", "?1",
		strings.Repeat("x", 1<<20),
	} {
		batch = append(batch, daemonapp.Memory{Name: text, Type: text, Digest: text, Disarmed: text, Pause: daemonapp.Pause{Who: text, Why: text}})
	}
	save(t, state, batch...)
	want(t, reopen(), batch...)
}

func testForget(t *testing.T, open Opener) {
	state, reopen := open(t)
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	old := daemonapp.Memory{Name: "old", Gone: at.Add(-1)}
	edge := daemonapp.Memory{Name: "edge", Gone: at}
	alive := daemonapp.Memory{Name: "alive", LastEnd: at.Add(-1000 * time.Hour)}
	save(t, state, old, edge, alive)
	forget(t, state, time.Time{})
	want(t, state, old, edge, alive)
	forget(t, state, at)
	want(t, state, edge, alive)
	want(t, reopen(), edge, alive)
}

func testComeBack(t *testing.T, open Opener) {
	state, _ := open(t)
	m := full("a")
	save(t, state, m)
	back := m
	back.Gone = time.Time{}
	save(t, state, back)
	forget(t, state, m.Gone.Add(daemonapp.KeepGone))
	want(t, state, back)
}

func testOwnership(t *testing.T, open Opener) {
	state, _ := open(t)
	batch := []daemonapp.Memory{full("a")}
	save(t, state, batch...)
	batch[0].Digest = "changed"
	got := load(t, state)
	got["b"] = full("b")
	delete(got, "a")
	want(t, state, full("a"))
}

// testConcurrent saves pairs that always agree, while others look and forget.
func testConcurrent(t *testing.T, open Opener) {
	state, _ := open(t)
	const writers, rounds = 4, 25
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for n := range rounds {
				pair := []daemonapp.Memory{
					{Name: fmt.Sprintf("left%d", w), Failures: n + 1},
					{Name: fmt.Sprintf("right%d", w), Failures: n + 1},
				}
				if err := state.Save(pair); err != nil {
					t.Errorf("save: %v", err)
				}
			}
		})
	}
	for range 2 {
		group.Go(func() {
			for range rounds {
				checkPairs(t, state, writers)
			}
		})
	}
	group.Wait()
	checkPairs(t, state, writers)
	if got := load(t, state)["left0"].Failures; got != rounds {
		t.Errorf("the last save wrote %d, found %d", rounds, got)
	}
}

func checkPairs(t *testing.T, state daemonapp.State, writers int) {
	if err := state.Forget(time.Unix(1, 0)); err != nil {
		t.Errorf("forget: %v", err)
	}
	all, err := state.Load()
	if err != nil {
		t.Errorf("load: %v", err)
	}
	for w := range writers {
		left, right := all[fmt.Sprintf("left%d", w)], all[fmt.Sprintf("right%d", w)]
		if left.Failures != right.Failures {
			t.Errorf("half a batch: %d and %d", left.Failures, right.Failures)
		}
	}
}

func save(t *testing.T, state daemonapp.State, batch ...daemonapp.Memory) {
	t.Helper()
	if err := state.Save(batch); err != nil {
		t.Fatalf("save: %v", err)
	}
}

func forget(t *testing.T, state daemonapp.State, before time.Time) {
	t.Helper()
	if err := state.Forget(before); err != nil {
		t.Fatalf("forget: %v", err)
	}
}

func load(t *testing.T, state daemonapp.State) map[string]daemonapp.Memory {
	t.Helper()
	all, err := state.Load()
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	return all
}

func want(t *testing.T, state daemonapp.State, memories ...daemonapp.Memory) {
	t.Helper()
	wanted := make(map[string]daemonapp.Memory)
	for _, m := range memories {
		wanted[m.Name] = m
	}
	if diff := cmp.Diff(wanted, load(t, state)); diff != "" {
		t.Fatalf("state differs (-want +got):\n%s", diff)
	}
}
