package statedb_test

import (
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/statedb"
)

// What an app remembers of its daemons is there again after a restart.
func Example() {
	dir := exampleDir()
	defer os.RemoveAll(filepath.Dir(dir))
	end := time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)

	// The first life: the loop puts, the writer saves behind its back.
	db, err := statedb.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	w := statedb.NewWriter(db, func(err error) { log.Println("state:", err) })
	w.Put(daemonapp.Memory{
		Name: "collective", LastEnd: end, LastOutcome: schedule.Idle, IdleRuns: 1,
		Next: end.Add(40 * time.Second),
	}, false)
	if err := errors.Join(w.Close(), db.Close()); err != nil {
		log.Fatal(err)
	}

	// The second life.
	db, err = statedb.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	all, err := db.Load()
	if err != nil {
		log.Fatal(err)
	}
	m := all["collective"]
	fmt.Println(m.Name, m.LastOutcome, m.IdleRuns, m.Next.Format(time.TimeOnly))

	// Meanwhile nobody else may have the directory.
	_, err = statedb.Open(dir)
	fmt.Println(errors.Is(err, statedb.ErrLocked))
	// Output:
	// collective idle 1 06:00:40
	// true
}

// A plan is the difference to what was applied last; it is read while the app runs.
func ExampleOpenReader() {
	dir := exampleDir()
	defer os.RemoveAll(filepath.Dir(dir))

	if _, err := statedb.OpenReader(dir); errors.Is(err, fs.ErrNotExist) {
		fmt.Println("nothing was applied yet")
	}

	db, err := statedb.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	err = db.SaveApplied(statedb.Applied{
		App: "mail-host", By: "alice",
		Daemons: []statedb.AppliedDaemon{{
			Name: "session-cleanup", Type: "file_cleanup", Where: "mail.hcl:9",
			Settings: map[string]string{"run_every": "5m"},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}

	r, err := statedb.OpenReader(dir)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	applied, _, err := r.LoadApplied()
	if err != nil {
		log.Fatal(err)
	}
	for _, d := range applied.Daemons {
		fmt.Println(d.Name, d.Where, d.Settings["run_every"])
	}
	// Output:
	// nothing was applied yet
	// session-cleanup mail.hcl:9 5m
}

func exampleDir() string {
	parent, err := os.MkdirTemp("", "peakd")
	if err != nil {
		log.Fatal(err)
	}
	return filepath.Join(parent, "state")
}
