package spool

import (
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ErrElsewhere means that another directory, or none, has the name that a queue is known by: its own was renamed.
var ErrElsewhere = errors.New("the directory is called something else now")

// Follow takes note that the directory has been renamed to dir. Claims in flight keep the paths they were given. The error
// wraps ErrElsewhere, and nothing has changed, if it is not the directory of that name.
func (q *Queue) Follow(dir string) error {
	dir, err := filepath.Abs(dir)
	if err == nil {
		err = q.isAt(dir)
	}
	if err != nil {
		return q.wrap("follow", err)
	}
	q.dir = dir
	q.ready.forget() // of what has come since it was read, who had that name was told
	return nil
}

// InPlace is an error that wraps ErrElsewhere if the directory is no longer what has its name, whatever became of it.
func (q *Queue) InPlace() error { return q.wrap("look for", q.isAt(q.dir)) }

func (q *Queue) isAt(dir string) error {
	st, err := statAt(unix.AT_FDCWD, dir)
	switch {
	case err != nil && !isMissing(err) && !errors.Is(err, unix.ENOTDIR):
		return err
	case err != nil || st.id != q.id:
		return fmt.Errorf("%w: not %s", ErrElsewhere, dir)
	}
	return nil
}
