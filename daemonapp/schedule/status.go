package schedule

import (
	"fmt"
	"iter"
	"time"
)

// State is where a daemon stands.
type State uint8

const (
	// Waiting for its next run time.
	Waiting State = iota + 1
	// Ready: due, waiting for the floor.
	Ready
	// Running.
	Running
	// HeldByWindow: due, but its window is closed.
	HeldByWindow
	// HeldByAfter: due, but a daemon that it comes after has not succeeded.
	HeldByAfter
	// HeldByLoad: due, but the load is too high.
	HeldByLoad
	// HeldBySlots: due, but all slots that it shares with others are taken.
	HeldBySlots
	// HeldByDaemon: due, but the daemon itself says that it cannot start.
	HeldByDaemon
	// Paused by an operator.
	Paused
	// Disarmed after failures or by an operator.
	Disarmed
	// Finished: it asked never to run again.
	Finished
)

var stateNames = [...]string{
	"none", "waiting", "ready", "running", "held", "held", "held", "held", "held", "paused", "disarmed", "finished",
}

// String returns the word used in outputs; the ways of being held share one.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// Stats are the sums of one daemon's runs in this life of the app.
type Stats struct {
	Worked, Idle, Failed, Cancelled uint32
	// Count is how many things its runs did, as far as they told.
	Count int64
	// Busy is the time spent in runs.
	Busy time.Duration
	// LongestWait is the longest it was ready before a start, Starved the sum of these waits.
	LongestWait, Starved time.Duration
	// ShortestPause and LongestPause bound the intervals that it asked for between runs.
	ShortestPause, LongestPause time.Duration
}

// Runs is how many runs have ended.
func (s Stats) Runs() int { return int(s.Worked) + int(s.Idle) + int(s.Failed) + int(s.Cancelled) }

func (s *Stats) waited(d time.Duration) {
	s.LongestWait = max(s.LongestWait, d)
	s.Starved += d
}

// noPause is the ShortestPause of a daemon that has asked for none.
const noPause = -1

func (s *Stats) paced(d time.Duration) {
	if s.ShortestPause == noPause {
		s.ShortestPause = d
	}
	s.ShortestPause, s.LongestPause = min(s.ShortestPause, d), max(s.LongestPause, d)
}

// Status is where a daemon stands.
type Status struct {
	ID    ID
	Name  string
	State State
	// Reason is why it is held or disarmed; empty otherwise.
	Reason string
	// Due is the next run time while waiting, the due or release time while ready or running, the
	// planned time while paused. It is zero if there is none.
	Due time.Time
	// Until is when a pause ends or a held daemon is released; zero if not known.
	Until                        time.Time
	Priority                     int
	Background, Stuck, Leaving   bool
	IdleRuns, Failures           int
	LastStart, LastEnd, LastGood time.Time
	LastOutcome                  Outcome
	Stats                        Stats
}

// Status tells where a daemon stands as of the latest time told.
func (s *Scheduler) Status(id ID) Status {
	d := s.daemon(id)
	st := Status{
		ID: id, Name: d.name, State: d.state,
		Due: s.time(d.due), Priority: int(d.shownPriority()),
		Background: d.flags&isBackground != 0, Stuck: d.flags&isStuck != 0, Leaving: d.flags&isLeaving != 0,
		IdleRuns: int(d.idle), Failures: int(d.fails),
		LastStart: s.time(d.started), LastEnd: s.time(d.ended), LastGood: s.time(d.good),
		LastOutcome: d.outcome, Stats: d.stats,
	}
	if st.Stats.Runs() == 0 {
		st.Stats.ShortestPause = 0
	}
	s.explain(d, &st)
	return st
}

// shownPriority is the one that counts now, or else the one that would.
func (d *daemon) shownPriority() int32 {
	if d.state == Ready || d.state == Running {
		return d.priority
	}
	return d.askPriority()
}

// explain fills in why a daemon is held or disarmed and until when.
func (s *Scheduler) explain(d *daemon, st *Status) {
	switch d.state {
	case HeldByWindow:
		st.Reason = "outside its window"
		if d.flags&isQueued != 0 {
			st.Until = s.time(s.queue(d).Key(int32(st.ID)))
		}
	case HeldByAfter:
		name, _ := s.awaits(d)
		st.Reason = "after " + name
	case HeldByLoad:
		st.Reason = fmt.Sprintf("load %.2f, runs below %.2f", s.load.one(s.at), d.extra.conditions.LoadBelow)
	case HeldBySlots:
		st.Reason = fmt.Sprintf("all %d slots are taken", d.slots().Max)
	case HeldByDaemon, Disarmed:
		st.Reason = d.extra.why
	case Paused:
		st.Until = s.time(d.extra.until)
	case Finished:
		if d.extra != nil {
			st.Reason = d.extra.why
		}
	case Waiting, Ready, Running:
	}
}

// Pausing tells whether the daemon is paused, or will be when its run ends.
func (s *Scheduler) Pausing(id ID) bool {
	d := s.daemon(id)
	return d.state == Paused || d.flags&pauseLater != 0
}

// Priority is what the daemon answers now.
func (s *Scheduler) Priority(id ID) int { return int(s.daemon(id).askPriority()) }

// Leaving tells whether the daemon is removed when its run ends.
func (s *Scheduler) Leaving(id ID) bool { return s.daemon(id).flags&isLeaving != 0 }

// Now is the latest time told.
func (s *Scheduler) Now() time.Time { return s.time(s.at) }

// Look takes note of the time, so that what is asked next is true of it, and tells the age. A time before the latest one
// counts as that.
func (s *Scheduler) Look(now time.Time) (age time.Duration) {
	s.advance(now)
	return time.Duration(s.at)
}

// State is where the daemon stands.
func (s *Scheduler) State(id ID) State { return s.daemon(id).state }

// Saved is what is to be remembered of a daemon, as of the end of its latest run.
func (s *Scheduler) Saved(id ID) Saved {
	d := s.daemon(id)
	saved := Saved{
		Next: s.time(d.due), IdleRuns: int(d.idle), Failures: int(d.fails), LastOutcome: d.outcome,
		LastStart: s.time(d.started), LastEnd: s.time(d.ended), LastGood: s.time(d.good),
	}
	if d.state == Disarmed {
		saved.Disarmed = d.extra.why
	}
	saved.SkipNext = d.flags&skipLater != 0
	return saved
}

// All lists the daemons in no particular order.
func (s *Scheduler) All() iter.Seq[ID] {
	return func(yield func(ID) bool) {
		for id := range s.records.used {
			if s.daemon(id).state != 0 && !yield(id) {
				return
			}
		}
	}
}

// Name is the daemon's name.
func (s *Scheduler) Name(id ID) string { return s.daemon(id).name }

// Started is when the app started.
func (s *Scheduler) Started() time.Time { return s.origin }

// Running is how many runs are in flight, Ready how many daemons wait for the floor.
func (s *Scheduler) Running() int { return s.running }

// Ready is how many daemons wait for the floor.
func (s *Scheduler) Ready() int { return s.ready.count }

// Load is the load indicator at the latest time told: the share of worker time spent in runs,
// 0 to 1, averaged over one, five and fifteen minutes.
func (s *Scheduler) Load() [3]float64 {
	x := s.load.all(s.at)
	return [3]float64{x.one, x.five, x.fifteen}
}

// Starved is how long the longest-ready daemon has waited at the latest time told.
func (s *Scheduler) Starved() time.Duration {
	if s.ready.first == nobody {
		return 0
	}
	return time.Duration(s.at - s.daemon(s.ready.first).due)
}

// NextDue is the earliest time at which any daemon becomes due or is released; zero if none will.
// Name is one of those.
func (s *Scheduler) NextDue() (name string, at time.Time) {
	first, due, ok := s.waiting.Peek()
	if other, otherDue, there := s.background.Peek(); there && (!ok || otherDue < due) {
		first, due, ok = other, otherDue, true
	}
	id := ID(first)
	if decayed := s.loadReleaseAt(false); decayed != never && (!ok || decayed < due) {
		id, _, ok = s.loadHeld.Peek()
		due = decayed
	}
	if !ok {
		return "", time.Time{}
	}
	return s.daemon(id).name, s.time(due)
}
