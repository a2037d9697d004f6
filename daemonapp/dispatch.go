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
	for age := a.sched.Look(now); a.state == dispatching; {
		v := a.sched.NextAt(age)
		switch v.Action {
		case schedule.Start:
			if w != nil && !w.busy {
				a.assign(w, v.ID, now, age)
				continue
			}
			other := a.unpark()
			a.assign(other, v.ID, now, age)
			other.start <- struct{}{} // never blocks: a parked worker's channel is empty
		case schedule.Stop:
			a.stop(now, DrainOptions{Reason: v.Reason})
		case schedule.Wait:
			a.until = v.Until
			return
		}
	}
}

// unpark takes a parked worker, or hires one: the scheduler never asks for more than there may be.
func (a *App) unpark() *worker {
	if n := len(a.parked); n > 0 {
		w := a.parked[n-1]
		a.parked = a.parked[:n-1]
		return w
	}
	return a.hire()
}

// assign has w carry out the run of the daemon id.
func (a *App) assign(w *worker, id schedule.ID, now time.Time, age time.Duration) {
	u, name, begun := &a.units[id], a.sched.Name(id), a.sched.Begun(id)
	u.worker = w
	w.id, w.daemon, w.name = id, u.daemon, name
	w.started, w.by, w.busy = now, begun.By, true
	a.runIDs++
	i := &w.ctx.info
	i.ID, i.Daemon, i.Attempt = a.runIDs, name, begun.Failures+1
	i.Due, i.Deadline, i.Trigger = a.sched.Time(begun.Due), time.Time{}, triggerName(begun.By)
	i.Once, i.report, i.lines = a.options.Once, nil, a.options.Lines
	if u.terms != nil {
		if u.terms.Timeout > 0 {
			i.Deadline = now.Add(u.terms.Timeout)
		}
		a.watch(w, u.terms, now)
	}
	a.lags.note(age, age-begun.Due)
	if len(a.options.Observers) > 0 {
		a.publish(&Event{
			Kind: RunStarted, At: now, Daemon: name, Type: u.typ, Digest: a.sealed(id), RunID: i.ID, By: begun.By, Attempt: i.Attempt,
			Run: schedule.Run{Due: i.Due, Started: now},
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
	w.deadline, w.watched = a.deadlines.Push(int64(a.sched.Age(at)), w), true
}

func (a *App) unwatch(w *worker) {
	if w.watched {
		a.deadlines.Remove(w.deadline)
		w.watched = false
	}
}

// expire cancels the runs whose time is over and gives up those that do not return.
func (a *App) expire(now time.Time) {
	for age := a.sched.Look(now); ; {
		w, at, ok := a.deadlines.Peek()
		if !ok || at > int64(age) {
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
		at = earlier(at, a.sched.Time(time.Duration(a.deadlines.Key(w.deadline))))
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
		Kind: Stuck, At: now, Daemon: w.name, Type: u.typ, Digest: a.sealed(w.id), Attempt: w.ctx.info.Attempt, Run: run, RunID: w.ctx.info.ID,
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
