package simulate

import (
	"fmt"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// NoProgress is the error for a daemon whose every assumed run takes 0 s and waits 0 s: on virtual
// time it would run for ever at one instant.
type NoProgress struct {
	// Daemon is its full name.
	Daemon string
}

// Error implements error; the sentence says the way out.
func (e *NoProgress) Error() string {
	return fmt.Sprintf(
		"%s makes no progress: each of its assumed runs takes 0s and waits 0s; give it a duration", e.Daemon)
}

// roundsLimit bounds how often the outcomes of one daemon are gone through to see whether it makes progress.
const roundsLimit = 1000

// progresses asks the core itself: it gives the daemon an app of its own and lets it run through its
// outcomes, often enough for a disarm, to see whether time must pass or the daemon ends.
func (l *lane) progresses(start time.Time) (bool, error) {
	if l.duration > 0 {
		return true, nil
	}
	core := schedule.New(start, schedule.Limits{})
	entry := l.entry
	entry.Conditions, entry.StartAfter, entry.Offset = schedule.Conditions{}, 0, 0
	id, err := core.Add(start, entry)
	if err != nil {
		return false, err
	}
	now := start
	if due := core.Status(id).Due; due.After(now) {
		now = due // the first time of a calendar
	}
	runs := len(l.outcomes) * (min(entry.DisarmAfter, roundsLimit) + 1)
	for i := range runs {
		if core.Next(now).Action != schedule.Start {
			return true, nil
		}
		core.Done(id, now, schedule.Result{Outcome: l.outcomes[i%len(l.outcomes)]}, nil)
	}
	return core.Next(now).Action != schedule.Start, nil
}

// checkProgress finds the first daemon that would never let time pass.
func checkProgress(lanes []lane, start time.Time) error {
	for i := range lanes {
		ok, err := lanes[i].progresses(start)
		if err != nil {
			return err
		}
		if !ok {
			return &NoProgress{Daemon: lanes[i].entry.Name}
		}
	}
	return nil
}
