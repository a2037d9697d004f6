package simulate_test

import (
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/simulate"
)

// TestRunAllocates: for the daemons, not for their runs.
func TestRunAllocates(t *testing.T) {
	allocations := func(horizon time.Duration) float64 {
		in := simulate.Input{Horizon: horizon, Daemons: fleet(50, 2*s)}
		return testing.AllocsPerRun(3, func() {
			if _, err := simulate.Run(in, func(simulate.Line) error { return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	hour, day := allocations(time.Hour), allocations(24*time.Hour)
	if day > hour+10 {
		t.Errorf("%v allocations in an hour, %v in a day", hour, day)
	}
}
