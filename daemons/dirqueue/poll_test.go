package dirqueue_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

// TestLooksTogether: a queue without work looks no later than its pace says and hardly earlier, at instants that it shares
// with others, and keeps its period exactly.
func TestLooksTogether(t *testing.T) {
	t.Parallel()
	start := time.Now()
	rapid.Check(t, func(rt *rapid.T) {
		wait := time.Duration(rapid.Int64Range(1, int64(time.Hour)).Draw(rt, "wait"))
		finished := start.Add(time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(rt, "phase")))
		q := paced(t, wait)
		look := func(finished time.Time) time.Time {
			next := q.NextRun(schedule.Run{Finished: finished, IdleRuns: 1, Result: schedule.Result{Outcome: schedule.Idle}})
			early := finished.Add(wait).Sub(next)
			if early < 0 || early > wait/20 || early > 50*time.Millisecond {
				rt.Fatalf("with a wait of %s it looks %s early", wait, early)
			}
			return next
		}
		first := look(finished)
		if period := look(first).Sub(first); period != wait && wait%(50*time.Millisecond) == 0 {
			rt.Errorf("its period is %s, want %s", period, wait)
		}
		near := finished.Add(time.Duration(rapid.Int64Range(0, int64(10*time.Millisecond)).Draw(rt, "later")))
		if apart := look(near).Sub(first); wait > time.Second && apart != 0 && apart != 50*time.Millisecond {
			rt.Errorf("two that ended within 10 ms look %s apart", apart)
		}
		worked := schedule.Run{Finished: finished, Result: schedule.Result{Outcome: schedule.Worked}}
		if next := q.NextRun(worked); !next.Equal(finished.Add(wait)) {
			rt.Errorf("after work it waits %s", next.Sub(finished))
		}
	})
}

// paced is a queue that looks so often.
func paced(t *testing.T, every time.Duration) daemonapp.Daemon {
	t.Helper()
	cfg, found := load(t, newDesk(), "/q", queue("q", fmt.Sprintf("run_every = %q", every)))
	if found.HasErrors() {
		t.Fatal(found)
	}
	specs, err := cfg.Specs(config.BuildEnv{})
	must(t, err)
	return specs[0].Daemon
}

// TestAtRestItOnlyLooks: polls of a queue without work write nothing and hold one descriptor.
func TestAtRestItOnlyLooks(t *testing.T) {
	t.Parallel()
	d := drive(t, "run_every = \"1s\"")
	d.wants("idle")
	before := changes(t, d.dir)
	for range 9 * 60 { // up to the next purge
		d.clock.Add(sec)
		d.wants("idle")
	}
	same(t, "the tree", changes(t, d.dir), before)
	if got := openBelow(t, d.dir); got != 1 {
		t.Errorf("it holds %d descriptors, want 1", got)
	}
}

// changes is when each directory of a tree was changed last.
func changes(t *testing.T, dir string) map[string]time.Time {
	t.Helper()
	all := map[string]time.Time{}
	must(t, filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil {
			all[path] = info.ModTime()
		}
		return err
	}))
	return all
}

func openBelow(t *testing.T, dir string) (n int) {
	t.Helper()
	return len(openedBelow(t, dir))
}

// openedBelow are the files that this process has open in dir.
func openedBelow(t *testing.T, dir string) (opened []string) {
	t.Helper()
	all, err := filepath.Glob("/proc/self/fd/*")
	must(t, err)
	for _, fd := range all {
		if to, err := os.Readlink(fd); err == nil && (to == dir || strings.HasPrefix(to, dir+"/")) {
			opened = append(opened, to)
		}
	}
	return opened
}

// TestFoundAtRest: what happens in the reserved folder while a queue is at rest is found within half a minute, whoever did it.
func TestFoundAtRest(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		do   func(t *testing.T, d *driven)
		wait time.Duration
	}{
		{"an owner died", func(t *testing.T, d *driven) {
			t.Helper()
			folder := d.dir + "/.peakd/claim/dead.0/0-0"
			must(t, os.MkdirAll(folder, 0o700))
			must(t, os.WriteFile(folder+"/x", nil, 0o600))
		}, 31 * sec},
		{"another deferred it", func(t *testing.T, d *driven) {
			t.Helper()
			other, err := spool.Open(d.dir, spool.Options{})
			must(t, err)
			stamp, err := os.Stat(d.dir)
			must(t, err)
			put(t, d.dir, "x")
			b, err := other.Claim(spool.Request{Now: d.clock.Now(), N: 1})
			must(t, err)
			must(t, other.Retry(b.Claimed[0], d.clock.Now().Add(5*sec), d.clock.Now()))
			must(t, other.Close())
			must(t, os.Chtimes(d.dir, stamp.ModTime(), stamp.ModTime())) // the directory does not tell of it
		}, 35 * sec},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := drive(t, "run_every = \"1s\"")
			d.wants("idle")
			d.clock.Add(31 * sec)
			d.wants("idle")
			tt.do(t, d)
			for waited := time.Duration(0); len(d.taken()) == 0; waited += sec {
				if waited > tt.wait {
					t.Fatalf("it was not found in %s: %q", waited, tree(t, d.dir))
				}
				d.clock.Add(sec)
				d.run()
			}
		})
	}
}
