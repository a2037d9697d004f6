package spool

import "fmt"

// Rest confirms what has ended, and closes all descriptors but that of the directory, as there may be thousands of queues
// at rest. What is called next opens what it needs. Claims in flight keep theirs.
func (q *Queue) Rest() error {
	err := q.Sync()
	q.closeDone()
	q.ready.forget()
	q.deferred.forget()
	for n, s := range q.slots {
		if len(s.inFlight) == 0 {
			s.release(q.private)
			delete(q.slots, n)
		}
	}
	q.sleep()
	return err
}

// sleep closes the reserved folder, if nothing is claimed.
func (q *Queue) sleep() {
	if len(q.slots) == 0 && !q.options.ReadOnly {
		closeFD(q.private)
		q.private = -1
	}
}

// awake opens the reserved folder again. One that is not the same as before is looked at as closely as the first.
func (q *Queue) awake() error {
	if q.private >= 0 || q.fd < 0 || q.options.ReadOnly {
		return nil
	}
	fd, err := openOwn(q.fd, Reserved)
	if err == nil {
		var st stat
		if st, err = statFD(fd); err == nil && st.id == q.folderID {
			q.private = fd
			return nil
		}
		closeFD(fd)
	}
	if err != nil && !isMissing(err) {
		return fmt.Errorf("folder %s: %w", Reserved, err)
	}
	q.deferred, q.calm = deferred{}, calm{}
	return q.openPrivate()
}

// calm is what is known of folders in which nothing was when they were read.
type calm struct{ claims gate }

// Calm tells whether there is nothing for Recover, nor for Claim if Changed denies it, too: nobody has claimed anything, and
// files wait for another attempt only in the buckets that Claim knows of. It costs two system calls at rest, and says no rather
// than yes when in doubt.
func (q *Queue) Calm() bool {
	if q.broken != nil || q.fd < 0 || len(q.slots) > 0 || len(q.litter) > 0 || q.twice && !q.checked {
		return false
	}
	st, err := statAt(q.fd, Reserved+"/"+retryDir)
	return err == nil && q.deferred.gate.shut(st) && q.noClaims()
}

// noClaims tells whether the folder of claims is empty. It is read only if it has changed.
func (q *Queue) noClaims() bool {
	st, err := statAt(q.fd, Reserved+"/"+claimDir)
	if err != nil || q.calm.claims.shut(st) {
		return err == nil
	}
	defer q.sleep()
	if q.awake() != nil {
		return false
	}
	q.calm.claims.note(st)
	none := true
	if err := q.eachIn(claimDir, func(entry) { none = false }); err != nil || !none {
		q.calm.claims = gate{}
		return false
	}
	return true
}
