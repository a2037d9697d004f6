package schedule

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/peakd/peakd/priorityq"
)

// Errors of the operations that name a daemon.
var (
	// ErrDuplicate: a daemon of that name is there already.
	ErrDuplicate = errors.New("a daemon of that name exists")
	// ErrDisarmed: the daemon is disarmed; arm it first.
	ErrDisarmed = errors.New("the daemon is disarmed")
	// ErrPaused: the daemon is paused; resume it first.
	ErrPaused = errors.New("the daemon is paused")
	// ErrStuck: a run of the daemon was given up and has not returned.
	ErrStuck = errors.New("an abandoned run of the daemon has not returned")
)

// Entry is what a scheduler is told of a daemon.
type Entry struct {
	Name    string
	Planner Planner
	// StartAfter delays the first run; Offset is the stable jitter, added to the first due time of an
	// interval (a [Calendar] adds it to each of its times by itself).
	StartAfter, Offset time.Duration
	// Background: the daemon's next run does not keep the app alive.
	Background bool
	// DisarmAfter disarms after so many consecutive failures; 0 means never.
	DisarmAfter int
	// Conditions that must hold for a start; the zero value means none.
	Conditions Conditions
	// Fresh tells that it replaces a daemon that has only the name in common with it: it is due as one that is added.
	Fresh bool
	// Saved is what is known of the same daemon from an earlier life; nil means nothing.
	Saved *Saved
	// Paused tells that it begins paused, until PausedUntil if that is not zero.
	Paused      bool
	PausedUntil time.Time
}

// Conditions must all hold for a daemon to start, unless an operator triggered it.
type Conditions struct {
	// After names daemons that must have ended worked, more or idle at or after this one's last start.
	After []string
	// Window must be open.
	Window Window
	// LoadBelow is what the one-minute load must be lower than; 0 means no condition.
	LoadBelow float64
	// Slots bound how many of the daemons that share them run at once; nil means no bound.
	Slots *Slots
	// Hold is asked last: a reason that is not empty holds the daemon; it is asked again after recheck.
	Hold func() (reason string, recheck time.Duration)
}

func (c *Conditions) none() bool {
	return len(c.After) == 0 && c.Window == nil && c.LoadBelow == 0 && c.Slots == nil && c.Hold == nil
}

// Saved is the memory of a daemon from an earlier life of the app, in wall-clock times (zero: none).
type Saved struct {
	// Next is its desired next run time; the zero time means that it never runs again.
	Next                         time.Time
	IdleRuns, Failures           int
	LastStart, LastEnd, LastGood time.Time
	LastOutcome                  Outcome
	// Disarmed is why it is disarmed; empty means that it is not.
	Disarmed string
	// SkipNext: the run after the next one is to be left out.
	SkipNext bool
}

const (
	never  = math.MaxInt64 // a time that does not come
	unset  = math.MinInt64 // a time that has not been
	nobody = ID(-1)
)

// Scheduler decides. Times inside are nanoseconds since the start of the app.
type Scheduler struct {
	origin  time.Time
	now     time.Time // the latest time told
	nowAt   int64     // the same, since the start
	at      int64     // likewise, or the latest age told if that is later
	drift   int64     // how far the wall clock has moved against the monotonic one since the start
	limits  Limits
	records records
	names   index

	waiting    priorityq.Indexed[int64] // IDs by due time
	background priorityq.Indexed[int64] // likewise, those that do not keep the app alive
	loadHeld   priorityq.Queue[float64, ID]
	ready      ready
	// soonest is not after the earliest time in the waiting sets, and is that once release has looked.
	soonest int64
	bounded bool // some limit ends the app, or is one of its deadlines

	order      uint64 // counts what is put in a waiting set
	running    int
	paused     int
	wallBound  int   // daemons whose calendar or window reads the wall clock
	workless   int64 // since when the no-work rule counts: the last work, or the end of the last pause
	load       load
	dependents map[string][]ID // who waits for whom by Conditions.After
	notes      []Note
	heeding    bool // notes are taken
}

// New makes the scheduler of an app that starts now.
func New(now time.Time, limits Limits) *Scheduler {
	s := &Scheduler{
		origin: now, now: now,
		records:    records{free: nobody},
		names:      newIndex(),
		dependents: map[string][]ID{},
		ready:      ready{first: nobody, last: nobody},
	}
	s.SetLimits(now, limits)
	return s
}

// SetLimits changes the limits of a running app; ages count from its start.
func (s *Scheduler) SetLimits(now time.Time, limits Limits) {
	s.advance(now)
	limits.Workers = max(limits.Workers, 1)
	reorder := limits.Aging != s.limits.Aging
	s.limits = limits
	s.load.workers(s.at, limits.Workers)
	s.bounded = limits.SoftDeadline > 0 || limits.HardDeadline > 0 || limits.IdleThreshold > 0 || limits.NoWorkTimeout > 0
	if reorder {
		s.rerank()
	}
}

// Limits are those in force.
func (s *Scheduler) Limits() Limits { return s.limits }

// Len is the number of daemons.
func (s *Scheduler) Len() int { return s.names.used }

// Lookup finds a daemon by name.
func (s *Scheduler) Lookup(name string) (ID, bool) {
	id := s.names.lookup(name, &s.records)
	return id, id != nobody
}

// Grow makes room for n more daemons, where it is known that they come.
func (s *Scheduler) Grow(n int) {
	s.records.grow(n)
	s.names.reserve(n)
	s.waiting.Grow(n)
}

// Add puts a daemon in the schedule: due now, at its first calendar time, or when its memory says.
func (s *Scheduler) Add(now time.Time, e Entry) (ID, error) {
	s.advance(now)
	slot, there := s.names.place(e.Name, &s.records)
	if there {
		return nobody, fmt.Errorf("add %s: %w", e.Name, ErrDuplicate)
	}
	id := s.records.take()
	slot.id = id
	d := s.daemon(id)
	*d = daemon{name: e.Name, started: unset, ended: unset, good: unset, stats: Stats{ShortestPause: noPause}}
	s.settle(id, &e)
	if len(s.dependents[e.Name]) > 0 {
		d.flags |= isAwaited
	}
	if e.Saved != nil {
		s.restore(id, &e)
	} else {
		s.wait(id, s.first(d, &e))
	}
	if e.Paused && d.state != Disarmed {
		_ = s.Pause(now, id, e.PausedUntil) // it is not disarmed
	}
	return id, nil
}

// Remove takes a daemon out, at the end of its run if it is running; done tells whether it is gone.
func (s *Scheduler) Remove(now time.Time, id ID) (done bool) {
	s.advance(now)
	d := s.daemon(id)
	if d.state == Running || d.flags&isStuck != 0 {
		d.flags |= isLeaving
		s.extra(d).successor = nil
		return false
	}
	s.drop(id)
	return true
}

// Replace puts a successor of the same name in a daemon's place, at the end of its run if it is
// running. The successor keeps the last completion, and is due at that completion plus its interval or at
// its next calendar time, not before now, but now if the daemon was woken for a run that has not begun; its
// counts start afresh, and it is armed. A pause stays.
func (s *Scheduler) Replace(now time.Time, id ID, e Entry) {
	s.advance(now)
	d := s.daemon(id)
	d.flags &^= isLeaving
	if d.state == Running {
		kept := e // or each call would make one
		s.extra(d).successor = &kept
		return
	}
	s.succeed(id, &e)
}

// Replan gives a daemon another planner of the same pace: a change of priority replaces nothing.
// The priority counts from the next time the daemon becomes ready.
func (s *Scheduler) Replan(id ID, p Planner) {
	d := s.daemon(id)
	d.planner = p
	if c := CalendarOf(p); c != nil {
		s.extra(d).calendar = c
	}
}

// succeed makes the daemon id the one that e describes.
func (s *Scheduler) succeed(id ID, e *Entry) {
	d := s.daemon(id)
	paused, until := d.state == Paused || d.flags&pauseLater != 0, int64(never)
	if paused {
		until = d.extra.until
	}
	forced := d.flags&(isForced|wakeForced) != 0
	woken := forced || d.flags&(isWoken|wakeLater) != 0 // what it was woken for is the successor's to do
	s.unqueue(id)
	s.unsettle(id)
	d.idle, d.fails, d.outcome = 0, 0, 0
	d.flags &= isAwaited | isStuck | skipLater
	s.settle(id, e)
	due := s.first(d, e)
	if d.ended != unset && !e.Fresh {
		due = s.succession(d)
	}
	switch {
	case d.flags&isStuck != 0:
		d.flags |= armLater
		s.disarm(id, stuckReason)
	case forced, woken && due > s.at:
		s.wakeNow(id, due, forced)
	default:
		s.wait(id, due)
	}
	if paused && d.state != Disarmed {
		s.pause(id, until)
	}
}

// succession is when the successor of a daemon that has run is due.
func (s *Scheduler) succession(d *daemon) int64 {
	if d.calendar() != nil {
		return s.onCalendar(d, d.after(s.Now()))
	}
	return max(s.offset(d.ask(&Run{Finished: s.time(d.ended)})), s.at)
}

// settle copies the settings of e into the daemon id.
func (s *Scheduler) settle(id ID, e *Entry) {
	d := s.daemon(id)
	d.planner = e.Planner
	if e.Background {
		d.flags |= isBackground
	}
	calendar := CalendarOf(e.Planner)
	if calendar == nil && e.DisarmAfter <= 0 && e.Conditions.none() {
		d.extra = nil
		return
	}
	d.extra = &extra{
		conditions: e.Conditions, disarmAfter: int32(e.DisarmAfter), calendar: calendar, planned: unset, until: never,
	}
	if d.readsWallClock() {
		if s.wallBound == 0 {
			s.drift = s.drifted() // what moved while nobody read the clock is no step
		}
		s.wallBound++
	}
	for _, name := range e.Conditions.After {
		s.dependents[name] = append(s.dependents[name], id)
		if other, ok := s.Lookup(name); ok {
			s.daemon(other).flags |= isAwaited
		}
	}
}

// unsettle undoes settle.
func (s *Scheduler) unsettle(id ID) {
	d := s.daemon(id)
	if d.extra == nil {
		return
	}
	if d.readsWallClock() {
		s.wallBound--
	}
	for _, name := range d.extra.conditions.After {
		s.dependents[name] = without(s.dependents[name], id)
		if len(s.dependents[name]) == 0 {
			delete(s.dependents, name)
		}
	}
	d.extra = nil
}

// first is when a daemon that is added now is due.
func (s *Scheduler) first(d *daemon, e *Entry) int64 {
	if d.calendar() != nil {
		return max(s.onCalendar(d, d.after(s.Now().Add(e.StartAfter))), s.at)
	}
	return later(later(s.at, int64(e.StartAfter)), int64(e.Offset))
}

// drop forgets a daemon that is not running.
func (s *Scheduler) drop(id ID) {
	d := s.daemon(id)
	s.unqueue(id)
	s.unsettle(id)
	s.names.remove(d.name, &s.records)
	s.records.giveBack(id)
}

func (s *Scheduler) daemon(id ID) *daemon { return s.records.at(id) }

func (s *Scheduler) extra(d *daemon) *extra {
	if d.extra == nil {
		d.extra = &extra{planned: unset, until: never}
	}
	return d.extra
}

func without(ids []ID, id ID) []ID {
	for i, other := range ids {
		if other == id {
			return append(ids[:i], ids[i+1:]...)
		}
	}
	return ids
}
