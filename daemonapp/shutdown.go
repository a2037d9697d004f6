package daemonapp

import (
	"slices"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// shutdown is how far the end of an app has come.
type shutdown struct {
	stop      Stop
	who       string    // asked for it; empty: nobody
	next      time.Time // of the hard step; zero: none
	abandoned []*worker // also before the shutdown: given up, not returned
}

// DrainOptions say how an app is to end.
type DrainOptions struct {
	Reason schedule.Reason
	// Unlimited waits for the runs in flight however long they take; otherwise they get the shutdown
	// grace.
	Unlimited bool
	// Who asked, for the log.
	Who string
}

// Drain ends the app: nothing starts any more, and runs in flight get the shutdown grace, then their
// contexts are cancelled, then the kill grace. Run returns after that. Of several calls the first counts; but what
// drains without limit gets one by a later call that wants it.
// Before Run it makes Run stop as soon as it has started.
func (a *App) Drain(o DrainOptions) {
	a.lock()
	defer a.unlock()
	switch {
	case a.state == dispatching:
		a.stop(a.clock.Now(), o)
	case a.state == draining && a.shutdown.next.IsZero() && !o.Unlimited:
		a.shutdown.next, a.shutdown.who = a.clock.Now().Add(a.options.ShutdownGrace), o.Who
	case a.state == building && a.early == nil:
		a.early = &o
	}
	a.kickLoop()
}

// Force cuts the grace short: the contexts of the runs in flight are cancelled now, with ErrForced.
func (a *App) Force() {
	a.lock()
	defer a.unlock()
	if a.state != draining && a.state != cancelling {
		return
	}
	now := a.clock.Now()
	a.shutdown.stop.Forced = true
	a.state, a.shutdown.next = cancelling, time.Time{}
	a.cancelAll(now, ErrForced)
	a.kickLoop()
}

// stop is the soft step.
func (a *App) stop(now time.Time, o DrainOptions) {
	a.shutdown.who = o.Who
	a.shutdown.stop = Stop{Reason: o.Reason, At: now, Age: now.Sub(a.sched.Started())}
	grace := a.options.ShutdownGrace
	if o.Unlimited {
		grace = 0
	} else {
		a.shutdown.next = now.Add(grace)
	}
	a.state = draining
	if running := a.sched.Running(); running > 0 {
		a.emit(Event{Kind: Draining, At: now, Stop: o.Reason, Running: running, Grace: grace, Who: o.Who})
	}
	a.drained(now)
}

// hurry is the hard step, once the shutdown grace is over.
func (a *App) hurry(now time.Time) {
	if a.state != draining || a.shutdown.next.IsZero() || now.Before(a.shutdown.next) {
		return
	}
	a.state, a.shutdown.next = cancelling, time.Time{}
	a.emit(Event{Kind: Cancelling, At: now, Running: a.sched.Running()})
	a.cancelAll(now, ErrStopping)
}

func (a *App) cancelAll(now time.Time, cause error) {
	for _, w := range slices.Clone(a.workers) {
		if w.busy {
			a.cancel(w, now, cause)
		}
	}
}

// drained ends the app when nothing runs any more.
func (a *App) drained(now time.Time) {
	if a.sched.Running() > 0 || a.state == stopped {
		return
	}
	a.state = stopped
	stop := a.shutdown.stop
	event := Event{Kind: AppStopped, At: now, Stop: stop.Reason, Reason: stop.Reason.String(), Who: a.shutdown.who}
	event.NextDaemon, event.Next = a.sched.NextDue()
	a.emit(event)
	a.kickLoop()
}

// end joins what can be joined and names what stays behind.
func (a *App) end() Stop {
	stop := a.dismiss()
	stop.Abandoned = append(stop.Abandoned, a.awaitClosed()...)
	if len(stop.Abandoned) == 0 {
		a.joined.Wait()
	}
	return stop
}

// dismiss ends the workers and the clock service, retires the daemons and names the runs and listeners
// that are still at work.
func (a *App) dismiss() Stop {
	a.lock()
	defer a.unlock()
	stop := a.shutdown.stop
	for _, w := range a.shutdown.abandoned {
		stop.Abandoned = append(stop.Abandoned, w.name)
	}
	slices.Sort(stop.Abandoned)
	for _, w := range a.workers {
		close(w.start)
	}
	for id := range a.sched.All() {
		u := &a.units[id]
		if w := u.worker; w == nil || w.orphaned {
			a.retire(a.sched.Name(id), u.daemon)
		}
	}
	a.closeAside()
	a.ended = true
	stop.Abandoned = append(stop.Abandoned, a.clients.leave()...)
	return stop
}
