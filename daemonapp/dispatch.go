package daemonapp

import (
	"errors"
	"slices"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// dispatch carries out the scheduler's decisions. The first start goes to w if there is one: the worker
// that asks goes on by itself.
func (a *App) dispatch(now time.Time, w *worker) {
	for a.state == dispatching {
		d := a.sched.Next(now)
		switch d.Action {
		case schedule.Start:
			if w != nil && !w.busy {
				a.assign(w, &d, now)
				continue
			}
			other := a.park()
			a.assign(other, &d, now)
			other.start <- struct{}{} // never blocks: a parked worker's channel is empty
		case schedule.Stop:
			a.stop(now, DrainOptions{Reason: d.Reason})
		case schedule.Wait:
			a.until = d.Until
			return
		}
	}
}

// park takes a parked worker, or hires one: the scheduler never asks for more than there may be.
func (a *App) park() *worker {
	if n := len(a.parked); n > 0 {
		w := a.parked[n-1]
		a.parked = a.parked[:n-1]
		return w
	}
	return a.hire()
}

// assign makes the decision d the run of w.
func (a *App) assign(w *worker, d *schedule.Decision, now time.Time) {
	u := &a.units[d.ID]
	u.worker = w
	w.id, w.daemon, w.name = d.ID, u.daemon, d.Name
	w.started, w.by, w.busy = now, d.By, true
	a.runIDs++
	i := &w.ctx.info
	i.ID, i.Daemon, i.Attempt = a.runIDs, d.Name, d.Failures+1
	i.Due, i.Deadline, i.Trigger = d.Due, time.Time{}, triggerName(d.By)
	i.Once, i.report, i.lines = a.options.Once, nil, a.options.Lines
	if u.terms != nil {
		if u.terms.Timeout > 0 {
			i.Deadline = now.Add(u.terms.Timeout)
		}
		a.watch(w, u.terms, now)
	}
	a.lags.note(now, now.Sub(d.Due))
	if len(a.options.Observers) > 0 {
		a.emit(Event{
			Kind: RunStarted, At: now, Daemon: d.Name, Type: u.typ, Digest: u.digest, RunID: i.ID, By: d.By, Attempt: i.Attempt,
			Run: schedule.Run{Due: d.Due, Started: now},
		})
	}
}

// watch notes when to look at the run of w: at its timeout, when a window closes that stops it, and, as
// the wall clock may be stepped meanwhile, now and then before.
func (a *App) watch(w *worker, t *Terms, now time.Time) {
	at := w.ctx.info.Deadline
	for i := range t.Windows {
		if !t.Windows[i].StopAtClose {
			continue
		}
		if open, change := t.Windows[i].Open(now); open && !change.IsZero() {
			at = earlier(at, earlier(change, now.Add(wallCheck)))
		}
	}
	if !at.IsZero() {
		a.watchUntil(w, at)
	}
}

func (a *App) watchUntil(w *worker, at time.Time) {
	a.unwatch(w)
	w.deadline, w.watched = a.deadlines.Push(a.offset(at), w), true
}

func (a *App) unwatch(w *worker) {
	if w.watched {
		a.deadlines.Remove(w.deadline)
		w.watched = false
	}
}

// expire cancels the runs whose time is over and gives up those that do not return.
func (a *App) expire(now time.Time) {
	for {
		w, at, ok := a.deadlines.Peek()
		if !ok || at > a.offset(now) {
			break
		}
		a.unwatch(w)
		a.overrun(w, now)
	}
	a.hurry(now)
	if a.state != dispatching {
		a.drained(now)
	}
}

// overrun follows up that w's run is still going at the moment it was watched until.
func (a *App) overrun(w *worker, now time.Time) {
	terms, deadline := a.units[w.id].terms, w.ctx.info.Deadline
	switch {
	case w.cause != nil:
		a.abandon(w, now)
	case !deadline.IsZero() && !now.Before(deadline):
		a.cancel(w, now, ErrTimeout)
	case anyOpen(terms.Windows, now):
		a.watch(w, terms, now)
	default:
		a.cancel(w, now, ErrWindowClosed)
	}
}

// cancel ends the context of w's run; what does not return within the kill grace is given up. Being
// cancelled once more gives it no more time.
func (a *App) cancel(w *worker, now time.Time, cause error) {
	again := w.cause != nil
	if !again {
		w.cause = cause
	}
	grace := a.units[w.id].killGrace(w.daemon)
	if errors.Is(cause, ErrForced) || errors.Is(cause, ErrKilled) {
		grace = min(grace, forcedGrace)
		w.ctx.info.kill()
	}
	at := now.Add(grace)
	if again && w.watched {
		at = earlier(at, a.time(a.deadlines.Key(w.deadline)))
	}
	a.watchUntil(w, at)
	w.ctx.stop(cause)
}

// forcedGrace is how long a run that is to die at once may take to return.
const forcedGrace = 3 * time.Second

// killGrace is how long a cancelled run may take to return.
func (u *unit) killGrace(d Daemon) time.Duration {
	grace := DefaultKillGrace
	if u.terms != nil && u.terms.KillGrace > 0 {
		grace = u.terms.KillGrace
	}
	if r, ok := d.(interface{ ReturnGrace() time.Duration }); ok {
		grace += r.ReturnGrace()
	}
	return grace
}

// abandon gives up w's run; the daemon is stuck, and another worker takes w's place.
func (a *App) abandon(w *worker, now time.Time) {
	u := &a.units[w.id]
	w.abandoned = true
	a.workers = remove(a.workers, w)
	run := a.sched.Abandon(now, w.id, w.cause)
	a.shutdown.abandoned = append(a.shutdown.abandoned, w)
	a.emit(Event{
		Kind: Stuck, At: now, Daemon: w.name, Type: u.typ, Digest: u.digest, Attempt: w.ctx.info.Attempt, Run: run, RunID: w.ctx.info.ID,
		Reason: w.cause.Error(), Err: w.cause, Grace: u.killGrace(w.daemon),
	})
	if a.settled(w.id, w.name, w.cause) {
		a.remember(w.id, w.name)
	}
}

// returned books that an abandoned run has returned after all: the daemon may be armed again. Once
// the app has stopped nobody is told any more.
func (a *App) returned(w *worker, now time.Time) {
	a.shutdown.abandoned = remove(a.shutdown.abandoned, w)
	w.ctx.end()
	u := &a.units[w.id]
	u.worker = nil
	if w.orphaned || a.ended {
		a.retire(w.name, w.daemon)
	}
	if a.state == stopped {
		return
	}
	a.sched.Returned(now, w.id)
	a.emit(Event{Kind: Unstuck, At: now, Daemon: w.name, Type: u.typ, RunID: w.ctx.info.ID})
	if a.gone(w.id) {
		a.forget(w.id, w.name)
	} else {
		a.remember(w.id, w.name)
	}
	a.redispatch(now)
}

func remove[T comparable](list []T, item T) []T {
	if i := slices.Index(list, item); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}
