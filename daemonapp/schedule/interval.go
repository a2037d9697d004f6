package schedule

import "time"

// Interval is the Planner of a daemon that runs at intervals: completion + wait (fixed delay).
// It holds settings only, so that many daemons may share one; the app has those share that have equal ones. So it must not
// be changed once a daemon has it.
type Interval struct {
	Backoff
	// Prio is what Priority answers.
	Prio int
	// Once ends the daemon after its first run. A failed run is tried again only while OnceRetries.
	Once        bool
	OnceRetries bool
}

var _ Planner = (*Interval)(nil)

// Priority implements [Planner].
func (p *Interval) Priority() int { return p.Prio }

// NextRun implements [Planner].
func (p *Interval) NextRun(last Run) time.Time {
	if p.Once && Spent(last, p.OnceRetries, p.Retry.Attempts) {
		return time.Time{}
	}
	return last.Finished.Add(p.Wait(last))
}

// after is NextRun for the scheduler itself, in its own time: the wait begins at that time.
func (p *Interval) after(at int64, outcome Outcome, idle, failures int32) int64 {
	last := counts{outcome, int(idle), int(failures)}
	if p.Once && last.spent(p.OnceRetries, p.Retry.Attempts) {
		return never
	}
	if outcome == Worked {
		return max(later(at, int64(p.MinimumIdle)), at)
	}
	return max(later(at, int64(p.wait(last))), at)
}

// counts are what of a run the wait depends on.
type counts struct {
	outcome        Outcome
	idle, failures int
}

func (r *Run) counts() counts { return counts{r.Result.Outcome, r.IdleRuns, r.Failures} }

// Spent tells whether a daemon that is to run once is done after this run. A failure is the end too,
// unless the daemon has a retry curve of its own and retries are left. A cancelled run did not count.
func Spent(last Run, retries bool, attempts int) bool { return last.counts().spent(retries, attempts) }

func (c counts) spent(retries bool, attempts int) bool {
	switch c.outcome {
	case Worked, More, Idle:
		return true
	case Failed:
		return !retries || (attempts > 0 && c.failures > attempts)
	case Cancelled: // it did not count
	}
	return false
}
