package spool

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Claimed is a file that this queue works on. It belongs to the goroutine that uses the queue, but its fields, ID, and a
// file it has opened may be used by others until it is ended by Done, Retry, Fail or PutBack.
type Claimed struct {
	// Name is the file's base name, any bytes but "/" and NUL.
	Name string
	// Path is where the file lies until the claim ends.
	Path string
	// Attempt is 1 for the first. Crashes is how many of the attempts before ended with their owner; the file itself may
	// have been the reason.
	Attempt, Crashes int
	Size             int64
	// Modified is the file's modification time.
	Modified time.Time

	id      Identity
	slot    *slot
	queue   *Queue
	place   *place
	at      int // its place among those in flight of the slot
	history tally
	origin  string // the directory it came from, below the queue's

	mu   sync.Mutex // guards what follows, as File may be called while the queue is used
	file *os.File
	over bool
}

// ID is stable over attempts and restarts, and tells the file from every other that is or was in the queue at the same
// time, for a destination that wants to recognize repeats: device, inode, modification time and name, the last with
// everything but plain ASCII percent-encoded. The time is in it because a file system gives the inode of a deleted file to
// the next one, which may well have the same name.
func (c *Claimed) ID() string {
	id := make([]byte, 0, 64+len(c.Name))
	for _, n := range []uint64{c.id.Dev, c.id.Ino} {
		id = append(strconv.AppendUint(id, n, 16), ':')
	}
	id = append(strconv.AppendInt(id, c.Modified.UnixNano(), 16), ':')
	return string(appendPercent(id, c.Name))
}

// File is the file, open for reading, at its start when first asked for. Who does not ask does not pay for it. The queue closes
// it when the claim ends, and from then on there is none: [os.ErrClosed]. Any goroutine may ask.
func (c *Claimed) File() (*os.File, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return nil, fmt.Errorf("open %s: %w", c.Path, os.ErrClosed)
	}
	if c.file == nil {
		fd, err := c.open()
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", c.Path, err)
		}
		c.file = os.NewFile(uintptr(fd), c.Path)
	}
	return c.file, nil
}

// open opens the file that was claimed, and no other that has come into its place.
func (c *Claimed) open() (int, error) {
	fd, err := openAt(c.place.fd, c.Name, openFile, 0)
	if err != nil {
		return -1, err
	}
	st, err := statFD(fd)
	if err == nil && (st.id != c.id || !st.isFile()) {
		err = errOther
	}
	if err == nil {
		err = unix.SetNonblock(fd, false) // os would ask the poller for it otherwise
	}
	if err != nil {
		closeFD(fd)
		return -1, err
	}
	return fd, nil
}

// errOther means that somebody has put another file into the place of a claimed one.
var errOther = errors.New("it is another file than was claimed")

// LockFile is the lock under which the file is claimed, shared by all claims of its slot. A handler process has to inherit
// it (exec.Cmd.ExtraFiles), so that the file is not taken from it when the daemon dies. It must not be closed, locked or
// unlocked.
func (c *Claimed) LockFile() *os.File { return c.slot.lock }

// leave moves the file to where it goes from here. Who asks for the file meanwhile waits: it is neither here nor there.
func (c *Claimed) leave(move func(dir int) (string, error)) (to string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	to, err = move(c.place.fd)
	c.over = err == nil
	return to, err
}

// end gives up what the claim holds.
func (c *Claimed) end() {
	c.mu.Lock()
	file := c.file
	c.file, c.over = nil, true
	c.mu.Unlock()
	if file != nil {
		_ = file.Close()
	}
	c.slot.remove(c)
	c.queue.inFlight--
	if c.queue.inFlight == 0 {
		c.queue.alone = false
	}
}

func (q *Queue) claimed(s *slot, p *place, t tally, name, origin string, st stat) *Claimed {
	c := &Claimed{
		Name: name, Path: q.dir + "/" + p.below + "/" + name, Attempt: t.tries + 1, Crashes: t.crashes, Size: st.size, Modified: st.modified,
		id: st.id, slot: s, queue: q, place: p, history: t, origin: origin,
	}
	s.add(c)
	q.inFlight++
	return c
}

func appendPercent(to []byte, text string) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(text) {
		if b := text[i]; b > ' ' && b < 0x7f && b != '%' && b != ':' {
			to = append(to, b)
		} else {
			to = append(to, '%', digits[b>>4], digits[b&15])
		}
	}
	return to
}
