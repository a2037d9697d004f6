package dirqueue

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/benbjohnson/clock"

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

	// A queue that is polled looks at what follows, and not far beyond: thousands of them do so each second, from memory that
	// no cache holds.
	clock     clock.Clock
	next      time.Time   // when there is something to do by the passing of time; zero: not known
	calendar  bool        // it follows a calendar, and nothing but that says when it runs
	moved     atomic.Bool // the watch has told that the directory may be another one now
	calmUntil time.Time   // up to when there is nothing to do unless something arrives; zero: not known
	mark      spool.Mark  // tells then whether something has
	trip      breaker

	spool     *spool.Queue // nil: not open
	failed    atomic.Int64 // when the last run failed, Unix time in ns; 0: it did not
	unended   []ending     // attempts that are over, which could not be put on record
	kept      upkeep
	atWork    bool // it is not at rest, as the crowd knows it
	deliverer deliver.Deliverer
	watch     *watch.Watch // nil: it is not told of arrivals
	bucket    bucket
	speed     time.Duration // how long a file takes, by the last batch; 0: not known
	figures   figures
	worked    time.Time // when there was work last
	types     *types
	env       config.Env
	settings  Settings
}

var (
	_ daemonapp.Daemon = (*Queue)(nil)
	_ daemonapp.Holder = (*Queue)(nil)
	_ daemonapp.Closer = (*Queue)(nil)
)

// restAfter is how long a queue without work keeps what it needs for working: descriptors, a worker.
const restAfter = time.Minute

// failRest is for how long after a run that failed arrivals do not wake the queue: on a full disk each of them would lead
// to a line in the log.
const failRest = 10 * time.Second

// Hold implements [daemonapp.Holder]: while the destination is bad the queue rests.
func (q *Queue) Hold() (reason string, recheck time.Duration) {
	if !q.trip.on {
		return "", 0
	}
	return q.trip.hold(q.env.Clock.Now())
}

// Run implements [daemonapp.Daemon].
func (q *Queue) Run(ctx context.Context) (schedule.Result, error) {
	start := q.clock.Now()
	q.failed.Store(0) // what arrives from now on, this run may not see
	if q.quiet(start) {
		return schedule.Result{Outcome: schedule.Idle}, nil
	}
	q.next, q.calmUntil = time.Time{}, time.Time{}
	if err := q.open(start); err != nil {
		return schedule.Result{}, q.types.crowd.explain(err)
	}
	q.wake()
	r := &run{Queue: q, ctx: ctx, until: start.Add(q.settings.Slice)}
	if info, ok := daemonapp.RunFrom(ctx); ok && info.Once {
		r.until = time.Time{}
	}
	err := q.keepUp(start)
	if err == nil {
		q.count(q.kept.recovered.Equal(start) || q.spool.Changed()) // also before: the run may take long, or hang
		err = r.work()
		q.count(r.handled > 0)
	}
	if sync := q.spool.Sync(); err == nil {
		err = sync
	}
	return q.result(r, err)
}

// result is how a run ended.
func (q *Queue) result(r *run, err error) (schedule.Result, error) {
	now := q.env.Clock.Now()
	if r.handled > 0 {
		q.worked = now
	}
	switch {
	case err != nil:
		q.failed.Store(now.UnixNano())
		return schedule.Result{Count: r.delivered}, q.types.crowd.explain(err)
	case r.more:
		return schedule.Result{Outcome: schedule.More, Count: r.delivered}, nil
	}
	if now.Sub(q.worked) >= restAfter || q.types.crowd.dense() {
		q.catchUp()
		err = q.rest()
	}
	if r.handled > 0 {
		return schedule.Result{Outcome: schedule.Worked, Count: r.delivered}, err
	}
	return schedule.Result{Outcome: schedule.Idle}, err
}

// open opens the queue, anew if its directory is another one now.
func (q *Queue) open(now time.Time) error {
	if q.spool != nil && q.stale(now) {
		q.shut()
	}
	if q.spool != nil {
		return nil
	}
	if q.deliverer == nil {
		d, err := q.types.deliverer(q.env, q.settings)
		if err != nil {
			return err
		}
		q.deliverer = d
	}
	q.moved.Store(false)
	s, err := spool.Open(string(q.settings.Directory), q.settings.options())
	if err != nil {
		return err
	}
	q.spool, q.kept = s, upkeep{}
	q.watch = q.watched()
	return nil
}

// stale tells whether what is open is no longer the queue: its directory was removed, or another one is called that now,
// or its disk did not keep what it was given. Whether it was renamed is looked at when the watch tells so, and now and
// then: a directory above it may have been.
func (q *Queue) stale(now time.Time) bool {
	if q.spool.Gone() || q.spool.Degraded() != nil {
		return true
	}
	moved := q.moved.Swap(false)
	if !moved && q.watch != nil && !q.kept.due(now) {
		return false
	}
	id, err := identity(string(q.settings.Directory))
	return err != nil || id != q.spool.Identity()
}

// watched tells the queue of files as they arrive. Where that cannot be, it looks as often as its pace says.
func (q *Queue) watched() *watch.Watch {
	wake := q.env.Wake
	if q.calendar {
		wake = func() {}
	}
	w, err := q.types.watches.Add(q.spool.FD(), watch.Arrivals, func(what watch.Mask) {
		if what&watch.Itself != 0 {
			q.moved.Store(true)
		} else if at := q.failed.Load(); at != 0 && q.env.Clock.Now().Sub(time.Unix(0, at)) < failRest {
			return
		}
		wake()
	})
	if err != nil {
		q.types.unwatched(q.env.Log, err)
		return nil
	}
	return w
}

// rewatch sees to it that the queue is watched, where that can be.
func (q *Queue) rewatch() {
	if q.watch == nil || q.watch.Lost() {
		q.unwatch()
		q.watch = q.watched()
	}
}

// unwatch ends the watch.
func (q *Queue) unwatch() {
	if q.watch != nil {
		q.watch.Close()
		q.watch = nil
	}
}

// shut closes the queue, but not what delivers. Attempts that are not on record are left to recovery.
func (q *Queue) shut() {
	q.unwatch()
	if err := q.spool.Close(); err != nil && !errors.Is(err, spool.ErrDegraded) { // that has been told
		q.warn("close", err)
	}
	q.spool, q.unended = nil, nil
	q.figures.latest.Store(nil)
	q.sleep()
}

// Close implements [daemonapp.Closer]. If this is because of other settings, the successor looks at once, as nobody has
// been told of what has arrived since the last run.
func (q *Queue) Close() error {
	q.types.crowd.queues.Add(-1)
	told := q.watch != nil && !q.calendar
	if q.spool != nil {
		q.shut()
	}
	if told {
		q.env.Wake()
	}
	if q.deliverer == nil {
		return nil
	}
	if err := q.deliverer.Close(); err != nil {
		return fmt.Errorf("end deliveries of %s: %w", q.settings.Directory, err)
	}
	return nil
}
