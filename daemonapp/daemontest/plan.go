package daemontest

import (
	"fmt"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// within calls f, and complains if it panics or does not return in time.
func within(t T, limit time.Duration, what string, f func()) (returned bool) {
	t.Helper()
	panicked := make(chan any, 1)
	go func() { // joined here, or reported
		defer func() { panicked <- recover() }()
		f()
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case p := <-panicked:
		if p != nil {
			t.Errorf("%s panics: %v", what, p)
		}
		return true
	case <-timer.C:
		t.Errorf("%s has not returned after %s", what, limit)
		return false
	}
}

const tries = 5

// atOnce calls f some times, and complains if even the quickest takes too long.
func (o Options) atOnce(t T, what string, f func()) (returned bool) {
	t.Helper()
	best := time.Duration(-1)
	for range tries {
		start := time.Now()
		if !within(t, max(o.ReturnWithin, o.AtOnce), what, f) {
			return false
		}
		if took := time.Since(start); best < 0 || took < best {
			best = took
		}
		if best <= o.AtOnce {
			return true
		}
	}
	t.Errorf("%s takes %s: it holds up the whole app", what, best)
	return true
}

// checkPlanner: what the scheduler asks a daemon while it holds everybody up is answered at once.
func checkPlanner(o Options, t T, fresh func() daemonapp.Daemon) bool {
	t.Helper()
	d := fresh()
	ok := o.atOnce(t, "Priority", func() { _ = d.Priority() })
	now := time.Now()
	for outcome := schedule.Worked; outcome <= schedule.Cancelled; outcome++ {
		run := schedule.Run{
			Due: now, Started: now, Finished: now.Add(time.Second), Result: schedule.Result{Outcome: outcome}, Failures: 1, IdleRuns: 1,
		}
		ok = ok && o.atOnce(t, fmt.Sprintf("NextRun after a run that ended %s", outcome), func() { _ = d.NextRun(run) })
	}
	if h, is := d.(daemonapp.Holder); is {
		ok = ok && o.atOnce(t, "Hold", func() { _, _ = h.Hold() })
	}
	if c := schedule.CalendarOf(d); c != nil && ok {
		ok = o.atOnce(t, "After", func() { _ = c.After(now) })
		if next := c.After(now); ok && !next.IsZero() && !next.After(now) {
			t.Errorf("After(%s) = %s, which is not after it", now, next)
		}
	}
	return ok && closeDaemon(o, t, d)
}

// closeDaemon closes a daemon after its last run.
func closeDaemon(o Options, t T, d daemonapp.Daemon) (returned bool) {
	t.Helper()
	c, is := d.(daemonapp.Closer)
	if !is {
		return true
	}
	var err error
	if returned = within(t, o.ReturnWithin, "Close", func() { err = c.Close() }); returned && err != nil {
		t.Errorf("Close: %v", err)
	}
	return returned
}
