package status

import (
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// daemon tells where a daemon stands.
func (v *view) daemon(d *subject) Daemon {
	d.past = v.Recorder.past(d.Name, samples{took: v.buffer})
	v.workless = laterOf(v.workless, elapsed(d.past.pauseTo, v.Now))
	told := Daemon{
		Name: d.Name, Type: d.Type, Digest: d.Digest, Description: d.Terms.Description, Tags: d.Terms.Tags,
		Seed: d.Seed, Children: v.children[d.Name], Parent: d.Parent,
		State: d.state, NeedsYou: d.state == Stuck || d.state == Disarmed && d.Failures > 0 && d.past.by == "",
		LastStart: d.LastStart, LastEnd: d.LastEnd, LastGood: d.LastGood,
		Next: d.next(), Interval: Seconds(d.pace.every()), Schedule: d.pace.cron(),
		IdleRuns: d.IdleRuns, Failures: d.Failures, DisarmAfter: d.Terms.DisarmAfter,
		LastError: d.past.failure.Text, LastErrorAt: d.past.failure.At,
		Samples: len(d.past.took.took),
		Timeout: Seconds(d.Terms.Timeout), Priority: d.Priority, Background: d.Background,
		Windows: windows(d.Terms.Windows), After: d.Terms.After, LoadBelow: d.Terms.LoadBelow,
		Pause: pause(d.Pause), Leaving: d.Leaving, Counts: counts(d.Stats),
	}
	p50, p95 := d.past.took.percentiles()
	told.P50, told.P95 = Seconds(p50), Seconds(p95)
	if d.LastOutcome != 0 {
		told.Outcome = d.LastOutcome.String()
	}
	if d.State == schedule.Waiting {
		told.Wait = Seconds(d.pace.observed)
	}
	if d.RunID != 0 {
		told.Run = d.run()
	}
	told.Why = v.why(d, &told)
	return told
}

// next is when the daemon is due, released or resumed.
func (d *subject) next() time.Time {
	switch d.State {
	case schedule.Waiting, schedule.Ready, schedule.Running:
		return d.Due
	case schedule.HeldByWindow, schedule.Paused:
		return d.Until
	case schedule.HeldByAfter, schedule.HeldByLoad, schedule.HeldBySlots, schedule.HeldByDaemon, schedule.Disarmed, schedule.Finished:
	}
	return time.Time{}
}

func (d *subject) run() *Run {
	run := &Run{ID: d.RunID.String(), Started: d.LastStart, Done: d.Done, Total: d.Total}
	if d.Terms.Timeout > 0 {
		run.Deadline = d.LastStart.Add(d.Terms.Timeout)
	}
	return run
}

func pause(p daemonapp.Pause) *Pause {
	if p == (daemonapp.Pause{}) {
		return nil
	}
	return &Pause{Since: p.Since, Until: p.Until, Who: p.Who, Why: p.Why}
}

func counts(s schedule.Stats) Counts {
	return Counts{
		Worked: s.Worked, Idle: s.Idle, Failed: s.Failed, Cancelled: s.Cancelled, Items: s.Count,
		Busy: Seconds(s.Busy), LongestWait: Seconds(s.LongestWait), Starved: Seconds(s.Starved),
	}
}

// windows are those of the terms, as people wrote them.
func windows(list []daemonapp.Window) []string {
	var texts []string
	for _, w := range list {
		texts = append(texts, w.Text)
	}
	return texts
}

// elapsed is t if it has passed, or no time.
func elapsed(t, now time.Time) time.Time {
	if t.After(now) {
		return time.Time{}
	}
	return t
}
