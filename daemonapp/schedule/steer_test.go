package schedule_test

import (
	"errors"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

func wakeAt(t time.Duration, name string, by schedule.Waker) cue {
	return cue{t, func(g *stage) { g.must(g.s.Wake(g.time(), g.id(name), by)) }}
}

func TestEarlyWake(t *testing.T) {
	t.Parallel()
	op, shift, event := schedule.ByOperator, schedule.ByOperatorShift, schedule.ByEvent
	ten := func(steps ...step) []job { return []job{every("a", 0, 10*sec, steps...)} }
	window := func(e *schedule.Entry) {
		e.Conditions.Window = &testWindow{base: epoch, every: 100 * sec, shift: 50 * sec, open: sec}
	}
	playAll(t, []script{
		{
			name: "by an operator: the time planned earlier stands", jobs: ten(), horizon: 20 * sec,
			cues: []cue{wakeAt(3*sec, "a", op)},
			want: []string{"a 0 0 0 worked 10", "a 3 3 3 worked 7", "a 10 10 10 worked 10", "a 20 20 20 worked 10"},
		},
		{
			name: "twice at one instant is once", jobs: ten(), horizon: 10 * sec,
			cues: []cue{wakeAt(3*sec, "a", op), wakeAt(3*sec, "a", op)},
			want: []string{"a 0 0 0 worked 10", "a 3 3 3 worked 7", "a 10 10 10 worked 10"},
		},
		{
			name: "unless the run ends after it", jobs: ten(worked(8 * sec)), horizon: 40 * sec,
			cues: []cue{wakeAt(12*sec, "a", op)},
			want: []string{"a 0 0 8 worked 10", "a 12 12 20 worked 10", "a 30 30 38 worked 10"},
		},
		{
			name: "more work first, then the planned time", jobs: ten(worked(0), more(sec), idle(0), worked(0)),
			horizon: 10 * sec, cues: []cue{wakeAt(3*sec, "a", op)},
			want: []string{"a 0 0 0 worked 10", "a 3 3 4 more 0", "a 4 4 4 idle 6", "a 10 10 10 worked 10"},
		},
		{
			name: "a shift plans anew", jobs: ten(), horizon: 13 * sec, cues: []cue{wakeAt(3*sec, "a", shift)},
			want: []string{"a 0 0 0 worked 10", "a 3 3 3 worked 10", "a 13 13 13 worked 10"},
		},
		{
			name: "so does one after a trigger", jobs: ten(), horizon: 13 * sec,
			cues: []cue{wakeAt(3*sec, "a", op), wakeAt(3*sec, "a", shift)},
			want: []string{"a 0 0 0 worked 10", "a 3 3 3 worked 10", "a 13 13 13 worked 10"},
		},
		{
			name: "an event plans anew", jobs: ten(), horizon: 13 * sec, cues: []cue{wakeAt(3*sec, "a", event)},
			want: []string{"a 0 0 0 worked 10", "a 3 3 3 worked 10", "a 13 13 13 worked 10"},
		},
		{
			name: "while it runs, one is remembered", jobs: ten(worked(2 * sec)), horizon: 16 * sec,
			cues: []cue{wakeAt(sec, "a", event), wakeAt(sec, "a", event)},
			want: []string{"a 0 0 2 worked 10", "a 2 2 4 worked 10", "a 14 14 16 worked 10"},
		},
		{
			name: "by an operator while it runs: what the run asked for stands", jobs: ten(worked(2 * sec)), horizon: 14 * sec,
			cues: []cue{wakeAt(sec, "a", op)},
			want: []string{"a 0 0 2 worked 10", "a 2 2 4 worked 8", "a 12 12 14 worked 10"},
		},
		{
			name: "with a shift while it runs", jobs: ten(worked(2 * sec)), horizon: 16 * sec,
			cues: []cue{wakeAt(sec, "a", shift)},
			want: []string{"a 0 0 2 worked 10", "a 2 2 4 worked 10", "a 14 14 16 worked 10"},
		},
		{
			name: "a wake does not reset the idle count", horizon: 9 * sec,
			jobs: []job{paced("a", 0, schedule.Backoff{RunEvery: 10 * sec, IncreaseIdleBy: sec}, idle(0))},
			cues: []cue{wakeAt(3*sec, "a", event), wakeAt(5*sec, "a", shift)},
			want: []string{"a 0 0 0 idle 11", "a 3 3 3 idle 12", "a 5 5 5 idle 13"},
		},
		{
			name: "while it is ready nothing changes", horizon: 6 * sec,
			jobs: []job{every("x", 1, 60*sec, worked(6*sec)), every("a", 0, 60*sec), every("b", 0, 60*sec)},
			cues: []cue{wakeAt(2*sec, "a", event), wakeAt(3*sec, "a", event)},
			want: []string{"x 0 0 6 worked 60", "a 0 6 6 worked 60", "b 0 6 6 worked 60"},
		},
		{
			name: "due, though not noticed yet, is as good as ready", horizon: 5 * sec,
			jobs: []job{every("a", 0, 5*sec), every("b", 0, 5*sec)}, cues: []cue{wakeAt(5*sec, "a", event)},
			want: []string{"a 0 0 0 worked 5", "b 0 0 0 worked 5", "a 5 5 5 worked 5", "b 5 5 5 worked 5"},
		},
		{
			name: "an operator ignores conditions", jobs: []job{every("a", 0, 60*sec).with(window)}, horizon: 20 * sec,
			cues: []cue{wakeAt(7*sec, "a", op)}, want: []string{"a 7 7 7 worked 60"},
		},
		{
			name: "an event does not", jobs: []job{every("a", 0, 60*sec).with(window)}, horizon: 50 * sec,
			cues: []cue{wakeAt(7*sec, "a", event)}, want: []string{"a 50 50 50 worked 60"},
		},
		{
			name: "a trigger does not outlive a disarm", jobs: []job{every("a", 0, 60*sec).with(window)}, horizon: 50 * sec,
			cues: []cue{wakeAt(7*sec, "a", op), {7 * sec, func(g *stage) {
				g.s.Disarm(g.time(), g.id("a"), "asked")
				g.must(g.s.Arm(g.time(), g.id("a")))
			}}},
			want: []string{"a 50 50 50 worked 60"},
		},
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	refuse := func(name string, want error, prepare func(g *stage)) script {
		return script{
			name: name, horizon: 3 * sec, jobs: []job{every("a", 0, 60*sec, worked(9*sec))},
			cues: []cue{{2 * sec, func(g *stage) {
				prepare(g)
				for by := schedule.ByEvent; by <= schedule.ByOperatorShift; by++ {
					if err := g.s.Wake(g.time(), g.id("a"), by); !errors.Is(err, want) {
						g.t.Errorf("wake: %v, want %v", err, want)
					}
				}
			}}},
		}
	}
	end := func(g *stage) {
		g.s.Done(g.id("a"), g.time(), schedule.Result{Outcome: schedule.Worked}, nil)
		g.air = nil
	}
	pause := func(g *stage) { g.must(g.s.Pause(g.time(), g.id("a"), time.Time{})) }
	disarm := func(g *stage) { g.s.Disarm(g.time(), g.id("a"), "asked") }
	playAll(t, []script{
		refuse("paused", schedule.ErrPaused, func(g *stage) { end(g); pause(g) }),
		refuse("about to be paused", schedule.ErrPaused, pause),
		refuse("disarmed", schedule.ErrDisarmed, func(g *stage) { end(g); disarm(g) }),
		refuse("about to be disarmed", schedule.ErrDisarmed, disarm),
		refuse("about to be disarmed, and armed again", nil, func(g *stage) {
			disarm(g)
			g.must(g.s.Arm(g.time(), g.id("a")))
		}),
	})
}

func TestPause(t *testing.T) {
	t.Parallel()
	jobs := []job{every("a", 0, 5*sec, worked(sec))}
	pause := func(t, until time.Duration) cue {
		return cue{t, func(g *stage) {
			to := time.Time{}
			if until > 0 {
				to = at(until)
			}
			g.must(g.s.Pause(g.time(), g.id("a"), to))
		}}
	}
	resume := func(t time.Duration) cue { return cue{t, func(g *stage) { g.s.Resume(g.time(), g.id("a")) }} }
	playAll(t, []script{
		{
			name: "resumed before its time: the planned time", jobs: jobs, horizon: 7 * sec,
			cues: []cue{pause(2*sec, 0), resume(4 * sec)}, want: []string{"a 0 0 1 worked 5", "a 6 6 7 worked 5"},
		},
		{
			name: "resumed after its time: now", jobs: jobs, horizon: 21 * sec,
			cues: []cue{pause(2*sec, 0), resume(20 * sec)}, want: []string{"a 0 0 1 worked 5", "a 20 20 21 worked 5"},
		},
		{
			name: "until a time", jobs: jobs, horizon: 21 * sec,
			cues: []cue{pause(2*sec, 20*sec)}, want: []string{"a 0 0 1 worked 5", "a 20 20 21 worked 5"},
		},
		{
			name: "until a time before the planned one", jobs: jobs, horizon: 7 * sec,
			cues: []cue{pause(2*sec, 3*sec)}, want: []string{"a 0 0 1 worked 5", "a 6 6 7 worked 5"},
		},
		{
			name: "a run in flight goes on", jobs: jobs, horizon: 11 * sec,
			cues: []cue{pause(sec/2, 10*sec)}, want: []string{"a 0 0 1 worked 5", "a 10 10 11 worked 5"},
		},
		{
			name: "taken back during the run", jobs: jobs, horizon: 7 * sec,
			cues: []cue{pause(sec/4, 0), resume(sec / 2)}, want: []string{"a 0 0 1 worked 5", "a 6 6 7 worked 5"},
		},
		{
			name: "a ready one leaves the queue, and comes back behind its equals", horizon: 5 * sec,
			jobs: []job{every("x", 1, 60*sec, worked(4*sec)), every("a", 0, 60*sec), every("b", 0, 60*sec)},
			cues: []cue{pause(sec, 0), resume(2 * sec)},
			want: []string{"x 0 0 4 worked 60", "b 0 4 4 worked 60", "a 2 4 4 worked 60"},
		},
	})
}

// TestReplaceWoken: an event that came before the successor did is not forgotten.
func TestReplaceWoken(t *testing.T) {
	t.Parallel()
	swap := func(t time.Duration, j job) cue { return cue{t, func(g *stage) { g.replace(j) }} }
	busy := every("x", 1, 60*sec, worked(6*sec)).with(func(e *schedule.Entry) { e.StartAfter = sec })
	playAll(t, []script{
		{
			name: "ready, by an event", horizon: 30 * sec, jobs: []job{every("a", 0, 60*sec), busy},
			cues: []cue{wakeAt(2*sec, "a", schedule.ByEvent), swap(3*sec, every("a", 0, 50*sec)), swap(4*sec, every("a", 0, 40*sec))},
			want: []string{"a 0 0 0 worked 60", "x 1 1 7 worked 60", "a 4 7 7 worked 40"},
		},
		{
			name: "due already, and then an event", horizon: 30 * sec, jobs: []job{every("a", 0, 3*sec), busy},
			cues: []cue{wakeAt(5*sec, "a", schedule.ByEvent), swap(6*sec, every("a", 0, 50*sec))},
			want: []string{"a 0 0 0 worked 3", "x 1 1 7 worked 60", "a 6 7 7 worked 50"},
		},
		{
			name: "the run has begun meanwhile: no other is owed", horizon: 30 * sec,
			jobs: []job{every("a", 0, 3*sec), busy},
			cues: []cue{wakeAt(5*sec, "a", schedule.ByEvent), swap(9*sec, every("a", 0, 50*sec))},
			want: []string{"a 0 0 0 worked 3", "x 1 1 7 worked 60", "a 3 7 7 worked 3"},
		},
		{
			name: "running", horizon: 30 * sec, jobs: []job{every("a", 0, 60*sec, worked(5*sec))},
			cues: []cue{wakeAt(2*sec, "a", schedule.ByEvent), swap(3*sec, every("a", 0, 50*sec))},
			want: []string{"a 0 0 5 worked 60", "a 5 5 5 worked 50"},
		},
		{
			name: "by an operator: the time planned stands afterwards", horizon: 60 * sec, jobs: []job{every("a", 0, 60*sec), busy},
			cues: []cue{wakeAt(2*sec, "a", schedule.ByOperator), swap(3*sec, every("a", 0, 50*sec))},
			want: []string{"a 0 0 0 worked 60", "x 1 1 7 worked 60", "a 3 7 7 worked 43", "a 50 50 50 worked 50"},
		},
	})
}

func TestReplace(t *testing.T) {
	t.Parallel()
	swap := func(t time.Duration, j job) cue { return cue{t, func(g *stage) { g.replace(j) }} }
	b := schedule.Backoff{RunEvery: 4 * sec, MinimumIdle: 4 * sec, IncreaseIdleBy: sec, MaximumIdle: 60 * sec}
	playAll(t, []script{
		{
			name: "due at the last completion and the new interval", horizon: 8 * sec,
			jobs: []job{every("a", 0, 60*sec, worked(sec))}, cues: []cue{swap(3*sec, every("a", 0, 6*sec))},
			want: []string{"a 0 0 1 worked 60", "a 7 7 7 worked 6"},
		},
		{
			name: "not before now", horizon: 10 * sec, jobs: []job{every("a", 0, 60*sec, worked(sec))},
			cues: []cue{swap(9*sec, every("a", 0, 2*sec))}, want: []string{"a 0 0 1 worked 60", "a 9 9 9 worked 2"},
		},
		{
			name: "counts start afresh", horizon: 15 * sec, jobs: []job{paced("a", 0, b, idle(0))},
			cues: []cue{swap(6*sec, paced("a", 0, b, idle(0)))},
			want: []string{"a 0 0 0 idle 5", "a 5 5 5 idle 6", "a 9 9 9 idle 5", "a 14 14 14 idle 6"},
		},
		{
			name: "a run in flight ends first", horizon: 9 * sec, jobs: []job{every("a", 0, 60*sec, worked(5*sec))},
			cues: []cue{swap(sec, every("a", 0, 3*sec, worked(sec)))},
			want: []string{"a 0 0 5 worked 60", "a 8 8 9 worked 3"},
		},
		{
			name: "a disarmed one is armed", horizon: 6 * sec,
			jobs: []job{every("a", 0, sec, failed(0)).with(func(e *schedule.Entry) { e.DisarmAfter = 1 })},
			cues: []cue{swap(3*sec, every("a", 0, 5*sec))},
			want: []string{"a 0 0 0 failed never", "a 5 5 5 worked 5"},
		},
		{
			name: "one that has never run is due as if added", horizon: 6 * sec,
			jobs: []job{every("a", 0, 9*sec).with(func(e *schedule.Entry) { e.StartAfter = 60 * sec })},
			cues: []cue{swap(3*sec, every("a", 0, 9*sec).with(func(e *schedule.Entry) { e.StartAfter = 2 * sec }))},
			want: []string{"a 5 5 5 worked 9"},
		},
		{
			name: "a pause stays", horizon: 13 * sec, jobs: []job{every("a", 0, 4*sec)},
			cues: []cue{
				{sec, func(g *stage) { g.must(g.s.Pause(g.time(), g.id("a"), at(12*sec))) }},
				swap(2*sec, every("a", 0, 5*sec)),
			},
			want: []string{"a 0 0 0 worked 4", "a 12 12 12 worked 5"},
		},
		{
			name: "its next calendar time", horizon: 10 * sec, jobs: []job{every("a", 0, 60*sec)},
			cues: []cue{swap(3*sec, job{schedule.Entry{Name: "a", Planner: &calendar{every: 5 * sec}}, []step{worked(0)}})},
			want: []string{"a 0 0 0 worked 60", "a 5 5 5 worked 5", "a 10 10 10 worked 5"},
		},
		{
			name: "a change of priority replaces nothing", horizon: 8 * sec,
			jobs: []job{paced("a", 0, b, idle(0)), every("b", 1, 8*sec, worked(sec))},
			cues: []cue{{sec, func(g *stage) {
				g.s.Replan(g.id("a"), &schedule.Interval{Backoff: b, Prio: 2})
			}}},
			want: []string{"b 0 0 1 worked 8", "a 0 1 1 idle 5", "a 6 6 6 idle 6"},
		},
		{
			name: "taken out at the end of its run, or at once", horizon: 30 * sec,
			jobs: []job{every("a", 0, sec, worked(3*sec)), every("b", -1, sec)},
			cues: []cue{{2 * sec, func(g *stage) {
				if g.s.Remove(g.time(), g.id("a")) || !g.s.Remove(g.time(), g.id("b")) || g.s.Len() != 1 {
					g.t.Error("removed otherwise")
				}
			}}, {4 * sec, func(g *stage) { same(g.t, g.s.Len(), 0) }}},
			want: []string{"a 0 0 3 worked 1"},
		},
	})
}
