package schedule_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
	"pgregory.net/rapid"
)

// TestAgainstModel runs the core and the naive model side by side on random apps and compares every
// decision, every record and every wait.
func TestAgainstModel(t *testing.T) {
	t.Parallel()
	for _, workers := range []int{0, 1, 2, 3, 4} {
		t.Run(fmt.Sprintf("workers %d", workers), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(rt *rapid.T) {
				limits := drawLimits(rt)
				limits.Workers = workers
				newPair(rt, limits, drawSpecs(rt)).play(3*time.Hour, 250)
			})
		})
	}
}

// halves draws a number of half seconds, so that many things fall on one instant.
func halves(rt *rapid.T, label string, most int) time.Duration {
	return time.Duration(rapid.IntRange(0, 2*most).Draw(rt, label)) * time.Second / 2
}

// oneOf draws one of a few durations in half seconds; the first is the simplest.
func oneOf(rt *rapid.T, label string, of ...int) time.Duration {
	return time.Duration(rapid.SampledFrom(of).Draw(rt, label)) * time.Second / 2
}

func drawLimits(rt *rapid.T) schedule.Limits {
	return schedule.Limits{
		SoftDeadline:  oneOf(rt, "soft", 0, 10, 61, 150),
		HardDeadline:  oneOf(rt, "hard", 0, 0, 0, 91, 240, 900),
		IdleThreshold: oneOf(rt, "idle", 0, 0, 3, 8, 15, 30, 60),
		NoWorkTimeout: oneOf(rt, "nowork", 0, 0, 0, 20, 60, 121),
		Aging:         oneOf(rt, "aging", 0, 0, 1, 3, 10),
	}
}

func drawSpecs(rt *rapid.T) []modelSpec {
	specs := make([]modelSpec, rapid.SampledFrom([]int{1, 2, 3, 4, 5, 6, 7, 0}).Draw(rt, "daemons"))
	for i := range specs {
		specs[i] = drawSpec(rt, i)
	}
	return specs
}

func drawSpec(rt *rapid.T, i int) modelSpec {
	s := modelSpec{
		name:        string(rune('a' + i)),
		prio:        rapid.IntRange(-2, 2).Draw(rt, "prio"),
		runEvery:    time.Second + halves(rt, "run_every", 10),
		minIdle:     halves(rt, "minimum_idle", 5),
		increase:    halves(rt, "increase", 4),
		multiply:    rapid.SampledFrom([]float64{0, 1, 1.5, 1.1, 2}).Draw(rt, "multiply"),
		retryMul:    rapid.SampledFrom([]float64{0, 1, 1.3, 3}).Draw(rt, "retry_mul"),
		retryEvery:  halves(rt, "retry_every", 3),
		retryMax:    halves(rt, "retry_max", 30),
		disarmAfter: rapid.IntRange(0, 4).Draw(rt, "disarm_after"),
		once:        rapid.IntRange(0, 9).Draw(rt, "once") == 9,
		background:  rapid.IntRange(0, 3).Draw(rt, "background") == 3,
		startAfter:  halves(rt, "start_after", 5),
		offset:      halves(rt, "offset", 2),
	}
	if rapid.Bool().Draw(rt, "has maximum") {
		s.maxIdle = s.runEvery + halves(rt, "maximum", 30)
	}
	if s.retryEvery > 0 {
		s.attempts = rapid.IntRange(0, 3).Draw(rt, "attempts")
	}
	s.drawConditions(rt, i)
	runs := rapid.IntRange(1, 5).Draw(rt, "runs")
	all := []schedule.Outcome{schedule.Worked, schedule.Idle, schedule.More, schedule.Failed}
	for range runs {
		s.outcomes = append(s.outcomes, rapid.SampledFrom(all).Draw(rt, "outcome"))
		s.durations = append(s.durations, halves(rt, "duration", 6))
	}
	return s
}

func (s *modelSpec) drawConditions(rt *rapid.T, i int) {
	kind := rapid.IntRange(0, 9).Draw(rt, "conditions")
	if kind == 5 || kind == 8 {
		for j := range i {
			if rapid.Bool().Draw(rt, "after") {
				s.after = append(s.after, string(rune('a'+j)))
			}
		}
	}
	if kind == 6 || kind >= 8 {
		every := 4*time.Second + halves(rt, "window_every", 20)
		s.window = &testWindow{base: epoch, every: every, shift: halves(rt, "window_shift", 10), open: every / 4}
	}
	if kind == 7 || kind == 9 {
		s.loadBelow = rapid.SampledFrom([]float64{0.02, 0.06, 0.15, 0.45, 0.9}).Draw(rt, "load_below")
	}
}

func (s *modelSpec) entry() schedule.Entry {
	e := schedule.Entry{
		Name: s.name,
		Planner: &schedule.Interval{
			Backoff: schedule.Backoff{
				RunEvery: s.runEvery, MinimumIdle: s.minIdle, IncreaseIdleBy: s.increase,
				MultiplyIdleBy: s.multiply, MaximumIdle: s.maxIdle,
				Retry: schedule.Retry{Every: s.retryEvery, MultiplyBy: s.retryMul, Maximum: s.retryMax, Attempts: s.attempts},
			},
			Prio: s.prio, Once: s.once,
		},
		StartAfter: s.startAfter, Offset: s.offset, Background: s.background, DisarmAfter: s.disarmAfter,
		Conditions: schedule.Conditions{After: s.after, LoadBelow: s.loadBelow},
	}
	if s.window != nil {
		e.Conditions.Window = s.window
	}
	return e
}

// flight is a run that has not ended.
type flight struct {
	d       *modelDaemon
	id      schedule.ID
	due     int64
	started int64
	ends    int64
	run     int
}

// pair is the core and the model, told the same times.
type pair struct {
	rt      rapid.TB
	core    *schedule.Scheduler
	model   *model
	now     int64
	flights []flight
	runs    map[string]int
	log     []string
}

func newPair(rt rapid.TB, limits schedule.Limits, specs []modelSpec) *pair {
	p := &pair{rt: rt, core: schedule.New(epoch, limits), model: newModel(epoch, limits, specs), runs: map[string]int{}}
	for i := range specs {
		if _, err := p.core.Add(epoch, specs[i].entry()); err != nil {
			rt.Fatalf("add %s: %v", specs[i].name, err)
		}
	}
	return p
}

func (p *pair) at(t int64) time.Time { return epoch.Add(time.Duration(t)) }

func (p *pair) fatalf(format string, args ...any) {
	p.rt.Helper()
	for _, line := range p.log {
		p.rt.Log(line)
	}
	p.rt.Fatalf("at %v: %s", time.Duration(p.now), fmt.Sprintf(format, args...))
}

// play goes on until both stop, nothing can happen any more, or enough has been seen.
func (p *pair) play(horizon time.Duration, most int) {
	for len(p.log) < most && p.now < int64(horizon) {
		until, stopped := p.decide()
		if stopped {
			return
		}
		for _, f := range p.flights {
			until = min(until, f.ends)
		}
		if until == modelNever {
			return
		}
		p.now = until
		p.land()
	}
}

// land reports the runs that end now, in the order they started.
func (p *pair) land() {
	for i := 0; i < len(p.flights); {
		if f := p.flights[i]; f.ends <= p.now {
			p.flights = slices.Delete(p.flights, i, i+1)
			p.end(f)
			continue
		}
		i++
	}
}

// decide asks both until they wait, and answers with the time they wait for.
func (p *pair) decide() (until int64, stopped bool) {
	for {
		want, got := p.model.next(p.now), p.core.Next(p.at(p.now))
		switch {
		case want.reason != 0 || got.Action == schedule.Stop:
			if got.Action != schedule.Stop || got.Reason != want.reason {
				p.fatalf("core decides %+v, model stops for %q", got, want.reason)
			}
			return 0, true
		case want.start != nil || got.Action == schedule.Start:
			if want.start == nil || got.Action != schedule.Start || got.Name != want.start.name {
				p.fatalf("core decides %+v, model starts %s, waits %v", got, nameOf(want.start), time.Duration(want.until))
			}
			p.begin(want.start, got.ID)
		default:
			return p.agree(want.until, got.Until), false
		}
		if len(p.log) > 1000 {
			return 0, true
		}
	}
}

func nameOf(d *modelDaemon) string {
	if d == nil {
		return "nothing"
	}
	return d.name
}

// agree is the earlier of both times; times that differ by rounding count as one, the later.
func (p *pair) agree(model int64, core time.Time) int64 {
	got := modelNever
	if !core.IsZero() {
		got = int64(core.Sub(epoch))
		if got <= p.now {
			p.fatalf("core waits until %v, which is not ahead", time.Duration(got))
		}
	}
	if diff := model - got; diff >= -2 && diff <= 2 {
		return max(model, got)
	}
	return min(model, got)
}

func (p *pair) begin(d *modelDaemon, id schedule.ID) {
	n := p.runs[d.name]
	p.runs[d.name]++
	f := flight{d: d, id: id, due: d.due, started: p.now, run: n}
	f.ends = p.now + int64(d.durations[n%len(d.durations)])
	if f.ends == p.now {
		p.end(f)
		return
	}
	p.flights = append(p.flights, f)
}

// end reports a run to both and compares the records.
func (p *pair) end(f flight) {
	d := f.d
	o := d.outcomes[f.run%len(d.outcomes)]
	var err error
	if o == schedule.Failed {
		err = errBroken
	}
	rec, next := p.core.Done(f.id, p.at(p.now), schedule.Result{Outcome: o, Count: 1}, err)
	wait := p.model.done(d, p.now, o)
	p.log = append(p.log, fmt.Sprintf("%s due %v start %v end %v %v wait %v", d.name, time.Duration(f.due),
		time.Duration(f.started), time.Duration(p.now), o, time.Duration(wait)))
	if !near(int64(rec.Due.Sub(epoch)), f.due, tolerance(d.loadBelow > 0, 2)) {
		p.fatalf("%s: core says due %v, model %v", d.name, rec.Due.Sub(epoch), time.Duration(f.due))
	}
	got := []any{rec.Started.Sub(epoch), rec.Finished.Sub(epoch), rec.Result, rec.Err, rec.IdleRuns, rec.Failures}
	want := []any{time.Duration(f.started), time.Duration(p.now), schedule.Result{Outcome: o, Count: 1}, err, d.idles, d.fails}
	if !slices.Equal(got, want) {
		p.fatalf("%s: core records %v, model %v", d.name, got, want)
	}
	p.compareWait(d, wait, next)
}

func (p *pair) compareWait(d *modelDaemon, wait int64, next time.Time) {
	if next.IsZero() != (wait == modelNever) {
		p.fatalf("%s: core's next run is %v, model waits %v", d.name, next, time.Duration(wait))
	}
	if next.IsZero() {
		return
	}
	got := int64(next.Sub(p.at(p.now)))
	whole := d.multiply <= 1 && (d.retryMul <= 1 || d.retryMul == float64(int(d.retryMul)))
	if !near(got, wait, tolerance(!whole, 1)) {
		p.fatalf("%s: core waits %v, model %v", d.name, time.Duration(got), time.Duration(wait))
	}
	d.due = p.now + got
}

func near(a, b, within int64) bool { return cmp.Compare(max(a-b, b-a), within) <= 0 }

func tolerance(yes bool, within int64) int64 {
	if yes {
		return within
	}
	return 0
}
