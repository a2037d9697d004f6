package statedb

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
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
	if err := r.open(dir); err != nil {
		return nil, fmt.Errorf("read state %s: %w", r.path, errors.Join(explain(err), r.Close()))
	}
	return r, nil
}

func (r *Reader) open(dir string) error {
	if err := checkReadable(dir, r.path); err != nil {
		return err
	}
	db, err := connect(r.path, "ro")
	if err != nil {
		return err
	}
	r.db = db
	version, err := checkVersion(db, len(schema()))
	switch {
	case err != nil:
		return err
	case version == 0:
		// An app was stopped before it could make the first table.
		return fs.ErrNotExist
	case version < len(schema()):
		return fmt.Errorf("schema %d is older than this program's; run the app once with it", version)
	}
	return nil
}

func checkReadable(dir, path string) error {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: %s is not a regular file", ErrUnsafe, path)
	}
	owner := os.Geteuid()
	if owner == 0 {
		owner = ownerOf(info)
	}
	return checkDir(dir, owner)
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
