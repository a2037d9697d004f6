package simulate_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/simulate"
)

// anyInput draws an app of a few daemons, coarse enough in time that much happens at one instant.
func anyInput(t *rapid.T) simulate.Input {
	seconds := func(name string, least, most int) time.Duration {
		return time.Duration(rapid.IntRange(least, most).Draw(t, name)) * s
	}
	in := simulate.Input{
		Horizon: seconds("horizon", 1, 300),
		Limits: schedule.Limits{
			Workers: rapid.IntRange(0, 3).Draw(t, "workers"), SoftDeadline: seconds("soft", 0, 200),
			HardDeadline: seconds("hard", 0, 400), IdleThreshold: seconds("idle", 0, 60),
			NoWorkTimeout: seconds("no work", 0, 200), Aging: seconds("aging", 0, 20),
		},
	}
	named := 0
	var some func(prefix string, depth int) []simulate.Daemon
	some = func(prefix string, depth int) []simulate.Daemon {
		out := make([]simulate.Daemon, rapid.IntRange(0, 5-2*depth).Draw(t, "daemons"))
		for i := range out {
			named++
			name := fmt.Sprintf("%sd%d", prefix, named)
			outcomes := rapid.SliceOfN(rapid.SampledFrom([]schedule.Outcome{worked, more, idle, failed}), 0, 5).Draw(t, "outcomes")
			out[i] = daemon(name, seconds("every", 1, 60), takes(seconds("takes", 0, 15)), ends(append(outcomes, idle)...),
				priority(rapid.IntRange(-2, 2).Draw(t, "priority")), lengthen(seconds("increase", 0, 20), 2*m),
				pace(func(p *schedule.Interval) { p.MinimumIdle = min(p.RunEvery, seconds("minimum", 0, 60)) }),
				entry(func(e *schedule.Entry) {
					e.Background = rapid.Bool().Draw(t, "background")
					e.StartAfter = seconds("start after", 0, 30)
					e.DisarmAfter = rapid.IntRange(0, 4).Draw(t, "disarm")
				}))
			if depth < 2 {
				out[i].Children = some(name+"/", depth+1)
			}
		}
		return out
	}
	in.Daemons = some("", 0)
	return in
}

// TestRunProperties: what holds of every simulation.
func TestRunProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := anyInput(t)
		var all []simulate.Line
		report, err := simulate.Run(in, func(l simulate.Line) error { all = append(all, l); return nil })
		if err != nil {
			t.Fatal(err)
		}
		runs, last := all[:len(all)-1], all[len(all)-1]
		if last.Kind != simulate.Stopped || last.At != report.Stop.At || last.Reason != report.Stop.Reason {
			t.Fatalf("last line %+v, stop %+v", last, report.Stop)
		}
		checkRuns(t, in, report, runs)
		checkSums(t, report, runs)
	})
}

// checkRuns: order, floor, limits.
func checkRuns(t *rapid.T, in simulate.Input, report *simulate.Report, runs []simulate.Line) {
	ended := map[string]simulate.Line{}
	for i, r := range runs {
		if r.Kind != simulate.Ran || r.Due > r.Start || r.Start > r.End || r.Start > report.Stop.Decided {
			t.Fatalf("run %+v, decided at %v", r, report.Stop.Decided)
		}
		if r.Start >= report.Input.Horizon || in.Limits.HardDeadline > 0 && r.Start >= in.Limits.HardDeadline {
			t.Fatalf("run %+v starts too late", r)
		}
		if i > 0 && (r.End < runs[i-1].End || r.End == runs[i-1].End && r.Start < runs[i-1].Start) {
			t.Fatalf("run %+v comes after %+v", r, runs[i-1])
		}
		if before, ok := ended[r.Daemon]; ok && (before.Wait < 0 || r.Due != before.End+before.Wait) {
			t.Fatalf("run %+v after %+v", r, before)
		}
		ended[r.Daemon] = r
		flying := 0
		for _, o := range runs {
			if o.Start <= r.Start && r.Start < o.End {
				flying++
			}
		}
		if flying > report.Input.Limits.Workers {
			t.Fatalf("%d runs in flight at %v", flying, r.Start)
		}
	}
}

// checkSums: the report says what the lines say.
func checkSums(t *rapid.T, report *simulate.Report, runs []simulate.Line) {
	for _, row := range report.Daemons {
		var n, good, bad, none int
		var busy, starved, longest time.Duration
		for _, r := range runs {
			if r.Daemon != row.Name {
				continue
			}
			n++
			switch r.Outcome {
			case worked, more:
				good++
			case idle:
				none++
			case failed:
				bad++
			case schedule.Cancelled:
			}
			busy += min(r.End, report.Stop.At) - r.Start
			starved += r.Start - r.Due
			longest = max(longest, r.Start-r.Due)
		}
		if n != row.Runs || good != row.Worked || none != row.Idle || bad != row.Failed || busy != row.Busy {
			t.Fatalf("%+v, but the lines say %d runs, %d worked, %d idle, %d failed, busy %v", row, n, good, none, bad, busy)
		}
		if row.Starved < starved || row.Wait.Length < longest || !row.Wait.Unfinished && row.Wait.Length != longest {
			t.Fatalf("%+v, but the lines say a wait of %v, starved %v", row, longest, starved)
		}
	}
}

// TestDrawingProperties: every simulation can be drawn, in any width, as well-formed XML.
func TestDrawingProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		report, err := simulate.Run(anyInput(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := simulate.WriteText(&out, report, rapid.IntRange(1, 150).Draw(t, "width")); err != nil {
			t.Fatal(err)
		}
		out.Reset()
		if err := simulate.WriteSVG(&out, report); err != nil {
			t.Fatal(err)
		}
		if err := wellFormed(out.Bytes()); err != nil {
			t.Fatal(err)
		}
		if err := simulate.WriteHTML(&out, report); err != nil {
			t.Fatal(err)
		}
	})
}
