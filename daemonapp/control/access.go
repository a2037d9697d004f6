package control

import (
	"fmt"
	"os/user"
	"slices"
	"strconv"
	"strings"
)

// role is what a peer may do.
type role uint8

const (
	stranger role = iota // nothing
	viewer               // look
	operator             // look and steer
)

// access says who may do what.
type access struct {
	self  uint32 // the user that the app runs as
	steer *group // nil: no group
	view  *group // nil: no group
}

// group is a group of the system.
type group struct {
	name string
	gid  uint32
}

// lookupGroup finds a group by its name or number; nil for an empty name.
func lookupGroup(attribute, name string) (*group, error) {
	if name == "" {
		return nil, nil //nolint:nilnil // no group is an answer
	}
	if n, err := strconv.ParseUint(name, 10, 32); err == nil {
		return &group{name, uint32(n)}, nil
	}
	g, err := user.LookupGroup(name)
	if err != nil {
		return nil, fmt.Errorf("find %s %q of control: %w; a number works without a name", attribute, name, err)
	}
	gid, err := strconv.ParseUint(g.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("find %s %q of control: its number is %q", attribute, name, g.Gid)
	}
	return &group{name, uint32(gid)}, nil
}

func (a *access) role(p Peer) role {
	switch {
	case p.UID == 0, p.UID == a.self, a.steer.has(p):
		return operator
	case a.view.has(p):
		return viewer
	}
	return stranger
}

func (g *group) has(p Peer) bool { return g != nil && slices.Contains(p.Groups, g.gid) }

// owner tells whether the peer is one for whom there is always room.
func (a *access) owner(p Peer) bool { return p.UID == 0 || p.UID == a.self }

// may checks that a peer may look, or steer.
func (a *access) may(p Peer, steers bool) error {
	r := a.role(p)
	switch {
	case r == operator, r == viewer && !steers:
		return nil
	case r == viewer:
		return forbidden(a.who(a.steer), "%s may look at this app, and not steer it", userName(p.UID))
	}
	return forbidden(a.who(a.steer, a.view), "%s may not look at this app", userName(p.UID))
}

// who says who may.
func (a *access) who(groups ...*group) string {
	who := []string{"root"}
	if a.self != 0 {
		who = append(who, userName(a.self))
	}
	for _, g := range groups {
		if g != nil {
			who = append(who, "members of the group "+g.name)
		}
	}
	if len(who) == 1 {
		return "only root may"
	}
	return strings.Join(who[:len(who)-1], ", ") + " and " + who[len(who)-1] + " may"
}

// record is who a peer is, for the app's events. Of root it says, too, who says that they used sudo: that is their word,
// and root could write anything into it.
func record(p Peer, sudo string) string {
	name := userName(p.UID)
	if p.UID == 0 && plainName(sudo) && sudo != name {
		return fmt.Sprintf("%s (sudo %s)", name, sudo)
	}
	return name
}
