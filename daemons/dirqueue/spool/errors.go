package spool

import (
	"errors"
	"fmt"
)

var (
	// ErrGone means that the queue's directory has been removed.
	ErrGone = errors.New("the directory is gone")
	// ErrForeign means that .peakd or something in it is not a directory that belongs to this process's user alone.
	ErrForeign = errors.New("the reserved folder is not this user's own")
	// ErrReserved means that a directory is the reserved folder of a queue, or lies in it.
	ErrReserved = errors.New("it is the reserved folder of a queue")
	// ErrDegraded means that the disk has refused to keep something. What was written since the last success may be lost
	// at a power cut, however often one asks again, so nothing more is acknowledged or claimed until the queue is opened anew.
	ErrDegraded = errors.New("degraded: a sync has failed")
	// ErrName means that a file cannot have that name in a queue.
	ErrName = errors.New("not a name for a queued file")
	// ErrLost means that a claimed file is not where it was claimed to: its handler, or somebody, has taken it away.
	ErrLost = errors.New("the claimed file is gone")
	// ErrReason means that a file was set aside, but its reason could not be written beside it.
	ErrReason = errors.New("the reason was not kept")
	// ErrReadOnly means that the queue was opened for looking only.
	ErrReadOnly = errors.New("opened for reading only")
	// ErrBusy means that another process holds what is asked for, for a moment.
	ErrBusy = errors.New("in use by another process")
	// ErrOccupied means that other files of that name stand in every place.
	ErrOccupied = errors.New("too many files of that name")
)

// degrade remembers a failed sync, and returns it as the reason of all refusals to come.
func degrade(broken *error, what string, err error) error {
	if *broken == nil {
		*broken = fmt.Errorf("%w: %s: %w", ErrDegraded, what, err)
	}
	return *broken
}
