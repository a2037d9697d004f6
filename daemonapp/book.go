package daemonapp

import (
	"errors"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// book takes the end of w's run to the books: schedule, children, observers, memory.
func (a *App) book(w *worker, now time.Time, result schedule.Result, err error) {
	a.units[w.id].worker = nil
	if len(a.options.Observers) == 0 && !w.stated {
		a.sched.DoneAt(w.id, a.sched.Look(now), result, err)
	} else {
		a.tell(w, now, result, err)
	}
	// What the shutdown cancelled is not done: the next life of the app begins with it.
	shutdown := errors.Is(w.cause, ErrStopping) || errors.Is(w.cause, ErrForced)
	if a.settled(w.id, w.name, err) && !(shutdown && result.Outcome == schedule.Cancelled) {
		a.remember(w.id, w.name)
	}
}

// tell is what book does where somebody is to know more of the end of w's run than the schedule: observers, or the children
// that it stated.
func (a *App) tell(w *worker, now time.Time, result schedule.Result, err error) {
	u := &a.units[w.id]
	replaced, typ, digest := a.next[w.id] != nil, u.typ, a.sealed(w.id)
	run, next := a.sched.Done(w.id, now, result, err)
	var stretched bool
	if !next.IsZero() {
		wait := float32(next.Sub(now))
		stretched = result.Outcome == schedule.Idle && wait > u.lastWait
		u.lastWait = wait
	}
	var children Change
	if w.stated && good(result.Outcome) && !replaced && !a.gone(w.id) {
		children = a.children(w, now)
	}
	if len(a.options.Observers) == 0 {
		return
	}
	a.publish(&Event{
		Kind: RunEnded, At: now, Daemon: w.name, Type: typ, Digest: digest, Run: run, RunID: w.ctx.info.ID, By: w.by,
		Attempt: w.ctx.info.Attempt, Report: w.ctx.info.report, Next: next, Stretched: stretched, Children: children,
	})
}

// good tells whether a run did not fail and was not taken back.
func good(o schedule.Outcome) bool {
	return o == schedule.Worked || o == schedule.More || o == schedule.Idle
}

// children makes the children of w's daemon those that its run stated.
func (a *App) children(w *worker, now time.Time) Change {
	change, err := a.reconcile(w.id, w.name+"/", w.children, now)
	if err != nil {
		a.emit(Event{Kind: ChildrenRefused, At: now, Daemon: w.name, Err: err})
	}
	return change
}

// gone tells whether the scheduler has just dropped the daemon that had that id.
func (a *App) gone(id schedule.ID) bool { return a.sched.State(id) == 0 }

// settled follows up what the end of a run did to the daemon itself, and tells whether it is still the
// same one; cause is why the run failed.
func (a *App) settled(id schedule.ID, name string, cause error) bool {
	u := &a.units[id]
	var who string
	if len(a.disarming) > 0 {
		who = a.disarming[id]
		delete(a.disarming, id)
	}
	if a.gone(id) {
		a.forget(id, name)
		return false
	}
	if next := a.next[id]; next != nil {
		delete(a.next, id)
		a.install(id, name, next, Replaced)
		return false
	}
	if a.sched.State(id) == schedule.Disarmed {
		st := a.sched.Status(id)
		a.emit(Event{
			Kind: DaemonDisarmed, At: a.sched.Now(), Daemon: name, Type: u.typ, Digest: a.sealed(id), Reason: st.Reason, Who: who,
			Run: schedule.Run{Failures: st.Failures}, Err: cause,
		})
	}
	return true
}

// install puts another spec in the place of the daemon id, which the scheduler knows already.
func (a *App) install(id schedule.ID, name string, spec *Spec, kind Kind) {
	u := &a.units[id]
	if w := u.worker; w != nil && !w.orphaned {
		w.orphaned = true // its run was given up and goes on
	} else {
		a.retire(name, u.daemon)
	}
	a.outfit(id, spec)
	if _, isSeed := spec.Daemon.(Seed); !isSeed {
		a.disown(id)
	}
	a.emit(Event{Kind: kind, At: a.sched.Now(), Daemon: name, Type: spec.Type})
	a.remember(id, name)
}

// outfit makes the daemon id the one of the spec.
func (a *App) outfit(id schedule.ID, spec *Spec) {
	u := &a.units[id]
	packed, w := pack(spec.Digest)
	u.daemon, u.kind, u.digest = spec.Daemon, a.kinds.of(spec, w), packed
	if w == unpacked {
		a.digests[id] = spec.Digest
	} else {
		delete(a.digests, id)
	}
}

// retire closes a daemon that has had its last run, once the lock is free.
func (a *App) retire(name string, d Daemon) {
	if c, ok := d.(Closer); ok {
		a.retired = append(a.retired, retiree{name, c})
	}
}

// remember hands over what is to survive a restart.
func (a *App) remember(id schedule.ID, name string) {
	if a.options.Remember == nil || a.options.Once {
		return // the life that runs everything once has no schedule to hand on
	}
	u, s := &a.units[id], a.sched.Saved(id)
	pause := a.pause(id)
	urgent := s.LastOutcome != schedule.Idle || pause != (Pause{}) || s.Disarmed != "" || (u.terms != nil && u.terms.RunOnce) ||
		schedule.CalendarOf(u.daemon) != nil
	a.options.Remember.Put(Memory{
		Name: name, Type: u.typ, Digest: a.digest(id),
		Next: s.Next, Never: s.Next.IsZero() && s.Disarmed == "",
		IdleRuns: s.IdleRuns, Failures: s.Failures, Disarmed: s.Disarmed,
		LastStart: s.LastStart, LastEnd: s.LastEnd, LastSuccess: s.LastGood, LastOutcome: s.LastOutcome,
		Pause: pause, SkipNext: s.SkipNext,
	}, urgent)
}

// forget ends what the app holds of a daemon that the scheduler has dropped.
func (a *App) forget(id schedule.ID, name string) {
	u := &a.units[id]
	a.retire(name, u.daemon)
	delete(a.compared, id)
	a.disown(id)
	a.part(id)
	delete(a.pauses, id)
	now := a.sched.Now()
	a.emit(Event{Kind: Removed, At: now, Daemon: name, Type: u.typ})
	if a.options.Remember != nil {
		a.options.Remember.Put(Memory{Name: name, Type: u.typ, Digest: a.digest(id), Gone: now}, true)
	}
	delete(a.digests, id)
	a.units[id] = unit{}
}

// saved is what an earlier life of the app left of a daemon with these settings.
func (a *App) saved(name, digest string) *schedule.Saved {
	m, ok := a.options.Memories[name]
	if !ok || m.Digest != digest || !m.Gone.IsZero() || a.options.Once {
		return nil
	}
	if m.Next.IsZero() && !m.Never && m.Disarmed == "" {
		return nil
	}
	return &schedule.Saved{
		Next: m.Next, IdleRuns: m.IdleRuns, Failures: m.Failures, Disarmed: m.Disarmed,
		LastStart: m.LastStart, LastEnd: m.LastEnd, LastGood: m.LastSuccess, LastOutcome: m.LastOutcome, SkipNext: m.SkipNext,
	}
}

// pause is why the daemon is paused, or will be when its run ends; the zero value if it is not.
func (a *App) pause(id schedule.ID) Pause {
	p, ok := a.pauses[id]
	if !ok || !a.sched.Pausing(id) {
		return Pause{}
	}
	return p
}

// stillPaused is the pause that an earlier life of the app left of a daemon, whatever its settings.
func (a *App) stillPaused(name string) (Pause, bool) {
	m := a.options.Memories[name]
	paused := !m.Pause.Since.IsZero() && m.Gone.IsZero() && !a.options.Once &&
		(m.Pause.Until.IsZero() || m.Pause.Until.After(a.sched.Now()))
	return m.Pause, paused
}

// entry is what the scheduler is told of a spec.
func (a *App) entry(name string, spec *Spec) schedule.Entry {
	e := spec.Terms.Entry(name, plannerOf(spec.Daemon))
	e.Saved, e.Fresh = a.saved(name, spec.Digest), spec.Fresh
	if pause, paused := a.stillPaused(name); paused {
		e.Paused, e.PausedUntil = true, pause.Until
	}
	if h, ok := spec.Daemon.(Holder); ok {
		e.Conditions.Hold = h.Hold
	}
	if a.options.Once {
		e.Planner, e.StartAfter, e.Offset, e.Background = once{spec.Daemon}, 0, 0, false
		e.DisarmAfter = 0
		e.Conditions = schedule.Conditions{After: e.Conditions.After, Hold: e.Conditions.Hold}
	}
	return e
}

// plannerOf is what plans the runs of a daemon: a [Task] has its planner do it, and the scheduler asks that directly.
func plannerOf(d Daemon) schedule.Planner {
	if t, ok := d.(Task); ok && t.Planner != nil {
		return t.Planner
	}
	return d
}

// once is a planner whose daemon runs a single time.
type once struct{ planner schedule.Planner }

// Priority implements [schedule.Planner].
func (o once) Priority() int { return o.planner.Priority() }

// NextRun implements [schedule.Planner].
func (once) NextRun(last schedule.Run) time.Time {
	if last.Result.Outcome == 0 {
		return last.Finished
	}
	return time.Time{}
}
