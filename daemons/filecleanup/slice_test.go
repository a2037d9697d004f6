package filecleanup_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/filecleanup"
)

func TestSlicesResumeAndFinish(t *testing.T) {
	t.Parallel()
	shapes := map[string]func(*filecleanup.Settings){
		"by age":       func(*filecleanup.Settings) {},
		"keep newest":  func(s *filecleanup.Settings) { s.KeepNewest = 1 },
		"total size":   func(s *filecleanup.Settings) { s.RemoveOlderThan, s.MaximumTotalSize = 48*time.Hour, 1 },
		"verified":     func(s *filecleanup.Settings) { s.Verify = true },
		"trash":        func(s *filecleanup.Settings) { s.Action, s.TrashFor = "trash", 0 },
		"empty":        func(s *filecleanup.Settings) { s.EmptyDirectories = true },
		"subtrees":     func(s *filecleanup.Settings) { s.Unit, s.EmptyDirectories = "subtree", false },
		"subtrees, ok": func(s *filecleanup.Settings) { s.Unit, s.EmptyDirectories, s.Verify = "subtree", false, true },
	}
	for name, change := range shapes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			once, sliced := t.TempDir(), t.TempDir()
			for i := range 30 {
				write(t, once, fmt.Sprintf("d%d/e/f%d", i%7, i), fmt.Sprintf("g%d", i))
				write(t, sliced, fmt.Sprintf("d%d/e/f%d", i%7, i), fmt.Sprintf("g%d", i))
			}
			set := func(s *filecleanup.Settings) { s.Recursive = true; change(s) }
			want := newRig(t, once, set).pass(t)
			r := newRig(t, sliced, func(s *filecleanup.Settings) { set(s); s.Slice = time.Millisecond })
			r.clock.each = 400 * time.Microsecond // three looks at the clock are a slice
			got := r.pass(t)
			wantOutcome(t, got, want.Outcome, want.count)
			if got.runs < 10 {
				t.Errorf("runs: got %d, want many short ones", got.runs)
			}
			if a, b := left(t, once), left(t, sliced); len(a) != len(b) {
				t.Errorf("left: in one go %q, in slices %q", a, b)
			}
		})
	}
}

// However short the slice, each run gets somewhere.
func TestTheShortestSliceEndsThePass(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a", "b", "d/c")
	r := newRig(t, dir, func(s *filecleanup.Settings) { s.Recursive, s.Slice = true, 1 })
	r.clock.each = time.Second
	wantOutcome(t, r.pass(t), schedule.Worked, 3)
}

// A run that ends does not start anew: what it has seen, it does not look at again.
func TestAPassIsFiniteWhileFilesKeepComing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i := range 100 {
		write(t, dir, fmt.Sprintf("%d/old", i))
	}
	r := newRig(t, dir, func(s *filecleanup.Settings) { s.Recursive, s.Slice = true, time.Millisecond })
	r.clock.each = time.Millisecond
	for i := 0; ; i++ {
		got, err := r.Run(t.Context())
		must(t, err)
		if !r.goesOn(got) {
			return
		}
		write(t, dir, fmt.Sprintf("%d/again%d", i%100, i))
		if i > 10_000 {
			t.Fatal("the pass does not end")
		}
	}
}

func TestMaximumPerRun(t *testing.T) {
	t.Parallel()
	for _, keep := range []int{0, 1} {
		dir := t.TempDir()
		for i := range 25 {
			write(t, dir, fmt.Sprint(i))
		}
		r := newRig(t, dir, func(s *filecleanup.Settings) { s.MaximumPerRun, s.KeepNewest = 10, keep })
		total := 0
		for _, want := range []int{10, 10, 5 - keep} {
			got, err := r.Run(t.Context())
			must(t, err)
			for r.goesOn(got) && got.Count == 0 { // a run that only looked
				got, err = r.Run(t.Context())
				must(t, err)
			}
			if got.Count != want {
				t.Errorf("keep %d: count %d, want %d", keep, got.Count, want)
			}
			total += got.Count
		}
		if total != 25-keep || len(left(t, dir)) != keep {
			t.Errorf("keep %d: removed %d, left %q", keep, total, left(t, dir))
		}
	}
}

func TestACancelledRunGoesOnLater(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a", "b")
	r := newRig(t, dir, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("error: got %v, want context canceled", err)
	}
	wantLeft(t, dir, "a", "b")
	wantOutcome(t, r.pass(t), schedule.Worked, 2)
}

// Not parallel: it counts the descriptors of the process.
func TestADeepTreeNeedsFewDescriptors(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps bool
		child string
		depth int
	}{
		{"with openat2", false, "d", 6000},
		{"without openat2", true, "d", 1000},
		{"long names", false, strings.Repeat("n", 250), 1000},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			deepen(t, dir, c.child, c.depth)
			r := newRig(t, dir, func(s *filecleanup.Settings) {
				s.Recursive, s.EmptyDirectories, s.Slice = true, true, time.Millisecond
			})
			if c.steps {
				filecleanup.ForbidOpenat2(r.Cleaner)
			}
			before, count := descriptors(t), 0
			for {
				got, err := r.Run(t.Context())
				must(t, err)
				count += got.Count
				if now := descriptors(t); now > before+40 {
					t.Fatalf("descriptors: %d more than before", now-before)
				}
				if !r.goesOn(got) {
					break
				}
			}
			if count != 2*c.depth {
				t.Errorf("removed %d, want %d", count, 2*c.depth)
			}
			wantLeft(t, dir)
			if now := descriptors(t); now > before {
				t.Errorf("descriptors after the pass: %d, before %d", now, before)
			}
		})
	}
}

// deepen makes a chain of directories, one inside the other, each with a file.
func deepen(t *testing.T, dir, child string, depth int) {
	t.Helper()
	at, err := unix.Open(dir, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	must(t, err)
	for range depth {
		fd, err := unix.Openat(at, "file", unix.O_CREAT|unix.O_CLOEXEC|unix.O_WRONLY, 0o600)
		must(t, err)
		must(t, unix.Close(fd))
		must(t, unix.Mkdirat(at, child, 0o700))
		next, err := unix.Openat(at, child, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		must(t, err)
		must(t, unix.Close(at))
		at = next
	}
	must(t, unix.Close(at))
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/dev/fd")
	must(t, err)
	return len(entries)
}

func TestCloseInTheMiddleReleasesEverything(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a/b/c/d/e", "a/f", "g")
	before := descriptors(t)
	r := newRig(t, dir, func(s *filecleanup.Settings) { s.Recursive, s.Verify, s.Slice = true, true, 1 })
	r.clock.each = time.Second
	for range 6 {
		_, err := r.Run(t.Context())
		must(t, err)
	}
	must(t, r.Close())
	if now := descriptors(t); now != before {
		t.Errorf("descriptors: got %d, want %d as before", now, before)
	}
	rest := 3 - goneOf(t, dir, "a/b/c/d/e", "a/f", "g")
	wantOutcome(t, r.pass(t), schedule.Worked, rest)
}

func goneOf(t *testing.T, dir string, paths ...string) int {
	t.Helper()
	gone := 0
	for _, p := range paths {
		if !exists(t, filepath.Join(dir, p)) {
			gone++
		}
	}
	return gone
}

// Passes that remove nothing count for the backoff, the slices they are cut into do not.
func TestQuietPassesBackOff(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i := range 200 {
		write(t, dir, fmt.Sprintf("%d/young", i))
	}
	r := newRig(t, dir, func(s *filecleanup.Settings) {
		s.Recursive, s.Slice, s.RemoveOlderThan = true, time.Millisecond, 100*365*24*time.Hour
	})
	r.clock.each = time.Millisecond
	r.Planner = &schedule.Interval{Backoff: schedule.Backoff{
		RunEvery: time.Minute, IncreaseIdleBy: time.Minute, MultiplyIdleBy: 1, MaximumIdle: time.Hour,
	}}
	for pass := 1; pass <= 3; pass++ {
		slices := 0
		for {
			slices++
			got, err := r.Run(t.Context())
			must(t, err)
			if got.Outcome != schedule.Idle {
				t.Fatalf("outcome %v of a run that only looked", got)
			}
			var end time.Time
			wait := r.NextRun(schedule.Run{Finished: end, Result: got, IdleRuns: slices}).Sub(end)
			if wait == 0 {
				continue
			}
			if want := time.Duration(pass+1) * time.Minute; wait != want {
				t.Errorf("pass %d: it waits %s, want %s", pass, wait, want)
			}
			break
		}
		if slices < 2 {
			t.Fatalf("the pass took %d slices, want several", slices)
		}
	}
}
