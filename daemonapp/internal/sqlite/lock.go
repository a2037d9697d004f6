package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/gofrs/flock"
)

// Lock takes the lock of that name in dir without waiting. The kernel drops it with the process, however
// that ends, and children do not inherit it. The holder's pid stands in the file for people. The error is a
// [LockedError] where another process, or this one, holds it.
func Lock(dir, name string) (*flock.Flock, error) {
	path := filepath.Join(dir, name)
	lock := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW),
		flock.SetPermissions(fileMode))
	locked, err := lock.TryLock()
	if errors.Is(err, syscall.ELOOP) {
		return nil, fmt.Errorf("%w: %s is a symbolic link", ErrUnsafe, path)
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if !locked {
		return nil, &LockedError{Dir: dir, PID: holder(path)}
	}
	// A full disk has no room for the pid; the lock holds without it.
	err = os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"), fileMode)
	if err != nil && !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) {
		return nil, errors.Join(fmt.Errorf("write lock %s: %w", path, err), lock.Unlock())
	}
	return lock, nil
}

// holder is the pid in the lock file, 0 if it is not that of a live process: between taking the lock
// and writing the file, the pid is the one of an earlier holder.
func holder(path string) int {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid <= 0 || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return 0
	}
	return pid
}
