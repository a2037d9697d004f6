package spool

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Recovery is what Recover has found.
type Recovery struct {
	// Claims are the claim directories of dead owners that were cleared, Alive how many are held.
	Claims, Alive int
	// Files are the files that dead owners had claimed.
	Files []Recovered
	// Doubles is how many files were dropped from the queue that a power cut had left in done or failed as well.
	Doubles int
	// Swept is how many leftovers of dead writers were removed.
	Swept int
}

// Recovered is a file whose owner died.
type Recovered struct {
	Name              string
	Attempts, Crashes int
	// Failed: it was set aside, as it has outlived too many owners.
	Failed bool
}

// Recover clears up behind owners that are dead, which is known from their locks: their files get one more attempt on
// record and one more crash, and wait for CrashDelay; those with CrashAttempts crashes are set aside. Whoever dies in the
// middle of it leaves the rest to the next. Call it at the start and every half minute or so; what is alive, be it only a
// handler that has inherited its owner's lock, is never touched.
func (q *Queue) Recover(now time.Time) (Recovery, error) {
	var r Recovery
	if err := q.begin(); err != nil {
		return r, q.wrap("recover", err)
	}
	err := errors.Join(q.dropDoubles(&r), q.recoverClaims(&r, now), q.sweep(&r, now))
	if err == nil && r.Claims+r.Doubles > 0 {
		err = q.Sync()
	}
	return r, q.wrap("recover", err)
}

func (q *Queue) recoverClaims(r *Recovery, now time.Time) error {
	var owners []string
	q.calm = calm{}
	st, err := statAt(q.private, claimDir)
	if err != nil {
		return fmt.Errorf("stat folder %s: %w", claimDir, err)
	}
	if err := q.eachIn(claimDir, func(e entry) { owners = append(owners, string(e.name)) }); err != nil {
		return err
	}
	if len(owners) == 0 {
		q.calm.claims.note(st)
		return nil
	}
	var errs []error
	for _, owner := range owners {
		if err := q.recoverOwner(r, owner, now); err != nil {
			errs = append(errs, fmt.Errorf("claims of %s: %w", owner, err))
		}
	}
	return errors.Join(errs...)
}

// recoverOwner clears one claim directory, if its lock can be had.
func (q *Queue) recoverOwner(r *Recovery, owner string, now time.Time) error {
	path := claimDir + "/" + owner
	fd, err := openAt(q.private, path, openDir, 0)
	if isMissing(err) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
		return nil
	}
	if err != nil {
		return err
	}
	defer closeFD(fd)
	if err := lockFD(fd); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			r.Alive++
			return nil
		}
		return err
	}
	if st, err := statFD(fd); err != nil || st.links == 0 {
		return err
	}
	hook("recover.locked")
	if strings.HasPrefix(owner, ".") {
		return ignoreMissing(rmdirAt(q.private, path)) // never seen, hence empty
	}
	r.Claims++
	return q.emptyClaim(r, fd, path, now)
}

func (q *Queue) emptyClaim(r *Recovery, claim int, path string, now time.Time) error {
	var histories []tally
	err := eachEntry(claim, func(e entry) {
		if history, ok := parseTally(string(e.name)); ok {
			histories = append(histories, history)
		}
	})
	for _, history := range histories {
		if err == nil {
			err = q.emptyFolder(r, path+"/"+history.String(), history, now)
		}
	}
	if err != nil {
		return err
	}
	hook("recover.emptied")
	q.journal.from(Reserved + "/" + claimDir)
	return ignoreMissing(rmdirAt(q.private, path))
}

func (q *Queue) emptyFolder(r *Recovery, path string, history tally, now time.Time) error {
	fd, err := openAt(q.private, path, openDir, 0)
	if err != nil {
		return ignoreMissing(err)
	}
	defer closeFD(fd)
	var names []string
	if err := eachEntry(fd, func(e entry) { names = append(names, string(e.name)) }); err != nil {
		return err
	}
	q.journal.from(Reserved + "/" + path)
	for _, name := range names {
		if err := q.recoverFile(r, fd, name, history, now); err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
		hook("recover.file")
	}
	return ignoreMissing(rmdirAt(q.private, path))
}

func (q *Queue) recoverFile(r *Recovery, dir int, name string, history tally, now time.Time) error {
	st, err := statAt(dir, name)
	if err != nil {
		return ignoreMissing(err)
	}
	if q.dropDouble(dir, name, st) {
		r.Doubles++
		return nil
	}
	if q.filter.marked && history == (tally{}) {
		q.removeMarker(name, st)
	}
	history.tries++
	history.crashes++
	file := Recovered{Name: name, Attempts: history.tries, Crashes: history.crashes}
	file.Failed = history.crashes >= q.options.CrashAttempts
	var to string
	if file.Failed {
		to, _, err = q.toFailed(dir, name, st.id.Ino, Failure{
			Reason: fmt.Sprintf("its owner died %d times while working on it", history.crashes),
			Name:   name, Attempts: history.tries, Crashes: history.crashes, Failed: now,
		})
	} else {
		to, err = q.toRetry(dir, name, name, history, now.Add(q.options.CrashDelay), now)
	}
	if err != nil {
		return ignoreMissing(err)
	}
	q.journal.into(to)
	r.Files = append(r.Files, file)
	return nil
}

func ignoreMissing(err error) error {
	if isMissing(err) {
		return nil
	}
	return err
}
