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

// checkProgress finds the first daemon that would never let time pass.
func checkProgress(lanes []lane, start time.Time) error {
	trial := schedule.New(start, schedule.Limits{})
	for i := range lanes {
		l := &lanes[i]
		if l.duration > 0 {
			continue
		}
		ok, err := l.progresses(trial, start)
		if err != nil {
			return fmt.Errorf("simulate %s: %w", l.entry.Name, err)
		}
		if !ok {
			return &NoProgress{Daemon: l.entry.Name}
		}
	}
	return nil
}

// progresses asks the core itself: it puts the daemon alone in an app and lets it run through its
// outcomes, often enough for a disarm, to see whether time must pass or the daemon ends.
func (l *lane) progresses(trial *schedule.Scheduler, now time.Time) (bool, error) {
	entry := l.entry
	entry.Conditions, entry.StartAfter, entry.Offset = schedule.Conditions{}, 0, 0
	id, err := trial.Add(now, entry)
	if err != nil {
		return false, err
	}
	defer trial.Remove(now, id)
	if err := trial.Wake(now, id, schedule.ByEvent); err != nil {
		return false, err
	}
	runs := len(l.outcomes) * (min(entry.DisarmAfter, roundsLimit) + 1)
	for i := range runs {
		if trial.Next(now).Action != schedule.Start {
			return true, nil
		}
		trial.Done(id, now, schedule.Result{Outcome: l.outcomes[i%len(l.outcomes)]}, nil)
	}
	return trial.Next(now).Action != schedule.Start, nil
}
