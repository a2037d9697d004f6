package filecleanup_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/filecleanup"
)

// byModified makes five files of 100 bytes, "1" the oldest with five hours, "5" with one.
func byModified(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for i := 1; i <= 5; i++ {
		folder := []string{"", "x", "y"}[i%3]
		writeSize(t, filepath.Join(dir, folder, fmt.Sprint(i)), 100, time.Duration(6-i)*time.Hour)
	}
	return dir
}

func TestTheOldestGoFirst(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		set  func(*filecleanup.Settings)
		left []string
	}{
		{"too large by one", size(450, 0, 100*time.Hour), []string{"2", "3", "4", "5"}},
		{"exactly large enough", size(500, 0, 100*time.Hour), []string{"1", "2", "3", "4", "5"}},
		{"much too large", size(1, 0, 100*time.Hour), nil},
		{"but the newest stay", size(1, 2, 100*time.Hour), []string{"4", "5"}},
		{"and what is old goes although there is room", size(1000, 0, 3*time.Hour+30*time.Minute), []string{"3", "4", "5"}},
		{"old ones count as gone", size(250, 0, 3*time.Hour+30*time.Minute), []string{"4", "5"}},
		{"only the newest", size(0, 2, 0), []string{"4", "5"}},
		{"the newest, although old", size(0, 4, time.Hour), []string{"2", "3", "4", "5"}},
		{"more newest than there are", size(0, 9, time.Hour), []string{"1", "2", "3", "4", "5"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := byModified(t)
			r := newRig(t, dir, func(s *filecleanup.Settings) { s.AgeBy, s.Recursive = "m", true; c.set(s) })
			r.clock.add(-day)
			r.pass(t)
			var got []string
			for i := 1; i <= 5; i++ {
				if exists(t, filepath.Join(dir, []string{"", "x", "y"}[i%3], fmt.Sprint(i))) {
					got = append(got, fmt.Sprint(i))
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(c.left) {
				t.Errorf("left: got %v, want %v", got, c.left)
			}
		})
	}
}

func size(maximum config.Size, keep int, olderThan time.Duration) func(*filecleanup.Settings) {
	return func(s *filecleanup.Settings) {
		s.MaximumTotalSize, s.KeepNewest, s.RemoveOlderThan = maximum, keep, olderThan
	}
}

// A file that cannot go does not make room, so that the next one must.
func TestTotalSizeWithAFileInUse(t *testing.T) {
	t.Parallel()
	dir := byModified(t)
	held, err := os.Open(filepath.Join(dir, "x", "1"))
	must(t, err)
	defer held.Close()
	r := newRig(t, dir, func(s *filecleanup.Settings) { s.AgeBy, s.Recursive = "m", true; size(400, 0, 100*time.Hour)(s) })
	r.clock.add(-day)
	needLeases(t)
	wantOutcome(t, r.pass(t), schedule.Worked, 1)
	if !exists(t, filepath.Join(dir, "x", "1")) || exists(t, filepath.Join(dir, "y", "2")) {
		t.Errorf("left: %q", left(t, dir))
	}
}

func TestMinimumAgeGuardsAgainstTotalSize(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeSize(t, filepath.Join(dir, "young"), 1000, 0)
	r := newRig(t, dir, func(s *filecleanup.Settings) { s.MaximumTotalSize = 1 })
	r.clock.add(-day)
	wantOutcome(t, r.pass(t), schedule.Idle, 0)
}

func TestSubtrees(t *testing.T) {
	t.Parallel()
	for _, verify := range []bool{false, true} {
		for _, action := range []string{"delete", "trash", "archive"} {
			t.Run(fmt.Sprint(action, verify), func(t *testing.T) {
				t.Parallel()
				dir, archive := t.TempDir(), t.TempDir()
				write(t, dir, "old/a", "old/b/c", "oldfile", "fresh/a", "fresh/b/c", "open/a/b", "kept/sub/precious", "empty/")
				soon := time.Now().Add(day)
				must(t, os.Chtimes(filepath.Join(dir, "fresh/b/c"), soon, soon))
				held, err := os.Open(filepath.Join(dir, "open/a/b"))
				must(t, err)
				defer held.Close()
				needLeases(t)
				r := newRig(t, dir, func(s *filecleanup.Settings) {
					s.Unit, s.Verify, s.Action, s.Exclude = "subtree", verify, action, []string{"kept/**/precious"}
					s.ArchiveDirectory = configPath(archive)
				})
				wantOutcome(t, r.pass(t), schedule.Worked, 3)
				want := []string{"fresh/", "fresh/a", "fresh/b/", "fresh/b/c", "kept/", "kept/sub/", "kept/sub/precious", "open/", "open/a/", "open/a/b"}
				switch action {
				case "delete":
					wantLeft(t, dir, want...)
				case "archive":
					wantLeft(t, dir, want...)
					wantLeft(t, archive, "empty/", "old/", "old/a", "old/b/", "old/b/c", "oldfile")
				case "trash":
					if exists(t, filepath.Join(dir, "old")) || len(left(t, filepath.Join(dir, ".peakd-cleanup"))) != 2+6 {
						t.Errorf("left: %q", left(t, dir))
					}
				}
			})
		}
	}
}

func TestKeepNewestOfSubtrees(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i := 1; i <= 4; i++ {
		writeSize(t, filepath.Join(dir, fmt.Sprint("release", i), "bin"), 10, time.Duration(10-i)*time.Hour)
		at := time.Now().Add(-time.Duration(10-i) * time.Hour)
		must(t, os.Chtimes(filepath.Join(dir, fmt.Sprint("release", i)), at, at))
	}
	r := newRig(t, dir, func(s *filecleanup.Settings) {
		s.Unit, s.KeepNewest, s.RemoveOlderThan, s.AgeBy = "subtree", 2, 0, "m"
	})
	wantOutcome(t, r.pass(t), schedule.Worked, 2)
	wantLeft(t, dir, "release3/", "release3/bin", "release4/", "release4/bin")
}
