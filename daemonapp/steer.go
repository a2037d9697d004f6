package daemonapp

import (
	"fmt"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// Wake makes a daemon due now, because of an event: a file that arrived, a message. It is dropped where
// the daemon cannot be woken: unknown, paused, disarmed. Any goroutine may call it, at any rate.
func (a *App) Wake(name string) {
	_ = a.steer(name, func(id schedule.ID, now time.Time) error {
		return a.sched.Wake(now, id, schedule.ByEvent)
	})
}

// Trigger makes a daemon due now, because an operator wants it: conditions are not looked at. The
// time planned earlier stands afterwards, unless shift is set. It is an error (schedule.ErrPaused,
// schedule.ErrDisarmed, schedule.ErrStuck, ErrUnknown) where the daemon cannot run.
func (a *App) Trigger(name string, shift bool, who string) error {
	by := schedule.ByOperator
	if shift {
		by = schedule.ByOperatorShift
	}
	return a.steer(name, func(id schedule.ID, now time.Time) error {
		if err := a.sched.Wake(now, id, by); err != nil {
			return err
		}
		a.emit(a.about(id, Event{Kind: Triggered, At: now, Who: who}))
		return nil
	})
}

// Pause keeps a daemon from starting until Resume, or until p.Until if that is not zero. It survives a restart.
func (a *App) Pause(name string, p Pause) error {
	return a.steer(name, func(id schedule.ID, now time.Time) error {
		if err := a.sched.Pause(now, id, p.Until); err != nil {
			return err
		}
		p.Since = now
		a.pauses[id] = p
		a.emit(a.about(id, Event{Kind: DaemonPaused, At: now, Next: p.Until, Reason: p.Why, Who: p.Who}))
		a.remember(id, name)
		return nil
	})
}

// SkipNext leaves out the next run of a daemon: it waits on as if that had ended the moment it was due. For one that
// runs it is the run after. The error is that of Trigger.
func (a *App) SkipNext(name, who string) error {
	return a.steer(name, func(id schedule.ID, now time.Time) error {
		skipped, next, err := a.sched.SkipNext(now, id)
		if err != nil {
			return err
		}
		a.emit(a.about(id, Event{Kind: Skipped, At: now, Times: 1, First: skipped, Next: next, Who: who}))
		a.remember(id, name)
		return nil
	})
}

// Resume ends a pause.
func (a *App) Resume(name, who string) error {
	return a.steer(name, func(id schedule.ID, now time.Time) error {
		if _, paused := a.pauses[id]; !paused {
			return fmt.Errorf("resume %s: %w", name, ErrNotPaused)
		}
		a.sched.Resume(now, id)
		delete(a.pauses, id)
		a.emit(a.about(id, Event{Kind: DaemonResumed, At: now, Next: a.sched.Status(id).Due, Who: who}))
		a.remember(id, name)
		return nil
	})
}

// Disarm takes a daemon out of the schedule; it stays listed with the reason.
func (a *App) Disarm(name, reason, who string) error {
	return a.steer(name, func(id schedule.ID, now time.Time) error {
		a.sched.Disarm(now, id, reason)
		if a.sched.State(id) != schedule.Disarmed {
			a.disarming[id] = who
			return nil // it is running: settled tells when the run has ended
		}
		a.emit(a.about(id, Event{Kind: DaemonDisarmed, At: now, Reason: reason, Who: who}))
		a.remember(id, name)
		return nil
	})
}

// Arm brings a disarmed daemon back; it is due now. It is schedule.ErrStuck while a run that was
// given up has not returned.
func (a *App) Arm(name, who string) error {
	return a.steer(name, func(id schedule.ID, now time.Time) error {
		if err := a.sched.Arm(now, id); err != nil {
			return err
		}
		a.emit(a.about(id, Event{Kind: DaemonArmed, At: now, Next: a.sched.Status(id).Due, Who: who}))
		a.remember(id, name)
		return nil
	})
}

// Cancel ends the run of a daemon that is in flight; with kill, what it started is to die at once.
func (a *App) Cancel(name string, kill bool, who string) error {
	cause := ErrCancelled
	if kill {
		cause = ErrKilled
	}
	return a.steer(name, func(id schedule.ID, now time.Time) error {
		w := a.units[id].worker
		if w == nil || w.abandoned {
			return fmt.Errorf("cancel %s: %w", name, ErrNotRunning)
		}
		a.emit(a.about(id, Event{Kind: CancelWanted, At: now, RunID: w.ctx.info.ID, Reason: cause.Error(), Who: who}))
		a.cancel(w, now, cause)
		return nil
	})
}

// Announce tells the observers what somebody does to the app as a whole from outside: kind is Reloading, Reloaded or
// ReloadRefused, change what it did, who asked for it, and err why it was refused.
func (a *App) Announce(kind Kind, change Change, who string, err error) {
	a.lock()
	defer a.unlock()
	a.emit(Event{Kind: kind, At: a.clock.Now(), Children: change, Who: who, Err: err})
}

// about fills in whom an event concerns.
func (a *App) about(id schedule.ID, e Event) Event {
	u := &a.units[id]
	e.Daemon, e.Type, e.Digest = a.sched.Name(id), u.typ, a.sealed(id)
	return e
}

// steer does something to the daemon called name, and then what has become possible.
func (a *App) steer(name string, do func(id schedule.ID, now time.Time) error) error {
	a.lock()
	defer a.unlock()
	if a.state == stopped {
		return fmt.Errorf("%s: %w", name, ErrRan)
	}
	id, err := a.find(name)
	if err != nil {
		return err
	}
	now := a.clock.Now()
	if err := do(id, now); err != nil {
		return err
	}
	a.redispatch(now)
	return nil
}
