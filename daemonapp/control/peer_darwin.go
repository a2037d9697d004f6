package control

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// peerKnown tells that the system tells who connects.
const peerKnown = true

// peerOf asks the kernel. The credentials are from the moment of connect(2); the groups are the first 16.
func peerOf(c *net.UnixConn) (Peer, error) {
	var p Peer
	raw, err := c.SyscallConn()
	if err != nil {
		return p, fmt.Errorf("read peer credentials: %w", err)
	}
	var inner error
	err = raw.Control(func(fd uintptr) {
		cred, err := unix.GetsockoptXucred(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
		if err != nil {
			inner = err
			return
		}
		p.UID = cred.Uid
		p.Groups = append(p.Groups, cred.Groups[:min(max(int(cred.Ngroups), 0), len(cred.Groups))]...)
		if pid, err := unix.GetsockoptInt(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERPID); err == nil {
			p.PID = pid
		}
	})
	if err == nil {
		err = inner
	}
	if err != nil {
		return p, fmt.Errorf("read peer credentials: %w", err)
	}
	return p, nil
}
