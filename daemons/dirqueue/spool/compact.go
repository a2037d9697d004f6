package spool

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// bloat is from what size on a directory is replaced when it is empty: some 20,000 entries' worth, which take a
// millisecond to find empty each time.
const bloat = 1 << 20

// Compact replaces the directory by a fresh one if it is empty and has kept the size of a large backlog, as file systems
// let directories grow and never shrink. It needs Options.Own, no claims, and no other owner, and it changes Identity:
// producers that hold the old directory open get ErrGone, and watches have to be set anew. It tells whether it did.
//
// The reserved folder moves to the fresh directory, then the two change places; files that come late are moved after. A
// crash at any step is mended by the next Open.
func (q *Queue) Compact() (bool, error) {
	if err := q.begin(); err != nil {
		return false, q.wrap("compact", err)
	}
	st, err := statFD(q.fd)
	if err != nil || !q.options.Own || q.inFlight > 0 || st.size < q.bloat {
		return false, q.wrap("compact", err)
	}
	if err := errors.Join(q.Rest(), q.awake()); err != nil {
		return false, err
	}
	done, err := q.compact(st)
	return done, q.wrap("compact", err)
}

func (q *Queue) compact(st stat) (bool, error) {
	alone, err := q.isAlone()
	if err != nil || !alone {
		return false, err
	}
	lock, err := openAt(q.fd, Reserved, openDir, 0)
	if isMissing(err) {
		return false, nil // another is at it
	}
	if err != nil {
		return false, err
	}
	defer closeFD(lock)
	if lockFD(lock) != nil {
		return false, nil
	}
	parent, fresh, err := q.makeFresh(st)
	if err != nil {
		return false, err
	}
	defer closeFD(parent)
	if err := q.swap(parent, fresh); err != nil {
		closeFD(fresh)
		return false, err
	}
	old := q.fd
	defer closeFD(old)
	q.fd = fresh
	q.ready = pool{}
	now, err := statFD(fresh)
	q.id = now.id
	return true, errors.Join(err, q.drain(parent, old), q.disk.sync(fresh), q.disk.sync(parent))
}

// isAlone tells whether there is nothing in the directory and no other owner, dead or alive.
func (q *Queue) isAlone() (bool, error) {
	alone := true
	err := q.eachIn(claimDir, func(entry) { alone = false })
	if err != nil || !alone {
		return false, err
	}
	err = eachEntry(q.fd, func(e entry) { alone = alone && string(e.name) == Reserved })
	return alone, err
}

// spare is what the fresh directory is called beside the queue until they change places, and the old one after that.
func (q *Queue) spare() string {
	return withSuffix("."+filepath.Base(q.dir), Reserved+"-swap")
}

// makeFresh makes a directory like the old one beside it.
func (q *Queue) makeFresh(like stat) (parent, fresh int, err error) {
	parent, err = openAt(unix.AT_FDCWD, filepath.Dir(q.dir), openDir&^unix.O_NOFOLLOW, 0)
	if err != nil {
		return -1, -1, err
	}
	if here, err := statAt(parent, filepath.Base(q.dir)); err != nil || here.id != q.id {
		closeFD(parent)
		return -1, -1, errors.New("it is no longer where it was opened")
	}
	if err = mkdirAt(parent, q.spare()); err == nil {
		fresh, err = openAt(parent, q.spare(), openDir, 0)
		if err == nil {
			err = makeAlike(q.fd, fresh, like)
		}
		if err != nil {
			_ = rmdirAt(parent, q.spare())
		}
	}
	if err != nil {
		closeFD(parent)
		return -1, -1, fmt.Errorf("make %s: %w", q.spare(), err)
	}
	return parent, fresh, nil
}

// makeAlike gives a new directory the owner, the access rules and the other attributes of another.
func makeAlike(from, to int, like stat) error {
	if err := unix.Fchown(to, like.uid, like.gid); err != nil {
		return err
	}
	names := make([]byte, 64<<10)
	n, err := unix.Flistxattr(from, names)
	if errors.Is(err, unix.ENOTSUP) {
		n, err = 0, nil
	}
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(string(names[:n]), "\x00") {
		if name == "" {
			continue
		}
		value := make([]byte, 64<<10)
		size, err := unix.Fgetxattr(from, name, value)
		if err == nil {
			err = unix.Fsetxattr(to, name, value[:size], 0)
		}
		if err != nil {
			return fmt.Errorf("attribute %s: %w", name, err)
		}
	}
	return unix.Fchmod(to, like.mode&0o7777)
}

// swap moves the reserved folder over and exchanges the directories; if the latter fails, it moves the folder back.
func (q *Queue) swap(parent, fresh int) error {
	hook("compact.made")
	err := move(q.fd, Reserved, fresh, Reserved)
	if err == nil {
		hook("compact.moved")
		if err = exchange(parent, filepath.Base(q.dir), parent, q.spare()); err == nil {
			hook("compact.swapped")
			return nil
		}
		err = errors.Join(err, move(fresh, Reserved, q.fd, Reserved))
	}
	return errors.Join(err, rmdirAt(parent, q.spare()))
}

// drain moves what came late from the old directory to the new one, and removes the old.
func (q *Queue) drain(parent, old int) error {
	const rounds = 100
	for range rounds {
		err := rmdirAt(parent, q.spare())
		if err == nil || isMissing(err) {
			return nil
		}
		if !errors.Is(err, unix.ENOTEMPTY) && !isTaken(err) {
			return err
		}
		if err := q.drainOnce(old); err != nil {
			return err
		}
	}
	return ErrBusy
}

func (q *Queue) drainOnce(old int) error {
	var names []string
	if err := eachEntry(old, func(e entry) { names = append(names, string(e.name)) }); err != nil {
		return err
	}
	for _, name := range names {
		var err error
		if name == Reserved {
			err = dropSkeleton(old)
		} else {
			err = move(old, name, q.fd, name)
		}
		if err != nil && !isMissing(err) {
			return fmt.Errorf("bring %q over: %w", name, err)
		}
	}
	return nil
}

// dropSkeleton removes a reserved folder that somebody has made who opened the old directory just before it was replaced.
func dropSkeleton(dir int) error {
	for _, name := range []string{claimDir, retryDir, doneDir, failedDir, tmpDir} {
		if err := rmdirAt(dir, Reserved+"/"+name); err != nil && !isMissing(err) {
			return err
		}
	}
	return rmdirAt(dir, Reserved)
}

// endCompaction mends what a crash during Compact has left: before the exchange the reserved folder goes back, after it
// the late files come over. ErrBusy: it is no crash, somebody is at it.
func (q *Queue) endCompaction() error {
	if _, err := statAt(unix.AT_FDCWD, filepath.Join(filepath.Dir(q.dir), q.spare())); err != nil {
		return ignoreMissing(err)
	}
	parent, err := openAt(unix.AT_FDCWD, filepath.Dir(q.dir), openDir&^unix.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer closeFD(parent)
	spare, err := openAt(parent, q.spare(), openDir, 0)
	if err != nil {
		return ignoreMissing(err)
	}
	defer closeFD(spare)
	if err := q.isOurs(spare); err != nil {
		return err
	}
	at, other := q.fd, spare
	if _, err := statAt(at, Reserved); isMissing(err) {
		at, other = spare, q.fd
	}
	lock, err := openAt(at, Reserved, openDir, 0)
	if err != nil {
		return ErrBusy // it has just moved
	}
	defer closeFD(lock)
	if lockFD(lock) != nil {
		return ErrBusy
	}
	if at == spare {
		if err := move(spare, Reserved, other, Reserved); err != nil {
			return fmt.Errorf("take %s back from %s: %w", Reserved, q.spare(), err)
		}
	}
	return q.drain(parent, spare)
}

// isOurs refuses a directory of the spare's name that somebody else has put there.
func (q *Queue) isOurs(spare int) error {
	a, err := statFD(q.fd)
	if err != nil {
		return err
	}
	b, err := statFD(spare)
	if err == nil && (a.uid != b.uid && b.uid != unix.Geteuid()) {
		err = fmt.Errorf("%w: %s belongs to user %d", ErrForeign, q.spare(), b.uid)
	}
	return err
}
