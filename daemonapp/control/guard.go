package control

import (
	"net"
	"sync"
)

// How many connections there may be at once: of root and the own user, of all others, of each of these users, and of
// those who may do nothing and are only told so.
const (
	maxOwners    = 256
	maxOthers    = 128
	maxUser      = 32
	maxStrangers = 16
)

// guarded is a listener that knows who connects, and leaves nobody less room because of others.
type guarded struct {
	*net.UnixListener
	access *access

	mu        sync.Mutex // guards all below
	owners    int
	others    int
	strangers int
	users     map[uint32]int
}

// guest is a connection whose peer is known.
type guest struct {
	*net.UnixConn
	peer  Peer
	leave func()
}

// Accept implements [net.Listener]. A connection for which there is no room is closed.
func (g *guarded) Accept() (net.Conn, error) {
	for {
		c, err := g.AcceptUnix()
		if err != nil {
			return nil, err
		}
		if peer, err := peerOf(c); err == nil {
			if leave := g.enter(peer); leave != nil {
				return &guest{c, peer, sync.OnceFunc(leave)}, nil
			}
		}
		_ = c.Close()
	}
}

// Close implements [net.Conn].
func (g *guest) Close() error {
	g.leave()
	return g.UnixConn.Close()
}

// enter makes room for a peer; nil if there is none.
func (g *guarded) enter(p Peer) (leave func()) {
	count, limit := &g.others, maxOthers
	switch {
	case g.access.owner(p):
		count, limit = &g.owners, maxOwners
	case g.access.role(p) == stranger:
		count, limit = &g.strangers, maxStrangers
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if *count >= limit || count == &g.others && g.users[p.UID] >= maxUser {
		return nil
	}
	if g.users == nil {
		g.users = map[uint32]int{}
	}
	*count++
	g.users[p.UID]++
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		*count--
		if g.users[p.UID]--; g.users[p.UID] == 0 {
			delete(g.users, p.UID)
		}
	}
}
