package history_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/history"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// tidied lets the recorder tidy for a while.
func tidied() { time.Sleep(5 * time.Minute) }

func TestKeptByAge(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	synctest.Test(t, func(t *testing.T) {
		const day = 24 * time.Hour
		rec := record(t, dir, history.Options{KeepFor: 30 * day, KeepFailedFor: 90 * day})
		now := time.Now()
		for days := range 120 {
			at := now.Add(-time.Duration(days) * day)
			rec.Observe(ended("a", at, schedule.Worked))
			rec.Observe(ended("b", at, schedule.Failed))
			rec.Observe(held("c", at, fmt.Sprint("after ", string(rune('a'+days%26)))))
			rec.Observe(daemonapp.Event{Kind: daemonapp.DaemonPaused, At: at, Daemon: "d", Who: "alice"})
		}
		tidied()
		rec.closed()
		for name, want := range map[string]int{"a": 30, "b": 90, "c": 30, "d": 90} {
			if got := len(entries(t, dir, history.Query{Names: []string{name}})); got != want {
				t.Errorf("%s has %d entries, want %d", name, got, want)
			}
		}
	})
}

func TestKeptByNumber(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	synctest.Test(t, func(t *testing.T) {
		rec := record(t, dir, history.Options{KeepRuns: 100})
		at := func(n int) time.Time { return start().Add(time.Duration(n) * time.Minute) }
		for n := range 3000 {
			rec.Observe(ended("often", at(n), schedule.Worked))
			if n%300 == 0 {
				rec.Observe(ended("often", at(n).Add(time.Second), schedule.Failed))
				rec.Observe(ended("seldom", at(n), schedule.Worked))
			}
			if n%1000 == 999 {
				tidied()
			}
		}
		tidied()
		for _, c := range []struct {
			name, outcome string
			want          int
		}{{"often", "worked", 100}, {"often", "failed", 10}, {"seldom", "worked", 10}} {
			list := entries(t, dir, history.Query{Names: []string{c.name}, Outcomes: []string{c.outcome}})
			if len(list) != c.want {
				t.Errorf("%s has %d runs that %s, want %d", c.name, len(list), c.outcome, c.want)
			}
		}
		newest := entries(t, dir, history.Query{Names: []string{"often"}, Limit: 1})[0]
		if !newest.Since.Equal(at(2999)) {
			t.Errorf("the newest is of %v, want %v", newest.Since, at(2999))
		}
		rec.closed()
	})
}

// The file stays below its limit, and shrinks when there is less to keep. Failed runs are there to the last, and old
// output goes before old runs.
func TestKeptBySize(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	dir := filepath.Join(t.TempDir(), "state")
	path := filepath.Join(dir, history.FileName)
	size := func() int64 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	synctest.Test(t, func(t *testing.T) {
		rec := record(t, dir, history.Options{MaximumBytes: limit})
		now := time.Now().Add(-100 * time.Hour)
		for n := range 20_000 {
			o := schedule.Worked
			if n%100 == 0 {
				o = schedule.Failed
			}
			rec.Observe(ended(fmt.Sprint("d", n%10), now.Add(time.Duration(n)*time.Second), o))
			if n%2000 == 1999 {
				rec.see()
				tidied()
				if got := size(); got > limit*5/4 {
					t.Errorf("after %d runs the file has %d bytes", n, got)
				}
			}
		}
		if got := len(entries(t, dir, history.Query{Outcomes: []string{"failed"}})); got != 200 {
			t.Errorf("%d failed runs are left, want all 200", got)
		}
		worked := entries(t, dir, history.Query{Outcomes: []string{"worked"}})
		if len(worked) < 3000 || !worked[0].Since.Equal(now.Add(19_999*time.Second)) {
			t.Errorf("%d worked runs are left, the newest of %v", len(worked), worked[0].Since)
		}
		rec.closed()
		before := size()

		rec = record(t, dir, history.Options{MaximumBytes: limit / 2})
		tidied()
		rec.closed()
		if got := size(); got > limit*5/8 || got >= before {
			t.Errorf("with a limit of %d the file has %d bytes", limit/2, got)
		}
	})
}

func TestOldOutputGoesBeforeOldRuns(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	dir := filepath.Join(t.TempDir(), "state")
	synctest.Test(t, func(t *testing.T) {
		rec := record(t, dir, history.Options{MaximumBytes: limit})
		random := rand.New(rand.NewPCG(1, 1))
		now := time.Now().Add(-100 * time.Hour)
		for n := range 500 {
			noise := make([]byte, 8<<10)
			for i := range noise {
				noise[i] = byte(random.Uint32())
			}
			e := ended("chatty", now.Add(time.Duration(n)*time.Second), schedule.Worked)
			if n == 0 {
				e = ended("chatty", now, schedule.Failed)
			}
			e.Report = &daemonapp.Report{Head: noise}
			rec.see(e)
		}
		tidied()
		rec.closed()
		list := entries(t, dir, history.Query{})
		if len(list) != 500 {
			t.Fatalf("%d runs are left, want all", len(list))
		}
		with := len(entries(t, dir, history.Query{Output: true}))
		if list[0].OutputBytes == 0 || list[498].OutputBytes != 0 || with < 30 || list[499].OutputBytes == 0 {
			t.Errorf("%d runs have output; the newest %d bytes, the oldest %d, which failed %d",
				with, list[0].OutputBytes, list[498].OutputBytes, list[499].OutputBytes)
		}
		o, err := reader(t, dir).Output(t.Context(), list[0].ID)
		if err != nil || bytes.Equal(o.Head, make([]byte, 8<<10)) {
			t.Errorf("the newest output: %v", err)
		}
	})
	if free := ask(t, filepath.Join(dir, history.FileName), "SELECT bytes - (SELECT sum(length(text)) FROM output) FROM outputs"); free != "0" {
		t.Errorf("the sum of outputs is wrong by %s", free)
	}
}

// The names of daemons that have been gone for long do not stay for ever.
func TestNamesAreForgotten(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	synctest.Test(t, func(t *testing.T) {
		rec := record(t, dir, history.Options{KeepFor: time.Hour})
		rec.see(ended("a", time.Now(), schedule.Worked))
		time.Sleep(3 * time.Hour)
		rec.see(ended("b", time.Now(), schedule.Worked))
		names, err := reader(t, dir).Names(t.Context())
		if err != nil || len(names) != 1 || names[0] != "b" {
			t.Errorf("names %q, %v; want b alone", names, err)
		}
		rec.see(ended("a", time.Now(), schedule.Worked))
		if got := entries(t, dir, history.Query{Names: []string{"a"}}); len(got) != 1 {
			t.Errorf("a came back and has %q", briefly(got))
		}
		rec.closed()
	})
}
