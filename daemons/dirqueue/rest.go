package dirqueue

import (
	"errors"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

// quiet tells whether there is nothing to do, at the cost of one system call: nothing has come into the directory, and no
// time has come for anything else.
func (q *Queue) quiet(now time.Time) bool {
	if q.calmUntil.IsZero() || q.moved.Load() || !now.Before(q.calmUntil) && !q.glance(now) {
		return false
	}
	return !q.mark.Changed()
}

// glance tells of a queue at rest whether there is nothing for keepUp. It opens nothing for that, and writes nothing.
func (q *Queue) glance(now time.Time) bool {
	if q.kept.purgeDue(now) || !q.next.IsZero() && !now.Before(q.next) || q.spool.InPlace() != nil {
		return false
	}
	q.rewatch()
	if !q.spool.Calm() {
		return false
	}
	q.kept.recovered = now
	q.beCalm()
	return true
}

// beCalm notes until when there is nothing to do.
func (q *Queue) beCalm() {
	q.mark, q.calmUntil = q.spool.Mark(), q.kept.recovered.Add(recoverEvery)
	if !q.next.IsZero() && q.next.Before(q.calmUntil) {
		q.calmUntil = q.next
	}
}

// NextRun implements [schedule.Planner]: when a file is due again before the next look, the queue is due then.
func (q *Queue) NextRun(last schedule.Run) time.Time {
	planned := q.Pace.NextRun(q.streaks.count(last))
	if q.calendar || planned.IsZero() || last.Result.Outcome == schedule.Failed {
		return planned
	}
	if last.Result.Outcome == schedule.Idle {
		planned = together(last.Finished, planned)
	}
	if q.next.IsZero() {
		return planned
	}
	// q.next is of the wall clock, as the times of files are.
	if due := last.Finished.Add(q.next.Sub(q.env.Clock.Now())); due.Before(planned) {
		return laterOf(due, last.Finished)
	}
	return planned
}

// togetherWithin bounds by how much earlier than planned a queue without work looks.
const togetherWithin = 50 * time.Millisecond

// together brings a look forward by up to a twentieth of the wait, so that of thousands of queues many look at one instant:
// waking up costs far more than a look.
func together(finished, planned time.Time) time.Time {
	grid := min(planned.Sub(finished)/20, togetherWithin)
	if grid <= 0 {
		return planned
	}
	return planned.Add(-time.Duration(planned.UnixNano() % int64(grid)))
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
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
	q.beCalm()
	q.sleep()
	return nil
}

// wake and sleep tell the crowd.
func (q *Queue) wake() {
	if !q.atWork {
		q.atWork = true
		q.types.crowd.atWork.Add(1)
	}
}

func (q *Queue) sleep() {
	if q.atWork {
		q.atWork = false
		q.types.crowd.atWork.Add(-1)
	}
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
