package cli_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/simulate"
	"github.com/peakd/peakd/daemons"
)

// TestSimulationIsWhatRunDoes runs configurations through simulate and through the real app, in a bubble in which
// time is virtual, and compares the events line by line.
func TestSimulationIsWhatRunDoes(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/parity/*.assume.hcl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no configurations: %v", err)
	}
	for _, assume := range files {
		file := strings.Replace(assume, ".assume", "", 1)
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			in := input(t, file, assume)
			in.Horizon = 365 * 24 * time.Hour // each of them stops by itself
			compare(t, in)
		})
	}
}

// TestSimulationIsWhatRunDoesAtRandom does the same with random apps of one worker.
func TestSimulationIsWhatRunDoesAtRandom(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		in := randomInput(rt)
		want, err := simulated(in)
		var stuck *simulate.NoProgress
		if errors.As(err, &stuck) {
			rt.Skip("makes no progress")
		}
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(want, bubbled(t, in)); diff != "" {
			rt.Fatalf("run differs from simulate (-simulate +run):\n%s", diff)
		}
	})
}

func compare(t *testing.T, in simulate.Input) {
	t.Helper()
	want, err := simulated(in)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(want, "\n") < 5 || strings.Contains(want, "horizon") {
		t.Fatalf("too little happens, or it does not stop by itself:\n%s", want)
	}
	if diff := cmp.Diff(want, bubbled(t, in)); diff != "" {
		t.Errorf("run differs from simulate (-simulate +run):\n%s", diff)
	}
}

// input is a configuration as simulate takes it, starting when time starts in a bubble.
func input(t *testing.T, file, assume string) simulate.Input {
	t.Helper()
	registry, err := config.NewRegistry(daemons.Types()...)
	if err != nil {
		t.Fatal(err)
	}
	o := config.Options{Paths: []string{file}, Hostname: "example", Registry: registry, AllowWritable: true}
	cfg, found := config.Load(o)
	if found.HasErrors() {
		t.Fatal(found)
	}
	o.Paths = []string{assume}
	assumed, found := config.LoadAssumptions(o)
	if found.HasErrors() {
		t.Fatal(found)
	}
	in, found := cfg.Simulation(assumed)
	if found.HasErrors() {
		t.Fatal(found)
	}
	in.Start = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)
	return in
}

// simulated is the output of simulate.
func simulated(in simulate.Input) (string, error) {
	var out bytes.Buffer
	lines := simulate.NewJSONLines(&out)
	if _, err := simulate.Run(in, lines.Write); err != nil {
		return "", err
	}
	err := lines.Flush()
	return out.String(), err
}

// bubbled is the same for the real app, whose daemons sleep and answer as assumed.
func bubbled(t *testing.T, in simulate.Input) string {
	t.Helper()
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		lines := simulate.NewJSONLines(&out)
		start := time.Now()
		app := daemonapp.New(daemonapp.Options{
			Limits: in.Limits, ShutdownGrace: 1000 * time.Hour,
			Observers: []daemonapp.Observer{daemonapp.ObserverFunc(func(e daemonapp.Event) { record(t, lines, start, e) })},
		})
		specs := make([]daemonapp.Spec, 0, len(in.Daemons))
		for _, d := range in.Daemons {
			specs = append(specs, spec(d, ""))
		}
		if _, err := app.Reconcile(specs); err != nil {
			t.Fatal(err)
		}
		stop, err := app.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		at := stop.Age
		if stop.Reason == schedule.HardDeadline {
			at = max(at, time.Since(start))
		}
		if err := errors.Join(lines.Write(simulate.Line{Kind: simulate.Stopped, At: at, Reason: stop.Reason}), lines.Flush()); err != nil {
			t.Fatal(err)
		}
	})
	return out.String()
}

func record(t *testing.T, lines *simulate.JSONLines, start time.Time, e daemonapp.Event) {
	if e.Kind != daemonapp.RunEnded {
		return
	}
	line := simulate.Line{
		Kind: simulate.Ran, Daemon: e.Daemon, Outcome: e.Run.Result.Outcome,
		Due: e.Run.Due.Sub(start), Start: e.Run.Started.Sub(start), End: e.Run.Finished.Sub(start), Wait: simulate.Never,
	}
	if !e.Next.IsZero() {
		line.Wait = e.Next.Sub(e.Run.Finished)
	}
	if err := lines.Write(line); err != nil {
		t.Error(err)
	}
}

// spec makes a real daemon of an assumed one.
func spec(d simulate.Daemon, parent string) daemonapp.Spec {
	e := d.Entry
	terms := daemonapp.Terms{
		StartAfter: e.StartAfter, Offset: e.Offset, Background: e.Background, DisarmAfter: e.DisarmAfter,
		After: e.Conditions.After, LoadBelow: e.Conditions.LoadBelow,
	}
	if e.Conditions.Window != nil {
		terms.Windows = []daemonapp.Window{{Window: e.Conditions.Window}}
	}
	a := &actor{Pace: daemonapp.Pace{Planner: e.Planner}, assume: d.Assume}
	for _, child := range d.Children {
		a.children = append(a.children, spec(child, e.Name+"/"))
	}
	var daemon daemonapp.Daemon = a
	if len(a.children) > 0 {
		daemon = seed{a}
	}
	return daemonapp.Spec{Name: strings.TrimPrefix(e.Name, parent), Digest: "1", Daemon: daemon, Terms: terms}
}

// actor is a daemon that plays an assumption.
type actor struct {
	daemonapp.Pace
	assume   simulate.Assumption
	runs     int
	children []daemonapp.Spec
}

// Run sleeps as long as assumed, and ends as assumed.
func (a *actor) Run(context.Context) (schedule.Result, error) {
	if a.assume.Duration > 0 {
		time.Sleep(a.assume.Duration)
	}
	outcome := schedule.Worked
	if n := len(a.assume.Outcomes); n > 0 {
		outcome = a.assume.Outcomes[a.runs%n]
	}
	a.runs++
	if outcome == schedule.Failed {
		return schedule.Result{}, os.ErrInvalid
	}
	return schedule.Result{Outcome: outcome}, nil
}

type seed struct{ *actor }

// Children states them from the first run on.
func (s seed) Children() []daemonapp.Spec { return s.children }

func randomInput(t *rapid.T) simulate.Input {
	in := simulate.Input{Horizon: 24 * time.Hour, Start: time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)}
	seconds := func(name string, from, to int) time.Duration {
		return time.Duration(rapid.IntRange(from, to).Draw(t, name)) * time.Second
	}
	in.Limits = schedule.Limits{
		Workers: 1, SoftDeadline: seconds("soft", 0, 60), HardDeadline: seconds("hard", 60, 600),
		IdleThreshold: seconds("idle", 0, 60), NoWorkTimeout: seconds("no work", 0, 200), Aging: seconds("aging", 0, 5),
	}
	names := []string{"a", "b", "c", "d", "e"}[:rapid.IntRange(1, 5).Draw(t, "daemons")]
	outcome := rapid.SampledFrom([]schedule.Outcome{schedule.Worked, schedule.More, schedule.Idle, schedule.Failed})
	for i, name := range names {
		every := seconds("every", 1, 60)
		d := simulate.Daemon{
			Entry: schedule.Entry{
				Name: name, StartAfter: seconds("start after", 0, 20), Background: rapid.Bool().Draw(t, "background"),
				DisarmAfter: rapid.IntRange(0, 4).Draw(t, "disarm after"),
				Planner: &schedule.Interval{
					Prio: rapid.IntRange(-2, 2).Draw(t, "priority"),
					Backoff: schedule.Backoff{
						RunEvery: every, MinimumIdle: rapid.SampledFrom([]time.Duration{every, 0, 3 * time.Second}).Draw(t, "minimum"),
						IncreaseIdleBy: seconds("increase", 0, 10), MultiplyIdleBy: rapid.SampledFrom([]float64{1, 1.5, 2}).Draw(t, "multiply"),
						MaximumIdle: every + seconds("maximum", 0, 100),
					},
				},
			},
			Assume: simulate.Assumption{
				Outcomes: rapid.SliceOfN(outcome, 0, 4).Draw(t, "outcomes"),
				Duration: time.Duration(rapid.IntRange(1, 5000).Draw(t, "duration")) * time.Millisecond,
			},
		}
		if i > 0 && rapid.Bool().Draw(t, "waits for another") {
			d.Entry.Conditions.After = []string{names[rapid.IntRange(0, i-1).Draw(t, "which")]}
		}
		if rapid.IntRange(0, 5).Draw(t, "minds the load") == 0 {
			d.Entry.Conditions.LoadBelow = 0.3
		}
		if rapid.IntRange(0, 3).Draw(t, "is a seed") == 0 {
			d.Children = []simulate.Daemon{{
				Entry:  schedule.Entry{Name: name + "/x", Planner: d.Entry.Planner},
				Assume: simulate.Assumption{Duration: 70 * time.Millisecond},
			}}
		}
		in.Daemons = append(in.Daemons, d)
	}
	return in
}
