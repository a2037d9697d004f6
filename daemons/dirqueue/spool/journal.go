package spool

import (
	"errors"
	"slices"
)

// disk is what makes things last.
type disk struct {
	sync    func(fd int) error // one file or directory
	syncAll func(fd int) error // all that is on its file system
}

func realDisk() disk { return disk{sync: syncFD, syncAll: syncAll} }

// journal is what has to be synced for the attempts that have ended since the last sync to stay ended. A rename lasts when
// both its directories do; paths are relative to the queue's directory, "." is itself.
type journal struct {
	off     bool
	gained  []string // directories that files were moved into, and such that hold new directories
	lost    []string // directories that files were moved out of
	pending int
}

// manyDirectories is from where on one sync of the file system is cheaper than one of each directory.
const manyDirectories = 16

func (j *journal) into(path string) { j.add(&j.gained, path) }
func (j *journal) from(path string) { j.add(&j.lost, path) }

func (j *journal) add(to *[]string, path string) {
	if !j.off && !slices.Contains(*to, path) {
		*to = append(*to, path)
	}
}

func (j *journal) reset() { j.gained, j.lost, j.pending = j.gained[:0], j.lost[:0], 0 }

// Pending is how many attempts have ended that Sync has not confirmed. With DurableNone and DurableEach it stays 0.
func (q *Queue) Pending() int { return q.journal.pending }

// Sync makes what has ended last through a power cut. When it fails, nobody knows what lasts, and asking again would not
// tell: the queue is degraded from then on. In a group of some dozens of files it costs little for each.
func (q *Queue) Sync() error {
	if q.broken != nil {
		return q.broken
	}
	if q.journal.off || len(q.journal.gained)+len(q.journal.lost) == 0 {
		q.journal.reset()
		return nil
	}
	hook("sync.before")
	if err := q.syncJournal(); err != nil {
		return degrade(&q.broken, "sync "+q.dir, err)
	}
	hook("sync.after")
	q.journal.reset()
	return nil
}

// syncJournal syncs what files were moved into before what they were moved out of: a file that lasts in both places is
// found again, one that lasts in neither is lost. Where a directory is both, all are synced at once.
func (q *Queue) syncJournal() error {
	j := &q.journal
	both := slices.ContainsFunc(j.lost, func(path string) bool { return slices.Contains(j.gained, path) })
	if q.twice || both || len(j.gained)+len(j.lost) > manyDirectories {
		if err := q.disk.syncAll(q.fd); !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	for _, path := range slices.Concat(j.gained, j.lost) {
		if err := q.syncPath(path); err != nil {
			return err
		}
	}
	return nil
}

// syncPath syncs a directory. One that is gone was emptied by somebody whose own sync keeps what was in it.
func (q *Queue) syncPath(path string) error {
	if path == "." {
		return q.disk.sync(q.fd)
	}
	fd, err := openAt(q.fd, path, openDir, 0)
	if isMissing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer closeFD(fd)
	return q.disk.sync(fd)
}

// ended notes that an attempt's file was moved from a claim to a directory (none if it was deleted).
func (q *Queue) ended(c *Claimed, to string) error {
	j := &q.journal
	if to != "" {
		j.into(to)
	}
	j.from(c.place.below)
	j.from(c.origin)
	c.end()
	if j.off {
		return nil
	}
	j.pending++
	if q.options.Durable != DurableEach {
		return nil
	}
	return q.Sync()
}
