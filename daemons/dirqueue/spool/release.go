package spool

import (
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// Release makes a file due now that failed or waits for its next attempt. A failed one starts afresh, with no attempts on
// record, under its original name. The error wraps fs.ErrNotExist if there is no such file.
func (q *Queue) Release(state State, name string, now time.Time) error {
	if err := q.begin(); err != nil {
		return q.wrap("release in", err)
	}
	var err error
	switch state {
	case StateFailed:
		err = q.releaseFailed(name, now)
	case StateRetry:
		err = q.releaseDeferred(name, now)
	case StateReady, StateClaimed, StateDone:
		err = fmt.Errorf("files that are %v are not released", state)
	}
	if err == nil {
		err = q.Sync()
	}
	return q.wrap(fmt.Sprintf("release %q in", name), err)
}

func (q *Queue) releaseFailed(name string, now time.Time) error {
	if CheckName(name) != nil || strings.HasSuffix(name, whySuffix) {
		return fs.ErrNotExist
	}
	dir, err := openAt(q.private, failedDir, openDir, 0)
	if err != nil {
		return err
	}
	defer closeFD(dir)
	if st, err := statAt(dir, name); err != nil || !st.isFile() {
		return fs.ErrNotExist
	}
	original := readWhy(dir, name).Name
	if CheckName(original) != nil {
		original = name
	}
	to, err := q.toRetry(dir, name, original, tally{}, now, now)
	if err != nil {
		return err
	}
	q.journal.into(to)
	q.journal.from(Reserved + "/" + failedDir)
	hook("release.moved")
	return ignoreMissing(unlinkAt(dir, name+whySuffix))
}

func (q *Queue) releaseDeferred(name string, now time.Time) error {
	found := false
	var failed error
	err := q.list(StateRetry, func(dir int, e Entry) bool {
		if e.Name != name {
			return true
		}
		found = true
		if !e.Due.After(now) {
			return true
		}
		from := strings.TrimSuffix(strings.TrimPrefix(e.Path, q.dir+"/"), "/"+name)
		to, err := q.toRetry(dir, name, name, tally{tries: e.Attempts, crashes: e.Crashes}, now, now)
		if failed = err; err != nil {
			return false
		}
		q.journal.into(to)
		q.journal.from(from)
		return true
	})
	switch {
	case failed != nil:
		return failed
	case err == nil && !found:
		return fs.ErrNotExist
	}
	return err
}
