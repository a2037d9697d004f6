package exec_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/exec"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/delivertest"
)

// TestLockIsInherited: while a program lives that works on a file, nobody else gets the lock of its claim.
func TestLockIsInherited(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	lock, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(lock.Fd())
	if err := unix.Flock(fd, unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	d := script(t, `read line <"$PIPE"`, func(s *exec.Settings) { s.Env = map[string]string{"PIPE": pipe} }, deliver.Env{})
	jobs := delivertest.Jobs(t, delivertest.File{Name: "a"})
	jobs[0].Lock = lock
	go func() { // joined by the end of Deliver: the program waits for what is written
		w, _ := os.OpenFile(pipe, os.O_WRONLY, 0) // opens once the program is there
		letGo(t, fd)                              // as if the daemon had died
		other, _ := os.Open(dir)
		if err := unix.Flock(int(other.Fd()), unix.LOCK_EX|unix.LOCK_NB); !errors.Is(err, unix.EWOULDBLOCK) {
			t.Errorf("lock of a living program: %v", err)
		}
		_ = other.Close()
		_, _ = w.WriteString("go\n")
		_ = w.Close()
	}()
	if r := delivertest.Deliver(t.Context(), t, d, jobs)[0]; r.Verdict != deliver.Done {
		t.Errorf("result = %+v", r)
	}
}

// letGo closes this process's hold on what the descriptor stands for, and keeps the number: its os.File is another
// goroutine's.
func letGo(t *testing.T, fd int) {
	t.Helper()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Error(err)
		return
	}
	defer null.Close()
	if err := unix.Dup3(int(null.Fd()), fd, unix.O_CLOEXEC); err != nil {
		t.Error(err)
	}
}
