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
func (a *App) Trigger(name string, shift bool) error {
	by := schedule.ByOperator
	if shift {
		by = schedule.ByOperatorShift
	}
	return a.steer(name, func(id schedule.ID, now time.Time) error { return a.sched.Wake(now, id, by) })
}

// Pause keeps a daemon from starting until Resume, or until then if until is not zero.
func (a *App) Pause(name string, until time.Time, who string) error {
	return a.steer(name, func(id schedule.ID, now time.Time) error {
		if err := a.sched.Pause(now, id, until); err != nil {
			return err
		}
		a.emit(Event{Kind: DaemonPaused, At: now, Daemon: name, Next: until, Who: who})
		return nil
	})
}

// Resume ends a pause.
func (a *App) Resume(name, who string) error {
	return a.steer(name, func(id schedule.ID, now time.Time) error {
		a.sched.Resume(now, id)
		a.emit(Event{Kind: DaemonResumed, At: now, Daemon: name, Next: a.sched.Status(id).Due, Who: who})
		return nil
	})
}

// Disarm takes a daemon out of the schedule; it stays listed with the reason.
func (a *App) Disarm(name, reason, who string) error {
	return a.steer(name, func(id schedule.ID, now time.Time) error {
		a.sched.Disarm(now, id, reason)
		if a.sched.State(id) != schedule.Disarmed {
			return nil // it is running: settled tells when the run has ended
		}
		a.emit(Event{Kind: DaemonDisarmed, At: now, Daemon: name, Reason: reason, Who: who})
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
		a.emit(Event{Kind: DaemonArmed, At: now, Daemon: name, Next: a.sched.Status(id).Due, Who: who})
		a.remember(id, name)
		return nil
	})
}

// Cancel ends the run of a daemon that is in flight; with kill, what it started is to die at once.
func (a *App) Cancel(name string, kill bool) error {
	cause := ErrCancelled
	if kill {
		cause = ErrKilled
	}
	return a.steer(name, func(id schedule.ID, now time.Time) error {
		w := a.units[id].worker
		if w == nil || w.abandoned {
			return fmt.Errorf("cancel %s: %w", name, ErrNotRunning)
		}
		a.cancel(w, now, cause)
		return nil
	})
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
