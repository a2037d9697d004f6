package calendar

import (
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// retryEvery is the wait after a first failure for a curve that states none: a calendar has no interval
// to take it from.
const retryEvery = time.Minute

// Plan is the planner of a daemon that runs by the calendar. It holds settings only, so that many daemons
// may share one; no field may change while it is in use.
type Plan struct {
	// Schedule are the times; it must be set.
	Schedule *Schedule
	// Prio is what Priority answers.
	Prio int
	// Offset is added to every time of the schedule: the daemon's stable jitter.
	Offset time.Duration
	// Retry is the curve after failures, for as long as it comes before the next time of the schedule.
	// Its Every of 0 means a minute. Nil means that a failed run waits for the schedule.
	Retry *schedule.Retry
	// Skip drops a time that passed while nobody could run it; otherwise it is made up for, once.
	Skip bool
	// Once ends the daemon after its first run. A failed run is tried again only while OnceRetries.
	Once        bool
	OnceRetries bool
}

var _ schedule.Calendar = (*Plan)(nil)

// Priority implements [schedule.Planner].
func (p *Plan) Priority() int { return p.Prio }

// After implements [schedule.Calendar]: the first time of the schedule, offset included, strictly after t.
func (p *Plan) After(t time.Time) time.Time {
	next := p.Schedule.Next(t.Add(-p.Offset))
	if next.IsZero() {
		return next
	}
	return next.Add(p.Offset)
}

// CatchUp implements [schedule.Calendar].
func (p *Plan) CatchUp() bool { return !p.Skip }

// NextRun implements [schedule.Planner]: the first time after the completion; at once while more work is
// left; after a failure the retry curve if that comes first. A cancelled run keeps the pace of the failures
// before it.
func (p *Plan) NextRun(last schedule.Run) time.Time {
	if p.Once && schedule.Spent(last, p.OnceRetries, p.attempts()) {
		return time.Time{}
	}
	if last.Result.Outcome == schedule.More {
		return last.Finished
	}
	next := p.After(last.Finished)
	if retry, ok := p.retry(last); ok && (next.IsZero() || retry.Before(next)) {
		return retry
	}
	return next
}

func (p *Plan) attempts() int {
	if p.Retry == nil {
		return 0
	}
	return p.Retry.Attempts
}

// retry is when the curve wants the next run, if it holds after this one.
func (p *Plan) retry(last schedule.Run) (time.Time, bool) {
	failing := last.Result.Outcome == schedule.Failed || last.Result.Outcome == schedule.Cancelled
	if p.Retry == nil || !failing || last.Failures < 1 {
		return time.Time{}, false
	}
	curve := *p.Retry
	if curve.Every == 0 {
		curve.Every = retryEvery
	}
	wait, ok := curve.Wait(last.Failures)
	return last.Finished.Add(wait), ok
}
