package statedb_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/peakd/peakd/daemonapp/statedb"
)

func TestSecondAppIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := open(t, dir)
	_, err := statedb.Open(dir)
	wantError(t, err, statedb.ErrLocked)
	var locked *statedb.LockedError
	want := fmt.Sprintf("another peakd app uses %s (pid %d)", dir, os.Getpid())
	if !errors.As(err, &locked) || locked.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
}

func TestLockOfAnotherProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	child := holdInChild(t, dir)
	_, err := statedb.Open(dir)
	var locked *statedb.LockedError
	if !errors.As(err, &locked) || locked.PID != child.Process.Pid || locked.Dir != dir {
		t.Fatalf("got %v, want a LockedError with pid %d", err, child.Process.Pid)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	open(t, dir)
}

// Between taking the lock and writing its pid, a holder leaves an earlier one's in the file.
func TestPIDOfTheDeadIsNotTold(t *testing.T) {
	t.Parallel()
	dead := exec.Command(os.Args[0], "-test.run=^$")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{strconv.Itoa(dead.Process.Pid), "", "-1", "0", "x"} {
		dir := t.TempDir()
		open(t, dir)
		if err := os.WriteFile(filepath.Join(dir, "lock"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := statedb.Open(dir)
		var locked *statedb.LockedError
		if !errors.As(err, &locked) || locked.PID != 0 || locked.Error() != "another peakd app uses "+dir {
			t.Errorf("lock file %q: got %v, want a LockedError without a pid", text, err)
		}
	}
}

// A job that outlives a killed app must not keep its state locked.
func TestChildrenDoNotInheritTheLock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := open(t, dir)
	job := exec.Command("cat")
	stdin, err := job.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := job.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = stdin.Close()
		_ = job.Wait()
	}()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
}

// holdInChild opens dir in another process and returns once it is held there.
func holdInChild(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	child := childCommand(t, "hold", dir)
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = child.Process.Kill()
		_ = child.Wait()
	})
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatalf("the child said %q: %v", line, err)
	}
	return child
}
