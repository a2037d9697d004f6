package schedule_test

import (
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

func TestHardDeadline(t *testing.T) {
	t.Parallel()
	limits := schedule.Limits{HardDeadline: 6 * sec}
	playAll(t, []script{
		{
			name: "what is due at that very instant does not start", limits: limits, horizon: 60 * sec,
			jobs: []job{every("a", 0, 3*sec)},
			want: []string{"a 0 0 0 worked 3", "a 3 3 3 worked 3", "stop 6 hard_deadline"},
		},
		{
			name: "it does not wait for what runs or waits", limits: limits, horizon: 60 * sec,
			jobs: []job{every("a", 0, 3*sec, worked(30*sec)), every("b", 0, sec)},
			want: []string{"stop 6 hard_deadline"},
		},
		{name: "with no daemon at all", limits: limits, horizon: 60 * sec, want: []string{"stop 6 hard_deadline"}},
		{
			name:   "before all other reasons",
			limits: schedule.Limits{HardDeadline: 6 * sec, NoWorkTimeout: 6 * sec, IdleThreshold: sec, SoftDeadline: 6 * sec},
			jobs:   []job{every("a", 0, 30*sec, idle(0))}, horizon: 60 * sec,
			want: []string{"a 0 0 0 idle 30", "stop 6 hard_deadline"},
		},
	})
}

func TestIdleShutdown(t *testing.T) {
	t.Parallel()
	limits := schedule.Limits{IdleThreshold: 5 * sec}
	soft := schedule.Limits{IdleThreshold: 5 * sec, SoftDeadline: 12 * sec}
	background := func(e *schedule.Entry) { e.Background = true }
	do := func(at time.Duration, do func(g *stage)) []cue { return []cue{{at, do}} }
	playAll(t, []script{
		{name: "nothing at all", limits: limits, horizon: 60 * sec, want: []string{"stop 0 idle"}},
		{
			name: "absent: never", horizon: 60 * sec, jobs: []job{every("a", 0, 50*sec)},
			want: []string{"a 0 0 0 worked 50", "a 50 50 50 worked 50"},
		},
		{
			name: "at the end of a run, when the gap is just long enough", limits: limits, horizon: 60 * sec,
			jobs: []job{every("a", 0, 5*sec, worked(sec))}, want: []string{"a 0 0 1 worked 5", "stop 1 idle"},
		},
		{
			name: "a nanosecond less keeps it alive", limits: limits, horizon: 7 * sec,
			jobs: []job{every("a", 0, 5*sec-1, worked(sec))},
			want: []string{"a 0 0 1 worked 4.999999999", "a 5.999999999 5.999999999 6.999999999 worked 4.999999999"},
		},
		{
			name: "not before the soft deadline, and then at once", limits: soft, horizon: 60 * sec,
			jobs: []job{every("a", 0, 9*sec, worked(sec))},
			want: []string{"a 0 0 1 worked 9", "a 10 10 11 worked 9", "stop 12 idle"},
		},
		{
			name: "the soft deadline within a short gap", limits: soft, horizon: 60 * sec,
			jobs: []job{every("a", 0, 9*sec, worked(sec/2))},
			want: []string{"a 0 0 0.5 worked 9", "a 9.5 9.5 10 worked 9", "stop 12 idle"},
		},
		{
			name: "a background daemon keeps it alive only while it runs", limits: limits, horizon: 60 * sec,
			jobs: []job{every("a", 0, sec, worked(3*sec)).with(background), every("b", 1, 20*sec, worked(2*sec))},
			want: []string{"b 0 0 2 worked 20", "a 0 2 5 worked 1", "stop 5 idle"},
		},
		{
			name: "disarmed and finished ones are not scheduled", limits: limits, horizon: 60 * sec,
			jobs: []job{every("a", 0, sec, failed(2*sec)).with(func(e *schedule.Entry) { e.DisarmAfter = 1 })},
			want: []string{"a 0 0 2 failed never", "stop 2 idle"},
		},
		{
			name: "what waits for a success that is not scheduled has no time of release", limits: limits, horizon: 60 * sec,
			jobs: []job{
				every("a", 0, sec, worked(sec)).with(func(e *schedule.Entry) {
					e.Conditions.After = []string{"b"}
					e.Conditions.Window = &testWindow{base: epoch, every: 60 * sec, shift: 4 * sec, open: sec}
				}),
				every("b", 0, 30*sec, failed(sec)),
			},
			want: []string{"b 0 0 1 failed 30", "stop 1 idle"},
		},
		{
			name: "a window that opens soon is a time of release", limits: limits, horizon: 5 * sec,
			jobs: []job{every("a", 0, 30*sec, worked(sec)).with(func(e *schedule.Entry) {
				e.Conditions.Window = &testWindow{base: epoch, every: 60 * sec, shift: 4 * sec, open: sec}
			})},
			want: []string{"a 4 4 5 worked 30", "stop 5 idle"},
		},
		{
			name: "the removal of the last one near", limits: limits, horizon: 60 * sec,
			jobs: []job{every("a", 0, 4*sec), every("b", 0, 30*sec)},
			cues: do(2*sec, func(g *stage) { g.s.Remove(g.time(), g.id("a")) }),
			want: []string{"a 0 0 0 worked 4", "b 0 0 0 worked 30", "stop 2 idle"},
		},
		{
			name: "a disarm", limits: limits, horizon: 60 * sec, jobs: []job{every("a", 0, 4*sec)},
			cues: do(2*sec, func(g *stage) { g.s.Disarm(g.time(), g.id("a"), "asked") }),
			want: []string{"a 0 0 0 worked 4", "stop 2 idle"},
		},
		{
			name: "new limits, live", limits: schedule.Limits{}, horizon: 60 * sec, jobs: []job{every("a", 0, 20*sec)},
			cues: do(2*sec, func(g *stage) { g.s.SetLimits(g.time(), limits) }),
			want: []string{"a 0 0 0 worked 20", "stop 2 idle"},
		},
		{
			name: "a pause does not end the app", limits: limits, horizon: 60 * sec, jobs: []job{every("a", 0, 4*sec)},
			cues: []cue{
				{2 * sec, func(g *stage) { g.must(g.s.Pause(g.time(), g.id("a"), time.Time{})) }},
				{30 * sec, func(g *stage) { g.replace(every("a", 0, 9*sec)); g.s.Resume(g.time(), g.id("a")) }},
			},
			want: []string{"a 0 0 0 worked 4", "a 30 30 30 worked 9", "stop 30 idle"},
		},
	})
}

func (g *stage) must(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Error(err)
	}
}

func TestNoWork(t *testing.T) {
	t.Parallel()
	limits := schedule.Limits{NoWorkTimeout: 5 * sec}
	playAll(t, []script{
		{name: "counted from the start", limits: limits, horizon: 60 * sec, want: []string{"stop 5 no_work"}},
		{
			name: "what is due at that instant does not start", limits: limits, horizon: 60 * sec,
			jobs: []job{every("a", 0, 5*sec, idle(0))}, want: []string{"a 0 0 0 idle 5", "stop 5 no_work"},
		},
		{
			name: "work and more count, idle and failed do not", limits: limits, horizon: 60 * sec,
			jobs: []job{every("w", 0, 3*sec, worked(0), more(sec), idle(2*sec), failed(sec), idle(sec), idle(sec))},
			want: []string{
				"w 0 0 0 worked 3", "w 3 3 4 more 0", "w 4 4 6 idle 3", "stop 9 no_work",
			},
		},
		{
			name: "not while something runs, but at its end", limits: limits, horizon: 60 * sec,
			jobs: []job{every("a", 0, sec, idle(7*sec)), every("b", 0, sec)},
			want: []string{"a 0 0 7 idle 1", "stop 7 no_work"},
		},
		{
			name: "work that ends late is work", limits: limits, horizon: 60 * sec,
			jobs: []job{every("a", 0, 30*sec, worked(7*sec))},
			want: []string{"a 0 0 7 worked 30", "stop 12 no_work"},
		},
		{
			name: "not before the soft deadline", limits: schedule.Limits{NoWorkTimeout: 5 * sec, SoftDeadline: 8 * sec},
			horizon: 60 * sec, want: []string{"stop 8 no_work"},
		},
		{
			name: "before idle", limits: schedule.Limits{NoWorkTimeout: 5 * sec, SoftDeadline: 8 * sec, IdleThreshold: sec},
			horizon: 60 * sec, want: []string{"stop 8 no_work"},
		},
		{
			name: "the longest time there is", limits: schedule.Limits{NoWorkTimeout: 1<<63 - 1}, horizon: 3 * sec,
			jobs: []job{every("a", 0, 2*sec, worked(sec))}, want: []string{"a 0 0 1 worked 2"},
		},
	})
}

// TestPauseAndNoWork: the time without work counts from the end of the last pause, or from later work.
func TestPauseAndNoWork(t *testing.T) {
	t.Parallel()
	limits := schedule.Limits{NoWorkTimeout: 5 * sec}
	pause := func(from time.Duration, name string, until time.Time) cue {
		return cue{from, func(g *stage) { g.must(g.s.Pause(g.time(), g.id(name), until)) }}
	}
	do := func(from time.Duration, do func(g *stage)) cue { return cue{from, do} }
	one := []job{every("a", 0, 30*sec)}
	two := []job{every("a", 0, 30*sec), every("b", 0, 30*sec)}
	playAll(t, []script{
		{
			name: "until a time", limits: limits, horizon: 60 * sec, jobs: one, cues: []cue{pause(sec, "a", at(20*sec))},
			want: []string{"a 0 0 0 worked 30", "stop 25 no_work"},
		},
		{
			name: "ended by hand", limits: limits, horizon: 60 * sec, jobs: one,
			cues: []cue{pause(sec, "a", time.Time{}), do(20*sec, func(g *stage) { g.s.Resume(g.time(), g.id("a")) })},
			want: []string{"a 0 0 0 worked 30", "stop 25 no_work"},
		},
		{
			name: "ended by a time that is noticed late", limits: limits, horizon: 60 * sec, jobs: one,
			cues: []cue{pause(sec, "a", at(3*sec)), do(3*sec, func(g *stage) {
				g.now = 4 * sec
				g.s.Resume(g.time(), g.id("a"))
			})},
			want: []string{"a 0 0 0 worked 30", "stop 8 no_work"},
		},
		{
			name: "ended by a removal", limits: limits, horizon: 60 * sec, jobs: one,
			cues: []cue{pause(sec, "a", time.Time{}), do(20*sec, func(g *stage) { g.s.Remove(g.time(), g.id("a")) })},
			want: []string{"a 0 0 0 worked 30", "stop 25 no_work"},
		},
		{
			name: "the last of two", limits: limits, horizon: 60 * sec, jobs: two,
			cues: []cue{pause(sec, "a", at(20*sec)), pause(2*sec, "b", at(12*sec))},
			want: []string{"a 0 0 0 worked 30", "b 0 0 0 worked 30", "stop 25 no_work"},
		},
		{
			name: "work later than the pause", limits: limits, horizon: 60 * sec,
			jobs: []job{every("a", 0, 4*sec, worked(sec), idle(0))}, cues: []cue{pause(sec/2, "a", at(sec/2))},
			want: []string{"a 0 0 1 worked 4", "a 5 5 5 idle 4", "stop 6 no_work"},
		},
		{
			name: "a pause that is changed goes on", limits: limits, horizon: 60 * sec, jobs: one,
			cues: []cue{pause(sec, "a", at(20*sec)), pause(10*sec, "a", at(30*sec))},
			want: []string{"a 0 0 0 worked 30", "a 30 30 30 worked 30", "stop 35 no_work"},
		},
		{
			name: "before the soft deadline", limits: schedule.Limits{NoWorkTimeout: 5 * sec, SoftDeadline: 28 * sec},
			horizon: 60 * sec, jobs: one, cues: []cue{pause(sec, "a", at(20*sec))},
			want: []string{"a 0 0 0 worked 30", "stop 28 no_work"},
		},
	})
}
