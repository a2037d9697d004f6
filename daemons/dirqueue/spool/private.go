package spool

import (
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// outside refuses the reserved folder of a queue, and what is in it: that is not a queue of its own. A directory that only has the
// name is as good as any.
func outside(dir string) error {
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if filepath.Base(dir) == Reserved && isReservedFolder(dir) {
			return fmt.Errorf("%w: name the directory that it is in", ErrReserved)
		}
	}
	return nil
}

func isReservedFolder(dir string) bool {
	for _, name := range []string{claimDir, retryDir, doneDir, failedDir, tmpDir} {
		if _, err := statAt(unix.AT_FDCWD, dir+"/"+name); err != nil {
			return false
		}
	}
	return true
}

// openPrivate makes and opens the reserved folder. Everything below it is reached through its descriptor, and no other user
// may enter it, so that paths in it need no care for symbolic links.
func (q *Queue) openPrivate() error {
	fd, err := makeOwn(q.fd, Reserved)
	if err != nil {
		return fmt.Errorf("folder %s: %w", Reserved, err)
	}
	st, err := statFD(fd)
	if err != nil {
		closeFD(fd)
		return err
	}
	q.private, q.folderID = fd, st.id
	q.journal.from(".") // the first sync makes the folders last, too, if they are new
	q.journal.into(Reserved)
	for _, name := range []string{claimDir, retryDir, doneDir, failedDir, tmpDir} {
		fd, err := makeOwn(q.private, name)
		if err != nil {
			return fmt.Errorf("folder %s/%s: %w", Reserved, name, err)
		}
		closeFD(fd)
	}
	return nil
}

// openForeign opens the reserved folder for looking, if there is one.
func (q *Queue) openForeign() error {
	fd, err := openAt(q.fd, Reserved, openDir, 0)
	if isMissing(err) {
		return nil
	}
	q.private = fd
	return notAFolder(err)
}

// makeOwn makes and opens a directory that nobody but this user can enter.
func makeOwn(dir int, name string) (int, error) {
	if err := mkdirAt(dir, name); err != nil && !isTaken(err) {
		return -1, err
	}
	return openOwn(dir, name)
}

func openOwn(dir int, name string) (int, error) {
	fd, err := openAt(dir, name, openDir, 0)
	if err != nil {
		return -1, notAFolder(err)
	}
	st, err := statFD(fd)
	if err == nil && st.uid != unix.Geteuid() {
		err = fmt.Errorf("%w: it belongs to user %d, this is user %d", ErrForeign, st.uid, unix.Geteuid())
	}
	if err == nil && st.mode&0o077 != 0 {
		err = fmt.Errorf("%w: its mode is %04o, want 0700", ErrForeign, st.mode&0o7777)
	}
	if err != nil {
		closeFD(fd)
		return -1, err
	}
	return fd, nil
}

func notAFolder(err error) error {
	if errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENOTDIR) {
		return fmt.Errorf("%w: it is no directory: %w", ErrForeign, err)
	}
	return err
}

// probe moves a file of its own from the directory into the folder.
func (q *Queue) probe() error {
	name := tempPrefix + rand.Text()
	fd, err := openAt(q.fd, name, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return fmt.Errorf("make a file in it: %w", err)
	}
	closeFD(fd)
	to := tmpDir + "/" + name
	if err := move(q.fd, name, q.private, to); err != nil {
		_ = unlinkAt(q.fd, name)
		return fmt.Errorf("move a file into %s: %w", Reserved, err)
	}
	return unlinkAt(q.private, to)
}

// folderTries is how often a folder is made anew that others, who found it empty, have removed before it was used.
const folderTries = 1000

// folder makes and opens a folder below the reserved one, for holding.
func (q *Queue) folder(path string) (fd int, err error) {
	for range folderTries {
		if fd, err = openAt(q.private, path, openDir, 0); !isMissing(err) {
			return fd, err
		}
		if err := q.makeFolder(path); err != nil {
			return -1, err
		}
	}
	return -1, err
}

// makeFolder makes the folders of a path, and notes for the next sync that they are new.
func (q *Queue) makeFolder(path string) error {
	parent := parentOf(path)
	err := mkdirAt(q.private, path)
	for try := 0; isMissing(err) && parent != "" && try < folderTries; try++ {
		if err := q.makeFolder(parent); err != nil {
			return err
		}
		err = mkdirAt(q.private, path)
	}
	if err != nil && !isTaken(err) {
		return fmt.Errorf("make folder %s: %w", path, err)
	}
	if err == nil {
		q.journal.into(Reserved + "/" + parent)
	}
	return nil
}

// parentOf is the path without its last component.
func parentOf(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '/' {
			return path[:i]
		}
	}
	return ""
}
