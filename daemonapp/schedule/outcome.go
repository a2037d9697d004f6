package schedule

import "time"

// Outcome says how a run ended, in the four words a daemon can answer with,
// and a fifth for a run that was taken back.
type Outcome uint8

const (
	// Worked: the run did something useful.
	Worked Outcome = iota + 1
	// More: the run did something useful and left work behind; the daemon is due again at once,
	// behind its equals.
	More
	// Idle: the run found nothing to do; the daemon waits longer.
	Idle
	// Failed: the run ended in an error, a panic or its timeout.
	Failed
	// Cancelled: the run was ended by a drain, a stop or an operator; it counts nowhere.
	Cancelled
)

var outcomeNames = [...]string{"none", "worked", "more", "idle", "failed", "cancelled"}

// String returns the word used in configurations, logs and outputs.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return "unknown"
}

// ParseOutcome reads one of the four words that a run may end with; Cancelled is not among them.
func ParseOutcome(s string) (Outcome, bool) {
	for o := Worked; o <= Failed; o++ {
		if outcomeNames[o] == s {
			return o, true
		}
	}
	return 0, false
}

// Result is what a run tells of itself: how it ended, and how many things it did (0 = not counted).
type Result struct {
	Outcome Outcome
	Count   int
}

// Run is the record of one run.
type Run struct {
	// Due is when the daemon became ready: its due time, or the time of its release if it was held.
	Due      time.Time
	Started  time.Time
	Finished time.Time
	Result   Result
	// Err is why the run failed; nil otherwise.
	Err error
	// IdleRuns and Failures are the consecutive idle and failed runs, this one included.
	IdleRuns int
	Failures int
}

// Planner is what each daemon exposes to the scheduler: a priority and a desired next run time.
// The scheduler calls both from the goroutine that calls it; they must return at once.
type Planner interface {
	// Priority is asked once each time the daemon becomes ready. A higher number goes first.
	Priority() int
	// NextRun is asked after each run. The zero time means never. A run with the outcome Cancelled
	// counted nowhere: the answer is the pace that its counts stand for.
	NextRun(last Run) time.Time
}

// Calendar is a Planner whose times are those of the wall clock. The scheduler computes them anew
// when the wall clock is stepped, and knows what it means for one to have been missed.
type Calendar interface {
	Planner
	// After is the first time strictly after t, or the zero time if there is none.
	After(t time.Time) time.Time
	// CatchUp tells whether a time that passed while nobody could run it is made up for, once.
	CatchUp() bool
}

// CalendarOf finds the calendar of a planner: itself, or what its own Calendar method answers. A
// daemon that embeds a Planner hides what else that planner can do, and tells it by such a method.
func CalendarOf(p Planner) Calendar {
	if c, ok := p.(Calendar); ok {
		return c
	}
	if h, ok := p.(interface{ Calendar() Calendar }); ok {
		return h.Calendar()
	}
	return nil
}

// Window is a stretch of time in which a daemon may start.
type Window interface {
	// Open tells whether now lies inside, and when that changes next (the zero time: never).
	Open(now time.Time) (open bool, change time.Time)
}
