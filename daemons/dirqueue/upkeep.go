package dirqueue

import (
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

// upkeep is what a queue does now and then besides delivering.
type upkeep struct {
	recovered time.Time // when dead owners were last looked for; zero: never
	purged    time.Time // when files that were kept long enough were last looked for
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

func (u *upkeep) purgeDue(now time.Time) bool {
	return u.purged.IsZero() || now.Sub(u.purged) >= purgeEvery
}

// keepUp does what is due.
func (q *Queue) keepUp(now time.Time) error {
	if err := q.roomy(); err != nil {
		return err
	}
	if !q.kept.due(now) {
		return nil
	}
	q.rewatch()
	if err := q.recover(now); err != nil {
		return err
	}
	q.kept.recovered = now
	if q.kept.purgeDue(now) {
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

func (q *Queue) warn(what string, err error) { q.env.Log.Warn(what, zap.Error(err)) }
