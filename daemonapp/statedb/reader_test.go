package statedb_test

import (
	"bufio"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/statedb"
)

func TestReaderWithoutState(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	for _, dir := range []string{empty, filepath.Join(empty, "missing")} {
		if _, err := statedb.OpenReader(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v, want %v", err, fs.ErrNotExist)
		}
	}
	write(t, filepath.Join(empty, "state.db"), nil) // An app was killed right after making it.
	if _, err := statedb.OpenReader(empty); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
}

func TestReaderOfAClosedState(t *testing.T) {
	t.Parallel()
	dir := closedState(t)
	before := contents(t, filepath.Join(dir, "state.db"))
	r := openReader(t, dir)
	if got := len(load(t, r)); got != 100 {
		t.Errorf("%d memories, want 100", got)
	}
	if _, ok, err := r.LoadApplied(); ok || err != nil {
		t.Errorf("applied configuration: %v, %v", ok, err)
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(contents(t, filepath.Join(dir, "state.db")), before) {
		t.Error("reading changed the file")
	}
	save(t, open(t, dir), daemonapp.Memory{Name: "a"})
}

func TestReaderRefusesWhatOthersCanWrite(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{dirOf(t, 0o777), symlinkedDir(t)} {
		write(t, filepath.Join(dir, "state.db"), nil)
		_, err := statedb.OpenReader(dir)
		wantError(t, err, statedb.ErrUnsafe)
	}
}

// What SQLite makes for a reader that is root must belong to the user, or the app could not start again.
func TestRootReadsAUsersState(t *testing.T) {
	t.Parallel()
	dir := closedState(t)
	owner := os.Geteuid()
	if owner == 0 {
		owner = 4711
	}
	for _, path := range []string{dir, filepath.Join(dir, "state.db"), filepath.Join(dir, "lock")} {
		if err := os.Lchown(path, owner, -1); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(load(t, openReader(t, dir))); got != 100 {
		t.Errorf("%d memories, want 100", got)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); !ok || int(stat.Uid) != owner {
			t.Errorf("%s belongs to another than uid %d", entry.Name(), owner)
		}
	}
}

// A reader outside the app's process sees each commit, whole, while the app goes on.
func TestReaderWhileAnotherProcessWrites(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	child := childCommand(t, "save", dir)
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() {
		t.Fatal("the child said nothing")
	}
	r := openReader(t, dir)
	for range 100 {
		all := load(t, r)
		n := all["a"].Failures
		if said := lastNumber(t, lines.Text()+"\n"); n < said {
			t.Fatalf("acknowledged %d, a reader sees %d", said, n)
		}
		if diff := cmp.Diff(numbered(n)[1], all["b"]); diff != "" {
			t.Fatalf("half a batch (-want +got):\n%s", diff)
		}
		if _, _, err := r.LoadApplied(); err != nil {
			t.Fatal(err)
		}
		if !lines.Scan() {
			t.Fatal("the child ended")
		}
	}
	kill(t, child, 0)
	_ = child.Wait()
}

func TestReaderInTheSameProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := open(t, dir)
	save(t, db, daemonapp.Memory{Name: "a", Failures: 1})
	r := openReader(t, dir)
	if err := db.SaveApplied(applied("1")); err != nil {
		t.Fatal(err)
	}
	save(t, db, daemonapp.Memory{Name: "a", Failures: 2})
	if got := load(t, r)["a"].Failures; got != 2 {
		t.Errorf("the reader sees %d, want 2", got)
	}
	a, ok, err := r.LoadApplied()
	if diff := cmp.Diff(applied("1"), a); !ok || err != nil || diff != "" {
		t.Errorf("%v, %v, (-want +got):\n%s", ok, err, diff)
	}
}

func openReader(t *testing.T, dir string) *statedb.Reader {
	t.Helper()
	r, err := statedb.OpenReader(dir)
	if err != nil {
		t.Fatalf("open reader: %v", err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Errorf("close reader: %v", err)
		}
	})
	return r
}
