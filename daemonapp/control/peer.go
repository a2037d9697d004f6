package control

import (
	"errors"
	"os/user"
	"strconv"
)

// Peer is the process at the other end of a connection, as the kernel knew it when it connected. What it becomes later
// (another user by setuid, another process that inherits the connection) changes nothing.
type Peer struct {
	// PID may be 0: it is in a process namespace that cannot be seen from here.
	PID int
	UID uint32
	// Groups are its primary group and the supplementary ones. They are those of the process: that somebody has been
	// made a member of a group since they logged in does not count yet.
	Groups []uint32
}

// ErrNoPeer: the system does not tell who is at the other end of a connection.
var ErrNoPeer = errors.New("the system does not tell who connects")

// userName is the name of a user; "uid 1234" without one.
func userName(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil && plainName(u.Username) {
		return u.Username
	}
	return "uid " + id
}

// plainName tells whether a text looks like a user's name: it is to appear in logs and tables.
func plainName(name string) bool {
	if name == "" || len(name) > 64 {
		return false
	}
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_':
		case i > 0 && (c == '-' || c == '.' || c == '@' || c == '\\' || c == '$' || c == '+'):
		default:
			return false
		}
	}
	return true
}
