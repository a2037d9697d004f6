package daemonapp

import (
	"errors"
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
				a.assign(w, d, now)
				continue
			}
			other := a.park()
			a.assign(other, d, now)
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
func (a *App) assign(w *worker, d schedule.Decision, now time.Time) {
	u := &a.units[d.ID]
	u.worker = w
	w.id, w.daemon, w.name = d.ID, u.daemon, d.Name
	w.started, w.by, w.busy = now, d.By, true
	a.runIDs++
	i := &w.ctx.info
	i.ID, i.Daemon, i.Attempt = a.runIDs, d.Name, d.Failures+1
	i.Due, i.Deadline, i.Trigger = d.Due, time.Time{}, triggerName(d.By)
	i.progress.Store(0)
	if u.terms != nil {
		a.watch(w, u.terms, now)
	}
	a.lags.note(now, now.Sub(d.Due))
	if len(a.options.Observers) > 0 {
		a.emit(Event{
			Kind: RunStarted, At: now, Daemon: d.Name, Type: u.typ, RunID: i.ID, By: d.By,
			Run: schedule.Run{Due: d.Due, Started: now},
		})
	}
}

// watch notes when the run of w is to be cancelled: at its timeout, or when its window closes.
func (a *App) watch(w *worker, t *Terms, now time.Time) {
	var at time.Time
	if t.Timeout > 0 {
		at = now.Add(t.Timeout)
		w.ctx.info.Deadline = at
	}
	for i := range t.Windows {
		if open, change := t.Windows[i].Open(now); open && t.Windows[i].StopAtClose {
			at = earlier(at, change)
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
		switch {
		case w.cause != nil:
			a.abandon(w, now)
		case !w.ctx.info.Deadline.IsZero() && !now.Before(w.ctx.info.Deadline):
			a.cancel(w, now, ErrTimeout)
		default:
			a.cancel(w, now, ErrWindowClosed)
		}
	}
	a.hurry(now)
	if a.state != dispatching {
		a.drained(now)
	}
}

// cancel ends the context of w's run; what does not return within the kill grace is given up.
func (a *App) cancel(w *worker, now time.Time, cause error) {
	if w.cause == nil {
		w.cause = cause
	}
	grace := a.units[w.id].killGrace(w.daemon)
	if errors.Is(cause, ErrForced) || errors.Is(cause, ErrKilled) {
		grace = min(grace, forcedGrace)
		w.ctx.info.kill()
	}
	a.watchUntil(w, now.Add(grace))
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
		Kind: Stuck, At: now, Daemon: w.name, Type: u.typ, Run: run, RunID: w.ctx.info.ID,
		Reason: w.cause.Error(), Err: w.cause, Grace: u.killGrace(w.daemon),
	})
	a.settled(w.id, w.name, w.cause)
}

// returned books that an abandoned run has returned after all: the daemon may be armed again.
func (a *App) returned(w *worker, now time.Time) {
	a.shutdown.abandoned = remove(a.shutdown.abandoned, w)
	w.ctx.end()
	a.units[w.id].worker = nil
	a.sched.Returned(now, w.id)
	a.emit(Event{Kind: Unstuck, At: now, Daemon: w.name, RunID: w.ctx.info.ID})
	if a.gone(w.id, w.name) {
		a.forget(w.id, w.name)
	}
	a.dispatch(now, nil)
	a.kickLoop()
}

func remove[T comparable](list []T, item T) []T {
	for i := range list {
		if list[i] == item {
			return append(list[:i], list[i+1:]...)
		}
	}
	return list
}
