package history_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/history"
	"github.com/peakd/peakd/daemonapp/schedule"
)

func TestReaderWithoutHistory(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "missing")} {
		if _, err := history.OpenReader(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v, want %v", err, fs.ErrNotExist)
		}
	}
}

func TestReaderRefusesWhatOthersCanWrite(t *testing.T) {
	t.Parallel()
	dir := closedHistory(t, 1)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := history.OpenReader(dir); !errors.Is(err, history.ErrUnsafe) {
		t.Errorf("got %v, want %v", err, history.ErrUnsafe)
	}
}

// story has a seed, its children and a daemon of its own, an hour apart.
func story(t *testing.T) string {
	rec := record(t, "", history.Options{})
	for n := range 12 {
		at := start().Add(time.Duration(n) * time.Hour)
		name := []string{"mail", "mail/in", "mail/out", "report"}[n%4]
		rec.Observe(ended(name, at, []schedule.Outcome{schedule.Worked, schedule.Failed, schedule.More}[n/4]))
	}
	rec.Observe(held("report", start().Add(13*time.Hour), "after b"))
	rec.Observe(daemonapp.Event{Kind: daemonapp.Reloaded, At: start().Add(14 * time.Hour), Who: "alice"})
	rec.closed()
	return rec.dir
}

func TestQueries(t *testing.T) {
	t.Parallel()
	dir := story(t)
	at := func(n int) time.Time { return start().Add(time.Duration(n) * time.Hour) }
	for _, c := range []struct {
		name string
		q    history.Query
		want []string
	}{
		{"the newest first", history.Query{Limit: 3}, []string{" reloaded: kept 0 by alice", "report held: after b", "report more"}},
		{"the newest, the oldest of them first", history.Query{Names: []string{"report"}, Limit: 2, OldestFirst: true}, []string{"report more", "report held: after b"}},
		{"a seed and its children", history.Query{Names: []string{"mail"}, Limit: 3}, []string{"mail/out more", "mail/in more", "mail more"}},
		{"a seed alone", history.Query{Names: []string{"mail"}, Self: true, Limit: 2}, []string{"mail more", "mail failed: exit status 12"}},
		{"a glob", history.Query{Names: []string{"mail/*"}, Limit: 3}, []string{"mail/out more", "mail/in more", "mail/out failed: exit status 12"}},
		{"a child", history.Query{Names: []string{"mail/in"}, Limit: 1}, []string{"mail/in more"}},
		{"failed", history.Query{Outcomes: []string{"failed"}, Limit: 1}, []string{"report failed: exit status 12"}},
		{"worked or more of one", history.Query{Names: []string{"report"}, Outcomes: []string{"worked", "more"}}, []string{"report more", "report worked"}},
		{"a kind", history.Query{Kinds: []history.Kind{"held"}}, []string{"report held: after b"}},
		{
			"a kind and an outcome",
			history.Query{Kinds: []history.Kind{"held", history.Run}, Outcomes: []string{"more"}, Names: []string{"report"}},
			[]string{"report held: after b", "report more"},
		},
		{"since", history.Query{Since: at(13)}, []string{" reloaded: kept 0 by alice", "report held: after b"}},
		{"until", history.Query{Until: at(1)}, []string{"mail worked"}},
		{"a run", history.Query{RunID: daemonapp.RunID(at(2).Unix())}, []string{"mail/out worked"}},
		{"a run of another", history.Query{RunID: daemonapp.RunID(at(2).Unix()), Names: []string{"report"}}, nil},
		{"nobody", history.Query{Names: []string{"nobody"}}, nil},
		{"with output", history.Query{Output: true}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, briefly(entries(t, dir, c.q))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestQueriesThatAreWrong(t *testing.T) {
	t.Parallel()
	r := reader(t, story(t))
	for _, q := range []history.Query{
		{Outcomes: []string{"fialed"}}, {Kinds: []history.Kind{"helt"}}, {Names: []string{"[a"}},
	} {
		if list, err := r.Entries(t.Context(), q); err == nil {
			t.Errorf("%+v found %d entries", q, len(list))
		}
	}
	if _, err := r.Entries(t.Context(), history.Query{Outcomes: []string{"fialed"}}); !errors.Is(err, history.ErrUnknownWord) {
		t.Errorf("got %v, want %v", err, history.ErrUnknownWord)
	}
}

// Any query finds what a look at every entry finds, whichever index it goes by.
func TestQueriesAgainstAModel(t *testing.T) {
	t.Parallel()
	rec := record(t, "", history.Options{})
	var names []string
	for n := range 260 { // more than are looked up one by one
		names = append(names, fmt.Sprintf("d%03d", n))
	}
	for n := range 3000 {
		at := start().Add(time.Duration(n/3) * time.Second) // some at one instant
		e := ended(names[n*7%260], at, schedule.Outcome(n*31%5+1))
		e.RunID = daemonapp.RunID(n%900 + 1)
		rec.Observe(e)
		if n%40 == 0 {
			rec.Observe(held(names[n*11%260], at, "after b"))
		}
	}
	rec.closed()
	r := reader(t, rec.dir)
	all, err := r.Entries(t.Context(), history.Query{})
	if err != nil || len(all) < 2500 {
		t.Fatal(len(all), err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		q := history.Query{
			Names:       rapid.SampledFrom([][]string{nil, {"d007"}, {"d00*", "d1??"}, {"d*"}, {"x"}}).Draw(rt, "names"),
			Kinds:       rapid.SampledFrom([][]history.Kind{nil, {"run"}, {"held"}, {"held", "run"}}).Draw(rt, "kinds"),
			Outcomes:    rapid.SampledFrom([][]string{nil, {"failed"}, {"idle", "worked"}}).Draw(rt, "outcomes"),
			Limit:       rapid.IntRange(0, 50).Draw(rt, "limit"),
			RunID:       daemonapp.RunID(rapid.SampledFrom([]int{0, 0, 0, 7, 8888}).Draw(rt, "run")),
			OldestFirst: rapid.Bool().Draw(rt, "oldest first"),
		}
		if rapid.Bool().Draw(rt, "since") {
			q.Since = start().Add(time.Duration(rapid.IntRange(0, 1000).Draw(rt, "from")) * time.Second)
			q.Until = q.Since.Add(time.Duration(rapid.IntRange(0, 500).Draw(rt, "to")) * time.Second)
		}
		got, err := r.Entries(t.Context(), q)
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(numbers(looked(all, q)), numbers(got)); diff != "" {
			rt.Fatalf("%+v (-want +got):\n%s", q, diff)
		}
	})
}

// looked looks at every entry, the newest first.
func looked(all []history.Entry, q history.Query) []history.Entry {
	kinds := q.Kinds
	if len(kinds) == 0 && (len(q.Outcomes) > 0 || q.RunID != 0) {
		kinds = []history.Kind{history.Run}
	}
	var list []history.Entry
	for _, e := range all {
		ok := (len(q.Names) == 0 || e.Daemon != "" && history.Selects(q.Names, q.Self, e.Daemon)) &&
			(len(kinds) == 0 || slices.Contains(kinds, e.Kind)) &&
			(e.Kind != history.Run || len(q.Outcomes) == 0 || slices.Contains(q.Outcomes, e.Outcome)) &&
			(q.RunID == 0 || e.RunID == q.RunID) &&
			(q.Since.IsZero() || !e.At.Before(q.Since)) && (q.Until.IsZero() || e.At.Before(q.Until))
		if ok && (q.Limit == 0 || len(list) < q.Limit) {
			list = append(list, e)
		}
	}
	if q.OldestFirst {
		slices.Reverse(list)
	}
	return list
}

func numbers(list []history.Entry) []int64 {
	ids := make([]int64, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	return ids
}

func TestSelects(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		patterns []string
		self     bool
		name     string
		want     bool
	}{
		{nil, false, "a", true},
		{[]string{"a"}, false, "a", true},
		{[]string{"a"}, false, "ab", false},
		{[]string{"a"}, false, "a/b", true},
		{[]string{"a"}, false, "a/b/c", true},
		{[]string{"a"}, true, "a/b", false},
		{[]string{"a/*"}, true, "a/b", true},
		{[]string{"a/*"}, true, "a", false},
		{[]string{"*"}, true, "a/b", false},
		{[]string{"*"}, false, "a/b", true},
		{[]string{"x", "a*"}, false, "ab", true},
		{[]string{"[a"}, false, "[a", true},
	} {
		if got := history.Selects(c.patterns, c.self, c.name); got != c.want {
			t.Errorf("%q, self=%v select %q: %v, want %v", c.patterns, c.self, c.name, got, c.want)
		}
	}
}

func TestDurationsAndOutcomes(t *testing.T) {
	t.Parallel()
	rec := record(t, "", history.Options{})
	took := func(n int, o schedule.Outcome, d time.Duration) daemonapp.Event {
		e := ended("a", start().Add(time.Duration(n)*time.Hour), o)
		e.Run.Finished, e.At = e.Run.Started.Add(d), e.Run.Started.Add(d)
		return e
	}
	rec.Observe(took(0, schedule.Worked, 10*time.Second))
	rec.Observe(took(1, schedule.Idle, time.Second))
	rec.Observe(took(2, schedule.Idle, 3*time.Second))
	rec.Observe(took(3, schedule.Cancelled, time.Hour))
	rec.Observe(took(4, schedule.Failed, 5*time.Second))
	rec.Observe(took(5, schedule.More, 7*time.Second))
	rec.Observe(ended("b", start(), schedule.Worked))
	rec.closed()
	r := reader(t, rec.dir)

	durations, err := r.Durations(t.Context(), []string{"a", "nobody"}, 3)
	wantDurations := map[string][]time.Duration{"a": {7 * time.Second, 5 * time.Second, 2 * time.Second}}
	if diff := cmp.Diff(wantDurations, durations); err != nil || diff != "" {
		t.Errorf("%v, durations (-want +got):\n%s", err, diff)
	}
	outcomes, err := r.Outcomes(t.Context(), start().Add(time.Minute), 100)
	wantOutcomes := map[string][]history.Ended{"a": {
		{Outcome: schedule.Idle, Took: 2 * time.Second},
		{Outcome: schedule.Idle, Took: 2 * time.Second},
		{Outcome: schedule.Failed, Took: 5 * time.Second},
		{Outcome: schedule.More, Took: 7 * time.Second},
	}}
	if diff := cmp.Diff(wantOutcomes, outcomes); err != nil || diff != "" {
		t.Errorf("%v, outcomes (-want +got):\n%s", err, diff)
	}
	if few, err := r.Outcomes(t.Context(), time.Time{}, 3); err != nil || len(few["a"]) != 3 || few["a"][2].Outcome != schedule.More {
		t.Errorf("the last 3: %v, %v", few, err)
	}
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	list := func() []time.Duration { return []time.Duration{4, 1, 3, 2, 5, 10, 9, 8, 7, 6} }
	for p, want := range map[float64]time.Duration{0: 1, 0.5: 5, 0.95: 10, 0.9: 9, 1: 10} {
		if got := history.Percentile(list(), p); got != want {
			t.Errorf("percentile %v is %d, want %d", p, got, want)
		}
	}
	if got := history.Percentile(nil, 0.5); got != 0 {
		t.Errorf("of none: %d", got)
	}
}

// A reader beside a recorder in the same or another process sees what was written, and keeps nobody from writing.
func TestReaderWhileRecording(t *testing.T) {
	t.Parallel()
	rec := record(t, "", history.Options{})
	rec.see(ended("a", start(), schedule.Worked))
	r := reader(t, rec.dir)
	for n := 1; n < 50; n++ {
		list, err := r.Entries(t.Context(), history.Query{})
		if err != nil || len(list) != n {
			t.Fatalf("%d entries, %v; want %d", len(list), err, n)
		}
		rec.see(ended("a", start().Add(time.Duration(n)*time.Hour), schedule.Worked))
	}
}
