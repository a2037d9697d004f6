package spool

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// PurgeRequest is what Purge deletes.
type PurgeRequest struct {
	// State is StateDone or StateFailed.
	State State
	// Before deletes what came into the state before then; done files by whole days, UTC. Zero: whenever it did.
	Before time.Time
	// Name, if not empty, deletes only files of that name, see Entry.
	Name string
	// Limit is how many files are deleted at most; 0: no limit.
	Limit int
}

// Purged is what Purge has deleted.
type Purged struct {
	Files int
	Bytes int64
	// More: the limit was reached.
	More bool
}

// Purge deletes files that are done or failed, the latter with their reasons.
func (q *Queue) Purge(r PurgeRequest) (Purged, error) {
	var p Purged
	if q.options.ReadOnly {
		return p, q.wrap("purge", ErrReadOnly)
	}
	err := q.awake()
	if err != nil {
		return p, q.wrap("purge", err)
	}
	switch r.State {
	case StateDone:
		err = q.purgeDone(r, &p)
	case StateFailed:
		err = q.purgeFailed(r, &p)
	case StateReady, StateClaimed, StateRetry:
		err = fmt.Errorf("files that are %v are not purged", r.State)
	}
	if errors.Is(err, errEnough) {
		p.More, err = true, nil
	}
	return p, q.wrap("purge", err)
}

func (q *Queue) purgeDone(r PurgeRequest, p *Purged) error {
	return q.listFolders(doneDir, func(path, date string) error {
		day, err := time.Parse(time.DateOnly, date)
		if err != nil || !r.Before.IsZero() && day.AddDate(0, 0, 1).After(r.Before) {
			return nil //nolint:nilerr // not one of the queue's folders
		}
		failed, err := q.purgeFolder(r, path, p)
		if err != nil {
			return err
		}
		if q.doneFD >= 0 && date == nameOfDay(q.day) {
			q.closeDone()
		}
		_ = rmdirAt(q.private, path)
		return failed
	})
}

// purgeFolder deletes the files of a folder. What cannot be deleted is told, and stops nothing.
func (q *Queue) purgeFolder(r PurgeRequest, path string, p *Purged) (failed, err error) {
	err = q.walk(q.private, path, r.State, func(dir int, e Entry) bool {
		if r.Name != "" && r.Name != e.Name {
			return true
		}
		if r.Limit > 0 && p.Files >= r.Limit {
			return false
		}
		st, err := statAt(dir, e.Name)
		if err == nil {
			err = unlinkAt(dir, e.Name)
		}
		failed = p.count(st, e.Name, err, failed)
		return true
	})
	return failed, err
}

func (p *Purged) count(st stat, name string, err, failed error) error {
	switch {
	case err == nil:
		p.Files++
		p.Bytes += st.size
	case !isMissing(err) && failed == nil:
		return fmt.Errorf("delete %q: %w", name, err)
	}
	return failed
}

// purgeFailed deletes files with their reasons, the reason last, and reasons whose file is gone.
func (q *Queue) purgeFailed(r PurgeRequest, p *Purged) error {
	var failed error
	err := q.walk(q.private, failedDir, r.State, func(dir int, e Entry) bool {
		if strings.HasSuffix(e.Name, whySuffix) {
			q.purgeReason(r, dir, e.Name)
			return true
		}
		st, err := statAt(dir, e.Name)
		if err != nil || r.Name != "" && r.Name != e.Name || !r.Before.IsZero() && !st.changed.Before(r.Before) {
			return true
		}
		if r.Limit > 0 && p.Files >= r.Limit {
			return false
		}
		if err = unlinkAt(dir, e.Name); err == nil {
			_ = unlinkAt(dir, e.Name+whySuffix)
		}
		failed = p.count(st, e.Name, err, failed)
		return true
	})
	return errors.Join(err, failed)
}

// purgeReason deletes a reason that is left alone. A fresh one may be that of a file about to come.
func (q *Queue) purgeReason(r PurgeRequest, dir int, name string) {
	if _, err := statAt(dir, strings.TrimSuffix(name, whySuffix)); !isMissing(err) || r.Name != "" || r.Before.IsZero() {
		return
	}
	if st, err := statAt(dir, name); err == nil && st.changed.Before(r.Before) {
		_ = unlinkAt(dir, name)
	}
}
