package spool

import (
	"crypto/rand"
	"os"

	"golang.org/x/sys/unix"
)

// temp is a file being written that nobody sees yet: one without a name where there are such, which a crash leaves no
// trace of; else one with a name that no queue takes, locked so that who finds it knows whether its writer lives.
type temp struct {
	*os.File
	fd   int
	dir  int
	path string // "" if it has no name
}

// newTemp makes one in a folder below dir.
func newTemp(dir int, folder string, mode uint32) (*temp, error) {
	if unix.Access("/proc/self/fd", unix.X_OK) == nil {
		below, err := openAt(dir, folder, openDir, 0)
		if err != nil {
			return nil, err
		}
		defer closeFD(below)
		fd, err := openNameless(below, mode)
		if err == nil {
			return &temp{File: os.NewFile(uintptr(fd), "new file"), fd: fd}, nil
		}
		if !isUnsupported(err) {
			return nil, err
		}
	}
	return newNamedTemp(dir, folder, mode)
}

func newNamedTemp(dir int, folder string, mode uint32) (*temp, error) {
	path := folder + "/" + tempPrefix + rand.Text()
	fd, err := openAt(dir, path, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, mode)
	if err != nil {
		return nil, err
	}
	t := &temp{File: os.NewFile(uintptr(fd), path), fd: fd, dir: dir, path: path}
	if err := lockFD(fd); err != nil {
		t.discard()
		return nil, err
	}
	return t, nil
}

// name makes the file visible, or answers EEXIST.
func (t *temp) name(dir int, path string) error {
	if t.path == "" {
		return giveName(t.fd, dir, path)
	}
	err := move(t.dir, t.path, dir, path)
	if err == nil {
		t.path = ""
	}
	return err
}

// discard closes the file, and removes it unless it was named.
func (t *temp) discard() {
	if t.path != "" {
		_ = unlinkAt(t.dir, t.path)
	}
	_ = t.Close()
}

// newFile makes a temporary file in the reserved folder.
func (q *Queue) newFile(mode uint32) (*temp, error) { return newTemp(q.private, tmpDir, mode) }
