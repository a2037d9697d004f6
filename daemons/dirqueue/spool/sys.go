package spool

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// kind is what a directory entry is.
type kind uint8

const (
	kindUnknown kind = iota // the file system does not tell
	kindFile
	kindDirectory
	kindOther
)

// entry is a directory entry; its name is good until the next is read.
type entry struct {
	name []byte
	kind kind
}

// stat is what the queue looks at of a file.
type stat struct {
	id       Identity
	mode     uint32
	uid, gid int
	links    uint64
	size     int64
	modified time.Time
	changed  time.Time
}

func (s stat) isFile() bool { return s.mode&unix.S_IFMT == unix.S_IFREG }
func statFD(fd int) (stat, error) {
	var st unix.Stat_t
	err := again(func() error { return unix.Fstat(fd, &st) })
	return statOf(&st), err
}

// statAt does not follow a symbolic link.
func statAt(dir int, name string) (stat, error) {
	var st unix.Stat_t
	err := again(func() error { return unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	return statOf(&st), err
}

const openDir = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC

// openFile never blocks: not on a FIFO, and not on who holds a lease.
const openFile = unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC

func openAt(dir int, name string, flags int, mode uint32) (int, error) {
	fd := -1
	err := again(func() (err error) {
		fd, err = unix.Openat(dir, name, flags, mode)
		return err
	})
	return fd, err
}

func closeFD(fd int) {
	if fd >= 0 {
		_ = unix.Close(fd)
	}
}

func mkdirAt(dir int, name string) error {
	return again(func() error { return unix.Mkdirat(dir, name, 0o700) })
}

func unlinkAt(dir int, name string) error {
	return again(func() error { return unix.Unlinkat(dir, name, 0) })
}

func rmdirAt(dir int, name string) error {
	return again(func() error { return unix.Unlinkat(dir, name, unix.AT_REMOVEDIR) })
}

// lockFD takes the exclusive lock of an open file or directory, or answers EWOULDBLOCK. It is never given back but by
// closing: an explicit unlock would take it from the handlers that have inherited it.
func lockFD(fd int) error {
	return again(func() error { return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) })
}

// again repeats a call that a signal has interrupted.
func again(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

func isMissing(err error) bool { return errors.Is(err, unix.ENOENT) }
func isTaken(err error) bool   { return errors.Is(err, unix.EEXIST) }
