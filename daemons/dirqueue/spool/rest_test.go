package spool_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

// At rest a queue holds one descriptor, that of its directory, whatever it has done before; each operation opens what it
// needs.
func TestRestHoldsOneDescriptor(t *testing.T) {
	t.Parallel()
	tests := map[string]func(t *testing.T, dir string, q *spool.Queue, now time.Time){
		"nothing": func(*testing.T, string, *spool.Queue, time.Time) {},
		"claim": func(t *testing.T, dir string, q *spool.Queue, now time.Time) {
			t.Helper()
			put(t, dir, "x")
			must(t, q.Done(claimOne(t, q, now), now))
			wantTree(t, dir, donePath(now, "x"))
		},
		"nothing to claim": func(t *testing.T, _ string, q *spool.Queue, now time.Time) { t.Helper(); claim(t, q, 1, now) },
		"recover": func(t *testing.T, dir string, q *spool.Queue, now time.Time) {
			t.Helper()
			other := openQueue(t, dir, spool.Options{})
			put(t, dir, "x")
			claimOne(t, other, now)
			other.Die()
			r, err := q.Recover(now)
			if must(t, err); len(r.Files) != 1 {
				t.Errorf("recovered %+v", r)
			}
		},
		"purge": func(t *testing.T, _ string, q *spool.Queue, _ time.Time) {
			t.Helper()
			_, err := q.Purge(spool.PurgeRequest{State: spool.StateDone})
			must(t, err)
		},
		"list": func(t *testing.T, _ string, q *spool.Queue, _ time.Time) { t.Helper(); list(t, q, spool.StateRetry) },
		"depth": func(t *testing.T, _ string, q *spool.Queue, _ time.Time) {
			t.Helper()
			_, err := q.Depth(spool.StateFailed, true)
			must(t, err)
		},
		"release": func(t *testing.T, dir string, q *spool.Queue, now time.Time) {
			t.Helper()
			put(t, dir, "x")
			must(t, q.Retry(claimOne(t, q, now), now.Add(time.Hour), now))
			must(t, q.Rest())
			must(t, q.Release(spool.StateRetry, "x", now))
			must(t, q.Done(claimOne(t, q, now.Add(time.Second)), now))
		},
		"calm": func(t *testing.T, _ string, q *spool.Queue, now time.Time) {
			t.Helper()
			claim(t, q, 1, now)
			must(t, q.Rest())
			q.Calm()
		},
	}
	for name, do := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			q := openQueue(t, dir, spool.Options{})
			must(t, q.Rest())
			do(t, dir, q, soon())
			must(t, q.Rest())
			if got := descriptors(t, dir); got > 1 {
				t.Errorf("%d descriptors at rest, want 1", got)
			}
		})
	}
}

// What was put in the place of the reserved folder while the queue was at rest is trusted no more than at the start.
func TestFolderReplacedAtRest(t *testing.T) {
	t.Parallel()
	outside := t.TempDir()
	for _, sub := range []string{"claim", "retry", "done", "failed", "tmp"} {
		must(t, os.MkdirAll(filepath.Join(outside, sub), 0o700))
	}
	tests := []struct {
		name    string
		replace func(t *testing.T, folder string)
		foreign bool
	}{
		{"symbolic link", func(t *testing.T, folder string) { t.Helper(); must(t, os.Symlink(outside, folder)) }, true},
		{"file", func(t *testing.T, folder string) { t.Helper(); write(t, folder, "") }, true},
		{"open to others", func(t *testing.T, folder string) {
			t.Helper()
			must(t, os.Mkdir(folder, 0o700))
			must(t, os.Chmod(folder, 0o755))
		}, true},
		{"another", func(t *testing.T, folder string) { t.Helper(); must(t, os.Mkdir(folder, 0o700)) }, false},
		{"none", func(*testing.T, string) {}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir, now := t.TempDir(), soon()
			q := openQueue(t, dir, spool.Options{})
			put(t, dir, "x")
			must(t, q.Retry(claimOne(t, q, now), now.Add(time.Second), now))
			must(t, q.Rest())
			must(t, os.Rename(filepath.Join(dir, ".peakd"), filepath.Join(t.TempDir(), "away")))
			tt.replace(t, filepath.Join(dir, ".peakd"))
			put(t, dir, "y")
			b, err := q.Claim(spool.Request{Now: now, N: 10})
			if tt.foreign {
				if !errors.Is(err, spool.ErrForeign) || len(b.Claimed) > 0 {
					t.Errorf("claimed %q, %v, want ErrForeign", names(b.Claimed), err)
				}
			} else {
				must(t, err)
				wantNames(t, b.Claimed, "y")
				must(t, q.Done(b.Claimed[0], now))
				wantTree(t, dir, donePath(now, "y"))
			}
			if left := tree(t, outside); len(left) > 0 {
				t.Errorf("outside are %q", left)
			}
		})
	}
}

// TestCalm: what Recover or Claim would find, and Changed does not tell of, is never called calm.
func TestCalm(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		do   func(t *testing.T, other *spool.Queue, now time.Time)
		want bool
	}{
		{"nothing", func(*testing.T, *spool.Queue, time.Time) {}, true},
		{"claimed", func(t *testing.T, other *spool.Queue, now time.Time) { t.Helper(); claimOne(t, other, now) }, false},
		{"claimed by the dead", func(t *testing.T, other *spool.Queue, now time.Time) {
			t.Helper()
			claimOne(t, other, now)
			other.Die()
		}, false},
		{"deferred by another", func(t *testing.T, other *spool.Queue, now time.Time) {
			t.Helper()
			must(t, other.Retry(claimOne(t, other, now), now.Add(time.Hour), now))
			must(t, other.Close())
		}, false},
		{"delivered by another", func(t *testing.T, other *spool.Queue, now time.Time) {
			t.Helper()
			must(t, other.Done(claimOne(t, other, now), now))
			must(t, other.Close())
		}, true},
		{"folder gone", func(t *testing.T, other *spool.Queue, _ time.Time) {
			t.Helper()
			must(t, os.RemoveAll(filepath.Join(other.Dir(), ".peakd")))
		}, false},
		{"directory gone", func(t *testing.T, other *spool.Queue, _ time.Time) {
			t.Helper()
			must(t, os.RemoveAll(other.Dir()))
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir, now := t.TempDir(), soon()
			q, other := openQueue(t, dir, spool.Options{}), openQueue(t, dir, spool.Options{})
			old := now.Add(-time.Hour) // so that any later change is known to move it
			for _, folder := range []string{"claim", "retry"} {
				must(t, os.Chtimes(filepath.Join(dir, ".peakd", folder), old, old))
			}
			claim(t, q, 1, now)
			must(t, q.Rest())
			for range 2 {
				if !q.Calm() {
					t.Fatal("it is not calm at first")
				}
			}
			put(t, dir, "x")
			tt.do(t, other, now)
			if got := q.Calm(); got != tt.want {
				t.Errorf("calm: %v, want %v", got, tt.want)
			}
			if got := q.Calm(); got != tt.want {
				t.Errorf("the second time it is calm: %v, want %v", got, tt.want)
			}
		})
	}
}

// A queue whose directory was renamed goes on under the new name, and never takes another directory for its own.
func TestFollow(t *testing.T) {
	t.Parallel()
	base, now := t.TempDir(), soon()
	dir, to := filepath.Join(base, "a"), filepath.Join(base, "b")
	must(t, os.Mkdir(dir, 0o755))
	q := openQueue(t, dir, spool.Options{})
	put(t, dir, "x", "y")
	x := claimOne(t, q, now)
	must(t, q.InPlace())
	must(t, os.Rename(dir, to))
	must(t, os.Mkdir(dir, 0o755))
	must(t, os.Symlink(to, filepath.Join(base, "link")))
	if err := q.InPlace(); !errors.Is(err, spool.ErrElsewhere) {
		t.Errorf("in place: %v, want ErrElsewhere", err)
	}
	for _, name := range []string{"a", "c", "link", "link/x"} {
		if err := q.Follow(filepath.Join(base, name)); !errors.Is(err, spool.ErrElsewhere) {
			t.Errorf("follow to %s: %v, want ErrElsewhere", name, err)
		}
	}
	must(t, q.Done(x, now))
	must(t, q.Follow(to))
	must(t, q.InPlace())
	y := claimOne(t, q, now)
	if text, err := os.ReadFile(y.Path); err != nil || string(text) != "y" || q.Dir() != to {
		t.Errorf("at %s is %q, %v", y.Path, text, err)
	}
	must(t, q.Done(y, now))
	must(t, q.Close())
	wantTree(t, to, donePath(now, "x"), donePath(now, "y"))
	wantTree(t, dir)
}
