package statedb_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/statedb"
)

func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	dir := closedState(t)
	file := filepath.Join(dir, "state.db")
	newer := statedb.Schema() + 1
	query(t, file, fmt.Sprintf("PRAGMA user_version = %d", newer))
	before := contents(t, file)
	for name, open := range openers() {
		err := open(dir)
		wantError(t, err, statedb.ErrNewer)
		if err != nil && !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %q does not name the file", name, err)
		}
	}
	if !bytes.Equal(contents(t, file), before) {
		t.Error("the file was changed")
	}
}

func TestOtherFilesAreRefused(t *testing.T) {
	t.Parallel()
	noise := make([]byte, 64<<10)
	random := rand.New(rand.NewPCG(1, 1))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	for name, make := range map[string]func(t *testing.T, file string){
		"text":             func(t *testing.T, file string) { write(t, file, []byte(strings.Repeat("hello ", 1000))) },
		"noise":            func(t *testing.T, file string) { write(t, file, noise) },
		"another database": func(t *testing.T, file string) { query(t, file, "CREATE TABLE daemon (x)") },
		"another schema": func(t *testing.T, file string) {
			write(t, file, contents(t, filepath.Join(closedState(t), "state.db")))
			query(t, file, "ALTER TABLE daemon RENAME COLUMN gone TO went")
		},
		"a version below none": func(t *testing.T, file string) {
			write(t, file, contents(t, filepath.Join(closedState(t), "state.db")))
			query(t, file, "PRAGMA user_version = -1")
		},
		"another program's": func(t *testing.T, file string) {
			query(t, file, "PRAGMA application_id = 7; PRAGMA user_version = 1")
		},
		"cut short": func(t *testing.T, file string) {
			whole := contents(t, filepath.Join(closedState(t), "state.db"))
			write(t, file, whole[:len(whole)/2])
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := dirOf(t, 0o700)
			file := filepath.Join(dir, "state.db")
			make(t, file)
			before := contents(t, file)
			err := openers()["app"](dir)
			wantError(t, err, statedb.ErrDamaged)
			if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "move it away") {
				t.Errorf("%v names neither the file nor the way out", err)
			}
			if !bytes.Equal(contents(t, file), before) {
				t.Error("the file was changed")
			}
			// Nothing holds the directory after a refusal; the way out leads out.
			moveAway(t, file)
			save(t, open(t, dir), daemonapp.Memory{Name: "a"})
		})
	}
}

// Whatever page is overwritten, the app is told at its start.
func TestDamagedPages(t *testing.T) {
	t.Parallel()
	const page = 4096
	whole := contents(t, filepath.Join(closedState(t), "state.db"))
	for at := 0; at < len(whole); at += page {
		dir := dirOf(t, 0o700)
		file := filepath.Join(dir, "state.db")
		broken := bytes.Clone(whole)
		copy(broken[at:at+page], bytes.Repeat([]byte{0xa5}, page))
		write(t, file, broken)
		wantError(t, openers()["app"](dir), statedb.ErrDamaged)
	}
}

// Whatever bytes of the file change, the app is told at its start, or works with what it reads, or is
// told of the damage; it never crashes.
func FuzzDamage(f *testing.F) {
	dir := f.TempDir()
	db, err := statedb.Open(dir)
	if err != nil {
		f.Fatal(err)
	}
	batch := []daemonapp.Memory{{Name: "a"}, {Name: "b", Disarmed: strings.Repeat("why ", 2000)}, {Name: "c"}}
	if err := errors.Join(db.Save(batch), db.SaveApplied(applied("1")), db.Close()); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(dir, "state.db"))
	if err != nil {
		f.Fatal(err)
	}
	for _, at := range []uint32{0, 16, 18, 28, 60, 68, 100, 103, 4096, 4104, 8192, 12288} {
		f.Add(at, []byte{0})
		f.Add(at, []byte{9})
		f.Add(at, []byte("\xff\xff"))
	}
	f.Fuzz(func(t *testing.T, at uint32, patch []byte) {
		dir := dirOf(t, 0o700)
		broken := bytes.Clone(whole)
		copy(broken[int(at)%len(broken):], patch)
		write(t, filepath.Join(dir, "state.db"), broken)
		if err := useOnce(dir); err != nil && !errors.Is(err, statedb.ErrDamaged) {
			t.Errorf("got %v, want nothing or damage", err)
		}
	})
}

func useOnce(dir string) error {
	db, err := statedb.Open(dir)
	if err != nil {
		return nil //nolint:nilerr // refusing it is as good
	}
	_, loaded := db.Load()
	_, _, applied := db.LoadApplied()
	saved := db.Save([]daemonapp.Memory{{Name: "b"}, {Name: "d"}})
	return errors.Join(loaded, applied, saved, db.Close())
}

// Schema 1 is what the first release wrote: nothing of it is lost, and what is new is not there yet.
func TestSchema1(t *testing.T) {
	t.Parallel()
	dir := dirOf(t, 0o700)
	write(t, filepath.Join(dir, "state.db"), contents(t, filepath.Join("testdata", "schema1.db")))
	if _, err := statedb.OpenReader(dir); err == nil || !strings.Contains(err.Error(), "older") {
		t.Errorf("a reader of schema 1: %v, want that it is older", err)
	}
	db := open(t, dir)
	at := time.Date(2026, 11, 23, 6, 0, 0, 7, time.UTC)
	disarmed := daemonapp.Memory{
		Name: "mail-queues/in", Type: "dir_queue", Digest: "3f9c2a1", Never: true, IdleRuns: 9, Failures: 5,
		Disarmed: "5 failures", LastStart: at, LastEnd: at.Add(time.Minute), LastSuccess: at.Add(-time.Hour),
		LastOutcome: schedule.Failed, Gone: at.Add(2 * time.Hour),
	}
	wantMemories(t, db, daemonapp.Memory{Name: "collective", Next: at, LastOutcome: schedule.Worked}, disarmed)
	if a, ok, err := db.LoadApplied(); !ok || err != nil || a.Digest != "1" || len(a.Daemons) != 3 {
		t.Errorf("applied configuration: %+v, %v, %v", a, ok, err)
	}
	disarmed.Pause = daemonapp.Pause{Since: at, Until: at.Add(time.Hour), Who: "alice", Why: "DB migration"}
	disarmed.SkipNext = true
	save(t, db, disarmed)
	if got := load(t, db)[disarmed.Name]; got != disarmed {
		t.Errorf("got %+v, want %+v", got, disarmed)
	}
	if version := query(t, filepath.Join(dir, "state.db"), "PRAGMA user_version"); version != "2" {
		t.Errorf("schema %s after the migration, want 2", version)
	}
}

// openers are the two ways to open a directory, closing it at once.
func openers() map[string]func(dir string) error {
	return map[string]func(string) error{
		"app": func(dir string) error {
			db, err := statedb.Open(dir)
			if err != nil {
				return err
			}
			return db.Close()
		},
		"reader": func(dir string) error {
			r, err := statedb.OpenReader(dir)
			if err != nil {
				return err
			}
			return r.Close()
		},
	}
}

// closedState is the directory of a state that was saved to and closed.
func closedState(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	db := open(t, dir)
	for n := range 100 {
		save(t, db, daemonapp.Memory{Name: fmt.Sprint("d", n), Disarmed: strings.Repeat("why ", 50)})
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// query runs SQL on a file and returns what a last query gives.
func query(t *testing.T, file, text string) string {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var value sql.NullString
	if err := db.QueryRow(text).Scan(&value); err != nil && !errors.Is(err, sql.ErrNoRows) {
		t.Fatalf("%s: %v", text, err)
	}
	return value.String
}

func contents(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func write(t *testing.T, file string, text []byte) {
	t.Helper()
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func moveAway(t *testing.T, file string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		err := os.Rename(file+suffix, file+".old"+suffix)
		if err != nil && (suffix == "" || !os.IsNotExist(err)) {
			t.Fatal(err)
		}
	}
}
