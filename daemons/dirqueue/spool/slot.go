package spool

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// slot is a claim directory with its lock: what is claimed into one slot is given free together. A handler that holds the
// lock of its slot after its daemon has died keeps those files, and no others.
type slot struct {
	name     string // OWNER.SLOT
	lock     *os.File
	folders  map[tally]*place
	inFlight []*Claimed
}

// place is an open folder of a slot.
type place struct {
	fd    int
	below string // from the queue's directory
}

// maxFolders is how many folders a slot keeps open.
const maxFolders = 16

// slotTries is how often a slot is made anew that was swept away before it was locked.
const slotTries = 8

func (q *Queue) slot(n int) (*slot, error) {
	if s := q.slots[n]; s != nil {
		return s, nil
	}
	if q.owner == "" {
		q.owner = strconv.Itoa(os.Getpid()) + "-" + strings.ToLower(rand.Text()[:13])
	}
	err := error(unix.EAGAIN)
	for try := 0; try < slotTries; try++ {
		var s *slot
		if s, err = q.makeSlot(n); err == nil {
			q.slots[n] = s
			return s, nil
		}
		if !isMissing(err) && !isTaken(err) && !errors.Is(err, unix.EWOULDBLOCK) {
			break
		}
		q.owner = strconv.Itoa(os.Getpid()) + "-" + strings.ToLower(rand.Text()[:13])
	}
	return nil, fmt.Errorf("make claim directory: %w", err)
}

// makeSlot locks the directory before anybody can see it: whoever finds it visible and not locked knows that its owner is
// dead. Until then its name has a dot, and who finds it not locked may remove it, as it is empty.
func (q *Queue) makeSlot(n int) (*slot, error) {
	name := q.owner + "." + strconv.Itoa(n)
	hidden, visible := claimDir+"/."+name, claimDir+"/"+name
	if err := mkdirAt(q.private, hidden); err != nil {
		return nil, err
	}
	hook("slot.made")
	fd, err := openAt(q.private, hidden, openDir, 0)
	if err != nil {
		return nil, err
	}
	if err = lockFD(fd); err == nil {
		hook("slot.locked")
		err = move(q.private, hidden, q.private, visible)
	}
	if err != nil {
		closeFD(fd)
		_ = rmdirAt(q.private, hidden)
		return nil, err
	}
	q.journal.into(Reserved + "/" + claimDir)
	return &slot{name: name, lock: os.NewFile(uintptr(fd), visible), folders: map[tally]*place{}}, nil
}

// below is the folder for files with that history, from the reserved folder.
func (s *slot) below(t tally) string { return claimDir + "/" + s.name + "/" + t.String() }

// folder opens the folder for files with that history.
func (s *slot) folder(q *Queue, t tally) (*place, error) {
	if p := s.folders[t]; p != nil {
		return p, nil
	}
	if len(s.folders) >= maxFolders && len(s.inFlight) == 0 {
		s.closeFolders()
	}
	fd, err := q.folder(s.below(t))
	if err != nil {
		return nil, err
	}
	p := &place{fd: fd, below: Reserved + "/" + s.below(t)}
	s.folders[t] = p
	return p, nil
}

func (s *slot) add(c *Claimed) {
	c.at = len(s.inFlight)
	s.inFlight = append(s.inFlight, c)
}

func (s *slot) remove(c *Claimed) {
	last := len(s.inFlight) - 1
	s.inFlight[c.at] = s.inFlight[last]
	s.inFlight[c.at].at = c.at
	s.inFlight[last] = nil
	s.inFlight = s.inFlight[:last]
}

func (s *slot) closeFolders() {
	for t, p := range s.folders {
		closeFD(p.fd)
		delete(s.folders, t)
	}
}

func (s *slot) endAll() {
	for len(s.inFlight) > 0 {
		s.inFlight[len(s.inFlight)-1].end()
	}
}

// release gives the slot up. The directory goes if nothing is left in it; what is left is for Recover.
func (s *slot) release(private int) {
	s.endAll()
	for t := range s.folders {
		_ = rmdirAt(private, s.below(t))
	}
	s.closeFolders()
	_ = rmdirAt(private, claimDir+"/"+s.name)
	_ = s.lock.Close()
}
