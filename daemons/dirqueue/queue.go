package dirqueue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/spool"
	"github.com/peakd/peakd/daemons/dirqueue/watch"
)

// Queue is a daemon that delivers the files of a directory.
//
// A run works as long as its slice and then yields, as more. It worked if it had files to deliver, whatever became of
// them: a file's failure is not the run's. It failed if the queue itself is bad: no directory, no room, a disk that does
// not keep what it is given.
type Queue struct {
	daemonapp.Pace
	env      config.Env
	settings Settings
	types    *types

	spool     *spool.Queue
	deliverer deliver.Deliverer
	watch     *watch.Watch
	trip      breaker
	bucket    bucket
	recovered time.Time // when dead owners were last looked for
	purged    time.Time // when old files were last looked for
	next      time.Time // when there is something to do by the passing of time; zero: not known
}

var (
	_ daemonapp.Daemon = (*Queue)(nil)
	_ daemonapp.Holder = (*Queue)(nil)
	_ daemonapp.Closer = (*Queue)(nil)
)

const (
	// recoverEvery is how often dead owners are looked for, purgeEvery the same for files kept long enough.
	recoverEvery = 30 * time.Second
	purgeEvery   = 10 * time.Minute
	// purgeLimit bounds how many files one run deletes from the archive.
	purgeLimit = 10_000
)

// Hold implements [daemonapp.Holder]: while the destination is bad the queue rests.
func (q *Queue) Hold() (reason string, recheck time.Duration) {
	return q.trip.hold(q.env.Clock.Now())
}

// Run implements [daemonapp.Daemon].
func (q *Queue) Run(ctx context.Context) (schedule.Result, error) {
	start := q.env.Clock.Now()
	q.next = time.Time{}
	if err := q.open(); err != nil {
		return schedule.Result{}, err
	}
	if err := q.keepUp(start); err != nil {
		return schedule.Result{}, err
	}
	r := &run{Queue: q, ctx: ctx, until: start.Add(q.settings.Slice)}
	err := r.work()
	if sync := q.spool.Sync(); err == nil && sync != nil {
		err = sync
	}
	switch {
	case err != nil:
		return schedule.Result{Count: r.delivered}, err
	case r.more:
		return schedule.Result{Outcome: schedule.More, Count: r.delivered}, nil
	case r.handled > 0:
		return schedule.Result{Outcome: schedule.Worked, Count: r.delivered}, nil
	}
	return schedule.Result{Outcome: schedule.Idle}, q.rest()
}

// NextRun implements [schedule.Planner]: when a file is due again before the next look, the queue is due then.
func (q *Queue) NextRun(last schedule.Run) time.Time {
	planned := q.Pace.NextRun(last)
	if q.next.IsZero() || last.Result.Outcome == schedule.Failed || planned.IsZero() {
		return planned
	}
	if until := last.Finished.Add(q.next.Sub(q.env.Clock.Now())); until.Before(planned) {
		return laterOf(until, last.Finished)
	}
	return planned
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// open opens the queue, anew if its directory is another one now.
func (q *Queue) open() error {
	if q.spool != nil && (q.spool.Gone() || q.spool.Degraded() != nil) {
		q.shut()
	}
	if q.spool != nil {
		return nil
	}
	s, err := spool.Open(string(q.settings.Directory), q.settings.options())
	if err != nil {
		return err
	}
	if q.deliverer == nil {
		if q.deliverer, err = q.types.deliverer(q.env, q.settings); err != nil {
			return errors.Join(err, s.Close())
		}
	}
	q.spool, q.recovered = s, time.Time{}
	q.watch = q.watched(s)
	return nil
}

// watched tells the queue of files as they arrive. Where that cannot be, it looks as often as its pace says.
func (q *Queue) watched(s *spool.Queue) *watch.Watch {
	w, err := q.types.watches.Add(s.FD(), watch.Arrivals, q.env.Wake)
	if err != nil {
		if !errors.Is(err, watch.ErrUnsupported) {
			q.env.Log.Warn("not_watched", zap.Error(err), zap.String("so", "it looks at its directory as often as its pace says"))
		}
		return nil
	}
	return w
}

// keepUp does what is to be done now and then: recovery, old files, room on the disk.
func (q *Queue) keepUp(now time.Time) error {
	if err := q.roomy(); err != nil {
		return err
	}
	if now.Sub(q.recovered) >= recoverEvery {
		if err := q.recover(now); err != nil {
			return err
		}
		q.recovered = now
	}
	if now.Sub(q.purged) >= purgeEvery {
		if err := q.purge(now); err != nil {
			return err
		}
		q.purged = now
	}
	return nil
}

func (q *Queue) recover(now time.Time) error {
	r, err := q.spool.Recover(now.Round(0))
	for _, f := range r.Files {
		if f.Failed {
			q.env.Log.Error("set_aside", zap.String("file", f.Name), zap.Int("crashes", f.Crashes),
				zap.String("reason", "its handling was cut off too often"))
			continue
		}
		q.env.Log.Warn("recovered", zap.String("file", f.Name), zap.Int("crashes", f.Crashes))
	}
	return err
}

// purge deletes what has been kept long enough.
func (q *Queue) purge(now time.Time) error {
	for _, kept := range []struct {
		state spool.State
		keep  time.Duration
	}{{spool.StateDone, q.settings.Keep}, {spool.StateFailed, q.settings.KeepFailed}} {
		if kept.keep <= 0 {
			continue
		}
		_, err := q.spool.Purge(spool.PurgeRequest{State: kept.state, Before: now.Round(0).Add(-kept.keep), Limit: purgeLimit})
		if err != nil {
			return err
		}
	}
	return nil
}

// roomy tells whether the file system has room for more.
func (q *Queue) roomy() error {
	if q.settings.MinimumFree <= 0 {
		return nil
	}
	free, err := freePercent(string(q.settings.Directory))
	if err != nil {
		return fmt.Errorf("look for room at %s: %w", q.settings.Directory, err)
	}
	if free < q.settings.MinimumFree {
		return fmt.Errorf("the file system of %s has %.1f%% left, less than minimum_free = %g: nothing is claimed",
			q.settings.Directory, free, q.settings.MinimumFree)
	}
	return nil
}

// rest gives back what a queue without work does not need.
func (q *Queue) rest() error {
	if _, err := q.spool.Compact(); err != nil {
		q.env.Log.Debug("compact", zap.Error(err))
	}
	return q.spool.Rest()
}

// shut closes the queue, but not what delivers.
func (q *Queue) shut() {
	if q.watch != nil {
		q.watch.Close()
		q.watch = nil
	}
	if err := q.spool.Close(); err != nil {
		q.env.Log.Warn("close", zap.Error(err))
	}
	q.spool = nil
}

// Close implements [daemonapp.Closer].
func (q *Queue) Close() error {
	if q.spool != nil {
		q.shut()
	}
	if q.deliverer == nil {
		return nil
	}
	return q.deliverer.Close()
}
