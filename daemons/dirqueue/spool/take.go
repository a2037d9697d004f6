package spool

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"
)

// takeReady claims a file of the directory if it is ready. Nil without an error: not this one, or not now.
func (q *Queue) takeReady(r *round, name string) (*Claimed, error) {
	if q.options.Ready == ReadyRenamed || q.options.Ready == ReadyMarked {
		return q.takeTrusted(r, name)
	}
	fd, err := openAt(q.fd, name, openFile, 0)
	if err != nil {
		q.cannotOpen(r, name, err)
		return nil, nil
	}
	defer closeFD(fd)
	return q.takeOpen(r, name, fd)
}

// cannotOpen leaves a file alone that is not one, or that this user may not read, and forgets one that is gone.
func (q *Queue) cannotOpen(r *round, name string, err error) {
	switch {
	case isMissing(err):
		q.looks.done(name)
	case errors.Is(err, unix.ELOOP), errors.Is(err, unix.ENXIO), errors.Is(err, unix.EOPNOTSUPP):
		q.looks.later(name, r.Now, badLook)
	default:
		q.looks.later(name, r.Now, badLook)
		r.Problems = append(r.Problems, Problem{Name: name, Err: &fs.PathError{Op: "open", Path: name, Err: err}})
	}
}

// takeOpen claims a file that is open, once its writer has finished. The lease is held until the file is closed, after it has
// moved, so that who opens it for writing meanwhile waits, rather than writing into a file that is being claimed.
func (q *Queue) takeOpen(r *round, name string, fd int) (*Claimed, error) {
	st, err := statFD(fd)
	if err != nil {
		return nil, fmt.Errorf("stat %q: %w", name, err)
	}
	if !st.isFile() {
		q.looks.later(name, r.Now, badLook)
		return nil, nil
	}
	if !q.isReady(r, name, fd, st) {
		return nil, nil
	}
	p, err := q.moveReady(r, name)
	if p == nil {
		return nil, err
	}
	if now, err := statAt(p.fd, name); err != nil || now.id != st.id {
		// Another file was renamed over the one that was looked at.
		return nil, q.undo(r, p.fd, name, err)
	}
	q.looks.done(name)
	return q.admit(r, q.claimed(r.slot, p, tally{}, name, ".", st), st)
}

// isReady tells whether the writer of an open file has finished. The file may be under a lease then.
func (q *Queue) isReady(r *round, name string, fd int, st stat) bool {
	if q.options.Ready == ReadyClosed {
		written, err := isWritten(fd)
		if err == nil && written {
			q.looks.later(name, r.Now, lastLook)
			return false
		}
		if err == nil {
			return true
		}
	}
	return q.looks.settled(name, st, r.Now, q.options.Settle)
}

// takeTrusted claims a file that its producer has declared complete. It is looked at where it lies then, in a folder that
// nobody else can enter.
func (q *Queue) takeTrusted(r *round, name string) (*Claimed, error) {
	p, err := q.moveReady(r, name)
	if p == nil {
		return nil, err
	}
	st, err := statAt(p.fd, name)
	if err != nil || !st.isFile() {
		q.looks.later(name, r.Now, badLook)
		return nil, q.undo(r, p.fd, name, err)
	}
	if q.options.Ready == ReadyMarked {
		q.removeMarker(name, st)
	}
	q.looks.done(name)
	return q.admit(r, q.claimed(r.slot, p, tally{}, name, ".", st), st)
}

// moveReady moves a ready file to the slot, and returns the folder it is in then; nil if another was quicker, or one of that
// name is still in work: names are kept, so the second waits for the first.
func (q *Queue) moveReady(r *round, name string) (*place, error) {
	p, err := r.slot.folder(q, tally{})
	if err != nil {
		return nil, err
	}
	hook("claim.before")
	err = move(q.fd, name, p.fd, name)
	if isLost(err) {
		q.looks.later(name, r.Now, lastLook)
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("move %q: %w", name, err)
	}
	hook("claim.after")
	return p, nil
}

// undo gives a file back that was claimed by mistake. If its name is taken again already, it waits in retry instead.
func (q *Queue) undo(r *round, dir int, name string, why error) error {
	if isMissing(why) {
		return nil
	}
	err := move(dir, name, q.fd, name)
	if isTaken(err) {
		_, err = q.toRetry(dir, name, name, tally{}, r.Now, r.Now)
	}
	if err != nil && !isMissing(err) {
		return fmt.Errorf("put %q back: %w", name, err)
	}
	return why
}

// admit sets a claimed file aside if it breaks a rule.
func (q *Queue) admit(r *round, c *Claimed, st stat) (*Claimed, error) {
	reason := q.objection(st)
	if reason == "" {
		return c, nil
	}
	r.Refused = append(r.Refused, Refused{Name: c.Name, Reason: reason, Attempts: c.history.tries})
	err := q.fail(c, Failure{Reason: reason, Attempts: c.history.tries}, r.Now)
	if errors.Is(err, ErrReason) {
		return nil, nil
	}
	return nil, err
}

func (q *Queue) objection(st stat) string {
	if !st.isFile() {
		return "it is not a regular file"
	}
	if limit := q.options.MaxSizeBytes; limit > 0 && st.size > limit {
		return fmt.Sprintf("it has %d bytes, at most %d are taken", st.size, limit)
	}
	if len(q.options.Owners) == 0 {
		return ""
	}
	for _, uid := range q.options.Owners {
		if uid == st.uid {
			return ""
		}
	}
	return fmt.Sprintf("it belongs to user %d, whose files are not taken", st.uid)
}

// removeMarker removes the marker of a claimed file, unless it was made after the file was claimed: then it is for the next.
func (q *Queue) removeMarker(name string, claimed stat) {
	marker := q.filter.marker(name)
	if st, err := statAt(q.fd, marker); err == nil && !st.changed.After(claimed.changed) {
		_ = unlinkAt(q.fd, marker)
	}
}
