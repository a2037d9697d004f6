package simulate

import (
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// Report sums up a simulation. It is not safe for concurrent use: the drawings work parts of it out when
// they are first asked for.
type Report struct {
	// Input is what was simulated, with what its zero values stand for filled in.
	Input Input
	// Daemons are all that were named, each before its children, in the order of the input.
	Daemons []Row
	// Sum is that of all daemons; its Wait and Interval are the extremes.
	Sum Row
	// Gap is the largest gap in the schedule; a Length of 0 means none was seen.
	Gap Gap
	// Closest is the largest gap after the soft deadline, when a gap of the idle threshold would have
	// stopped the app; nil if none was seen.
	Closest *Gap
	Stop    Stop

	parents []int32
	drawn   *drawing
}

// Row is what one daemon did.
type Row struct {
	// Name is the full name, Short the part that is not the seed's, Depth how many seeds stand above it.
	Name, Short string
	Depth       int
	// Present tells whether it was ever added: the child of a seed that always fails is not.
	Present  bool
	Priority int
	// Runs that ended; Worked counts those that ended worked or more.
	Runs, Worked, Idle, Failed int
	// Busy is the time spent in runs up to the stop, Share that of the time all workers had, 0 to 1.
	Busy  time.Duration
	Share float64
	Wait  Wait
	// Starved is the sum of its waits for the floor, a last one without a start included.
	Starved time.Duration
	// Shortest and Longest bound the waits it asked for between runs; Never if it asked for none.
	Shortest, Longest time.Duration
	// Disarmed is when it was disarmed, Never if it was not.
	Disarmed time.Duration
	// Held is why it was held at the end; empty if it was not.
	Held string
}

// Wait is the longest time a daemon was ready and had to wait for the floor.
type Wait struct {
	// Daemon is who waited.
	Daemon string
	Due    time.Duration
	Length time.Duration
	// Unfinished tells that it was still waiting at the stop.
	Unfinished bool
}

// Stop is how a simulation ended.
type Stop struct {
	// Decided is the instant of the decision; At that, or, after a hard deadline, the end of the last run
	// in flight.
	Decided, At time.Duration
	Reason      schedule.Reason
	// InFlight is how many runs were in flight at the decision.
	InFlight int
	// Ready is how many daemons were waiting for the floor.
	Ready int
	// Next is the daemon that would have been next, at NextAt; empty if nothing was scheduled.
	Next   string
	NextAt time.Duration
}

// Run simulates an app. Each run is handed to each in the order in which the runs end, and the stop comes last;
// an error of each ends the simulation and is returned as it is. A nil each only gathers the report.
//
// It refuses a daemon that makes no progress by a [*NoProgress] before each is called for the first time.
func Run(in Input, each func(Line) error) (*Report, error) {
	in = in.normalized()
	lanes, err := flatten(in.Daemons)
	if err != nil {
		return nil, err
	}
	if err := checkProgress(lanes, in.Start); err != nil {
		return nil, err
	}
	w, err := newWorld(in, lanes)
	if err != nil {
		return nil, err
	}
	if each != nil {
		w.ran = func(r ran) error { return each(w.line(r)) }
	}
	if err := w.live(); err != nil {
		return nil, err
	}
	if each != nil {
		if err := each(Line{Kind: Stopped, At: w.stop.At, Reason: w.stop.Reason}); err != nil {
			return nil, err
		}
	}
	return w.report(), nil
}

func (w *world) line(r ran) Line {
	return Line{
		Kind: Ran, Daemon: w.lanes[r.lane].entry.Name, Outcome: r.outcome,
		Due: time.Duration(r.due), Start: time.Duration(r.start), End: time.Duration(r.end), Wait: time.Duration(r.wait),
	}
}
