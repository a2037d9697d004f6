package statedb

import "github.com/peakd/peakd/daemonapp/internal/sqlite"

var (
	// ErrLocked is what errors.Is finds in a [LockedError]: another app holds the directory.
	ErrLocked = sqlite.ErrLocked
	// ErrUnsafe: the directory, or a file in it, could have been written by others.
	ErrUnsafe = sqlite.ErrUnsafe
	// ErrNewer: the file was written by a version with a schema this one does not know.
	ErrNewer = sqlite.ErrNewer
	// ErrDamaged: the file is not a state database, or no longer one.
	ErrDamaged = sqlite.ErrDamaged
)

// LockedError tells who holds a state directory.
type LockedError = sqlite.LockedError
