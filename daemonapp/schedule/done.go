package schedule

import (
	"fmt"
	"time"
)

// Done books the end of a run, and answers with its record and the daemon's next desired run time:
// the zero time if there is none. Of several runs that end at one instant the first to have started is to
// be reported first.
func (s *Scheduler) Done(id ID, finished time.Time, result Result, err error) (run Run, next time.Time) {
	s.advance(finished)
	run.Result, run.Err = result, err
	d := s.daemon(id)
	p := d.plain()
	if p == nil {
		e := s.end(id, d, result, &run)
		return run, s.time(int64(e.Next))
	}
	e := s.endPlain(id, d, p, result)
	run.Due, run.Started, run.Finished = s.time(int64(e.Due)), s.time(int64(e.Started)), s.now
	run.IdleRuns, run.Failures = int(d.idle), int(d.fails)
	return run, s.time(int64(e.Next))
}

// end books the end of a run at the latest time told. It completes the record of the run, which may be nil for a
// daemon with an interval.
func (s *Scheduler) end(id ID, d *daemon, result Result, run *Run) Ended {
	if d.flags&isAwaited != 0 {
		s.lineUp(s.release(s.at - 1)) // what was due before this end is held until it
	}
	s.book(d, result)
	e := Ended{Due: time.Duration(d.due), Started: time.Duration(d.started), Failures: int(d.fails)}
	if run != nil {
		run.Due, run.Started, run.Finished = s.time(d.due), s.time(d.started), s.time(s.at)
		run.IdleRuns, run.Failures = int(d.idle), int(d.fails)
	}
	due := s.plan(id, d, result.Outcome, run)
	e.Next = time.Duration(due)
	if due != never {
		d.stats.paced(time.Duration(due - s.at))
	}
	s.leave(id, d, due)
	return e
}

// endPlain is end for a daemon that is plain, as most are.
func (s *Scheduler) endPlain(id ID, d *daemon, p *Interval, result Result) Ended {
	s.book(d, result)
	e := Ended{Due: time.Duration(d.due), Started: time.Duration(d.started), Failures: int(d.fails)}
	due := p.after(s.at, result.Outcome, d.idle, d.fails)
	e.Next = time.Duration(due)
	if due != never {
		d.stats.paced(time.Duration(due - s.at))
	}
	s.park(id, d, due)
	return e
}

// plain is the pace of a daemon of which nothing else needs to be looked at when its run ends; nil if there is more.
func (d *daemon) plain() *Interval {
	if d.extra != nil || d.flags&^isBackground != 0 {
		return nil
	}
	return d.interval()
}

// book keeps what the end of a run leaves behind.
func (s *Scheduler) book(d *daemon, result Result) {
	s.load.change(s.at, -1)
	s.running--
	switch result.Outcome {
	case Worked, More:
		s.workless, d.good = s.at, s.at
	case Idle:
		d.good = s.at
	case Failed, Cancelled:
	}
	d.count(result.Outcome)
	d.stats.Count += int64(result.Count)
	d.stats.Busy += time.Duration(s.at - d.started)
	d.ended, d.outcome = s.at, result.Outcome
}

// leave puts a daemon whose run has ended where it belongs, and releases those who waited for that end.
func (s *Scheduler) leave(id ID, d *daemon, due int64) {
	good := d.outcome == Worked || d.outcome == More || d.outcome == Idle
	name, awaited, slots := d.name, d.flags&isAwaited != 0, d.slots()
	s.rest(id, due)
	s.freeSlot(slots)
	if good && awaited {
		s.releaseAfter(name)
	}
}

// count keeps the streaks: work ends both, an idle run ends the failures, a failure leaves the idle
// count as it was, a cancelled run counts nowhere.
func (d *daemon) count(o Outcome) {
	switch o {
	case Worked, More:
		d.stats.Worked++
		d.idle, d.fails = 0, 0
	case Idle:
		d.stats.Idle++
		d.idle, d.fails = increment(d.idle), 0
	case Failed:
		d.stats.Failed++
		d.fails = increment(d.fails)
	case Cancelled:
		d.stats.Cancelled++
	}
}

// exhausted tells whether the daemon has failed as often in a row as it may.
func (d *daemon) exhausted() bool {
	return d.extra != nil && d.extra.disarmAfter > 0 && d.fails >= d.extra.disarmAfter
}

func increment(n int32) int32 { return max(n+1, n) }

// plan asks the daemon for its next run time.
func (s *Scheduler) plan(id ID, d *daemon, outcome Outcome, run *Run) (next int64) {
	if outcome == Failed && d.exhausted() {
		return never
	}
	var asked time.Time // of a daemon with a calendar
	if p := d.interval(); p != nil {
		next = p.after(s.at, outcome, d.idle, d.fails)
	} else {
		asked = d.ask(run)
		next = max(s.offset(asked), s.at)
	}
	x := d.extra
	if x == nil {
		return next
	}
	if next == never || outcome == More {
		return s.planCalendar(d, asked, next)
	}
	planned := x.planned
	x.planned = unset
	if x.calendar != nil && !x.wall.IsZero() && outcome != Failed && s.heeding {
		s.noteMissed(id, d.after(x.wall), s.Now(), false, missedWhileRunning)
	}
	switch {
	case planned > s.at && x.calendar != nil:
		asked = d.after(s.Now())
	case planned > s.at:
		return planned
	case x.calendar != nil && !asked.After(x.wall):
		asked = d.after(x.wall) // the clock was slow: this time has had its run
	}
	return s.planCalendar(d, asked, next)
}

// planCalendar is the next run time of a daemon that asked for that time; next unless it has a calendar.
func (s *Scheduler) planCalendar(d *daemon, asked time.Time, next int64) int64 {
	if d.extra.calendar == nil || next == never {
		return next
	}
	return max(s.onCalendar(d, asked), s.at)
}

// interval is the planner if it is an Interval, which most are: that one is asked in the scheduler's own time and
// cannot panic.
func (d *daemon) interval() *Interval {
	p, _ := d.planner.(*Interval)
	return p
}

// ask calls the planner and contains its panic: a daemon that cannot say when it wants to run
// never runs again.
func (d *daemon) ask(run *Run) (next time.Time) {
	defer func() {
		if p := recover(); p != nil {
			next = d.spoilt("NextRun", p)
		}
	}()
	return d.planner.NextRun(*run)
}

// after asks the calendar in the same way.
func (d *daemon) after(t time.Time) (next time.Time) {
	defer func() {
		if p := recover(); p != nil {
			next = d.spoilt("After", p)
		}
	}()
	return d.extra.calendar.After(t)
}

// spoilt notes a panic and answers with never.
func (d *daemon) spoilt(method string, panicked any) time.Time {
	if d.extra == nil {
		d.extra = &extra{planned: unset, until: never}
	}
	d.extra.why = fmt.Sprintf("%s panicked: %v", method, panicked)
	return time.Time{}
}

func (d *daemon) askPriority() int32 {
	if p := d.interval(); p != nil {
		return bounded(p.Prio)
	}
	return d.askOtherPriority()
}

func (d *daemon) askOtherPriority() (priority int32) {
	defer func() {
		if recover() != nil {
			priority = 0
		}
	}()
	return bounded(d.planner.Priority())
}

func bounded(priority int) int32 { return int32(min(max(priority, -MaxPriority), MaxPriority)) }

// MaxPriority bounds priorities on both sides; what lies beyond counts as the bound.
const MaxPriority = 1_000_000

// rest puts a daemon whose run has ended where it belongs.
func (s *Scheduler) rest(id ID, next int64) {
	d := s.daemon(id)
	later := d.flags & (wakeLater | wakeForced | wakeShift | pauseLater | disarmLater)
	skip := d.flags&skipLater != 0 && d.outcome != Cancelled
	d.flags &^= later | isForced | isWoken | heldNoted
	d.state = Finished
	switch {
	case d.flags&isLeaving != 0:
		s.drop(id)
	case d.extra != nil && d.extra.successor != nil:
		d.flags |= later & (pauseLater | wakeLater | wakeForced)
		s.succeed(id, d.extra.successor)
	case d.outcome == Failed && d.exhausted():
		s.disarm(id, fmt.Sprintf("%d failures", d.fails))
	case later&disarmLater != 0:
		s.disarm(id, d.extra.why)
	case later&pauseLater != 0:
		d.due = next
		s.pause(id, d.extra.until)
	case later&wakeForced != 0:
		if later&wakeShift != 0 {
			next = unset
		}
		s.wakeNow(id, next, true)
	case later&wakeLater != 0 && next != never:
		s.wakeNow(id, unset, false)
	default:
		s.wait(id, next)
		if skip && d.state == Waiting {
			d.flags &^= skipLater
			s.skipAfter(id)
		}
	}
}

// Abandon gives up a run that does not return: it failed, and the daemon is disarmed as stuck until
// the run returns and somebody arms it.
func (s *Scheduler) Abandon(now time.Time, id ID, err error) Run {
	name := s.daemon(id).name
	s.daemon(id).flags &^= wakeLater | pauseLater
	leaving := s.daemon(id).flags & isLeaving
	s.daemon(id).flags &^= isLeaving
	s.daemon(id).flags |= isStuck
	run, _ := s.Done(id, now, Result{Outcome: Failed}, err)
	id, _ = s.Lookup(name)
	d := s.daemon(id)
	d.flags |= leaving
	if d.state != Disarmed {
		s.unqueue(id)
		s.disarm(id, stuckReason)
	}
	s.extra(d).why = stuckReason
	return run
}

const stuckReason = "stuck: a run did not return"

// Returned tells that an abandoned run has returned after all.
func (s *Scheduler) Returned(now time.Time, id ID) {
	s.advance(now)
	d := s.daemon(id)
	if d.flags&isStuck == 0 {
		return
	}
	arm := d.flags&armLater != 0
	d.flags &^= isStuck | armLater
	switch {
	case d.flags&isLeaving != 0:
		s.drop(id)
	case arm:
		d.extra.why = ""
		s.wait(id, s.succession(d))
	}
}
