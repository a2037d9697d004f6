package schedule_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

var errBroken = errors.New("broken")

// epoch is when the apps of these tests start.
var epoch = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

const sec = time.Second

func at(d time.Duration) time.Time { return epoch.Add(d) }

// job is a daemon and what its runs will do: the steps in turn, again and again.
type job struct {
	schedule.Entry
	steps []step
}

type step struct {
	outcome schedule.Outcome
	took    time.Duration
}

func worked(took time.Duration) step { return step{schedule.Worked, took} }
func more(took time.Duration) step   { return step{schedule.More, took} }
func idle(took time.Duration) step   { return step{schedule.Idle, took} }
func failed(took time.Duration) step { return step{schedule.Failed, took} }
func cancel(took time.Duration) step { return step{schedule.Cancelled, took} }

// every is a job at an interval, with minimum_idle at its default.
func every(name string, prio int, d time.Duration, steps ...step) job {
	return paced(name, prio, schedule.Backoff{RunEvery: d, MinimumIdle: d}, steps...)
}

func paced(name string, prio int, b schedule.Backoff, steps ...step) job {
	if len(steps) == 0 {
		steps = []step{worked(0)}
	}
	return job{schedule.Entry{Name: name, Planner: &schedule.Interval{Backoff: b, Prio: prio}}, steps}
}

func (j job) with(change func(e *schedule.Entry)) job {
	change(&j.Entry)
	return j
}

// stage plays an app on virtual time and writes down what happens.
type stage struct {
	t     testing.TB
	s     *schedule.Scheduler
	jobs  map[string]job
	count map[string]int
	now   time.Duration
	air   []airborne
	lines []string
}

type airborne struct {
	id   schedule.ID
	name string
	ends time.Duration
	step step
}

// cue is something done to the scheduler at a time, after the runs that end then and before decisions.
type cue struct {
	at time.Duration
	do func(g *stage)
}

// play runs an app until it stops, or up to and including the horizon.
func play(t testing.TB, limits schedule.Limits, horizon time.Duration, jobs []job, cues ...cue) []string {
	t.Helper()
	g := &stage{t: t, s: schedule.New(epoch, limits), jobs: map[string]job{}, count: map[string]int{}}
	for _, j := range jobs {
		g.add(j)
	}
	return g.run(horizon, cues)
}

func (g *stage) time() time.Time { return at(g.now) }

func (g *stage) add(j job) {
	g.t.Helper()
	g.jobs[j.Name] = j
	if _, err := g.s.Add(g.time(), j.Entry); err != nil {
		g.t.Fatal(err)
	}
}

func (g *stage) replace(j job) {
	g.jobs[j.Name] = j
	g.s.Replace(g.time(), g.id(j.Name), j.Entry)
}

func (g *stage) id(name string) schedule.ID {
	g.t.Helper()
	id, ok := g.s.Lookup(name)
	if !ok {
		g.t.Fatalf("no daemon %s", name)
	}
	return id
}

func (g *stage) status(name string) schedule.Status { return g.s.Status(g.id(name)) }

func (g *stage) run(horizon time.Duration, cues []cue) []string {
	g.t.Helper()
	for len(g.lines) < 2000 {
		g.land()
		for len(cues) > 0 && cues[0].at <= g.now {
			cues[0].do(g)
			cues = cues[1:]
		}
		next, stopped := g.decide()
		if stopped {
			break
		}
		for _, f := range g.air {
			next = min(next, f.ends)
		}
		if len(cues) > 0 {
			next = min(next, cues[0].at)
		}
		if next > horizon {
			break
		}
		g.now = next
	}
	return g.lines
}

func (g *stage) land() {
	for i := 0; i < len(g.air); {
		if f := g.air[i]; f.ends <= g.now {
			g.air = slices.Delete(g.air, i, i+1)
			g.end(f)
			continue
		}
		i++
	}
}

func (g *stage) end(f airborne) {
	var err error
	if f.step.outcome == schedule.Failed {
		err = errBroken
	}
	r, next := g.s.Done(f.id, g.time(), schedule.Result{Outcome: f.step.outcome}, err)
	wait := "never"
	if !next.IsZero() {
		wait = text(next.Sub(r.Finished))
	}
	g.lines = append(g.lines, fmt.Sprintf("%s %s %s %s %v %s", f.name, text(r.Due.Sub(epoch)),
		text(r.Started.Sub(epoch)), text(r.Finished.Sub(epoch)), r.Result.Outcome, wait))
}

// decide carries out what the scheduler wants done now and answers with the time it waits for.
func (g *stage) decide() (until time.Duration, stopped bool) {
	for len(g.lines) < 2000 {
		d := g.s.Next(g.time())
		switch {
		case d.Action == schedule.Stop:
			g.lines = append(g.lines, fmt.Sprintf("stop %s %v", text(g.now), d.Reason))
			return 0, true
		case d.Action == schedule.Start:
			g.begin(d)
		case d.Until.IsZero():
			return 1<<63 - 1, false
		default:
			if !d.Until.After(g.time()) {
				g.t.Fatalf("at %v: waits until %v", g.now, d.Until.Sub(epoch))
			}
			return d.Until.Sub(epoch), false
		}
	}
	return 0, true
}

func (g *stage) begin(d schedule.Decision) {
	j := g.jobs[d.Name]
	f := airborne{id: d.ID, name: d.Name, step: j.steps[g.count[d.Name]%len(j.steps)]}
	g.count[d.Name]++
	f.ends = g.now + f.step.took
	if f.step.took == 0 {
		g.end(f)
		return
	}
	g.air = append(g.air, f)
}

func text(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'g', -1, 64) }

// same compares what happened with what was to happen.
func same[T any](t testing.TB, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// script is a table case: an app, what is done to it, and what happens.
type script struct {
	name    string
	limits  schedule.Limits
	jobs    []job
	cues    []cue
	horizon time.Duration
	want    []string
}

func playAll(t *testing.T, scripts []script) {
	t.Helper()
	for _, c := range scripts {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			same(t, play(t, c.limits, c.horizon, c.jobs, c.cues...), c.want)
		})
	}
}
