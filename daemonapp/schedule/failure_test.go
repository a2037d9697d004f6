package schedule_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

func TestFailures(t *testing.T) {
	t.Parallel()
	disarming := func(n int) func(e *schedule.Entry) { return func(e *schedule.Entry) { e.DisarmAfter = n } }
	playAll(t, []script{
		{
			name: "disarmed after so many in a row, never again", horizon: 1000 * sec,
			jobs: []job{every("a", 0, sec, failed(0), failed(0), worked(0), failed(0)).with(disarming(3))},
			want: []string{
				"a 0 0 0 failed 1", "a 1 1 1 failed 2", "a 3 3 3 worked 1", "a 4 4 4 failed 1", "a 5 5 5 failed 2",
				"a 7 7 7 failed never",
			},
		},
		{
			name: "a cancelled run neither fails nor ends a streak", horizon: 6 * sec,
			jobs: []job{every("a", 0, sec, failed(0), cancel(0), failed(0), cancel(sec)).with(disarming(3))},
			want: []string{
				"a 0 0 0 failed 1", "a 1 1 1 cancelled 1", "a 2 2 2 failed 2", "a 4 4 5 cancelled 2",
			},
		},
		{
			name: "after the attempts the ordinary interval, while the streak goes on", horizon: 50 * sec,
			jobs: []job{paced("a", 0, schedule.Backoff{
				RunEvery: 10 * sec, Retry: schedule.Retry{Every: sec, Attempts: 2},
			}, failed(0)).with(disarming(5))},
			want: []string{
				"a 0 0 0 failed 1", "a 1 1 1 failed 2", "a 3 3 3 failed 10", "a 13 13 13 failed 10", "a 23 23 23 failed never",
			},
		},
		{
			name: "armed: due now, with a new streak", horizon: 8 * sec,
			jobs: []job{every("a", 0, 5*sec, failed(0)).with(disarming(1))},
			cues: []cue{{2 * sec, func(g *stage) {
				if err := g.s.Arm(g.time(), g.id("a")); err != nil {
					g.t.Error(err)
				}
			}}},
			want: []string{"a 0 0 0 failed never", "a 2 2 2 failed never"},
		},
	})
}

func TestRunOnce(t *testing.T) {
	t.Parallel()
	once := func(retries bool, attempts int, steps ...step) job {
		p := &schedule.Interval{
			Backoff: schedule.Backoff{RunEvery: sec, Retry: schedule.Retry{Every: sec, MultiplyBy: 1, Attempts: attempts}},
			Once:    true, OnceRetries: retries,
		}
		return job{schedule.Entry{Name: "a", Planner: p}, steps}
	}
	wake := func(by schedule.Waker) []cue {
		return []cue{{sec, func(g *stage) {
			if err := g.s.Wake(g.time(), g.id("a"), by); err != nil {
				g.t.Error(err)
			}
		}}}
	}
	playAll(t, []script{
		{name: "work", horizon: 9 * sec, jobs: []job{once(false, 0, worked(0))}, want: []string{"a 0 0 0 worked never"}},
		{name: "more", horizon: 9 * sec, jobs: []job{once(false, 0, more(0))}, want: []string{"a 0 0 0 more never"}},
		{name: "failure", horizon: 9 * sec, jobs: []job{once(false, 0, failed(0))}, want: []string{"a 0 0 0 failed never"}},
		{
			name: "retries", horizon: 9 * sec, jobs: []job{once(true, 2, failed(0))},
			want: []string{"a 0 0 0 failed 1", "a 1 1 1 failed 1", "a 2 2 2 failed never"},
		},
		{
			name: "a cancelled run was none", horizon: 9 * sec, jobs: []job{once(false, 0, cancel(0), worked(0))},
			want: []string{"a 0 0 0 cancelled 1", "a 1 1 1 worked never"},
		},
		{
			name: "an event does not repeat it", horizon: 9 * sec, jobs: []job{once(false, 0, worked(0))},
			cues: wake(schedule.ByEvent), want: []string{"a 0 0 0 worked never"},
		},
		{
			name: "nor one during the run", horizon: 9 * sec, jobs: []job{once(false, 0, worked(2*sec))},
			cues: wake(schedule.ByEvent), want: []string{"a 0 0 2 worked never"},
		},
		{
			name: "an operator does", horizon: 9 * sec, jobs: []job{once(false, 0, worked(2*sec))},
			cues: wake(schedule.ByOperator), want: []string{"a 0 0 2 worked never", "a 2 2 4 worked never"},
		},
	})
}

func TestAbandonedRun(t *testing.T) {
	t.Parallel()
	var armed, woken error
	var stuck, after schedule.Status
	lines := play(t, schedule.Limits{}, 20*sec,
		[]job{every("a", 0, 4*sec, worked(100*sec)), every("b", 0, 4*sec, worked(sec))},
		cue{3 * sec, func(g *stage) {
			r := g.s.Abandon(g.time(), g.id("a"), errBroken)
			if r.Result.Outcome != schedule.Failed || r.Failures != 1 || r.Err == nil {
				g.t.Errorf("abandoned: %+v", r)
			}
			g.air = g.air[1:]
			armed, woken = g.s.Arm(g.time(), g.id("a")), g.s.Wake(g.time(), g.id("a"), schedule.ByOperator)
			stuck = g.status("a")
		}},
		cue{9 * sec, func(g *stage) { g.s.Returned(g.time(), g.id("a")); after = g.status("a") }},
		cue{10 * sec, func(g *stage) {
			if err := g.s.Arm(g.time(), g.id("a")); err != nil {
				g.t.Error(err)
			}
			g.jobs["a"] = every("a", 0, 4*sec, worked(sec))
		}})
	same(t, lines, []string{
		"b 0 3 4 worked 4", "b 8 8 9 worked 4", "a 10 10 11 worked 4", "b 13 13 14 worked 4", "a 15 15 16 worked 4",
		"b 18 18 19 worked 4",
	})
	if !errors.Is(armed, schedule.ErrStuck) || !errors.Is(woken, schedule.ErrStuck) {
		t.Errorf("stuck: arm %v, wake %v", armed, woken)
	}
	if stuck.State != schedule.Disarmed || !stuck.Stuck || !strings.Contains(stuck.Reason, "stuck") {
		t.Errorf("stuck: %+v", stuck)
	}
	if after.State != schedule.Disarmed || after.Stuck {
		t.Errorf("returned: %+v", after)
	}
}

// TestStuckSuccessor: a changed daemon waits for the abandoned run, and is then armed by itself.
func TestStuckSuccessor(t *testing.T) {
	t.Parallel()
	abandon := cue{2 * sec, func(g *stage) { g.s.Abandon(g.time(), g.id("a"), errBroken); g.air = nil }}
	change := cue{3 * sec, func(g *stage) { g.replace(every("a", 0, 10*sec)) }}
	back := cue{5 * sec, func(g *stage) { g.s.Returned(g.time(), g.id("a")) }}
	lines := play(t, schedule.Limits{}, 20*sec, []job{every("a", 0, 4*sec, worked(100*sec))}, abandon, change, back)
	same(t, lines, []string{"a 12 12 12 worked 10"})
}

// faulty panics where it is told to.
type faulty struct {
	calendar
	inPriority, inNextRun, inAfter bool
}

func (f *faulty) Priority() int {
	if f.inPriority {
		panic("no priority")
	}
	return 1
}

func (f *faulty) NextRun(r schedule.Run) time.Time {
	if f.inNextRun {
		panic("no next run")
	}
	return f.After(r.Finished)
}

func (f *faulty) After(t time.Time) time.Time {
	if f.inAfter {
		panic("no calendar")
	}
	return f.calendar.After(t)
}

// plain hides that a planner is a calendar.
type plain struct{ schedule.Planner }

func TestPanicsHarmNobody(t *testing.T) {
	t.Parallel()
	other := every("b", 0, 2*sec)
	good := []string{"b 0 0 0 worked 2", "b 2 2 2 worked 2", "b 4 4 4 worked 2"}
	c := calendar{every: sec + sec/2}
	closed := func(p schedule.Planner, change func(*schedule.Entry)) job {
		e := schedule.Entry{Name: "a", Planner: p}
		if change != nil {
			change(&e)
		}
		return job{e, []step{worked(0)}}
	}
	interval := &schedule.Interval{Backoff: schedule.Backoff{RunEvery: 30 * sec, MinimumIdle: 30 * sec}}
	for _, c := range []struct {
		name  string
		job   job
		want  []string
		state schedule.State
		why   string
	}{
		{
			"NextRun", closed(plain{&faulty{calendar: c, inNextRun: true}}, nil),
			append([]string{"a 0 0 0 worked never"}, good...), schedule.Finished, "no next run",
		},
		{"After", closed(&faulty{calendar: c, inAfter: true}, nil), good, schedule.Finished, "no calendar"},
		{
			"Priority", closed(plain{&faulty{calendar: calendar{every: 30 * sec}, inPriority: true}}, nil),
			append([]string{"a 0 0 0 worked 30"}, good...), schedule.Waiting, "",
		},
		{
			"Hold", closed(interval, func(e *schedule.Entry) {
				e.Conditions.Hold = func() (string, time.Duration) { panic("no hold") }
			}), good, schedule.HeldByDaemon, "no hold",
		},
		{
			"Open", closed(interval, func(e *schedule.Entry) { e.Conditions.Window = brokenWindow{} }), good,
			schedule.HeldByWindow, "outside",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			look := cue{5 * sec, func(g *stage) {
				if st := g.status("a"); st.State != c.state || !strings.Contains(st.Reason, c.why) {
					t.Errorf("status %+v", st)
				}
			}}
			same(t, play(t, schedule.Limits{}, 5*sec, []job{c.job, other}, look), c.want)
		})
	}
}

type brokenWindow struct{}

func (brokenWindow) Open(time.Time) (bool, time.Time) { panic("no window") }
