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
	enlisted  bool        // living has it
	moved     atomic.Bool // the watch has told that the directory may be another one now
	calmUntil time.Time   // up to when there is nothing to do unless something arrives; zero: not known
	mark      spool.Mark  // tells then whether something has
	legacy    *bequest    // what the queue of the directory's earlier name leaves to this one; nil: nothing
	trip      breaker
	streaks   streaks

	spool     *spool.Queue   // nil: not open
	heir      *bequest       // who gets what this one leaves; nil: nobody. It is guarded by living
	directory spool.Identity // the one that it is made for, if it is managed
	managed   bool           // a manager sees to it that it ends when its directory has another name
	inherited bool           // spool was, and is not known to be under this queue's name
	foreign   bool           // spool was opened with other settings
	failed    atomic.Int64   // when the last run failed, Unix time in ns; 0: it did not
	unended   []ending       // attempts that are over, which could not be put on record
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

// Hold implements [daemonapp.Holder]: while the destination is bad the queue rests, and a directory that was renamed waits for
// the end of what is under way.
func (q *Queue) Hold() (reason string, recheck time.Duration) {
	q.enlist()
	if q.legacy != nil && !q.inherit() {
		return "its directory had another name, under which it is still at work", heirRecheck
	}
	if !q.trip.on {
		return "", 0
	}
	return q.trip.hold(q.env.Clock.Now())
}

func (q *Queue) enlist() {
	if !q.enlisted {
		q.enlisted = true
		q.types.crowd.queues.Add(1) // not when it is made: what a replaced manager has made last, nobody may ever hear of, or close
		q.types.living.enlist(q)
	}
}

// Run implements [daemonapp.Daemon].
func (q *Queue) Run(ctx context.Context) (schedule.Result, error) {
	start := q.clock.Now()
	if q.quiet(start) {
		return schedule.Result{Outcome: schedule.Idle}, nil
	}
	q.failed.Store(0) // what arrives from now on, this run may not see
	if q.legacy != nil && !q.inherit() {
		return schedule.Result{Outcome: schedule.Idle}, nil // an operator wants it to run all the same
	}
	q.enlist()
	q.next, q.calmUntil = time.Time{}, time.Time{}
	r := &run{Queue: q, ctx: ctx, until: start.Add(q.settings.Slice)}
	switch err := r.open(start); {
	case errors.Is(err, errAway):
		q.next = start.Add(awayRecheck).Round(0)
		return schedule.Result{Outcome: schedule.Idle}, nil
	case err != nil:
		return q.result(r, err)
	}
	q.wake()
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

// shut closes the queue, but not what delivers. Attempts that are not on record are left to recovery.
func (q *Queue) shut() {
	q.inherited, q.foreign = false, false
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
	if q.enlisted {
		q.types.crowd.queues.Add(-1)
	}
	q.bequeath()
	if q.spool != nil {
		q.shut()
	}
	if !q.calendar {
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
