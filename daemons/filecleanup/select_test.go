package filecleanup_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/filecleanup"
)

func TestSelection(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		files  []string
		change func(*filecleanup.Settings)
		left   []string
		count  int
	}{
		{"everything that is old", []string{"a", "b", ".c"}, nil, nil, 3},
		{"nothing that is young", []string{"a"}, func(s *filecleanup.Settings) { s.RemoveOlderThan = 48 * time.Hour }, []string{"a"}, 0},
		{"nothing younger than minimum_age", []string{"a"}, func(s *filecleanup.Settings) { s.RemoveOlderThan, s.MinimumAge = 0, 48*time.Hour }, []string{"a"}, 0},
		{"included names", []string{"a.tmp", "b.txt", "c.part"}, func(s *filecleanup.Settings) { s.Include = []string{"*.tmp", "*.part"} }, []string{"b.txt"}, 2},
		{"but excluded ones", []string{"a.tmp", "b.tmp", ".c"}, func(s *filecleanup.Settings) { s.Exclude = []string{"b*", ".*"} }, []string{".c", "b.tmp"}, 1},
		{"not what lies below", []string{"a", "d/b"}, nil, []string{"d/", "d/b"}, 1},
		{"what lies below", []string{"a", "d/b", "d/e/c"}, func(s *filecleanup.Settings) { s.Recursive = true }, []string{"d/", "d/e/"}, 3},
		{"empty directories too", []string{"a", "d/b", "d/e/c", "f/"}, func(s *filecleanup.Settings) { s.Recursive, s.EmptyDirectories = true, true }, nil, 6},
		{"directories that hold something stay", []string{"d/e/keep", "d/f/b"}, func(s *filecleanup.Settings) {
			s.Recursive, s.EmptyDirectories, s.Exclude = true, true, []string{"keep"}
		}, []string{"d/", "d/e/", "d/e/keep"}, 2},
		{"excluded directories are not entered", []string{"cache/a", "d/cache/b", "d/c"}, func(s *filecleanup.Settings) {
			s.Recursive, s.Exclude = true, []string{"cache"}
		}, []string{"cache/", "cache/a", "d/", "d/cache/", "d/cache/b"}, 1},
		{"by path", []string{"a/x.log", "a/b/x.log", "x.log", "c/x.log"}, func(s *filecleanup.Settings) {
			s.Recursive, s.Include = true, []string{"a/**/*.log"}
		}, []string{"a/", "a/b/", "c/", "c/x.log", "x.log"}, 2},
		{"the newest stay", []string{"a", "b", "d/c"}, func(s *filecleanup.Settings) { s.Recursive, s.KeepNewest = true, 3 }, []string{"a", "b", "d/", "d/c"}, 0},
		{"with keep_newest and empty directories", []string{"a", "b/", "c/d/"}, func(s *filecleanup.Settings) {
			s.Recursive, s.KeepNewest, s.EmptyDirectories = true, 1, true
		}, []string{"a"}, 3},
	}
	for _, c := range cases {
		for _, steps := range []bool{false, true} {
			t.Run(c.name+map[bool]string{false: "", true: ", without openat2"}[steps], func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				write(t, dir, c.files...)
				r := newRig(t, dir, c.change)
				if steps {
					filecleanup.ForbidOpenat2(r.Cleaner)
				}
				want := schedule.Worked
				if c.count == 0 {
					want = schedule.Idle
				}
				wantOutcome(t, r.pass(t), want, c.count)
				wantLeft(t, dir, c.left...)
				wantOutcome(t, r.pass(t), schedule.Idle, 0)
			})
		}
	}
}

// The change time of a file cannot be set: one that gets an old modification time is as old as that is.
func TestAgeIsTheNewestOfTheChosenTimes(t *testing.T) {
	t.Parallel()
	cases := []struct {
		ageBy string
		gone  bool
	}{{"m", true}, {"mc", false}, {"c", false}, {"ma", false}, {"mb", false}, {"b", false}, {"mcab", false}}
	for _, c := range cases {
		t.Run(c.ageBy, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, "a")
			must(t, os.Chtimes(filepath.Join(dir, "a"), time.Now(), time.Now().Add(-50*time.Hour)))
			r := newRig(t, dir, func(s *filecleanup.Settings) { s.AgeBy, s.RemoveOlderThan = c.ageBy, 2*day })
			r.pass(t)
			if gone := !exists(t, filepath.Join(dir, "a")); gone != c.gone {
				t.Errorf("gone: got %v, want %v", gone, c.gone)
			}
		})
	}
}

func TestFilesOfTheFutureAreNeverOld(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a")
	write(t, dir, "b")
	future := time.Now().Add(100 * day)
	must(t, os.Chtimes(filepath.Join(dir, "a"), future, future))
	beyond := unix.Timespec{Sec: 10_413_792_000} // the year 2300, when nanoseconds no longer fit
	must(t, unix.UtimesNanoAt(unix.AT_FDCWD, filepath.Join(dir, "b"), []unix.Timespec{beyond, beyond}, 0))
	r := newRig(t, dir, func(s *filecleanup.Settings) { s.RemoveOlderThan, s.MinimumAge = 0, 0 })
	wantOutcome(t, r.pass(t), schedule.Idle, 0)
	wantLeft(t, dir, "a", "b")
}

// A FIFO that was opened would hang the run: nobody ever writes to it.
func TestTypes(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		types []string
		left  []string
	}{
		{"files only", []string{"file"}, []string{"fifo", "link", "nowhere", "sock"}},
		{"links themselves", []string{"symlink"}, []string{"fifo", "file", "sock"}},
		{"fifos", []string{"fifo"}, []string{"file", "link", "nowhere", "sock"}},
		{"dead sockets", []string{"socket"}, []string{"fifo", "file", "link", "nowhere"}},
		{"all", []string{"file", "symlink", "fifo", "socket"}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			outside, dir := filepath.Join(t.TempDir(), "outside"), t.TempDir()
			write(t, filepath.Dir(outside), "outside")
			write(t, dir, "file")
			must(t, os.Symlink(outside, filepath.Join(dir, "link")))
			must(t, os.Symlink("/nonexistent", filepath.Join(dir, "nowhere")))
			must(t, unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600))
			deadSocket(t, filepath.Join(dir, "sock"))
			newRig(t, dir, func(s *filecleanup.Settings) { s.Types = c.types }).pass(t)
			wantLeft(t, dir, c.left...)
			if !exists(t, outside) {
				t.Error("the target of a link was removed")
			}
		})
	}
}

func deadSocket(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	must(t, err)
	l.SetUnlinkOnClose(false)
	must(t, l.Close())
}

func TestNamesThatAreNoText(t *testing.T) {
	t.Parallel()
	names := []string{
		"two\nlines", "\xff\xfe", "-rf", "--", "*", "[", "\\", " ", "tab\t", "\x01\x7f", "…", "%s", "${x}",
		strings.Repeat("x", 255), strings.Repeat("\xff", 255),
	}
	for _, action := range []string{"delete", "trash", "archive"} {
		for _, verify := range []bool{false, true} {
			t.Run(action+map[bool]string{true: ", verified"}[verify], func(t *testing.T) {
				t.Parallel()
				dir, archive := t.TempDir(), t.TempDir()
				for _, n := range names {
					write(t, dir, n, "-d\n\xff/"+n)
				}
				r := newRig(t, dir, func(s *filecleanup.Settings) {
					s.Recursive, s.Verify, s.Action, s.EmptyDirectories = true, verify, action, true
					s.ArchiveDirectory = configPath(archive)
					s.TrashFor = 0
				})
				wantOutcome(t, r.pass(t), schedule.Worked, 2*len(names)+1)
				wantLeft(t, dir)
				if action == "archive" && len(left(t, archive)) != 2*len(names)+1 {
					t.Errorf("in the archive: %q", left(t, archive))
				}
			})
		}
	}
}
