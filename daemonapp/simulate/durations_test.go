package simulate_test

import (
	"slices"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/simulate"
)

// Each run takes the duration of its turn, with the outcome of its turn.
func TestDurationsTakeTurns(t *testing.T) {
	t.Parallel()
	d := fleet(1, 0)[0]
	d.Assume = simulate.Assumption{
		Outcomes:  []schedule.Outcome{schedule.Worked, schedule.Failed, schedule.Idle},
		Durations: []time.Duration{3 * time.Second, 0, time.Second},
	}
	var took []time.Duration
	var outcomes []schedule.Outcome
	_, err := simulate.Run(simulate.Input{Horizon: time.Hour, Daemons: []simulate.Daemon{d}}, func(l simulate.Line) error {
		if l.Kind == simulate.Ran && len(took) < 5 {
			took, outcomes = append(took, l.End-l.Start), append(outcomes, l.Outcome)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []time.Duration{3 * time.Second, 0, time.Second, 3 * time.Second, 0}; !slices.Equal(took, want) {
		t.Errorf("runs took %v, want %v", took, want)
	}
	if want := []schedule.Outcome{schedule.Worked, schedule.Failed, schedule.Idle, schedule.Worked, schedule.Failed}; !slices.Equal(outcomes, want) {
		t.Errorf("runs ended %v, want %v", outcomes, want)
	}
}

func TestDurationsThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, durations := range map[string][]time.Duration{"too many": {1, 2}, "negative": {-1}} {
		d := fleet(1, 0)[0]
		d.Assume.Durations = durations
		if _, err := simulate.Run(simulate.Input{Daemons: []simulate.Daemon{d}}, nil); err == nil {
			t.Errorf("%s: simulated", name)
		}
	}
}
