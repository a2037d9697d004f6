package spool

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
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
	history tally
	origin  string // the directory it came from, below the queue's
	fd      int    // -1 unless it was opened to look at
	file    *os.File
	over    bool
}

// ID is stable over attempts and restarts, and tells the file from every other that is or was in the queue at the same
// time, for a destination that wants to recognize repeats: device, inode, modification time and name, the last with
// everything but plain ASCII percent-encoded. The time is in it because a file system gives the inode of a deleted file to
// the next one, which may well have the same name.
func (c *Claimed) ID() string {
	return fmt.Sprintf("%x:%x:%x:%s", c.id.Dev, c.id.Ino, c.Modified.UnixNano(), encodePercent(c.Name))
}

// File is the file, open for reading, at its start when first asked for. The queue closes it when the claim ends.
func (c *Claimed) File() (*os.File, error) {
	if c.over {
		return nil, fmt.Errorf("open %s: %w", c.Path, os.ErrClosed)
	}
	if c.file != nil {
		return c.file, nil
	}
	if c.fd < 0 {
		dir, err := c.slot.folder(c.queue, c.history)
		if err == nil {
			c.fd, err = openAt(dir, c.Name, openFile&^unix.O_NONBLOCK, 0) // it is a regular file, and nobody else's: os asks no poller for it
		}
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", c.Path, err)
		}
	}
	c.file = os.NewFile(uintptr(c.fd), c.Path)
	return c.file, nil
}

// LockFile is the lock under which the file is claimed, shared by all claims of its slot. A handler process has to inherit
// it (exec.Cmd.ExtraFiles), so that the file is not taken from it when the daemon dies. It must not be closed, locked or
// unlocked.
func (c *Claimed) LockFile() *os.File { return c.slot.lock }

// end gives up what the claim holds.
func (c *Claimed) end() {
	if c.file != nil {
		_ = c.file.Close()
	} else {
		closeFD(c.fd)
	}
	c.fd, c.file, c.over = -1, nil, true
	delete(c.slot.inFlight, c)
	c.queue.inFlight--
	if c.queue.inFlight == 0 {
		c.queue.alone = false
	}
}

func (q *Queue) claimed(s *slot, t tally, name, origin string, st stat, fd int) *Claimed {
	c := &Claimed{
		Name: name, Path: filepath.Join(q.dir, s.path(t)) + "/" + name,
		Attempt: t.tries + 1, Crashes: t.crashes, Size: st.size, Modified: st.modified,
		id: st.id, slot: s, queue: q, history: t, origin: origin, fd: fd,
	}
	s.inFlight[c] = true
	q.inFlight++
	return c
}

func encodePercent(name string) string {
	var b strings.Builder
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c >= 0x7f || c == '%' || c == ':' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
