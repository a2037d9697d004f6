package schedule

import "time"

// Interval is the Planner of a daemon that runs at intervals: completion + wait (fixed delay).
// It holds settings only, so that many daemons may share one.
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
	return last.Finished.Add(p.wait(&last))
}

// Spent tells whether a daemon that is to run once is done after this run. A failure is the end too,
// unless the daemon has a retry curve of its own and retries are left. A cancelled run did not count.
func Spent(last Run, retries bool, attempts int) bool {
	switch last.Result.Outcome {
	case Worked, More, Idle:
		return true
	case Failed:
		return !retries || (attempts > 0 && last.Failures > attempts)
	}
	return false
}
