package filecleanup_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/filecleanup"
)

// nobody is a user with no rights, nobodysDir where the process that is him finds his directory.
const (
	nobody     = 65534
	nobodysDir = "PEAKD_TEST_NOBODYS_DIRECTORY"
)

// What a user without rights may not do is counted, and the rest goes on. The test calls itself as
// that user.
func TestWithoutRights(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv(nobodysDir); dir != "" {
		cleanAsNobody(t, dir)
		return
	}
	needRoot(t)
	dir := t.TempDir()
	must(t, os.Chmod(filepath.Dir(dir), 0o755))
	write(t, dir, "own", "foreign", "locked", "unreadable", "closed/a", "fixed/a", "open/a")
	for name, mode := range map[string]os.FileMode{"foreign": 0o644, "locked": 0o644, "unreadable": 0o600, "closed": 0o700, "fixed": 0o755} {
		must(t, os.Chmod(filepath.Join(dir, name), mode))
	}
	for _, name := range []string{"", "own", "open", "open/a"} {
		must(t, os.Chown(filepath.Join(dir, name), nobody, nobody))
	}
	lock, err := os.Open(filepath.Join(dir, "locked"))
	must(t, err)
	defer lock.Close()
	must(t, unix.Flock(int(lock.Fd()), unix.LOCK_SH))

	self := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^TestWithoutRights$", "-test.v")
	self.Env = append(os.Environ(), nobodysDir+"="+dir)
	self.Dir = "/"
	self.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if out, err := self.CombinedOutput(); err != nil {
		t.Fatalf("as nobody: %v\n%s", err, out)
	}
	// "foreign" went although its lease is not nobody's to take: nobody has locked it.
	wantLeft(t, dir, "closed/", "closed/a", "fixed/", "fixed/a", "locked", "open/", "unreadable")
}

func cleanAsNobody(t *testing.T, dir string) {
	t.Helper()
	r := newRig(t, dir, func(s *filecleanup.Settings) { s.Recursive = true })
	wantOutcome(t, r.pass(t), schedule.Worked, 3)
	got := map[any]bool{}
	for _, entry := range r.logs.FilterMessage("cannot clean").All() {
		got[entry.ContextMap()["file"]] = true
	}
	for _, want := range []string{"unreadable", "closed", "fixed/a"} {
		if !got[want] {
			t.Errorf("no error was logged of %s: %v", want, r.logs.All())
		}
	}
}
