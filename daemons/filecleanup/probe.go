package filecleanup

import (
	"bytes"
	"errors"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// probe tells whether a file is in use.
type probe struct {
	mode string
	// sockets is the kernel's list of bound sockets, read once a pass.
	sockets     []byte
	socketsRead bool
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
	found := p.ask(fd, st)
	if found != free {
		closeFD(fd)
		return -1, found, nil
	}
	return fd, free, nil
}

func (p *probe) ask(fd int, st info) usage {
	now, err := statFD(fd)
	if err != nil || !now.same(st) {
		return altered
	}
	if p.mode == useLease {
		used, err := lease(fd)
		if err == nil && used {
			return inUse
		}
		if err == nil {
			return free
		}
		// Not our file and no CAP_LEASE, or a file system without leases: look for a lock instead.
	}
	if locked(fd) {
		return inUse
	}
	return free
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
	if runtime.GOOS != "linux" {
		return inUse
	}
	if !p.socketsRead {
		list, err := os.ReadFile("/proc/net/unix")
		if err != nil {
			return inUse
		}
		p.sockets, p.socketsRead = list, true
	}
	if bytes.Contains(p.sockets, []byte("/"+name+"\n")) || bytes.Contains(p.sockets, []byte(" "+name+"\n")) {
		return inUse
	}
	return free
}
