// Package statedb keeps what an app remembers over a restart in one SQLite file of a private
// directory: the implementation of [daemonapp.State] that every app has, and the configuration that
// was applied last.
//
// A process that is killed at any instant, or a host that loses power, leaves the file as it was after
// the last call that returned, or after the one in flight. One app at a time holds a directory; a
// [Reader] looks at it from another process meanwhile. [Writer] keeps the disk out of the app's loop.
package statedb

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/internal/sqlite"
)

// DB is an app's state directory, opened and locked. Its methods may be called from any goroutine.
type DB struct {
	path   string
	lock   *flock.Flock
	db     *sql.DB
	upsert *sql.Stmt
}

var _ daemonapp.State = (*DB)(nil)

// Open creates or opens the state in dir and holds it until Close or the end of the process.
//
// A missing dir is created with mode 0700, its parents with 0755. The errors to tell apart are
// [ErrLocked] (another app has it), [ErrUnsafe] (others could have written it), [ErrNewer] and
// [ErrDamaged]; none of them changes or removes anything.
func Open(dir string) (*DB, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open state %s: %w", dir, err)
	}
	if err := sqlite.PrepareDir(dir); err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	lock, err := sqlite.Lock(dir, "lock")
	if err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	d := &DB{path: filepath.Join(dir, fileName), lock: lock}
	if err := d.open(); err != nil {
		return nil, fmt.Errorf("open state %s: %w", d.path, errors.Join(err, d.Close()))
	}
	return d, nil
}

func (d *DB) open() (err error) {
	if d.db, err = file().Open(d.path); err != nil {
		return err
	}
	// A file that cannot be written is told now, not by the first run's end.
	if _, err := d.db.Exec("DELETE FROM daemon WHERE FALSE"); err != nil {
		return explain(err)
	}
	d.upsert, err = d.db.Prepare(upsertSQL)
	return explain(err)
}

// Close gives the directory back. A second Close does nothing.
func (d *DB) Close() error {
	var errs []error
	if d.upsert != nil {
		errs = append(errs, d.upsert.Close())
	}
	if d.db != nil {
		errs = append(errs, d.db.Close())
	}
	errs = append(errs, d.lock.Unlock())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close state %s: %w", d.path, err)
	}
	return nil
}

// Load implements [daemonapp.State].
func (d *DB) Load() (map[string]daemonapp.Memory, error) { return load(d.db, d.path) }

// Save implements [daemonapp.State]. Times beyond the years 1677 to 2262, as saturated waits give
// them, are moved to the nearest time within.
func (d *DB) Save(batch []daemonapp.Memory) error {
	if len(batch) == 0 {
		return nil
	}
	err := sqlite.InTx(d.db, func(tx *sql.Tx) error {
		upsert := tx.Stmt(d.upsert)
		for i := range batch {
			if _, err := upsert.Exec(values(&batch[i])...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("save state %s: %w", d.path, explain(err))
	}
	return nil
}

// Forget implements [daemonapp.State].
func (d *DB) Forget(before time.Time) error {
	if _, err := d.db.Exec(forgetSQL, sqlite.Nanoseconds(before)); err != nil {
		return fmt.Errorf("forget in state %s: %w", d.path, explain(err))
	}
	return nil
}
