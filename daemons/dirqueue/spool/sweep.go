package spool

import (
	"fmt"
	"strings"
	"time"
)

// litterAge is how old a temporary file is at least before its lock is looked at: its writer has to have locked it.
const litterAge = time.Minute

// sweep removes temporary files of writers that are dead, which is known from their locks.
func (q *Queue) sweep(r *Recovery, now time.Time) error {
	var names []string
	if err := q.eachIn(tmpDir, func(e entry) { names = append(names, string(e.name)) }); err != nil {
		return err
	}
	for _, name := range names {
		if q.sweepFile(q.private, tmpDir+"/"+name, now) {
			r.Swept++
		}
	}
	for name := range q.litter {
		if q.sweepFile(q.fd, name, now) {
			r.Swept++
		}
		delete(q.litter, name)
	}
	return nil
}

func (q *Queue) sweepFile(dir int, path string, now time.Time) bool {
	fd, err := openAt(dir, path, openFile, 0)
	if err != nil {
		return false
	}
	defer closeFD(fd)
	st, err := statFD(fd)
	if err != nil || !st.isFile() || now.Sub(st.changed) < litterAge || lockFD(fd) != nil {
		return false
	}
	return unlinkAt(dir, path) == nil
}

// dropDoubles looks, once for an open queue, for files that wait and are done as well. A power cut leaves such on file
// systems that keep the two ends of a rename apart (seen on btrfs).
func (q *Queue) dropDoubles(r *Recovery) error {
	if !q.twice || q.checked {
		return nil
	}
	if err := q.dropDoublesIn(r, q.fd, "."); err != nil {
		return err
	}
	var folders []string
	err := q.eachIn(retryDir, func(bucket entry) {
		path := retryDir + "/" + string(bucket.name)
		_ = q.eachIn(path, func(e entry) { folders = append(folders, path+"/"+string(e.name)) })
	})
	for _, path := range folders {
		if err == nil {
			err = q.dropDoublesIn(r, q.private, path)
		}
	}
	q.checked = err == nil
	return err
}

func (q *Queue) dropDoublesIn(r *Recovery, parent int, path string) error {
	fd, err := openAt(parent, path, openDir, 0)
	if err != nil {
		return ignoreMissing(err)
	}
	defer closeFD(fd)
	err = eachEntry(fd, func(e entry) {
		name := string(e.name)
		if strings.HasPrefix(name, Reserved) {
			return
		}
		if st, err := statAt(fd, name); err == nil && st.isFile() && q.dropDouble(fd, name, st) {
			r.Doubles++
		}
	})
	if err != nil {
		return fmt.Errorf("read folder %s: %w", path, err)
	}
	return nil
}

// dropDouble removes a name of a file that is in done or failed under the same name. A file with two names that was handed
// in under both is not one: they differ.
func (q *Queue) dropDouble(dir int, name string, st stat) bool {
	if !q.twice || !q.isOver(name, st) {
		return false
	}
	return unlinkAt(dir, name) == nil
}

func (q *Queue) isOver(name string, st stat) bool {
	is := func(path string) bool {
		other, err := statAt(q.private, path)
		return err == nil && other.id == st.id
	}
	for n := range 2 {
		if is(failedDir + "/" + failedName(name, st.id.Ino, n)) {
			return true
		}
	}
	over := false
	_ = q.eachIn(doneDir, func(day entry) {
		for n := range 2 {
			over = over || is(doneDir+"/"+string(day.name)+"/"+variant(name, st.id.Ino, n))
		}
	})
	return over
}
