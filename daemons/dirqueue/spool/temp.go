package spool

import (
	"crypto/rand"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// temp is a file being written that nobody sees yet: one without a name where there are such, which a crash leaves no
// trace of; else one with a name that no queue takes, locked so that who finds it knows whether its writer lives.
type temp struct {
	*os.File
	fd   int
	kept int // the same file open for reading, which holds the lock if it has a name; -1 if there is none yet
	dir  int
	path string // "" if it has no name
}

// maker makes a temporary file in a folder below dir.
type maker func(dir int, folder string, mode uint32) (*temp, error)

// makerOfTemps finds out whether files can be given a name later.
func makerOfTemps() maker {
	if unix.Access(openFiles, unix.X_OK) == nil {
		return newTemp
	}
	return newNamedTemp
}

// openFiles is where a process finds its own open files.
const openFiles = "/proc/self/fd"

func openFilePath(fd int) string { return openFiles + "/" + strconv.Itoa(fd) }

func newTemp(dir int, folder string, mode uint32) (*temp, error) {
	fd, err := openNameless(dir, folder, mode)
	if err == nil {
		return &temp{File: os.NewFile(uintptr(fd), "new file"), fd: fd, kept: -1}, nil
	}
	if !isUnsupported(err) {
		return nil, err
	}
	return newNamedTemp(dir, folder, mode)
}

func newNamedTemp(dir int, folder string, mode uint32) (*temp, error) {
	path := folder + "/" + tempPrefix + rand.Text()
	fd, err := openAt(dir, path, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, mode)
	if err != nil {
		return nil, err
	}
	t := &temp{File: os.NewFile(uintptr(fd), path), fd: fd, kept: -1, dir: dir, path: path}
	locked := fd
	if t.kept, err = openAt(dir, path, openFile, 0); err == nil {
		locked = t.kept
	}
	if err := lockFD(locked); err != nil {
		t.discard()
		return nil, err
	}
	return t, nil
}

// seal ends the writing before the file is seen: one that appears while it is open for writing looks unfinished. Where the
// file's mode denies it to be opened for reading, it stays open for writing.
func (t *temp) seal() error {
	if t.kept < 0 && t.path == "" {
		t.kept, _ = openAt(unix.AT_FDCWD, openFilePath(t.fd), openFile&^unix.O_NOFOLLOW, 0)
	}
	if t.kept < 0 {
		return nil
	}
	t.fd = t.kept
	return t.Close()
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
	closeFD(t.kept)
	_ = t.Close()
}

// newFile makes a temporary file in the reserved folder.
func (q *Queue) newFile(mode uint32) (*temp, error) { return makerOfTemps()(q.private, tmpDir, mode) }
