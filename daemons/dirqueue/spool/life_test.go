package spool_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

func TestLifeOfAFile(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		options spool.Options
		end     func(q *spool.Queue, c *spool.Claimed, now time.Time) error
		want    func(now time.Time) []string
	}{
		{"done", spool.Options{}, (*spool.Queue).Done, func(now time.Time) []string { return []string{donePath(now, "a")} }},
		{"deleted", spool.Options{Delete: true}, (*spool.Queue).Done, func(time.Time) []string { return nil }},
		{
			"retry",
			spool.Options{},
			func(q *spool.Queue, c *spool.Claimed, now time.Time) error {
				return q.Retry(c, now.Add(time.Minute), now)
			},
			func(now time.Time) []string {
				return []string{retryPath(spool.Due(now.Add(time.Minute), now), 1, 0, "a")}
			},
		},
		{
			"put back",
			spool.Options{},
			func(q *spool.Queue, c *spool.Claimed, now time.Time) error { return q.PutBack(c, now, now) },
			func(time.Time) []string { return []string{"a"} },
		},
		{
			"put back for later",
			spool.Options{},
			func(q *spool.Queue, c *spool.Claimed, now time.Time) error {
				return q.PutBack(c, now.Add(time.Minute), now)
			},
			func(now time.Time) []string {
				return []string{retryPath(spool.Due(now.Add(time.Minute), now), 0, 0, "a")}
			},
		},
		{
			"failed",
			spool.Options{},
			func(q *spool.Queue, c *spool.Claimed, now time.Time) error {
				return q.Fail(c, spool.Failure{Reason: "no such user", Detail: []byte("550 5.1.1")}, now)
			},
			func(time.Time) []string { return []string{".peakd/failed/a", ".peakd/failed/a.why"} },
		},
	}
	for _, test := range tests {
		for _, durable := range []spool.Durability{spool.DurableGroup, spool.DurableNone, spool.DurableEach} {
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				put(t, dir, "a")
				options := test.options
				options.Durable = durable
				q := openQueue(t, dir, options)
				now := soon()
				c := claimOne(t, q, now)
				if got, err := os.ReadFile(c.Path); err != nil || string(got) != "a" {
					t.Errorf("at its path there is %q, %v", got, err)
				}
				must(t, test.end(q, c, now))
				wantPending := 0
				if durable == spool.DurableGroup {
					wantPending = 1
				}
				if q.Pending() != wantPending || q.InFlight() != 0 {
					t.Errorf("pending %d, in flight %d, want %d and 0", q.Pending(), q.InFlight(), wantPending)
				}
				if err := test.end(q, c, now); err == nil {
					t.Error("a claim was ended twice")
				}
				must(t, q.Sync())
				must(t, q.Close())
				wantTree(t, dir, test.want(now)...)
			})
		}
	}
}

func TestAttemptsAreCounted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "a")
	q := openQueue(t, dir, spool.Options{})
	now := soon()
	id := ""
	for attempt := 1; attempt <= 4; attempt++ {
		c := claimOne(t, q, now)
		if c.Attempt != attempt || c.Crashes != 0 {
			t.Errorf("attempt %d, %d crashes, want %d and 0", c.Attempt, c.Crashes, attempt)
		}
		if id == "" {
			id = c.ID()
		}
		if c.ID() != id {
			t.Errorf("the id changed from %s to %s", id, c.ID())
		}
		at := now.Add(time.Minute)
		must(t, q.PutBack(c, at, now)) // does not count
		now = spool.Due(at, now)
		c = claimOne(t, q, now)
		must(t, q.Retry(c, now.Add(time.Hour), now))
		due := spool.Due(now.Add(time.Hour), now)
		b := claim(t, q, 1, due.Add(-time.Second))
		if len(b.Claimed) != 0 || !b.Next.Equal(due) {
			t.Errorf("a second early: claimed %v, next %v, want none and %v", names(b.Claimed), b.Next, due)
		}
		now = due
	}
}

func TestClaimedFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "a")
	for _, ready := range []spool.Ready{spool.ReadyClosed, spool.ReadyRenamed} {
		q := openQueue(t, dir, spool.Options{Ready: ready})
		c := claimOne(t, q, soon())
		if isOpen(t, c.Path) {
			t.Errorf("ready %d: it is open although nobody has asked for it", ready)
		}
		f, err := c.File()
		must(t, err)
		if got, err := io.ReadAll(f); err != nil || string(got) != "a" {
			t.Errorf("ready %d: read %q, %v", ready, got, err)
		}
		again, err := c.File()
		if err != nil || again != f {
			t.Errorf("ready %d: another file when asked again: %v", ready, err)
		}
		must(t, q.PutBack(c, time.Time{}, soon()))
		if _, err := c.File(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("ready %d: after the end: %v, want os.ErrClosed", ready, err)
		}
		if _, err := f.Stat(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("ready %d: the file was left open", ready)
		}
	}
}

// Names that are taken at the destination overwrite nothing.
func TestCollisions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := openQueue(t, dir, spool.Options{})
	now := soon()
	long := strings.Repeat("ä", 127)
	for _, name := range []string{"a", "x.why", long} {
		for i := range 4 {
			write(t, filepath.Join(dir, name), string(rune('0'+i)))
			c := claimOne(t, q, now)
			must(t, q.Done(c, now))
			write(t, filepath.Join(dir, name), string(rune('0'+i)))
			c = claimOne(t, q, now)
			must(t, q.Fail(c, spool.Failure{Reason: "r"}, now))
			write(t, filepath.Join(dir, name), string(rune('0'+i)))
			c = claimOne(t, q, now)
			must(t, q.Retry(c, now.Add(time.Hour), now))
		}
		for _, state := range []spool.State{spool.StateDone, spool.StateFailed, spool.StateRetry} {
			got := map[string]bool{}
			for _, e := range list(t, q, state) {
				content, err := os.ReadFile(e.Path)
				must(t, err)
				if state == spool.StateDone || e.Original == name {
					got[string(content)] = true
				}
			}
			if len(got) != 4 {
				t.Errorf("%q, %v: contents %v are left, want all four", name, state, got)
			}
		}
		for _, e := range list(t, q, spool.StateDone) {
			must(t, os.Remove(e.Path))
		}
	}
	if got := len(list(t, q, spool.StateFailed)); got != 12 {
		t.Errorf("%d failed files, want 12", got)
	}
}

func TestSameNameWaitsForTheFirst(t *testing.T) {
	t.Parallel()
	for _, ready := range []spool.Ready{spool.ReadyClosed, spool.ReadyRenamed} {
		dir := t.TempDir()
		q := openQueue(t, dir, spool.Options{Ready: ready})
		put(t, dir, "a")
		now := soon()
		first := claimOne(t, q, now)
		put(t, dir, "a")
		if b := claim(t, q, 1, now); len(b.Claimed) != 0 || b.Next.IsZero() {
			t.Errorf("claimed a second of that name, or never would: %+v", b)
		}
		must(t, q.Done(first, now))
		second := claimOne(t, q, now.Add(2*time.Second))
		must(t, q.Done(second, now))
	}
}

func TestLostFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "a")
	q := openQueue(t, dir, spool.Options{})
	c := claimOne(t, q, soon())
	must(t, os.Remove(c.Path))
	if err := q.Done(c, soon()); !errors.Is(err, spool.ErrLost) {
		t.Errorf("got %v, want ErrLost", err)
	}
	if q.InFlight() != 0 {
		t.Error("the claim has not ended")
	}
}

// What is opened is what was claimed: whatever has come into its place meanwhile is not, and nobody waits for it.
func TestClaimedFileIsNoOther(t *testing.T) {
	t.Parallel()
	tests := map[string]func(path string) error{
		"another file": func(path string) error { return os.WriteFile(path, []byte("other"), 0o600) },
		"a link":       func(path string) error { return os.Symlink("/etc/passwd", path) },
		"a pipe":       func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"nothing":      func(string) error { return nil },
	}
	for name, replace := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			put(t, dir, "a")
			q := openQueue(t, dir, spool.Options{Ready: spool.ReadyRenamed})
			now := soon()
			c := claimOne(t, q, now)
			held, err := os.Open(c.Path) // so that its inode is not given to the other
			must(t, err)
			defer held.Close()
			must(t, os.Remove(c.Path))
			must(t, replace(c.Path))
			if f, err := c.File(); err == nil {
				t.Errorf("opened %v", f)
			}
			if err := q.PutBack(c, now, now); err != nil && !errors.Is(err, spool.ErrLost) {
				t.Error(err)
			}
		})
	}
}

// Files are opened while the queue is used.
func TestClaimedFilesAreOpenedByOthers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var all []string
	for i := range 200 {
		all = append(all, fmt.Sprint("f", i))
	}
	put(t, dir, all...)
	q := openQueue(t, dir, spool.Options{})
	now := soon()
	claimed := claim(t, q, len(all), now).Claimed
	var readers sync.WaitGroup
	for _, c := range claimed {
		readers.Go(func() {
			f, err := c.File()
			if errors.Is(err, os.ErrClosed) {
				return
			}
			text, readErr := make([]byte, len(c.Name)), error(nil)
			if err == nil {
				_, readErr = f.ReadAt(text, 0)
			}
			if err != nil || readErr != nil && !errors.Is(readErr, os.ErrClosed) || readErr == nil && string(text) != c.Name {
				t.Errorf("%s: read %q, %v, %v", c.Name, text, err, readErr)
			}
		})
	}
	for i, c := range claimed {
		if i%2 == 0 {
			must(t, q.Done(c, now))
		} else {
			must(t, q.Retry(c, now, now))
		}
	}
	readers.Wait()
}

// isOpen tells whether this process has the file open, on systems that tell.
func isOpen(t testing.TB, path string) bool {
	t.Helper()
	open, _ := filepath.Glob("/proc/self/fd/*")
	for _, fd := range open {
		if to, err := os.Readlink(fd); err == nil && to == path {
			return true
		}
	}
	return false
}
