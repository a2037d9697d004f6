package filecleanup

import (
	"bytes"
	"errors"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// probe tells whether a file is in use.
type probe struct {
	mode string
	// sockets is the kernel's list of bound sockets, read once a pass; nil if there is none.
	once    sync.Once
	sockets []byte
}

// usage is what a probe found out.
type usage uint8

const (
	free usage = iota
	inUse
	// altered: the name stands for another file now.
	altered
)

// look tells whether the file is in use. The descriptor it answers, if not -1, holds the lease or lock
// under which the file is removed, and must be closed afterwards. Only regular files are ever opened.
func (p *probe) look(dir int, name string, st info) (int, usage, error) {
	switch {
	case p.mode == useNone:
		return -1, free, nil
	case st.kind == kindSocket:
		return -1, p.socket(name), nil
	case st.kind != kindFile:
		return -1, free, nil
	}
	fd, err := retry(func() (int, error) {
		return unix.Openat(dir, name, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	})
	if isChanged(err) || errors.Is(err, unix.ENXIO) {
		return -1, altered, nil
	}
	if err != nil {
		return -1, inUse, err
	}
	if p.used(fd) {
		closeFD(fd)
		return -1, inUse, nil
	}
	return fd, free, nil
}

// used asks for the lease or the lock. That it is the very file that was selected is not asked here, but
// by the last look before it goes.
func (p *probe) used(fd int) bool {
	if p.mode == useLease {
		if used, err := lease(fd); err == nil {
			return used
		}
		// Not our file and no CAP_LEASE, or a file system without leases: look for a lock instead.
	}
	return locked(fd)
}

// locked tells whether another process holds a lock on an open file or directory.
func locked(fd int) bool {
	return errors.Is(unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB), unix.EWOULDBLOCK)
}

// directory tells whether a directory is not to be entered: with in_use = "flock", one that another
// process has locked, as systemd-tmpfiles has it.
func (p *probe) directory(fd int) bool {
	if p.mode != useFlock {
		return false
	}
	if locked(fd) {
		return true
	}
	_ = unix.Flock(fd, unix.LOCK_UN)
	return false
}

// socket tells whether a socket of that name may be bound. A program need not have bound it by its
// full path, so that the last component must do; where the kernel has no list, every socket is in use.
func (p *probe) socket(name string) usage {
	p.once.Do(func() { p.sockets, _ = os.ReadFile("/proc/net/unix") })
	if len(p.sockets) == 0 {
		return inUse
	}
	if bytes.Contains(p.sockets, []byte("/"+name+"\n")) || bytes.Contains(p.sockets, []byte(" "+name+"\n")) {
		return inUse
	}
	return free
}
