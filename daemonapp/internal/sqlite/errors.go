package sqlite

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var (
	// ErrLocked is what errors.Is finds in a [LockedError]: another app holds the directory.
	ErrLocked = errors.New("directory is in use")
	// ErrUnsafe: the directory, or a file in it, could have been written by others.
	ErrUnsafe = errors.New("not private")
	// ErrNewer: the file was written by a version with a schema this one does not know.
	ErrNewer = errors.New("of a newer version")
	// ErrDamaged: the file is not a database of its kind, or no longer one.
	ErrDamaged = errors.New("damaged")
)

// LockedError tells who holds a directory.
type LockedError struct {
	Dir string
	// PID is the holder's process, 0 if that could not be told.
	PID int
}

// Error implements error.
func (e *LockedError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("another peakd app uses %s", e.Dir)
	}
	return fmt.Sprintf("another peakd app uses %s (pid %d)", e.Dir, e.PID)
}

// Is makes errors.Is(err, ErrLocked) true.
func (e *LockedError) Is(target error) bool { return target == ErrLocked }

// Explain adds to an error of SQLite what it means for the file and what the operator can do.
func (f File) Explain(err error) error {
	if damaged(err) {
		return fmt.Errorf("%w; it was left as it is: move it away, with its -wal and -shm, %s", markDamaged(err), f.Fresh)
	}
	return err
}

func damaged(err error) bool {
	if errors.Is(err, ErrDamaged) {
		return true
	}
	switch resultCode(err) {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return true
	case sqlite3.SQLITE_ERROR:
		// The statements are constant: one that does not fit met tables that are not this schema's.
		return true
	}
	return false
}

func markDamaged(err error) error {
	if errors.Is(err, ErrDamaged) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// resultCode is SQLite's primary result code, 0 if err is not one of its errors.
func resultCode(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code() & 0xff
}
