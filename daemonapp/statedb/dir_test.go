package statedb_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/statedb"
)

func TestModes(t *testing.T) {
	t.Parallel()
	parent := filepath.Join(t.TempDir(), "parent")
	dir := filepath.Join(parent, "state")
	db := open(t, dir)
	save(t, db, daemonapp.Memory{Name: "a"})
	example := filepath.Join(t.TempDir(), "example")
	if err := os.Mkdir(example, 0o755); err != nil {
		t.Fatal(err)
	}
	wantMode(t, parent, modeOf(t, example)) // 0755, but for the umask.
	wantMode(t, dir, 0o700)
	for _, name := range []string{"state.db", "state.db-wal", "state.db-shm", "lock"} {
		wantMode(t, filepath.Join(dir, name), 0o600)
	}
}

func TestFilesAreTightened(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := open(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "state.db")
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	save(t, open(t, dir), daemonapp.Memory{Name: "a"})
	for _, suffix := range []string{"", "-wal", "-shm"} {
		wantMode(t, file+suffix, 0o600)
	}
}

// A refused directory stays as it was: nothing is made in it.
func TestRefusedDirectories(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		make func(t *testing.T) string
		says string
	}{
		{"writable by all", func(t *testing.T) string { return dirOf(t, 0o777) }, "chmod 0700"},
		{"writable by all, sticky", func(t *testing.T) string { return dirOf(t, 0o777|fs.ModeSticky) }, "chmod 0700"},
		{"writable by the group", func(t *testing.T) string { return dirOf(t, 0o770) }, "chmod 0700"},
		{"symlink", symlinkedDir, "symbolic link"},
		{"symlink with a slash", func(t *testing.T) string { return symlinkedDir(t) + "/" }, "symbolic link"},
		{"file", func(t *testing.T) string { return touch(t, filepath.Join(t.TempDir(), "f")) }, "not a directory"},
		{"of another user", foreignDir, "belongs to uid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := c.make(t)
			db, err := statedb.Open(dir)
			if err == nil {
				_ = db.Close()
				t.Fatal("opened")
			}
			wantError(t, err, statedb.ErrUnsafe)
			if !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), filepath.Clean(dir)) {
				t.Errorf("%q says neither %q nor which", err, c.says)
			}
			if _, err := os.Lstat(filepath.Join(dir, "lock")); err == nil {
				t.Error("a lock file was made")
			}
		})
	}
}

func TestRefusedFiles(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"state.db", "state.db-wal", "state.db-shm", "lock"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := dirOf(t, 0o700)
			target := touch(t, filepath.Join(t.TempDir(), "precious"))
			if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			_, err := statedb.Open(dir)
			wantError(t, err, statedb.ErrUnsafe)
			if text, err := os.ReadFile(target); err != nil || string(text) != "precious" {
				t.Errorf("the target of the link is now %q (%v)", text, err)
			}
		})
	}
}

func TestDirectoryThatCannotBeMade(t *testing.T) {
	t.Parallel()
	file := touch(t, filepath.Join(t.TempDir(), "f"))
	_, err := statedb.Open(filepath.Join(file, "a", "b"))
	if err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v, want an error that names %s", err, file)
	}
}

func dirOf(t *testing.T, mode fs.FileMode) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	// Mkdir's mode is subject to the umask.
	if err := os.Chmod(dir, mode); err != nil {
		t.Fatal(err)
	}
	return dir
}

func symlinkedDir(t *testing.T) string {
	t.Helper()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dirOf(t, 0o700), link); err != nil {
		t.Fatal(err)
	}
	return link
}

// foreignDir is a directory of another user: for root one given away, for others one of root's.
func foreignDir(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		return "/"
	}
	dir := dirOf(t, 0o700)
	if err := os.Chown(dir, 4711, 4711); err != nil {
		t.Fatal(err)
	}
	return dir
}

func touch(t *testing.T, path string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func exists(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Lstat(path); err != nil {
		t.Error(err)
	}
}

func wantMode(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	if got := modeOf(t, path); got != want {
		t.Errorf("%s has mode %04o, want %04o", path, got, want)
	}
}

func modeOf(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}
