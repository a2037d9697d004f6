package simulate

import (
	"errors"
	"fmt"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/priorityq"
)

// world is the app on virtual time. Times inside are nanoseconds since its start.
type world struct {
	in      Input
	core    *schedule.Scheduler
	lanes   []lane
	byID    []int32 // the index of the lane with that ID; no daemon leaves, so IDs are dense
	at      int64
	horizon int64
	// flights are the runs in flight by their end; those that end together in the order of their starts.
	flights priorityq.Queue[int64, schedule.ID]
	// ran is told of each run that has ended; nil if nobody listens.
	ran   func(ran) error
	gaps  gaps
	burst int // runs started at this instant
	most  int // how many may be
	stop  Stop
}

// ran is a run that has ended, in nanoseconds since the start; wait is negative if the daemon wants no other.
type ran struct {
	lane                  int32
	outcome               schedule.Outcome
	due, start, end, wait int64
}

// errAssumed is the Err of a run that is assumed to fail.
var errAssumed = errors.New("assumed to fail")

// newWorld makes a world of normalized input in which nothing has happened.
func newWorld(in Input, lanes []lane) (*world, error) {
	w := &world{
		in: in, core: schedule.New(in.Start, in.Limits), lanes: lanes, byID: make([]int32, 0, len(lanes)),
		horizon: int64(in.Horizon), gaps: newGaps(lanes),
	}
	for i := range lanes {
		w.most += len(lanes[i].outcomes) * (min(lanes[i].entry.DisarmAfter, roundsLimit) + 1)
	}
	w.most = 2*w.most + burstSlack
	for i := range lanes {
		if lanes[i].parent == nowhere {
			if err := w.appear(int32(i)); err != nil {
				return nil, err
			}
		}
	}
	return w, nil
}

// burstSlack is how many runs at one instant raise no suspicion, beyond what the assumptions explain.
const burstSlack = 1 << 20

// appear adds a daemon to the schedule.
func (w *world) appear(index int32) error {
	l := &w.lanes[index]
	id, err := w.core.Add(w.in.Start.Add(time.Duration(w.at)), l.entry)
	if err != nil {
		return fmt.Errorf("simulate %s: %w", l.entry.Name, err)
	}
	l.id = id
	w.byID = append(w.byID, index)
	w.gaps.appeared(w, l)
	return nil
}

// live is the event loop: completions, then decisions, then on to whatever comes next.
func (w *world) live() error {
	for {
		if err := w.land(w.at); err != nil {
			return err
		}
		if w.at >= w.horizon {
			return w.end(w.atHorizon())
		}
		switch d := w.core.NextAt(time.Duration(w.at)); d.Action {
		case schedule.Start:
			if err := w.launch(d.ID); err != nil {
				return err
			}
		case schedule.Stop:
			w.gaps.look(w, unknown)
			return w.end(d.Reason)
		case schedule.Wait:
			until := int64(d.Until)
			w.gaps.look(w, until)
			w.advance(w.following(until))
		}
	}
}

// atHorizon is why the world ends at its horizon: a hard deadline there is still the reason.
func (w *world) atHorizon() schedule.Reason {
	if hard := int64(w.in.Limits.HardDeadline); hard > 0 && w.at >= hard {
		return schedule.HardDeadline
	}
	return schedule.Horizon
}

// age turns a time into nanoseconds since the start; the zero time never comes.
func (w *world) age(t time.Time) int64 {
	if t.IsZero() {
		return never
	}
	return int64(t.Sub(w.in.Start))
}

// following is the next instant at which anything can happen.
func (w *world) following(until int64) int64 {
	next := min(w.horizon, until)
	if _, end, ok := w.flights.Peek(); ok {
		next = min(next, end)
	}
	return next
}

func (w *world) advance(to int64) {
	if to > w.at {
		w.burst = 0
	}
	w.at = to
}

// launch starts a run; one that takes no time ends before anything else starts.
func (w *world) launch(id schedule.ID) error {
	l := &w.lanes[w.byID[id]]
	w.gaps.changed(l)
	if w.burst++; w.burst > w.most {
		return &NoProgress{Daemon: l.entry.Name}
	}
	lasts := l.lasts()
	if lasts == 0 {
		return w.complete(id, true)
	}
	w.flights.Push(later(w.at, lasts), id)
	return nil
}

// later adds without overflow.
func later(at, by int64) int64 {
	if at > never-1-by {
		return never - 1
	}
	return at + by
}

// land completes the runs that end by then, in the order in which they started.
func (w *world) land(by int64) error {
	for {
		id, end, ok := w.flights.Peek()
		if !ok || end > by {
			return nil
		}
		w.flights.Pop()
		if err := w.complete(id, true); err != nil {
			return err
		}
	}
}

// complete ends the run of a daemon now. While the app is alive, a seed's first success brings its children.
func (w *world) complete(id schedule.ID, alive bool) error {
	index := w.byID[id]
	l := &w.lanes[index]
	outcome, failure := l.outcome()
	run := w.core.DoneAt(id, time.Duration(w.at), schedule.Result{Outcome: outcome}, failure)
	if waited := int64(run.Started - run.Due); waited > l.longest {
		l.longest, l.waitedAt = waited, int64(run.Due)
	}
	if run.Next == never && outcome == schedule.Failed && l.entry.DisarmAfter > 0 && run.Failures >= l.entry.DisarmAfter {
		l.disarmed = w.at
	}
	w.gaps.planned(l, int64(run.Next))
	if w.ran != nil {
		if err := w.ran(w.record(index, outcome, &run)); err != nil {
			return err
		}
	}
	if alive && outcome != schedule.Failed && len(l.children) > 0 {
		return w.bear(l)
	}
	return nil
}

// lasts is how long the next run takes.
func (l *lane) lasts() int64 {
	if len(l.durations) > 0 {
		return int64(l.durations[l.turn])
	}
	return l.duration
}

// outcome takes the next of the assumed outcomes.
func (l *lane) outcome() (schedule.Outcome, error) {
	o := l.outcomes[l.turn]
	if l.turn++; l.turn == len(l.outcomes) {
		l.turn = 0
	}
	if o == schedule.Failed {
		return o, errAssumed
	}
	return o, nil
}

func (w *world) record(index int32, outcome schedule.Outcome, run *schedule.Ended) ran {
	wait := int64(Never)
	if run.Next != never {
		wait = int64(run.Next) - w.at
	}
	return ran{
		lane: index, outcome: outcome, wait: wait, end: w.at,
		due: int64(run.Due), start: int64(run.Started),
	}
}

// bear adds the children of a seed, once.
func (w *world) bear(seed *lane) error {
	children := seed.children
	seed.children = nil
	for _, child := range children {
		if err := w.appear(child); err != nil {
			return err
		}
	}
	return nil
}

// end stops the app: nothing starts any more, runs in flight end when they end.
func (w *world) end(reason schedule.Reason) error {
	w.stop = w.decided(reason)
	for {
		id, end, ok := w.flights.Peek()
		if !ok {
			return nil
		}
		w.flights.Pop()
		w.advance(end)
		if reason == schedule.HardDeadline {
			w.stop.At = time.Duration(end)
		}
		w.lanes[w.byID[id]].after = end - int64(w.stop.At)
		if err := w.complete(id, false); err != nil {
			return err
		}
	}
}
