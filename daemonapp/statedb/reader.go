package statedb

import (
	"database/sql"
	"fmt"
	"path/filepath"

	"github.com/peakd/peakd/daemonapp"
)

// Reader looks at a state directory, whether an app holds it or not, and changes nothing an app
// would notice. Its methods may be called from any goroutine; each sees one moment of the state.
type Reader struct {
	path string
	db   *sql.DB
}

// OpenReader opens the state in dir for reading. The error is [fs.ErrNotExist] where no app has
// kept one yet; otherwise those of [Open] but for [ErrLocked]. Root may read every user's.
func OpenReader(dir string) (*Reader, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("read state %s: %w", dir, err)
	}
	r := &Reader{path: filepath.Join(dir, fileName)}
	if r.db, err = file().OpenReader(r.path); err != nil {
		return nil, fmt.Errorf("read state %s: %w", r.path, err)
	}
	return r, nil
}

// Load returns everything known by name, as [DB.Load].
func (r *Reader) Load() (map[string]daemonapp.Memory, error) { return load(r.db, r.path) }

// LoadApplied returns the configuration applied last, and whether there was one.
func (r *Reader) LoadApplied() (Applied, bool, error) { return loadApplied(r.db, r.path) }

// Close ends reading. A second Close does nothing.
func (r *Reader) Close() error {
	if r.db == nil {
		return nil
	}
	if err := r.db.Close(); err != nil {
		return fmt.Errorf("close state %s: %w", r.path, err)
	}
	return nil
}
