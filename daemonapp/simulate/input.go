package simulate

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// Input is what a simulation is told: an app, and what to assume of its daemons.
type Input struct {
	// App is the name of the app, for the drawings.
	App string
	// Start is when the virtual world begins; the zero time stands for a fixed day, for apps in which no
	// calendar or window reads the clock.
	Start time.Time
	// StartAssumed tells that nobody asked for this Start: the drawings say that it is the coming midnight.
	StartAssumed bool
	// Horizon is how long to look; 0 means the hard deadline, and 24 hours without one.
	Horizon time.Duration
	// Limits are those of the app.
	Limits schedule.Limits
	// ShutdownGrace is how long runs in flight are given at a stop. It cuts nothing here; the drawings
	// warn of runs assumed to last longer. 0: no warning.
	ShutdownGrace time.Duration
	// Daemons are those of the configuration, in its order.
	Daemons []Daemon

	nameless bool // Start is a day that nobody asked for, not to be shown
}

// Daemon is one daemon and what to assume of it.
type Daemon struct {
	// Entry is what the scheduler is told. Its Name is the full one (seed/child). Saved and
	// Conditions.Hold are left out: a simulation reads no state and asks nothing of the real world. Its
	// Planner may be asked more often than the daemon runs, and must then give the same answers.
	Entry  schedule.Entry
	Assume Assumption
	// Timeout and KillGrace cut nothing here; the drawings warn where Assume exceeds them. 0: none.
	Timeout, KillGrace time.Duration
	// Children are added when the first run of this daemon that does not fail has ended.
	Children []Daemon
}

// Assumption is how the runs of a daemon go.
type Assumption struct {
	// Outcomes of the first run, the second and so on, then from the first again; none means worked.
	Outcomes []schedule.Outcome
	// Duration of each run.
	Duration time.Duration
	// Durations, if there are any, are those of the runs instead: one for each of Outcomes.
	Durations []time.Duration
}

// DefaultHorizon is how far a simulation looks if neither it nor a hard deadline says so.
const DefaultHorizon = 24 * time.Hour

// normalized fills in what zero values stand for.
func (in Input) normalized() Input {
	if in.Start.IsZero() {
		in.Start, in.nameless = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC), true
	}
	in.Start = in.Start.Round(0)
	if in.Horizon == 0 {
		in.Horizon = in.Limits.HardDeadline
	}
	if in.Horizon <= 0 {
		in.Horizon = DefaultHorizon
	}
	in.Limits.Workers = max(in.Limits.Workers, 1)
	return in
}

// lane is one daemon in the virtual world.
type lane struct {
	entry    schedule.Entry
	id       schedule.ID // nobody until it appears
	outcomes []schedule.Outcome
	turn     int   // index of the next outcome
	duration int64 // of each run; the longest, if there are durations
	// durations are those of each run by its turn; none: all take duration.
	durations []time.Duration
	children  []int32
	next      int64 // its desired next run time; kept only where background daemons make it needed
	longest   int64 // wait for the floor
	waitedAt  int64 // due time of the longest wait
	disarmed  int64 // when it was disarmed; never if it was not
	// unstarted is since when it was ready at the stop; never if it was not.
	unstarted int64
	after     int64 // how much of its runs lies after the stop

	parent  int32
	depth   int
	timeout time.Duration
	grace   time.Duration
}

const (
	never   = math.MaxInt64
	nobody  = schedule.ID(-1)
	nowhere = -1 // the parent of a daemon that has none
)

var (
	errNoPlanner = errors.New("it has no planner")
	errDuration  = errors.New("its assumed duration is negative")
	errDurations = errors.New("it has not one assumed duration for each outcome")
	errOutcome   = errors.New("an assumed outcome is none of worked, more, idle, failed")
)

// worked is what a daemon without an assumption does.
func worked() []schedule.Outcome { return []schedule.Outcome{schedule.Worked} }

// flatten lists the daemons, each before its children, and checks them.
func flatten(daemons []Daemon) ([]lane, error) {
	f := flattener{names: make(map[string]struct{}, len(daemons)), lanes: make([]lane, 0, len(daemons))}
	for i := range daemons {
		if _, err := f.add(&daemons[i], nowhere, 0); err != nil {
			return nil, err
		}
	}
	return f.lanes, nil
}

type flattener struct {
	lanes []lane
	names map[string]struct{}
}

func (f *flattener) add(d *Daemon, parent int32, depth int) (int32, error) {
	if err := f.check(d); err != nil {
		return 0, fmt.Errorf("simulate %s: %w", d.Entry.Name, err)
	}
	f.names[d.Entry.Name] = struct{}{}
	index := int32(len(f.lanes))
	l := lane{
		entry: d.Entry, id: nobody, outcomes: d.Assume.Outcomes, duration: int64(d.Assume.Duration),
		next: never, disarmed: never, unstarted: never, parent: parent, depth: depth, timeout: d.Timeout, grace: d.KillGrace,
	}
	l.entry.Saved, l.entry.Conditions.Hold = nil, nil
	if len(l.outcomes) == 0 {
		l.outcomes = worked()
	}
	if l.durations = d.Assume.Durations; len(l.durations) > 0 {
		l.duration = int64(slices.Max(l.durations))
	}
	f.lanes = append(f.lanes, l)
	for i := range d.Children {
		child, err := f.add(&d.Children[i], index, depth+1)
		if err != nil {
			return 0, err
		}
		f.lanes[index].children = append(f.lanes[index].children, child)
	}
	return index, nil
}

func (f *flattener) check(d *Daemon) error {
	if _, there := f.names[d.Entry.Name]; there {
		return schedule.ErrDuplicate
	}
	if d.Entry.Planner == nil {
		return errNoPlanner
	}
	if n := len(d.Assume.Durations); n > 0 && n != max(len(d.Assume.Outcomes), 1) {
		return errDurations
	}
	if d.Assume.Duration < 0 || slices.ContainsFunc(d.Assume.Durations, func(d time.Duration) bool { return d < 0 }) {
		return errDuration
	}
	for _, o := range d.Assume.Outcomes {
		if o < schedule.Worked || o > schedule.Failed {
			return errOutcome
		}
	}
	return nil
}
