package history_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	_ "modernc.org/sqlite"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/history"
	"github.com/peakd/peakd/daemonapp/schedule"
)

func TestModes(t *testing.T) {
	t.Parallel()
	rec := record(t, "", history.Options{})
	rec.see(ended("a", start(), schedule.Worked))
	if got := mode(t, rec.dir); got != 0o700 {
		t.Errorf("the directory has mode %04o", got)
	}
	for _, name := range []string{"history.db", "history.db-wal", "history.db-shm", "history.lock"} {
		if got := mode(t, filepath.Join(rec.dir, name)); got != 0o600 {
			t.Errorf("%s has mode %04o", name, got)
		}
	}
}

// What is wrong is told once, nothing is changed, the app does not notice, and when it is mended, history goes on
// with what was kept meanwhile.
func TestFilesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, dir, file string)
		want  error
		says  string
		mend  func(dir, file string) error
	}{
		{"newer", func(t *testing.T, _, file string) { exec(t, file, "PRAGMA user_version = 99") }, history.ErrNewer, "schema 99", moveAway},
		{"another program's", func(t *testing.T, _, file string) { exec(t, file, "PRAGMA application_id = 7") }, history.ErrDamaged, "begin a new history", moveAway},
		{"text", func(t *testing.T, _, file string) { write(t, file, []byte(strings.Repeat("hello ", 1000))) }, history.ErrDamaged, "move it away", moveAway},
		{"another schema", func(t *testing.T, _, file string) { exec(t, file, "ALTER TABLE entry RENAME COLUMN why TO because") }, history.ErrDamaged, "no column named why", moveAway},
		{"a symbolic link", func(t *testing.T, dir, file string) {
			target := filepath.Join(t.TempDir(), "precious")
			if err := errors.Join(os.Rename(file, target), os.Symlink(target, file)); err != nil {
				t.Fatal(err)
			}
		}, history.ErrUnsafe, "not a regular file", moveAway},
		{"a directory that others can write", func(t *testing.T, dir, _ string) {
			if err := os.Chmod(dir, 0o777); err != nil {
				t.Fatal(err)
			}
		}, history.ErrUnsafe, "chmod 0700", func(dir, _ string) error { return os.Chmod(dir, 0o700) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := closedHistory(t, 10)
			path := filepath.Join(dir, history.FileName)
			c.spoil(t, dir, path)
			before := contents(t, path)
			synctest.Test(t, func(t *testing.T) {
				rec := record(t, dir, history.Options{})
				for range 50 {
					rec.Observe(ended("a", time.Now(), schedule.Worked))
					time.Sleep(10 * time.Second)
				}
				err := rec.tells()
				if c.want != nil && !errors.Is(err, c.want) || err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), dir) {
					t.Errorf("told %v, want %v that says %q", err, c.want, c.says)
				}
				if len(rec.told) > 0 {
					t.Errorf("told once more: %v", <-rec.told)
				}
				if !bytes.Equal(contents(t, path), before) {
					t.Error("the file was changed")
				}
				if err := c.mend(dir, path); err != nil {
					t.Fatal(err)
				}
				time.Sleep(2 * time.Minute)
				if err := rec.tells(); err != nil {
					t.Errorf("told %v, want that all is well again", err)
				}
				rec.closed()
				if got := len(entries(t, dir, history.Query{Names: []string{"a"}})); got < 50 {
					t.Errorf("%d entries were kept, want 50", got)
				}
			})
		})
	}
}

// While nothing can be written a bounded number of entries is kept; how many are missing is an entry of its own.
func TestDroppedEntriesAreCounted(t *testing.T) {
	t.Parallel()
	dir := closedHistory(t, 1)
	path := filepath.Join(dir, history.FileName)
	exec(t, path, "PRAGMA user_version = 99")
	synctest.Test(t, func(t *testing.T) {
		rec := record(t, dir, history.Options{Buffer: 100})
		time.Sleep(time.Second)
		for n := range 1000 {
			rec.Observe(begun("a", time.Now().Add(time.Duration(n))))
			rec.Observe(ended("a", time.Now().Add(time.Duration(n)), schedule.Worked))
		}
		exec(t, path, "PRAGMA user_version = 1")
		time.Sleep(2 * time.Minute)
		rec.see(ended("b", time.Now(), schedule.Worked))
		rec.closed()
		kept, dropped := 0, 0
		for _, e := range entries(t, dir, history.Query{Since: time.Now().Add(-time.Hour)}) {
			switch {
			case e.Kind == history.Dropped:
				dropped += e.Times
			case e.Daemon == "a":
				kept++
			}
		}
		if kept == 0 || dropped == 0 || kept+dropped != 1000 || rec.Dropped() != int64(dropped) {
			t.Errorf("%d kept and %d dropped (%d told), want 1000 together", kept, dropped, rec.Dropped())
		}
	})
}

// Output does not fill the memory while nothing can be written: it is left out, and how much of it is told.
func TestOutputHasABudget(t *testing.T) {
	t.Parallel()
	dir := closedHistory(t, 1)
	path := filepath.Join(dir, history.FileName)
	exec(t, path, "PRAGMA user_version = 99")
	rec := record(t, dir, history.Options{BufferBytes: 1000})
	if err := rec.tells(); !errors.Is(err, history.ErrNewer) {
		t.Fatal(err)
	}
	for n := range 3 {
		e := ended("a", start().Add(time.Duration(n)*time.Hour), schedule.Worked)
		e.Report = &daemonapp.Report{Head: bytes.Repeat([]byte("x"), 400), PeakBytes: 7}
		rec.Observe(e)
	}
	exec(t, path, "PRAGMA user_version = 1")
	rec.see()
	list := entries(t, dir, history.Query{Names: []string{"a"}, OldestFirst: true})
	o, err := reader(t, dir).Output(t.Context(), list[2].ID)
	if err != nil || len(o.Head) != 0 || o.Dropped != 400 || list[2].PeakBytes != 7 || list[1].OutputBytes != 400 {
		t.Errorf("%v: %+v of %+v", err, o, list)
	}
}

// Somebody takes the file away under a running app: the history goes on in a new one.
func TestFileTakenAway(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	synctest.Test(t, func(t *testing.T) {
		rec := record(t, dir, history.Options{})
		rec.see(ended("a", time.Now(), schedule.Worked))
		if err := moveAway(dir, filepath.Join(dir, history.FileName)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		rec.see(ended("b", time.Now(), schedule.Worked))
		rec.closed()
		if got := briefly(entries(t, dir, history.Query{})); len(got) != 1 || got[0] != "b worked" {
			t.Errorf("the new file has %q", got)
		}
	})
}

// A second process waits for the first to leave the file.
func TestOneWriterAFile(t *testing.T) {
	t.Parallel()
	first := record(t, "", history.Options{})
	first.see(ended("a", start(), schedule.Worked))
	second := record(t, first.dir, history.Options{})
	if err := second.tells(); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("(pid %d)", os.Getpid())) {
		t.Errorf("the second was told %v", err)
	}
	second.Observe(ended("b", start().Add(time.Hour), schedule.Worked))
	if err := second.Flush(); err == nil {
		t.Error("two wrote to one file")
	}
	first.closed()
	second.see()
	if got := briefly(entries(t, first.dir, history.Query{OldestFirst: true})); strings.Join(got, ", ") != "a worked, b worked" {
		t.Errorf("got %q", got)
	}
}

// Close does not wait for a disk for ever, and what cannot be written is told.
func TestCloseHasPatience(t *testing.T) {
	t.Parallel()
	rec := record(t, "", history.Options{})
	rec.see(ended("a", start(), schedule.Worked))
	db, err := sql.Open("sqlite", filepath.Join(rec.dir, history.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("BEGIN IMMEDIATE"); err != nil { // as a disk that hangs
		t.Fatal(err)
	}
	rec.Observe(ended("b", start(), schedule.Worked))
	if err := rec.Close(50 * time.Millisecond); err == nil {
		t.Error("closed while nothing could be written")
	}
	if _, err := db.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	rec.closed()
	if got := len(entries(t, rec.dir, history.Query{})); got != 2 {
		t.Errorf("%d entries, want 2", got)
	}
}

func TestCloseTellsWhatIsLost(t *testing.T) {
	t.Parallel()
	dir := closedHistory(t, 1)
	exec(t, filepath.Join(dir, history.FileName), "PRAGMA user_version = 99")
	rec := record(t, dir, history.Options{})
	rec.Observe(ended("a", start(), schedule.Worked))
	rec.Observe(ended("b", start(), schedule.Worked))
	for range 2 {
		if err := rec.Close(patience); !errors.Is(err, history.ErrNewer) || !strings.Contains(err.Error(), "2 entries") {
			t.Errorf("close: %v, want how many are lost, and why", err)
		}
	}
	rec.Observe(ended("c", start(), schedule.Worked))
	if err := rec.Flush(); err == nil {
		t.Error("flush after close succeeded")
	}
}

// Whatever bytes of the file change, recording and reading end in success or in an error; nothing crashes.
func FuzzDamage(f *testing.F) {
	dir := closedHistory(f, 200)
	whole := contents(f, filepath.Join(dir, history.FileName))
	for _, at := range []uint32{0, 16, 18, 28, 52, 60, 100, 4096, 4104, 8192, 12288, 20480, 28672} {
		f.Add(at, []byte{0})
		f.Add(at, []byte("\xff\xff\xff"))
	}
	f.Fuzz(func(t *testing.T, at uint32, patch []byte) {
		dir := filepath.Join(t.TempDir(), "state")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		broken := bytes.Clone(whole)
		copy(broken[int(at)%len(broken):], patch)
		write(t, filepath.Join(dir, history.FileName), broken)
		rec := record(t, dir, history.Options{KeepRuns: 10})
		rec.Observe(ended("a", start(), schedule.Worked))
		_ = rec.Close(patience) // refusing it is as good
		r, err := history.OpenReader(dir)
		if err != nil {
			return
		}
		defer r.Close()
		list, _ := r.Entries(t.Context(), history.Query{})
		for _, e := range list[:min(len(list), 5)] {
			_, _ = r.Output(t.Context(), e.ID)
		}
		_, _ = r.Durations(t.Context(), nil, 10)
		_, _ = r.Outcomes(t.Context(), time.Time{}, 10)
	})
}

// closedHistory is the directory of a history of some runs of two daemons.
func closedHistory(t testing.TB, n int) string {
	t.Helper()
	rec := record(t, "", history.Options{})
	for i := range n {
		e := ended([]string{"old", "older"}[i%2], start().Add(time.Duration(i)*time.Minute), []schedule.Outcome{schedule.Worked, schedule.Failed}[i/2%2])
		e.Report = &daemonapp.Report{Head: bytes.Repeat([]byte("some output "), 100)}
		rec.Observe(e)
	}
	rec.closed()
	return rec.dir
}

func exec(t testing.TB, file, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func ask(t testing.TB, file, text string) (answer string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(text).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return answer
}

func contents(t testing.TB, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func write(t testing.TB, file string, text []byte) {
	t.Helper()
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func moveAway(_, file string) error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Rename(file+suffix, file+".old"+suffix); err != nil && (suffix == "" || !errors.Is(err, fs.ErrNotExist)) {
			return err
		}
	}
	return nil
}
