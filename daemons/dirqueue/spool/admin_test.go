package spool_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

// one file in each state.
func oneInEach(t *testing.T) (string, *spool.Queue, time.Time) {
	t.Helper()
	dir := t.TempDir()
	q := openQueue(t, dir, spool.Options{})
	put(t, dir, "claimed", "done", "failed", "retry", "sready")
	now := soon()
	b := claim(t, q, 4, now)
	must(t, q.Done(b.Claimed[1], now))
	must(t, q.Fail(b.Claimed[2], spool.Failure{Reason: "no"}, now))
	must(t, q.Retry(b.Claimed[3], now.Add(time.Hour), now))
	return dir, q, now
}

func TestList(t *testing.T) {
	t.Parallel()
	dir, q, now := oneInEach(t)
	looking := openQueue(t, dir, spool.Options{ReadOnly: true})
	for _, q := range []*spool.Queue{q, looking} {
		for _, state := range spool.States() {
			got := list(t, q, state)
			if len(got) != 1 {
				t.Fatalf("%v: %+v", state, got)
			}
			e := got[0]
			if content, err := os.ReadFile(e.Path); err != nil || string(content) != e.Name || e.Size != int64(len(e.Name)) || e.State != state {
				t.Errorf("%v: %+v, %v", state, e, err)
			}
			switch state {
			case spool.StateReady:
			case spool.StateClaimed:
				if !e.Alive || e.Owner == "" || e.Attempts != 0 {
					t.Errorf("claimed: %+v", e)
				}
			case spool.StateRetry:
				if !e.Due.Equal(spool.Due(now.Add(time.Hour), now)) || e.Attempts != 1 {
					t.Errorf("retry: %+v", e)
				}
			case spool.StateDone:
				if want := now.UTC().Truncate(24 * time.Hour); !e.Day.Equal(want) {
					t.Errorf("done on %v, want %v", e.Day, want)
				}
			case spool.StateFailed:
				if e.Failure.Reason != "no" || e.Attempts != 1 || !e.Failure.Failed.Equal(now) {
					t.Errorf("failed: %+v", e)
				}
			}
			d, err := q.Depth(state, true)
			if err != nil || d.Files != 1 || d.Bytes != e.Size || !d.Oldest.Equal(e.Changed) {
				t.Errorf("%v: depth %+v, %v", state, d, err)
			}
		}
	}
	if _, err := looking.Claim(spool.Request{Now: now, N: 1}); !errors.Is(err, spool.ErrReadOnly) {
		t.Errorf("claimed through a queue for looking: %v", err)
	}
	if _, err := looking.Purge(spool.PurgeRequest{State: spool.StateDone}); !errors.Is(err, spool.ErrReadOnly) {
		t.Errorf("purged through a queue for looking: %v", err)
	}
	for range q.List(spool.StateReady) {
		break // ends early without harm
	}
}

func TestListWithoutFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "a")
	q := openQueue(t, dir, spool.Options{ReadOnly: true})
	for _, state := range spool.States() {
		if got := len(list(t, q, state)); got != map[bool]int{true: 1}[state == spool.StateReady] {
			t.Errorf("%v: %d", state, got)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, ".peakd")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("looking has made the folder")
	}
}

func TestRelease(t *testing.T) {
	t.Parallel()
	_, q, now := oneInEach(t)
	must(t, q.Release(spool.StateFailed, "failed", now))
	must(t, q.Release(spool.StateRetry, "retry", now))
	must(t, q.Release(spool.StateRetry, "retry", now))
	for _, name := range []string{"none", "failed.why", "../done", ""} {
		for _, state := range []spool.State{spool.StateFailed, spool.StateRetry} {
			if err := q.Release(state, name, now); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("release %q, %v: %v, want fs.ErrNotExist", name, state, err)
			}
		}
	}
	if err := q.Release(spool.StateDone, "done", now); err == nil {
		t.Error("a file that is done was released")
	}
	got := map[string]int{}
	for _, c := range claim(t, q, 10, now).Claimed {
		got[c.Name] = c.Attempt
	}
	if diff := cmp.Diff(map[string]int{"failed": 1, "retry": 2, "sready": 1}, got); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
}

func TestPurge(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := openQueue(t, dir, spool.Options{})
	now := soon()
	var days []time.Time
	for day := range 3 {
		at := now.AddDate(0, 0, day)
		days = append(days, at.UTC().Truncate(24*time.Hour))
		for i := range 3 {
			put(t, dir, fmt.Sprintf("%d-%d", day, i))
			must(t, q.Done(claimOne(t, q, now), at))
		}
		put(t, dir, fmt.Sprint("f", day))
		must(t, q.Fail(claimOne(t, q, now), spool.Failure{Reason: "r"}, at))
	}
	purge := func(r spool.PurgeRequest, want spool.Purged) {
		t.Helper()
		got, err := q.Purge(r)
		must(t, err)
		if got != want {
			t.Errorf("%+v: got %+v, want %+v", r, got, want)
		}
	}
	done := func(before time.Time, limit int) spool.PurgeRequest {
		return spool.PurgeRequest{State: spool.StateDone, Before: before, Limit: limit}
	}
	purge(done(days[1].Add(-time.Second), 0), spool.Purged{})
	purge(done(days[1], 2), spool.Purged{Files: 2, Bytes: 6, More: true})
	purge(done(days[1].Add(time.Hour), 2), spool.Purged{Files: 1, Bytes: 3})
	purge(spool.PurgeRequest{State: spool.StateDone, Name: "1-1"}, spool.Purged{Files: 1, Bytes: 3})
	purge(done(time.Time{}, 0), spool.Purged{Files: 5, Bytes: 15})
	if left, err := os.ReadDir(filepath.Join(dir, ".peakd/done")); err != nil || len(left) > 0 {
		t.Errorf("left in done: %v, %v", left, err)
	}
	put(t, dir, "again") // its day's folder is gone
	must(t, q.Done(claimOne(t, q, now), days[2]))

	write(t, filepath.Join(dir, ".peakd/failed/left alone.why"), "")
	purge(spool.PurgeRequest{State: spool.StateFailed, Before: now.Add(-time.Hour)}, spool.Purged{})
	purge(spool.PurgeRequest{State: spool.StateFailed, Name: "f1"}, spool.Purged{Files: 1, Bytes: 2})
	purge(spool.PurgeRequest{State: spool.StateFailed, Before: now.Add(time.Hour), Limit: 1}, spool.Purged{Files: 1, Bytes: 2, More: true})
	purge(spool.PurgeRequest{State: spool.StateFailed, Before: now.Add(time.Hour)}, spool.Purged{Files: 1, Bytes: 2})
	if left := tree(t, filepath.Join(dir, ".peakd/failed")); len(left) > 0 {
		t.Errorf("left in failed: %v", left)
	}
	if _, err := q.Purge(spool.PurgeRequest{State: spool.StateReady}); err == nil {
		t.Error("ready files were purged")
	}
}

// At rest a queue holds one descriptor and no claim directory, and goes on as if nothing had been.
func TestRest(t *testing.T) {
	t.Parallel()
	dir, q, now := oneInEach(t)
	must(t, q.Rest())
	if q.InFlight() != 1 || q.Pending() != 0 {
		t.Errorf("in flight %d, pending %d, want 1 and 0", q.InFlight(), q.Pending())
	}
	c := claimOne(t, q, now)
	must(t, q.Done(c, now))
	must(t, q.Close())
	must(t, q.Close())
	again := openQueue(t, dir, spool.Options{})
	put(t, dir, "x")
	must(t, again.Done(claimOne(t, again, now), now))
	if r := recoverAll(t, again, now); len(r.Files) != 1 || r.Alive != 1 {
		t.Errorf("recovered %+v, want the file that was in work", r)
	}
	before := descriptors(t, dir)
	must(t, again.Rest())
	if after := descriptors(t, dir); after != 1 {
		t.Errorf("%d descriptors at rest (%d before), want 1", after, before)
	}
	if left, err := os.ReadDir(filepath.Join(dir, ".peakd/claim")); err != nil || len(left) > 0 {
		t.Errorf("left in claim: %v, %v", left, err)
	}
}

// descriptors counts those of this process that are at or below a directory.
func descriptors(t *testing.T, dir string) int {
	t.Helper()
	all, err := filepath.Glob("/proc/self/fd/*")
	must(t, err)
	n := 0
	for _, fd := range all {
		if to, err := os.Readlink(fd); err == nil && len(to) >= len(dir) && to[:len(dir)] == dir {
			n++
		}
	}
	return n
}
