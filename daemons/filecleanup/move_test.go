package filecleanup_test

import (
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

func TestTrashIsKeptForAWhile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a", "d/b")
	r := newRig(t, dir, func(s *filecleanup.Settings) {
		s.Recursive, s.Action, s.TrashFor, s.AgeBy = true, "trash", 2*time.Hour, "m"
	})
	wantOutcome(t, r.pass(t), schedule.Worked, 2)
	trash := filepath.Join(dir, ".peakd-cleanup", "trash")
	stamps := left(t, trash)
	if len(stamps) != 4 || read(t, filepath.Join(trash, stamps[0], "d/b")) != "d/b" {
		t.Fatalf("in the trash: %q", stamps)
	}
	r.clock.add(time.Hour)
	wantOutcome(t, r.pass(t), schedule.Idle, 0)
	if len(left(t, trash)) != 4 {
		t.Errorf("the trash went too early: %q", left(t, trash))
	}
	r.clock.add(time.Hour)
	wantOutcome(t, r.pass(t), schedule.Worked, 0)
	wantLeft(t, dir, "d/")
}

// Neither trash nor archive ever replace a file, however often its name comes again.
func TestNothingIsOverwritten(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", 127)
	for _, action := range []string{"trash", "archive", "archive elsewhere"} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			dir, to := t.TempDir(), t.TempDir()
			if action == "archive elsewhere" {
				to = mount(t, "size=4m")
			}
			r := newRig(t, dir, func(s *filecleanup.Settings) {
				s.Action = strings.Fields(action)[0]
				s.ArchiveDirectory, s.Types = configPath(to), []string{"file", "symlink"}
			})
			for i := range 5 {
				for _, name := range []string{"log", long} {
					must(t, os.WriteFile(filepath.Join(dir, name), []byte(fmt.Sprint(name, i)), 0o600))
				}
				must(t, os.Symlink(fmt.Sprint("to", i), filepath.Join(dir, "link")))
				wantOutcome(t, r.pass(t), schedule.Worked, 3)
			}
			if action == "trash" {
				to = filepath.Join(dir, ".peakd-cleanup")
			}
			texts := map[string]bool{}
			for _, name := range left(t, to) {
				if target, err := os.Readlink(filepath.Join(to, name)); err == nil {
					texts[target] = true
				} else if !strings.HasSuffix(name, "/") {
					texts[read(t, filepath.Join(to, name))] = true
				}
			}
			if len(texts) != 15 {
				t.Errorf("kept: got %d different files, want 15: %q", len(texts), left(t, to))
			}
		})
	}
}

func TestAnArchiveOnAnotherFileSystem(t *testing.T) {
	t.Parallel()
	archive, dir := mount(t, "size=16m"), t.TempDir()
	write(t, dir, "d/small", "empty")
	must(t, os.Truncate(filepath.Join(dir, "empty"), 0))
	text := strings.Repeat("0123456789abcdef", 5<<16)
	must(t, os.WriteFile(filepath.Join(dir, "large"), []byte(text), 0o640))
	modified := time.Date(2020, 2, 3, 4, 5, 6, 789, time.UTC)
	must(t, os.Chtimes(filepath.Join(dir, "large"), modified, modified))
	must(t, os.Chown(filepath.Join(dir, "large"), 123, 456))
	must(t, unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600))
	r := newRig(t, dir, func(s *filecleanup.Settings) {
		s.Recursive, s.Action, s.ArchiveDirectory, s.Types = true, "archive", configPath(archive), []string{"file", "fifo"}
		s.Slice = time.Millisecond
	})
	r.clock.each = time.Second // each chunk of the copy is a run
	got := r.pass(t)
	wantOutcome(t, got, schedule.Worked, 3)
	if got.runs < 5 {
		t.Errorf("runs: got %d, want one for each MiB at least", got.runs)
	}
	wantLeft(t, dir, "d/", "fifo")
	wantLeft(t, archive, "d/", "d/small", "empty", "large")
	if read(t, filepath.Join(archive, "large")) != text {
		t.Error("the copy differs")
	}
	var st unix.Stat_t
	must(t, unix.Stat(filepath.Join(archive, "large"), &st))
	if st.Mode&0o7777 != 0o640 || st.Uid != 123 || st.Gid != 456 || !time.Unix(st.Mtim.Unix()).Equal(modified) {
		t.Errorf("the copy's owner, mode or time: %+v", st)
	}
}

// A file that is written to while it is copied is copied anew: no half of it ever gets its name.
func TestAFileThatChangesWhileItIsCopied(t *testing.T) {
	t.Parallel()
	archive, dir := mount(t, "size=16m"), t.TempDir()
	large := filepath.Join(dir, "large")
	must(t, os.WriteFile(large, make([]byte, 8<<20), 0o600))
	r := newRig(t, dir, func(s *filecleanup.Settings) {
		s.Action, s.ArchiveDirectory, s.Slice = "archive", configPath(archive), 1
	})
	r.clock.each = time.Second
	for range 10 {
		_, err := r.Run(t.Context())
		must(t, err)
	}
	if got := left(t, archive); len(got) != 1 || !strings.HasPrefix(got[0], ".peakd-partial-") {
		t.Fatalf("in the archive, half way: %q", got)
	}
	f, err := os.OpenFile(large, os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteString("more")
	must(t, err)
	must(t, f.Close())
	wantOutcome(t, r.pass(t), schedule.Worked, 1)
	wantLeft(t, archive, "large")
	if got := read(t, filepath.Join(archive, "large")); len(got) != 8<<20+4 || !strings.HasSuffix(got, "more") {
		t.Errorf("size: got %d", len(got))
	}
}

// A run that is ended for good leaves no half of a file either.
func TestClosedWhileItCopies(t *testing.T) {
	t.Parallel()
	archive, dir := mount(t, "size=16m"), t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "large"), make([]byte, 8<<20), 0o600))
	r := newRig(t, dir, func(s *filecleanup.Settings) {
		s.Action, s.ArchiveDirectory, s.Slice = "archive", configPath(archive), 1
	})
	r.clock.each = time.Second
	for range 10 {
		_, err := r.Run(t.Context())
		must(t, err)
	}
	must(t, r.Close())
	wantLeft(t, archive)
	wantLeft(t, dir, "large")
}

func TestAnArchiveInsideTheDirectoryIsNotCleaned(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a", "archive/before")
	set := func(s *filecleanup.Settings) {
		s.Recursive, s.Action, s.ArchiveDirectory = true, "archive", configPath(filepath.Join(dir, "archive"))
	}
	wantOutcome(t, newRig(t, dir, set).pass(t), schedule.Worked, 1)
	wantOutcome(t, newRig(t, dir, func(s *filecleanup.Settings) { set(s); s.Unit = "subtree" }).pass(t), schedule.Idle, 0)
	wantLeft(t, dir, "archive/", "archive/a", "archive/before")
}

// What a crash left in the private directory half way comes to its end: what was being verified
// returns, what was being deleted goes.
func TestAfterACrash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "d/taken", "d/x", "kept/young",
		".peakd-cleanup/held/a", ".peakd-cleanup/held/d/b", ".peakd-cleanup/held/d/taken", ".peakd-cleanup/held/nowhere/c",
		".peakd-cleanup/units/tree/t", ".peakd-cleanup/gone/20200101T000000Z/sub/s")
	must(t, os.Chmod(filepath.Join(dir, ".peakd-cleanup"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, ".peakd-cleanup/held/d/taken"), []byte("older"), 0o600))
	r := newRig(t, dir, func(s *filecleanup.Settings) { s.Recursive, s.RemoveOlderThan = true, 2*day })
	wantOutcome(t, r.pass(t), schedule.Worked, 0)
	wantLeft(t, dir, "a", "d/", "d/b", "d/taken", "d/x", "kept/", "kept/young", "tree/", "tree/t",
		".peakd-cleanup/", ".peakd-cleanup/held/", ".peakd-cleanup/held/d/", ".peakd-cleanup/held/d/taken",
		".peakd-cleanup/held/nowhere/", ".peakd-cleanup/held/nowhere/c")
	if read(t, filepath.Join(dir, "d/taken")) != "d/taken" {
		t.Error("a file was overwritten")
	}
}

func TestDryRunChangesNothing(t *testing.T) {
	t.Parallel()
	for _, set := range []func(*filecleanup.Settings){
		func(*filecleanup.Settings) {},
		func(s *filecleanup.Settings) { s.Verify, s.EmptyDirectories = true, true },
		func(s *filecleanup.Settings) { s.Action = "trash" },
		func(s *filecleanup.Settings) { s.KeepNewest = 1 },
		func(s *filecleanup.Settings) { s.Unit = "subtree" },
	} {
		dir := t.TempDir()
		write(t, dir, "a", "d/b", ".peakd-cleanup/gone/20200101T000000Z/x")
		must(t, os.Chmod(filepath.Join(dir, ".peakd-cleanup"), 0o700))
		before := left(t, dir)
		r := newRig(t, dir, func(s *filecleanup.Settings) { s.Recursive, s.DryRun = true, true; set(s) })
		wantOutcome(t, r.pass(t), schedule.Idle, 0)
		wantLeft(t, dir, before...)
		if r.logs.FilterMessage("would remove").Len() == 0 {
			t.Error("nothing was told")
		}
	}
}
