package filecleanup_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/filecleanup"
)

// needLeases ends a test early where files in use cannot be told: there are leases on Linux only.
func needLeases(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("leases are known on Linux only")
	}
}

func TestFilesInUseStay(t *testing.T) {
	t.Parallel()
	needLeases(t)
	for _, c := range []struct {
		name  string
		flags int
	}{{"for reading", os.O_RDONLY}, {"for writing", os.O_WRONLY}, {"for both", os.O_RDWR}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, "used", "unused")
			f, err := os.OpenFile(filepath.Join(dir, "used"), c.flags, 0)
			must(t, err)
			r := newRig(t, dir, nil)
			wantOutcome(t, r.pass(t), schedule.Worked, 1)
			wantLeft(t, dir, "used")
			wantOutcome(t, r.pass(t), schedule.Idle, 0)
			must(t, f.Close())
			wantOutcome(t, r.pass(t), schedule.Worked, 1)
		})
	}
}

func TestAFileOpenInAnotherProcessStays(t *testing.T) {
	t.Parallel()
	needLeases(t)
	dir := t.TempDir()
	write(t, dir, "used")
	f, err := os.Open(filepath.Join(dir, "used"))
	must(t, err)
	child := exec.CommandContext(t.Context(), "cat")
	child.ExtraFiles = []*os.File{f}
	in, err := child.StdinPipe()
	must(t, err)
	must(t, child.Start())
	must(t, f.Close())
	r := newRig(t, dir, nil)
	wantOutcome(t, r.pass(t), schedule.Idle, 0)
	must(t, in.Close())
	must(t, child.Wait())
	wantOutcome(t, r.pass(t), schedule.Worked, 1)
}

func TestInUse(t *testing.T) {
	t.Parallel()
	cases := []struct {
		mode         string
		open, locked bool
	}{{"lease", true, true}, {"flock", false, true}, {"none", false, false}}
	for _, c := range cases {
		t.Run(c.mode, func(t *testing.T) {
			t.Parallel()
			if c.mode == "lease" {
				needLeases(t)
			}
			dir := t.TempDir()
			write(t, dir, "open", "locked")
			for _, name := range []string{"open", "locked"} {
				f, err := os.Open(filepath.Join(dir, name))
				must(t, err)
				defer f.Close()
				if name == "locked" {
					must(t, unix.Flock(int(f.Fd()), unix.LOCK_SH))
				}
			}
			newRig(t, dir, func(s *filecleanup.Settings) { s.InUse = c.mode }).pass(t)
			for name, want := range map[string]bool{"open": c.open, "locked": c.locked} {
				if got := exists(t, filepath.Join(dir, name)); got != want {
					t.Errorf("%s is left: got %v, want %v", name, got, want)
				}
			}
		})
	}
}

func TestALockedDirectoryIsNotEntered(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "locked/a", "unlocked/a")
	f, err := os.Open(filepath.Join(dir, "locked"))
	must(t, err)
	defer f.Close()
	must(t, unix.Flock(int(f.Fd()), unix.LOCK_EX))
	newRig(t, dir, func(s *filecleanup.Settings) { s.Recursive, s.InUse = true, "flock" }).pass(t)
	wantLeft(t, dir, "locked/", "locked/a", "unlocked/")
}

func TestALiveSocketStays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "live")})
	must(t, err)
	defer l.Close()
	set := func(s *filecleanup.Settings) { s.Types = []string{"socket"} }
	wantOutcome(t, newRig(t, dir, set).pass(t), schedule.Idle, 0)
	wantLeft(t, dir, "live")
	wantOutcome(t, newRig(t, dir, func(s *filecleanup.Settings) { set(s); s.InUse = "none" }).pass(t), schedule.Worked, 1)
}

// The probe leaves no trace by which the next age would be measured.
func TestTheProbeLeavesTheTimesAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a")
	f, err := os.Open(filepath.Join(dir, "a"))
	must(t, err)
	defer f.Close()
	var before, after unix.Stat_t
	must(t, unix.Stat(filepath.Join(dir, "a"), &before))
	newRig(t, dir, func(s *filecleanup.Settings) { s.DryRun = true }).pass(t)
	must(t, unix.Stat(filepath.Join(dir, "a"), &after))
	if before != after {
		t.Errorf("stat: before %+v, after %+v", before, after)
	}
}
