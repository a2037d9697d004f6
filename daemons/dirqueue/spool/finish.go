package spool

import (
	"fmt"
	"time"
)

// Done ends a claim whose file is delivered: it is archived below the day of now, or deleted. ErrLost tells that the file is
// no longer there, and the claim has ended; after any other error it is as it was, but for ErrDegraded, which tells that
// it has ended and nobody knows whether that lasts.
func (q *Queue) Done(c *Claimed, now time.Time) error {
	return q.wrap("finish in", q.end(c, func(dir int) (string, error) {
		hook("done.before")
		if q.options.Delete {
			return "", unlinkAt(dir, c.Name)
		}
		return q.toDone(dir, c, now)
	}))
}

// Retry ends a claim whose attempt has not succeeded: the file is claimed again at that time or soon after it, see Due.
// Errors are as those of Done.
func (q *Queue) Retry(c *Claimed, at, now time.Time) error {
	history := tally{tries: c.history.tries + 1, crashes: c.history.crashes}
	return q.wrap("defer in", q.end(c, func(dir int) (string, error) {
		return q.toRetry(dir, c.Name, c.Name, history, at, now)
	}))
}

// PutBack ends a claim without counting the attempt, for what was not begun or says nothing about the file. It goes back
// to where it came from, unless its name has been taken there meanwhile; with a time later than now it waits for that.
// Errors are as those of Done.
func (q *Queue) PutBack(c *Claimed, at, now time.Time) error {
	return q.wrap("put back in", q.end(c, func(dir int) (string, error) {
		if c.origin == "." && !at.After(now) {
			err := move(dir, c.Name, q.fd, c.Name)
			if !isTaken(err) {
				return ".", err
			}
		}
		return q.toRetry(dir, c.Name, c.Name, c.history, at, now)
	}))
}

// Fail ends a claim whose file will never be delivered: it is set aside with the reason beside it. Errors are as those of
// Done, and ErrReason tells that the file was set aside without its reason.
func (q *Queue) Fail(c *Claimed, f Failure, now time.Time) error {
	f.Attempts = c.Attempt
	return q.wrap("set aside in", q.fail(c, f, now))
}

func (q *Queue) fail(c *Claimed, f Failure, now time.Time) error {
	f.Name, f.Failed, f.Crashes = c.Name, now, c.Crashes
	var unkept error
	err := q.end(c, func(dir int) (string, error) {
		to, kept, err := q.toFailed(dir, c.Name, c.id.Ino, f)
		unkept = kept
		return to, err
	})
	if err == nil && unkept != nil {
		return fmt.Errorf("%w: %w", ErrReason, unkept)
	}
	return err
}

// Due is when a file that is deferred at now to at is claimed again at the earliest: times are rounded up, to at most an
// eighth of the delay or a second.
func Due(at, now time.Time) time.Time { return time.Unix(bucketFor(at, now), 0) }

// end ends a claim by a move out of its folder, which returns the directory that it went to.
func (q *Queue) end(c *Claimed, leave func(dir int) (string, error)) error {
	switch {
	case c.over:
		return fmt.Errorf("%q: the claim has ended already", c.Name)
	case c.queue != q:
		return fmt.Errorf("%q: claimed by another queue", c.Name)
	}
	dir := c.place.fd
	to, err := c.leave(leave)
	if err == nil {
		hook("done.after")
		return q.ended(c, to)
	}
	if isMissing(err) {
		if _, statErr := statAt(dir, c.Name); isMissing(statErr) {
			c.end()
			err = ErrLost
		}
	}
	return fmt.Errorf("%q: %w", c.Name, err)
}

// toDone moves a file to the folder of the day.
func (q *Queue) toDone(dir int, c *Claimed, now time.Time) (string, error) {
	day := dayOf(now)
	for try := 0; ; try++ {
		if q.doneFD < 0 || q.day != day || try > 0 {
			if err := q.openDay(day); err != nil {
				return "", err
			}
		}
		err := moveFree(dir, c.Name, q.doneFD, c.id.Ino)
		if isMissing(err) && try < folderTries && !q.hasDay() {
			continue
		}
		return q.dayPath, err
	}
}

// hasDay tells whether the folder of the day is still there: a purge may have removed it.
func (q *Queue) hasDay() bool {
	st, err := statFD(q.doneFD)
	return err != nil || st.links > 0
}

func (q *Queue) openDay(day int64) error {
	q.closeDone()
	path := doneDir + "/" + nameOfDay(day)
	fd, err := q.folder(path)
	if err == nil {
		q.doneFD, q.day, q.dayPath = fd, day, Reserved+"/"+path
	}
	return err
}

// moveFree moves a file to the first variant of its name that is free.
func moveFree(fromDir int, name string, toDir int, ino uint64) error {
	for n := range maxVariants {
		if err := move(fromDir, name, toDir, variant(name, ino, n)); !isTaken(err) {
			return err
		}
	}
	return ErrOccupied
}

// toRetry moves a file to the bucket of a time, under its original name: where that is taken, the next bucket does as well.
func (q *Queue) toRetry(dir int, name, original string, history tally, at, now time.Time) (string, error) {
	due := bucketFor(at, now)
	for range maxVariants {
		to := folder{bucket: due, history: history}.below()
		err := move(dir, name, q.private, to+"/"+original)
		switch {
		case err == nil:
			return Reserved + "/" + to, nil
		case isTaken(err):
			due++
		case isMissing(err):
			if _, err := statAt(dir, name); err != nil {
				return "", err
			}
			hook("retry.made")
			if err := q.makeFolder(to); err != nil {
				return "", err
			}
		default:
			return "", err
		}
	}
	return "", ErrOccupied
}
