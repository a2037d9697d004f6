package history

import (
	"fmt"
	"strings"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/internal/sqlite"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// record is what is kept of an event, on its way to the writer. Times are nanoseconds since 1970, 0 for none.
type record struct {
	word    word // 0: see event
	trigger schedule.Waker
	event   daemonapp.Kind // RunStarted and Removed have no word

	daemon, typ      string
	digest           daemonapp.Digest
	who, why         string
	err              error // its text is why; asked for on the writer's goroutine
	report           *daemonapp.Report
	at, since, until int64
	took, waited     time.Duration
	times            int
	count, attempt   int
	run              daemonapp.RunID
}

// recorded is what is kept of an event, and whether anything is.
func recorded(e *daemonapp.Event) (r record, ok bool) {
	r = record{
		event: e.Kind, daemon: e.Daemon, typ: e.Type, digest: e.Digest, who: e.Who, why: e.Reason, err: e.Err,
		at: instant(e.At), run: e.RunID, times: 1,
	}
	switch e.Kind {
	case daemonapp.RunStarted:
		r.ofRun(e)
		r.since = instant(e.Run.Started)
	case daemonapp.RunEnded:
		r.word = outcomes(e.Run.Result.Outcome)
		r.ofRun(e)
	case daemonapp.Stuck:
		r.word = wordFailed
		r.ofRun(e)
	case daemonapp.Removed:
	case daemonapp.Held:
		r.word, r.since, r.until = wordHeld, r.at, instant(e.Next)
	case daemonapp.Missed:
		r.word, r.since, r.times = wordMissed, instant(e.First), max(e.Times, 1)
	case daemonapp.Skipped:
		r.word, r.since, r.until = wordSkipped, instant(e.First), instant(e.Next)
	default:
		r.word = acts(e.Kind)
		r.ofAct(e)
	}
	return r, r.word != 0 || e.Kind == daemonapp.RunStarted || e.Kind == daemonapp.Removed
}

func (r *record) ofRun(e *daemonapp.Event) {
	run := &e.Run
	r.since, r.waited = instant(run.Started), max(run.Started.Sub(run.Due), 0)
	if !run.Finished.IsZero() {
		r.took = max(run.Finished.Sub(run.Started), 0)
	}
	r.count, r.attempt, r.trigger, r.report = run.Result.Count, e.Attempt, e.By, e.Report
	if run.Err != nil {
		r.err = run.Err
	}
}

func (r *record) ofAct(e *daemonapp.Event) {
	switch e.Kind {
	case daemonapp.DaemonPaused:
		r.until = instant(e.Next)
	case daemonapp.Reloaded:
		r.why = changed(&e.Children)
	case daemonapp.AppStarted:
		r.count = e.Daemons
	case daemonapp.Draining:
		r.why, r.count = e.Stop.String(), e.Running
	case daemonapp.Cancelling:
		r.count = e.Running
	default:
	}
}

// changed says what a reload did, in numbers.
func changed(c *daemonapp.Change) string {
	var b strings.Builder
	for _, part := range []struct {
		word  string
		names []string
	}{{"added", c.Added}, {"changed", c.Changed}, {"replaced", c.Replaced}, {"removed", c.Removed}} {
		if len(part.names) > 0 {
			fmt.Fprintf(&b, "%s %d, ", part.word, len(part.names))
		}
	}
	return fmt.Sprintf("%skept %d", b.String(), c.Kept)
}

// acts are the words of what is done to a daemon or to the app; 0 for what is not kept.
func acts(k daemonapp.Kind) word {
	switch k {
	case daemonapp.DaemonDisarmed:
		return wordDisarmed
	case daemonapp.DaemonArmed:
		return wordArmed
	case daemonapp.DaemonPaused:
		return wordPaused
	case daemonapp.DaemonResumed:
		return wordResumed
	case daemonapp.Triggered:
		return wordTriggered
	case daemonapp.CancelWanted:
		return wordCancel
	case daemonapp.Unstuck:
		return wordUnstuck
	case daemonapp.ChildrenRefused:
		return wordChildrenRefused
	case daemonapp.Reloaded:
		return wordReloaded
	case daemonapp.ReloadRefused:
		return wordRefused
	case daemonapp.AppStarted:
		return wordStarted
	case daemonapp.Draining:
		return wordDraining
	case daemonapp.Cancelling:
		return wordCancelling
	case daemonapp.AppStopped:
		return wordStopped
	default: // the coming and going of daemons is the configuration's and the seeds' own
		return 0
	}
}

func outcomes(o schedule.Outcome) word {
	switch o {
	case schedule.Worked:
		return wordWorked
	case schedule.More:
		return wordMore
	case schedule.Idle:
		return wordIdle
	case schedule.Failed:
		return wordFailed
	case schedule.Cancelled:
		return wordCancelled
	}
	return 0
}

// instant is a time as recorded: 0 for none.
func instant(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return sqlite.Clipped(t)
}

// at is the time that was recorded, in UTC.
func at(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}
