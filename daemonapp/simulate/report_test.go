package simulate_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/simulate"
)

// TestReport: the sums of a small app, worked out by hand.
//
//	0    a runs to 10; b is due
//	10   b runs to 14 and failed, for the second time at 24 to 28: disarmed
//	20   a is due and runs at once: 20 to 30, so b waits from 24 to 30 and runs to 34
//	34   a is due at 40, and runs to 45, the horizon, and beyond
func TestReport(t *testing.T) {
	t.Parallel()
	report := simulated(t, simulate.Input{
		Horizon: 45 * s,
		Limits:  schedule.Limits{SoftDeadline: 35 * s, IdleThreshold: 8 * s},
		Daemons: []simulate.Daemon{
			daemon("a", 10*s, takes(10*s), ends(worked, idle), priority(3)),
			daemon("b", 10*s, takes(4*s), ends(failed), entry(func(e *schedule.Entry) { e.DisarmAfter = 2 })),
			daemon("c", 10*s, priority(-1), entry(func(e *schedule.Entry) { e.Conditions.After = []string{"b"} })),
		},
	})
	want := []simulate.Row{
		{
			Name: "a", Short: "a", Present: true, Priority: 3, Runs: 3, Worked: 2, Idle: 1, Busy: 25 * s, Share: 25. / 45,
			Wait: simulate.Wait{Daemon: "a"}, Shortest: 10 * s, Longest: 10 * s, Disarmed: simulate.Never,
		},
		{
			Name: "b", Short: "b", Present: true, Runs: 2, Failed: 2, Busy: 8 * s, Share: 8. / 45, Starved: 16 * s,
			Wait: simulate.Wait{Daemon: "b", Due: 0, Length: 10 * s}, Shortest: 10 * s, Longest: 10 * s, Disarmed: 34 * s,
		},
		{
			Name: "c", Short: "c", Present: true, Priority: -1, Wait: simulate.Wait{Daemon: "c"},
			Shortest: simulate.Never, Longest: simulate.Never, Disarmed: simulate.Never, Held: "after b",
		},
	}
	near := cmpopts.EquateApprox(0, 1e-9)
	if diff := cmp.Diff(want, report.Daemons, near); diff != "" {
		t.Errorf("rows (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(simulate.Stop{Decided: 45 * s, At: 45 * s, Reason: schedule.Horizon, InFlight: 1}, report.Stop); diff != "" {
		t.Errorf("stop (-want +got)\n%s", diff)
	}
	if want := (simulate.Gap{At: 14 * s, Length: 6 * s, Next: "a"}); report.Gap != want {
		t.Errorf("gap %v, want %v", report.Gap, want)
	}
	if want := (simulate.Gap{At: 35 * s, Length: 5 * s, Next: "a"}); report.Closest == nil || *report.Closest != want {
		t.Errorf("closest %v, want %v", report.Closest, want)
	}
	sum := simulate.Row{
		Present: true, Runs: 5, Worked: 2, Idle: 1, Failed: 2, Busy: 33 * s, Share: 33. / 45, Starved: 16 * s,
		Wait: want[1].Wait, Shortest: 10 * s, Longest: 10 * s, Disarmed: simulate.Never,
	}
	if diff := cmp.Diff(sum, report.Sum, near); diff != "" {
		t.Errorf("sum (-want +got)\n%s", diff)
	}
}

// TestReportStarved: one who never gets the floor has waited all the time.
func TestReportStarved(t *testing.T) {
	t.Parallel()
	report := simulated(t, simulate.Input{Horizon: m, Daemons: []simulate.Daemon{
		daemon("greedy", 10*s, takes(10*s), priority(1), pace(func(i *schedule.Interval) { i.MinimumIdle = 0 })),
		daemon("poor", 10*s, entry(func(e *schedule.Entry) { e.StartAfter = 5 * s })),
	}})
	want := simulate.Wait{Daemon: "poor", Due: 5 * s, Length: 55 * s, Unfinished: true}
	if got := report.Daemons[1]; got.Wait != want || got.Starved != 55*s || report.Sum.Wait != want {
		t.Errorf("waited %v, starved %v, longest of all %v; want %v", got.Wait, got.Starved, report.Sum.Wait, want)
	}
	if report.Stop.Ready != 1 {
		t.Errorf("%d ready at the stop, want 1", report.Stop.Ready)
	}
}

// TestReportGap: background daemons are no end of a gap, held ones only by a known release.
func TestReportGap(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)
	background := entry(func(e *schedule.Entry) { e.Background = true })
	window := entry(func(e *schedule.Entry) { e.Conditions.Window = opening{start.Add(40 * s), start.Add(time.Hour)} })
	held := entry(func(e *schedule.Entry) { e.Conditions.After = []string{"nobody"} })
	for _, c := range []struct {
		name    string
		daemons []simulate.Daemon
		want    simulate.Gap
	}{
		{"alone", []simulate.Daemon{daemon("a", 50*s)}, simulate.Gap{Length: 50 * s, Next: "a"}},
		{
			"beside a background one",
			[]simulate.Daemon{daemon("bg", 7*s, background), daemon("a", 50*s)},
			simulate.Gap{Length: 50 * s, Next: "a"},
		},
		{"only a background one", []simulate.Daemon{daemon("bg", 7*s, background)}, simulate.Gap{Length: 60 * s}},
		{
			"beside one held by a window",
			[]simulate.Daemon{daemon("bg", 7*s, background), daemon("a", 30*s, window)},
			simulate.Gap{Length: 40 * s, Next: "a"},
		},
		{
			"beside one held for good",
			[]simulate.Daemon{daemon("bg", 7*s, background), daemon("a", 50*s, held)},
			simulate.Gap{Length: 60 * s},
		},
		{"none", nil, simulate.Gap{Length: 60 * s}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			report := simulated(t, simulate.Input{Start: start, Horizon: m, Daemons: c.daemons})
			if report.Gap != c.want {
				t.Errorf("gap %+v, want %+v", report.Gap, c.want)
			}
		})
	}
}

// TestReportStop: what would have been next, at each kind of stop.
func TestReportStop(t *testing.T) {
	t.Parallel()
	const idleFor = 30 * s
	for _, c := range []struct {
		name   string
		limits schedule.Limits
		want   simulate.Stop
	}{
		{
			"idle",
			schedule.Limits{IdleThreshold: idleFor},
			simulate.Stop{Decided: 5 * s, At: 5 * s, Reason: schedule.IdleGap, Next: "a", NextAt: 55 * s},
		},
		{
			"hard deadline",
			schedule.Limits{HardDeadline: 57 * s},
			simulate.Stop{Decided: 57 * s, At: 60 * s, Reason: schedule.HardDeadline, InFlight: 1, Next: "bg", NextAt: 57 * s},
		},
		{
			"no work",
			schedule.Limits{NoWorkTimeout: 20 * s},
			simulate.Stop{Decided: 25 * s, At: 25 * s, Reason: schedule.NoWork, Next: "bg", NextAt: 25 * s},
		},
		{
			"horizon",
			schedule.Limits{},
			simulate.Stop{Decided: m, At: m, Reason: schedule.Horizon, Ready: 1, Next: "a", NextAt: 110 * s},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			report := simulated(t, simulate.Input{Horizon: m, Limits: c.limits, Daemons: []simulate.Daemon{
				daemon("a", 50*s, takes(5*s)),
				daemon("bg", 4*s, ends(idle), entry(func(e *schedule.Entry) { e.Background, e.StartAfter = true, 5*s })),
			}})
			if diff := cmp.Diff(c.want, report.Stop); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
