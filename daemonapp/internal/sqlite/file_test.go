package sqlite_test

import (
	"bytes"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peakd/peakd/daemonapp/internal/sqlite"
)

const first = "CREATE TABLE a (x); INSERT INTO a VALUES (41)"

func file(steps ...string) sqlite.File {
	return sqlite.File{ID: 7, Steps: steps, Fresh: "to start anew"}
}

func TestMigrationGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	closed(t, path, file(first))
	if db, err := file(first, "UPDATE a SET x = 0; CREATE TABLE a (y)").Open(path); err == nil {
		_ = db.Close()
		t.Fatal("a broken step succeeded")
	}
	const value = "SELECT x || ' ' || user_version FROM a, pragma_user_version"
	if got := ask(t, path, file(first), value); got != "41 1" {
		t.Errorf("after a broken step: value and version are %q, want \"41 1\"", got)
	}
	mended := file(first, "UPDATE a SET x = x + 1")
	for range 2 {
		closed(t, path, mended)
	}
	if got := ask(t, path, mended, value); got != "42 2" {
		t.Errorf("after the mended step: value and version are %q, want \"42 2\"", got)
	}
}

// What is not ours, or not ours any more, is refused and stays as it is.
func TestRefusedFiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		now  sqlite.File
		want error
		says string
	}{
		{"newer", file(first), sqlite.ErrNewer, "schema 2, this one knows up to 1"},
		{"of another kind", sqlite.File{ID: 8, Steps: []string{first}, Fresh: "to start anew"}, sqlite.ErrDamaged, "to start anew"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "a.db")
			closed(t, path, file(first, "UPDATE a SET x = 0"))
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, open := range []func(string) (*sql.DB, error){c.now.Open, c.now.OpenReader} {
				if _, err := open(path); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("got %v, want %v that says %q", err, c.want, c.says)
				}
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
				t.Errorf("the file was changed (%v)", err)
			}
		})
	}
}

func TestReaderOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	if _, err := file(first).OpenReader(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
	closed(t, path, file(first))
	if _, err := file(first, "UPDATE a SET x = 0").OpenReader(path); err == nil || !strings.Contains(err.Error(), "older") {
		t.Errorf("got %v, want that the file is older", err)
	}
}

func TestShrinks(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	f := file(first)
	f.Shrinks = true
	closed(t, path, f)
	if got := ask(t, path, f, "PRAGMA auto_vacuum"); got != "2" {
		t.Errorf("auto_vacuum is %s, want 2 (incremental)", got)
	}
}

func TestSynchronous(t *testing.T) {
	t.Parallel()
	for durable, want := range map[bool]string{true: "2", false: "1"} {
		path := filepath.Join(t.TempDir(), "a.db")
		f := file(first)
		f.Durable = durable
		if got := ask(t, path, f, "PRAGMA synchronous"); got != want {
			t.Errorf("durable %v: synchronous is %s, want %s", durable, got, want)
		}
	}
}

func TestTwoLocksOfOneDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, err := sqlite.Lock(dir, "a")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Unlock()
	b, err := sqlite.Lock(dir, "b")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Unlock()
	if _, err := sqlite.Lock(dir, "a"); !errors.Is(err, sqlite.ErrLocked) {
		t.Errorf("got %v, want %v", err, sqlite.ErrLocked)
	}
}

func closed(t *testing.T, path string, f sqlite.File) {
	t.Helper()
	db, err := f.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func ask(t *testing.T, path string, f sqlite.File, text string) (value string) {
	t.Helper()
	db, err := f.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(text).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}
