package control

import (
	"errors"
	"fmt"
	"net"
	"unsafe"

	"golang.org/x/sys/unix"
)

// peerKnown tells that the system tells who connects.
const peerKnown = true

// peerOf asks the kernel. Both answers are from the moment of connect(2), so that nothing the peer does meanwhile is in
// between: neither the groups in /proc/PID/status nor those of the user database are looked at.
func peerOf(c *net.UnixConn) (Peer, error) {
	var p Peer
	err := onSocket(c, func(fd int) error {
		cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
		if err != nil {
			return fmt.Errorf("read peer credentials: %w", err)
		}
		p.PID, p.UID = int(cred.Pid), cred.Uid
		groups, err := peerGroups(fd)
		if err != nil {
			return err
		}
		p.Groups = append(groups, cred.Gid)
		return nil
	})
	return p, err
}

func onSocket(c *net.UnixConn, do func(fd int) error) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return fmt.Errorf("read peer credentials: %w", err)
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = do(int(fd)) }); err != nil {
		return fmt.Errorf("read peer credentials: %w", err)
	}
	return inner
}

// peerGroups are the supplementary groups of the peer; none where the kernel, older than 4.13, does not tell: a member
// by its primary group is still one.
func peerGroups(fd int) ([]uint32, error) {
	groups := make([]uint32, 32)
	for {
		size := uint32(len(groups) * 4)
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_PEERGROUPS,
			uintptr(unsafe.Pointer(&groups[0])), uintptr(unsafe.Pointer(&size)), 0)
		switch {
		case errno == 0:
			return groups[:min(int(size)/4, len(groups))], nil
		case errno == unix.ERANGE && int(size)/4 > len(groups):
			groups = make([]uint32, size/4) // the kernel has said how many there are
		case errors.Is(errno, unix.ENOPROTOOPT):
			return nil, nil
		default:
			return nil, fmt.Errorf("read peer groups: %w", errno)
		}
	}
}
