package dirqueue

import (
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

// upkeep is what a queue does now and then besides delivering.
type upkeep struct {
	recovered time.Time // when dead owners were last looked for; zero: never
	purged    time.Time // when files that were kept long enough were last looked for
	rested    time.Time // since when the queue has been at rest; zero: it is not
}

const (
	// recoverEvery is how often dead owners are looked for, purgeEvery the same for files kept long enough.
	recoverEvery = 30 * time.Second
	purgeEvery   = 10 * time.Minute
	// purgeLimit bounds how many files one run deletes.
	purgeLimit = 10_000
)

// due tells whether it is time for any of it.
func (u *upkeep) due(now time.Time) bool {
	return u.recovered.IsZero() || now.Sub(u.recovered) >= recoverEvery
}

// keepUp does what is due.
func (q *Queue) keepUp(now time.Time) error {
	q.kept.rested = time.Time{}
	if err := q.roomy(); err != nil {
		return err
	}
	if !q.kept.due(now) {
		return nil
	}
	if q.watch == nil || q.watch.Lost() {
		q.unwatch()
		q.watch = q.watched()
	}
	if err := q.recover(now); err != nil {
		return err
	}
	q.kept.recovered = now
	if q.kept.purged.IsZero() || now.Sub(q.kept.purged) >= purgeEvery {
		return q.purge(now)
	}
	return nil
}

func (q *Queue) recover(now time.Time) error {
	r, err := q.spool.Recover(now.Round(0))
	for _, f := range r.Files {
		if f.Failed {
			q.env.Log.Error("set_aside", zap.String("file", f.Name), zap.Int("attempt", f.Attempts),
				zap.String("reason", fmt.Sprintf("peakd or the machine died %d times while it was handled", f.Crashes)))
			continue
		}
		q.env.Log.Warn("recovered", zap.String("file", f.Name), zap.Int("attempt", f.Attempts), zap.Int("crashes", f.Crashes))
	}
	return err
}

// purge deletes what has been kept long enough; what is left at the limit is for the next time.
func (q *Queue) purge(now time.Time) error {
	more := false
	for _, kept := range []struct {
		state spool.State
		keep  time.Duration
	}{{spool.StateDone, q.settings.Keep}, {spool.StateFailed, q.settings.KeepFailed}} {
		if kept.keep <= 0 {
			continue
		}
		purged, err := q.spool.Purge(spool.PurgeRequest{State: kept.state, Before: now.Round(0).Add(-kept.keep), Limit: purgeLimit})
		if err != nil {
			return err
		}
		more = more || purged.More
	}
	if !more {
		q.kept.purged = now
	}
	return nil
}

// roomy tells whether the file system has room for more.
func (q *Queue) roomy() error {
	if q.settings.MinimumFree <= 0 {
		return nil
	}
	free, err := freePercent(q.spool.FD())
	if err != nil {
		return fmt.Errorf("look for room at %s: %w", q.settings.Directory, err)
	}
	if free < q.settings.MinimumFree {
		return fmt.Errorf("the file system of %s has %.1f%% left, less than minimum_free = %g: nothing is claimed",
			q.settings.Directory, free, q.settings.MinimumFree)
	}
	return nil
}

// rester is a deliverer that can give back what it does not need while there is no work.
type rester interface{ Rest() }

// rest gives back what a queue without work does not need.
func (q *Queue) rest() error {
	if r, ok := q.deliverer.(rester); ok {
		r.Rest()
	}
	if q.settings.Own && q.compact() {
		return nil // what came meanwhile is seen by the next run, which is not quiet
	}
	if err := q.spool.Rest(); err != nil {
		return err
	}
	q.kept.rested = q.env.Clock.Now()
	return nil
}

// compact tells whether the directory was replaced by a fresh one.
func (q *Queue) compact() bool {
	replaced, err := q.spool.Compact()
	if err != nil && !errors.Is(err, spool.ErrGone) && !errors.Is(err, spool.ErrBusy) {
		q.warn("compact", err)
	}
	if replaced {
		q.unwatch()
		q.watch = q.watched()
	}
	return replaced
}

func (q *Queue) warn(what string, err error) { q.env.Log.Warn(what, zap.Error(err)) }
