package statetest

import (
	"fmt"
	"maps"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// testModel compares the state with a plain map over random saves, forgets and restarts. All rounds
// share one state, each with names of its own, so that a disk is not opened anew for each.
func testModel(t *testing.T, open Opener) {
	state, reopen := open(t)
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		prefix := fmt.Sprintf("%d/", round)
		model := make(map[string]daemonapp.Memory)
		r.Repeat(map[string]func(*rapid.T){
			"save": func(r *rapid.T) {
				batch := rapid.SliceOfN(memories(), 0, 5).Draw(r, "batch")
				for i := range batch {
					batch[i].Name = prefix + batch[i].Name
					model[batch[i].Name] = batch[i]
				}
				if err := state.Save(batch); err != nil {
					r.Fatalf("save: %v", err)
				}
			},
			"forget": func(r *rapid.T) {
				before := times().Draw(r, "before")
				if err := state.Forget(before); err != nil {
					r.Fatalf("forget: %v", err)
				}
				maps.DeleteFunc(model, func(_ string, m daemonapp.Memory) bool {
					return !m.Gone.IsZero() && m.Gone.Before(before)
				})
			},
			"restart": func(r *rapid.T) {
				if rapid.IntRange(0, 9).Draw(r, "restart") == 0 {
					state = reopen()
				}
			},
			"": func(r *rapid.T) { checkModel(r, state, prefix, model) },
		})
	})
}

func checkModel(r *rapid.T, state daemonapp.State, prefix string, model map[string]daemonapp.Memory) {
	got, err := state.Load()
	if err != nil {
		r.Fatalf("load: %v", err)
	}
	maps.DeleteFunc(got, func(name string, _ daemonapp.Memory) bool { return !strings.HasPrefix(name, prefix) })
	if diff := cmp.Diff(model, got); diff != "" {
		r.Fatalf("state differs (-want +got):\n%s", diff)
	}
}

func memories() *rapid.Generator[daemonapp.Memory] {
	return rapid.Custom(func(r *rapid.T) daemonapp.Memory {
		return daemonapp.Memory{
			Name:        rapid.SampledFrom([]string{"a", "b", "a/b", "seed/x.y", "Z"}).Draw(r, "name"),
			Type:        rapid.String().Draw(r, "type"),
			Digest:      rapid.String().Draw(r, "digest"),
			Next:        times().Draw(r, "next"),
			Never:       rapid.Bool().Draw(r, "never"),
			IdleRuns:    rapid.Int().Draw(r, "idle runs"),
			Failures:    rapid.Int().Draw(r, "failures"),
			Disarmed:    rapid.String().Draw(r, "disarmed"),
			LastStart:   times().Draw(r, "last start"),
			LastEnd:     times().Draw(r, "last end"),
			LastSuccess: times().Draw(r, "last success"),
			LastOutcome: schedule.Outcome(rapid.IntRange(0, int(schedule.Cancelled)).Draw(r, "outcome")),
			Gone:        times().Draw(r, "gone"),
			SkipNext:    rapid.Bool().Draw(r, "skip next"),
			Pause: daemonapp.Pause{
				Since: times().Draw(r, "paused since"), Until: times().Draw(r, "paused until"),
				Who: rapid.String().Draw(r, "who"), Why: rapid.String().Draw(r, "why"),
			},
		}
	})
}

// times are those a state must keep to the nanosecond, in any zone, and none.
func times() *rapid.Generator[time.Time] {
	return rapid.Custom(func(r *rapid.T) time.Time {
		if rapid.Bool().Draw(r, "none") {
			return time.Time{}
		}
		zone := time.FixedZone("", rapid.IntRange(-14*3600, 14*3600).Draw(r, "zone"))
		return time.Unix(0, rapid.Int64Range(math.MinInt64, math.MaxInt64).Draw(r, "ns")).In(zone)
	})
}
