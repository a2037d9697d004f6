package spool

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	"golang.org/x/sys/unix"
)

// deferred is what is known of the files that wait for another attempt: the times of their buckets, and the folder that
// is being emptied. However many files wait, only the buckets are looked at until one is due.
type deferred struct {
	gate gate
	due  []int64 // Unix times of the buckets, in order
	open bool
	fd   int // the folder that pool is of
	at   folder
	pool pool
}

// folder is one of a bucket, for files with one history.
type folder struct {
	bucket  int64
	history tally
}

// below is its path from the reserved folder.
func (f folder) below() string {
	return retryDir + "/" + bucketName(f.bucket) + "/" + f.history.String()
}

func (d *deferred) forget() {
	if d.open {
		closeFD(d.fd)
	}
	*d = deferred{gate: d.gate, due: d.due}
}

// nextAfter is the time of the first bucket that is not due yet.
func (d *deferred) nextAfter(now time.Time) time.Time {
	i := sort.Search(len(d.due), func(i int) bool { return d.due[i] > now.Unix() })
	if i == len(d.due) {
		return time.Time{}
	}
	return time.Unix(d.due[i], 0)
}

// readBuckets finds out which buckets there are, unless nothing can have changed.
func (q *Queue) readBuckets(r *round) error {
	d := &q.deferred
	st, err := statAt(q.private, retryDir)
	if err != nil {
		return fmt.Errorf("stat folder %s: %w", retryDir, err)
	}
	if r.Rescan || !d.gate.shut(st) {
		d.gate.note(st)
		d.due = d.due[:0]
		err := q.eachIn(retryDir, func(e entry) {
			if due, ok := parseBucket(string(e.name)); ok {
				d.due = append(d.due, due)
			}
		})
		if err != nil {
			d.gate = gate{}
			return err
		}
		slices.Sort(d.due)
	}
	i := sort.Search(len(d.due), func(i int) bool { return d.due[i] > r.Now.Unix() })
	r.buckets = append(r.buckets, d.due[:i]...)
	return nil
}

// eachIn calls each for the entries of a folder below the reserved one; none if it is not there, or not a folder.
func (q *Queue) eachIn(path string, each func(entry)) error {
	fd, err := openAt(q.private, path, openDir, 0)
	if isMissing(err) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open folder %s: %w", path, err)
	}
	defer closeFD(fd)
	if err := eachEntry(fd, each); err != nil {
		return fmt.Errorf("read folder %s: %w", path, err)
	}
	return nil
}

func eachEntry(fd int, each func(entry)) error {
	from, err := readEntries(fd)
	for more := true; more && err == nil; {
		more, err = from.block(each)
	}
	return err
}

// dueSource is the folder to take due files from.
func (q *Queue) dueSource(r *round) (*source, error) {
	d := &q.deferred
	for !d.open || len(d.pool.next) == 0 {
		q.leaveFolder()
		if len(r.folders) == 0 && len(r.buckets) == 0 {
			return nil, nil
		}
		if len(r.folders) == 0 {
			if err := q.nextBucket(r); err != nil {
				return nil, err
			}
			continue
		}
		at := r.folders[0]
		r.folders = r.folders[1:]
		if err := q.enterFolder(r, at); err != nil {
			return nil, err
		}
	}
	return &source{pool: &d.pool, history: d.at.history, take: q.takeDue}, nil
}

// nextBucket lists the folders of the next due bucket, those of suspects last, and removes it if it has none.
func (q *Queue) nextBucket(r *round) error {
	bucket := r.buckets[0]
	r.buckets = r.buckets[1:]
	path := retryDir + "/" + bucketName(bucket)
	err := q.eachIn(path, func(e entry) {
		if history, ok := parseTally(string(e.name)); ok {
			r.folders = append(r.folders, folder{bucket: bucket, history: history})
		}
	})
	if err != nil {
		return err
	}
	if len(r.folders) == 0 {
		_ = rmdirAt(q.private, path)
	}
	slices.SortFunc(r.folders, func(a, b folder) int {
		return cmp.Or(cmp.Compare(a.history.crashes, b.history.crashes), cmp.Compare(a.history.tries, b.history.tries))
	})
	return nil
}

func (q *Queue) enterFolder(r *round, at folder) error {
	d := &q.deferred
	fd, err := openAt(q.private, at.below(), openDir, 0)
	if isMissing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open folder %s: %w", at.below(), err)
	}
	d.open, d.fd, d.at, d.pool = true, fd, at, pool{}
	err = d.pool.fill(fd, q.options.Order, q.options.Window, func(e entry) (int64, []byte, bool) {
		rank, err := q.rank(fd, e.name)
		return rank, e.name, err == nil
	})
	if err != nil {
		return fmt.Errorf("read folder %s: %w", at.below(), err)
	}
	return nil
}

// leaveFolder closes the folder, and removes it and its bucket if they are empty.
func (q *Queue) leaveFolder() {
	d := &q.deferred
	if !d.open {
		return
	}
	more := d.pool.more
	closeFD(d.fd)
	path := d.at.below()
	d.open, d.pool = false, pool{}
	if more || rmdirAt(q.private, path) != nil {
		return
	}
	hook("bucket.folder")
	q.journal.from(Reserved + "/" + retryDir)
	_ = rmdirAt(q.private, parentOf(path))
}

// takeDue claims a file of the open folder. Nil without an error: another was quicker, or one of that name is in work.
func (q *Queue) takeDue(r *round, name string) (*Claimed, error) {
	at := q.deferred.at
	p, err := r.slot.folder(q, at.history)
	if err != nil {
		return nil, err
	}
	hook("claim.before")
	if err := move(q.deferred.fd, name, p.fd, name); err != nil {
		if isLost(err) {
			return nil, nil
		}
		return nil, fmt.Errorf("move %q: %w", name, err)
	}
	hook("claim.after")
	st, err := statAt(p.fd, name)
	if isMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("stat %q: %w", name, err)
	}
	c := q.claimed(r.slot, p, at.history, name, Reserved+"/"+at.below(), st)
	if at.history.crashes > 0 { // its owner may have died before it had looked at what it claimed
		return q.admit(r, c, st)
	}
	return c, nil
}
