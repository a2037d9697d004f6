package filecleanup_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/filecleanup"
)

func TestAVanishedDirectory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "spool")
	r := newRig(t, dir, nil)
	if _, err := r.Run(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("error: got %v, want not exist", err)
	}
	write(t, dir, "a")
	wantOutcome(t, r.pass(t), schedule.Worked, 1)
	must(t, os.Remove(dir))
	must(t, os.WriteFile(dir, nil, 0o600))
	if _, err := r.Run(t.Context()); !errors.Is(err, unix.ENOTDIR) {
		t.Fatalf("error: got %v, want not a directory", err)
	}
}

// The directory goes away, or gives way to another, while a pass over it stands still.
func TestADirectoryThatVanishesDuringAPass(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	dir, moved := filepath.Join(parent, "spool"), filepath.Join(parent, "moved")
	write(t, dir, "a", "b", "c", "d")
	r := newRig(t, dir, func(s *filecleanup.Settings) { s.Slice = 1 })
	r.clock.each = time.Second
	for range 3 {
		_, err := r.Run(t.Context())
		must(t, err)
	}
	must(t, os.Rename(dir, moved))
	write(t, dir, "new")
	r.pass(t)
	wantLeft(t, moved)
	wantLeft(t, dir, "new")
	wantOutcome(t, r.pass(t), schedule.Worked, 1)

	write(t, dir, "a", "b")
	_, err := r.Run(t.Context())
	must(t, err)
	must(t, os.RemoveAll(dir))
	for range 50 {
		if _, err = r.Run(t.Context()); err != nil {
			break
		}
	}
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error: got %v, want not exist", err)
	}
}

// mount mounts a small file system of its own below a directory of the test.
func mount(t *testing.T, options string) string {
	t.Helper()
	needRoot(t)
	at := t.TempDir()
	mountTmpfs(t, at, options)
	dir := filepath.Join(at, "d")
	must(t, os.Mkdir(dir, 0o700))
	return dir
}

func TestAReadOnlyFileSystem(t *testing.T) {
	t.Parallel()
	dir := mount(t, "size=1m")
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	write(t, dir, names...)
	remountReadOnly(t, filepath.Dir(dir))
	r := newRig(t, dir, nil)
	wantOutcome(t, r.pass(t), schedule.Idle, 0)
	wantLeft(t, dir, names...)
	if n := r.logs.FilterMessage("cannot clean").Len(); n != 5 {
		t.Errorf("errors logged in full: got %d, want the first 5", n)
	}
	end := r.logs.FilterMessage("cleaned, but for some").All()
	if len(end) != 1 || end[0].ContextMap()["errors"] != int64(len(names)) {
		t.Errorf("the end of the pass: %v", end)
	}
}

// A full archive takes what still fits; the rest stays where it is, whole.
func TestAFullArchive(t *testing.T) {
	t.Parallel()
	archive, dir := mount(t, "size=1m"), t.TempDir()
	write(t, dir, "small", "sub/small")
	writeSize(t, filepath.Join(dir, "large"), 0, 0)
	must(t, os.WriteFile(filepath.Join(dir, "large"), make([]byte, 3<<20), 0o600))
	r := newRig(t, dir, func(s *filecleanup.Settings) {
		s.Action, s.ArchiveDirectory, s.Recursive = "archive", configPath(archive), true
	})
	wantOutcome(t, r.pass(t), schedule.Worked, 2)
	wantLeft(t, dir, "large", "sub/")
	wantLeft(t, archive, "small", "sub/", "sub/small")
	if len(read(t, filepath.Join(dir, "large"))) != 3<<20 || read(t, filepath.Join(archive, "sub/small")) != "sub/small" {
		t.Error("a file is not whole")
	}
	logged := r.logs.FilterMessage("cannot clean").All()
	if len(logged) != 1 {
		t.Fatalf("logged: %v", logged)
	}
}

func TestOneFileSystem(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for _, steps := range []bool{false, true} {
		for _, one := range []bool{true, false} {
			dir, elsewhere := t.TempDir(), t.TempDir()
			write(t, dir, "other/", "same/", "a")
			write(t, elsewhere, "b")
			mountTmpfs(t, filepath.Join(dir, "other"), "size=1m")
			write(t, dir, "other/c")
			mountBind(t, elsewhere, filepath.Join(dir, "same"))
			r := newRig(t, dir, func(s *filecleanup.Settings) { s.Recursive, s.OneFileSystem = true, one })
			if steps {
				filecleanup.ForbidOpenat2(r.Cleaner)
			}
			r.pass(t)
			if one {
				wantLeft(t, dir, "other/", "other/c", "same/", "same/b")
			} else {
				wantLeft(t, dir, "other/", "same/")
			}
			_, err := newRig(t, filepath.Join(dir, "other"), nil).Run(t.Context())
			if !errors.Is(err, filecleanup.ErrUnsafeDirectory) {
				t.Errorf("the root of a mount: got %v, want ErrUnsafeDirectory", err)
			}
		}
	}
}

// One file that cannot be removed, and one directory that cannot be read, are not the others' trouble.
func TestWhatIsForbiddenStaysAndTheRestGoes(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := t.TempDir()
	write(t, dir, "a", "fixed", "z")
	makeImmutable(t, filepath.Join(dir, "fixed"))
	r := newRig(t, dir, nil)
	wantOutcome(t, r.pass(t), schedule.Worked, 2)
	wantLeft(t, dir, "fixed")
	logged := r.logs.FilterMessage("cannot clean").All()
	if len(logged) != 1 || logged[0].ContextMap()["file"] != "fixed" {
		t.Errorf("logged: %v", logged)
	}
}

func TestAClockThatJumps(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name            string
		wall, monotonic time.Duration
		bad             bool
	}{
		{"as it should", time.Hour, time.Hour, false},
		{"a long wait", 100 * day, 100 * day, false},
		{"a small step", time.Hour + 10*time.Minute, time.Minute, true},
		{"an adjustment", 30 * time.Minute, time.Minute, false},
		{"a year", 365 * day, time.Second, true},
		{"back", -365 * day, time.Second, false},
	}
	for _, c := range cases {
		if err := filecleanup.JudgeJump(c.wall, c.monotonic); errors.Is(err, filecleanup.ErrClock) != c.bad {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}

func TestAClockThatWasNeverSet(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a")
	must(t, os.Chtimes(filepath.Join(dir, "a"), time.Unix(0, 0), time.Unix(0, 0)))
	r := newRig(t, dir, func(s *filecleanup.Settings) { s.AgeBy = "m" })
	r.clock.add(time.Until(time.Unix(0, 0).Add(5 * day)))
	if _, err := r.Run(t.Context()); !errors.Is(err, filecleanup.ErrClock) {
		t.Errorf("error: got %v, want ErrClock", err)
	}
	wantLeft(t, dir, "a")
}

// The clock goes back while a pass stands still: what has become young meanwhile stays.
func TestAClockThatGoesBackDuringAPass(t *testing.T) {
	t.Parallel()
	for _, keep := range []int{0, 1} {
		dir := t.TempDir()
		write(t, dir, "a", "b", "c")
		r := newRig(t, dir, func(s *filecleanup.Settings) { s.Slice, s.KeepNewest = 1, keep })
		r.clock.each = time.Second
		_, err := r.Run(t.Context())
		must(t, err)
		r.clock.add(-day)
		r.pass(t)
		wantLeft(t, dir, "a", "b", "c")
	}
}

func TestADeadlineEndsARun(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	_, err := newRig(t, t.TempDir(), nil).Run(ctx)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error: got %v, want deadline exceeded", err)
	}
}
