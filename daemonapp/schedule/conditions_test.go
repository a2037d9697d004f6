package schedule_test

import (
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

func TestConditions(t *testing.T) {
	t.Parallel()
	after := func(names ...string) func(e *schedule.Entry) {
		return func(e *schedule.Entry) { e.Conditions.After = names }
	}
	window := func(shift, open time.Duration) func(e *schedule.Entry) {
		return func(e *schedule.Entry) {
			e.Conditions.Window = &testWindow{base: epoch, every: 100 * sec, shift: shift, open: open}
		}
	}
	playAll(t, []script{
		{
			// At 3 s a starts later than b ended, at 11 s at that instant.
			name: "after: a success, no failure; one at its very start counts again", limits: schedule.Limits{Workers: 2}, horizon: 25 * sec,
			jobs: []job{
				every("a", 0, sec).with(after("b")), every("x", 5, 500*sec, worked(3*sec)),
				every("b", 9, 4*sec, worked(sec), failed(sec), idle(sec), cancel(sec)), every("y", 8, 500*sec, worked(2*sec)).
					with(func(e *schedule.Entry) { e.StartAfter = sec }),
			},
			want: []string{
				"b 0 0 1 worked 4", "x 0 0 3 worked 500", "y 1 1 3 worked 500", "a 1 3 3 worked 1", "b 5 5 6 failed 4",
				"b 10 10 11 idle 4", "a 11 11 11 worked 1", "a 12 12 12 worked 1", "b 15 15 16 cancelled 4",
				"b 20 20 21 worked 4", "a 21 21 21 worked 1", "a 22 22 22 worked 1",
			},
		},
		{
			name: "after: each of several", horizon: 9 * sec,
			jobs: []job{
				every("a", 9, 60*sec).with(after("b", "c")), every("b", 0, 60*sec, worked(2*sec)), every("c", 0, 60*sec, worked(3*sec)),
			},
			want: []string{"b 0 0 2 worked 60", "c 0 2 5 worked 60", "a 5 5 5 worked 60"},
		},
		{
			name: "after: a success at the instant of its own start counts", horizon: 4 * sec,
			jobs: []job{every("b", 0, 60*sec), every("a", 0, 2*sec).with(after("b"))},
			want: []string{"b 0 0 0 worked 60", "a 0 0 0 worked 2", "a 2 2 2 worked 2"},
		},
		{
			// a is due at 2 s and released at 6 s, after c, which is due at 3 s.
			name: "after: held while the floor is taken", horizon: 9 * sec,
			jobs: []job{
				every("b", 0, 60*sec, worked(6*sec)), every("a", 0, 60*sec).with(after("b")).
					with(func(e *schedule.Entry) { e.StartAfter = 2 * sec }),
				every("c", 0, 60*sec).with(func(e *schedule.Entry) { e.StartAfter = 3 * sec }),
			},
			want: []string{"b 0 0 6 worked 60", "c 3 6 6 worked 60", "a 6 6 6 worked 60"},
		},
		{
			name: "after: one that is not there yet", horizon: 9 * sec, jobs: []job{every("a", 0, 60*sec).with(after("b"))},
			cues: []cue{{3 * sec, func(g *stage) { g.add(every("b", 0, 60*sec, worked(sec))) }}},
			want: []string{"b 3 3 4 worked 60", "a 4 4 4 worked 60"},
		},
		{
			name: "a held one blocks nobody, and is released behind its equals", horizon: 20 * sec,
			jobs: []job{
				every("w", 0, 60*sec).with(window(5*sec, 10*sec)), every("x", 0, 60*sec, worked(8*sec)),
				every("b", 0, 60*sec).with(func(e *schedule.Entry) { e.StartAfter = 3 * sec }),
			},
			want: []string{"x 0 0 8 worked 60", "b 3 8 8 worked 60", "w 5 8 8 worked 60"},
		},
		{
			name: "a window that opens while the floor is taken", horizon: 20 * sec,
			jobs: []job{
				every("x", 0, 60*sec, worked(8*sec)),
				every("w", 0, 60*sec).with(window(5*sec, 10*sec)).with(func(e *schedule.Entry) { e.StartAfter = 2 * sec }),
				every("b", 0, 60*sec).with(func(e *schedule.Entry) { e.StartAfter = 4 * sec }),
			},
			want: []string{"x 0 0 8 worked 60", "b 4 8 8 worked 60", "w 5 8 8 worked 60"},
		},
		{
			name: "a window that closes while it waits for the floor", horizon: 110 * sec,
			jobs: []job{
				every("x", 1, 600*sec, worked(8*sec)), every("w", 0, 600*sec).with(window(5*sec, 2*sec)),
			},
			want: []string{"x 0 0 8 worked 600", "w 105 105 105 worked 600"},
		},
		{
			name: "the opening instant is inside, the closing one is not", horizon: 230 * sec,
			jobs: []job{every("w", 0, 10*sec).with(window(5*sec, 10*sec))},
			want: []string{"w 5 5 5 worked 10", "w 105 105 105 worked 10", "w 205 205 205 worked 10"},
		},
		{
			name: "window and success: whatever comes last", horizon: 60 * sec,
			jobs: []job{
				every("a", 0, 600*sec).with(window(5*sec, 40*sec)).with(after("b")),
				every("b", 0, 600*sec, worked(20*sec)),
			},
			want: []string{"b 0 0 20 worked 600", "a 20 20 20 worked 600"},
		},
		{
			name: "a held daemon touches no count", horizon: 20 * sec,
			jobs: []job{
				paced("a", 0, schedule.Backoff{RunEvery: 4 * sec, IncreaseIdleBy: sec, MaximumIdle: 60 * sec}, idle(0)).with(window(0, 11*sec)),
			},
			want: []string{"a 0 0 0 idle 5", "a 5 5 5 idle 6"},
		},
	})
}

// TestHold: a daemon's own reason is kept and shown, and asked for again.
func TestHold(t *testing.T) {
	t.Parallel()
	var asked []string
	var held schedule.Status
	now := time.Duration(0)
	j := every("a", 0, 60*sec).with(func(e *schedule.Entry) {
		e.Conditions.Hold = func() (string, time.Duration) {
			asked = append(asked, text(now))
			return map[bool]string{true: "a process is left"}[now < 5*sec], 2 * sec
		}
	})
	note := func(t time.Duration) cue { return cue{t, func(*stage) { now = t }} }
	lines := play(t, schedule.Limits{}, 9*sec, []job{j}, note(0), note(2*sec),
		cue{3 * sec, func(g *stage) { held = g.status("a") }}, note(4*sec), note(6*sec))
	same(t, lines, []string{"a 6 6 6 worked 60"})
	if held.State != schedule.HeldByDaemon || held.Reason != "a process is left" {
		t.Errorf("status %+v", held)
	}
	if len(asked) < 4 || asked[0] != "0" || asked[1] != "2" || asked[2] != "4" || asked[3] != "6" {
		t.Errorf("asked at %v", asked)
	}
}

// TestHoldForEver: the longest recheck there is neither wraps nor spins.
func TestHoldForEver(t *testing.T) {
	t.Parallel()
	asked := 0
	j := every("a", 0, 60*sec).with(func(e *schedule.Entry) {
		e.Conditions.Hold = func() (string, time.Duration) { asked++; return "no", 1<<63 - 1 }
	})
	play(t, schedule.Limits{}, time.Hour, []job{j, every("b", 0, 10*time.Minute)})
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

func TestLongestStartAfter(t *testing.T) {
	t.Parallel()
	j := every("a", 0, sec).with(func(e *schedule.Entry) { e.StartAfter, e.Offset = 1<<63-1, 1<<63-1 })
	same(t, play(t, schedule.Limits{}, time.Hour, []job{j}), nil)
}
