package schedule_test

import (
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

func TestOrder(t *testing.T) {
	t.Parallel()
	playAll(t, []script{
		{
			name: "due at the start, in the order of the configuration", horizon: 0,
			jobs: []job{every("b", 0, 9*sec), every("a", 0, 9*sec), every("c", 0, 9*sec)},
			want: []string{"b 0 0 0 worked 9", "a 0 0 0 worked 9", "c 0 0 0 worked 9"},
		},
		{
			name: "start_after and the offset delay the first run alone", horizon: 12 * sec,
			jobs: []job{every("a", 0, 5*sec).with(func(e *schedule.Entry) { e.StartAfter, e.Offset = sec, sec/2 })},
			want: []string{"a 1.5 1.5 1.5 worked 5", "a 6.5 6.5 6.5 worked 5", "a 11.5 11.5 11.5 worked 5"},
		},
		{
			name: "higher numbers first, and what becomes due never interrupts", horizon: 4 * sec,
			jobs: []job{
				every("low", -1, 60*sec, worked(4*sec)), every("high", 7, 60*sec, worked(sec)),
				every("late", 9, 60*sec, worked(sec)).with(func(e *schedule.Entry) { e.StartAfter = sec + sec/2 }),
			},
			want: []string{"high 0 0 1 worked 60"},
		},
		{
			name: "a higher one that came late goes next", horizon: 7 * sec,
			jobs: []job{
				every("low", -1, 60*sec, worked(2*sec)), every("mid", 0, 60*sec, worked(2*sec)),
				every("late", 9, 60*sec, worked(sec)).with(func(e *schedule.Entry) { e.StartAfter = sec }),
			},
			want: []string{"mid 0 0 2 worked 60", "late 1 2 3 worked 60", "low 0 3 5 worked 60"},
		},
		{
			name: "equals take turns", horizon: 4 * sec,
			jobs: []job{
				paced("a", 0, schedule.Backoff{RunEvery: sec}, worked(sec)),
				paced("b", 0, schedule.Backoff{RunEvery: sec}, worked(sec)),
			},
			want: []string{"a 0 0 1 worked 0", "b 0 1 2 worked 0", "a 1 2 3 worked 0", "b 2 3 4 worked 0"},
		},
		{
			name: "workers run side by side, none beside itself", limits: schedule.Limits{Workers: 2}, horizon: 4 * sec,
			jobs: []job{
				paced("a", 0, schedule.Backoff{RunEvery: sec}, worked(2*sec)),
				every("b", 0, 2*sec, worked(sec)), every("c", 0, 9*sec, worked(sec)),
			},
			want: []string{"b 0 0 1 worked 2", "a 0 0 2 worked 0", "c 0 1 2 worked 9", "a 2 2 4 worked 0", "b 3 3 4 worked 2"},
		},
		{
			name: "what ends first is booked first; the earlier due goes first", horizon: 6 * sec,
			jobs: []job{
				every("x", 0, 30*sec, worked(3*sec)),
				every("b", 0, 30*sec).with(func(e *schedule.Entry) { e.StartAfter = 2 * sec }),
				every("a", 0, 30*sec).with(func(e *schedule.Entry) { e.StartAfter = 1 * sec }),
				every("c", 0, 30*sec).with(func(e *schedule.Entry) { e.StartAfter = 3 * sec }),
			},
			want: []string{"x 0 0 3 worked 30", "a 1 3 3 worked 30", "b 2 3 3 worked 30", "c 3 3 3 worked 30"},
		},
		{
			name: "an instantaneous run ends before the next start, and more goes behind its equals", horizon: 0,
			jobs: []job{
				paced("a", 0, schedule.Backoff{RunEvery: sec, MinimumIdle: sec}, more(0), more(0), idle(0)),
				every("b", 0, sec), every("c", 0, sec),
			},
			want: []string{
				"a 0 0 0 more 0", "b 0 0 0 worked 1", "c 0 0 0 worked 1", "a 0 0 0 more 0", "a 0 0 0 idle 1",
			},
		},
		{
			name: "the wait is counted from the completion", horizon: 20 * sec,
			jobs: []job{every("a", 0, 5*sec, worked(3*sec))},
			want: []string{"a 0 0 3 worked 5", "a 8 8 11 worked 5", "a 16 16 19 worked 5"},
		},
	})
}

func TestAging(t *testing.T) {
	t.Parallel()
	greedy := paced("greedy", 2, schedule.Backoff{RunEvery: sec}, worked(sec))
	playAll(t, []script{
		{
			name: "off: the low one starves", horizon: 3 * sec,
			jobs: []job{greedy, every("low", 0, 60*sec)},
			want: []string{"greedy 0 0 1 worked 0", "greedy 1 1 2 worked 0", "greedy 2 2 3 worked 0"},
		},
		{
			// At 2 s low counts as 0 + 1, greedy as 2 + 0; at 4 s both count as 2, and low came first.
			name: "a step of priority for each span", limits: schedule.Limits{Aging: 2 * sec}, horizon: 5 * sec,
			jobs: []job{greedy, every("low", 0, 60*sec)},
			want: []string{
				"greedy 0 0 1 worked 0", "greedy 1 1 2 worked 0", "greedy 2 2 3 worked 0", "greedy 3 3 4 worked 0",
				"low 0 4 4 worked 60", "greedy 4 4 5 worked 0",
			},
		},
		{
			name:   "the longest span there is saturates and goes by priority",
			limits: schedule.Limits{Aging: 1<<63 - 1}, horizon: sec,
			jobs: []job{
				every("z", -1_000_000, 60*sec), every("a", -3, 60*sec), every("b", 0, 60*sec),
				every("c", 3, 60*sec), every("d", 1_000_000, 60*sec),
			},
			want: []string{
				"c 0 0 0 worked 60", "d 0 0 0 worked 60", "b 0 0 0 worked 60", "z 0 0 0 worked 60", "a 0 0 0 worked 60",
			},
		},
	})
}

func TestAgingChangedWhileReady(t *testing.T) {
	t.Parallel()
	jobs := []job{
		every("x", 5, 60*sec, worked(10*sec)),
		every("old", 0, 60*sec).with(func(e *schedule.Entry) { e.StartAfter = sec }),
		every("new", 1, 60*sec).with(func(e *schedule.Entry) { e.StartAfter = 9 * sec }),
	}
	change := func(aging time.Duration) cue {
		return cue{10 * sec, func(g *stage) { g.s.SetLimits(g.time(), schedule.Limits{Aging: aging}) }}
	}
	on := []string{"x 0 0 10 worked 60", "old 1 10 10 worked 60", "new 9 10 10 worked 60"}
	off := []string{"x 0 0 10 worked 60", "new 9 10 10 worked 60", "old 1 10 10 worked 60"}
	playAll(t, []script{
		{name: "switched on", jobs: jobs, cues: []cue{change(sec)}, horizon: 11 * sec, want: on},
		{name: "switched off", limits: schedule.Limits{Aging: sec}, jobs: jobs, cues: []cue{change(0)}, horizon: 11 * sec, want: off},
	})
}

// asker counts how often it is asked.
type asker struct {
	schedule.Interval
	asked int
}

func (a *asker) Priority() int { a.asked++; return a.Prio }

func TestPriorityIsAskedOnceEachTime(t *testing.T) {
	t.Parallel()
	a := &asker{Interval: schedule.Interval{Backoff: schedule.Backoff{RunEvery: sec, MinimumIdle: sec}}}
	j := job{schedule.Entry{Name: "a", Planner: a}, []step{worked(sec / 4)}}
	slow := every("slow", 1, 10*sec, worked(3*sec))
	looks := []cue{{sec, func(g *stage) { g.status("a"); g.s.Next(g.time()) }}}
	lines := play(t, schedule.Limits{}, 9*sec, []job{j, slow}, looks...)
	if runs := len(lines) - 1; a.asked < runs || a.asked > runs+1 {
		t.Errorf("asked %d times for %d runs:\n%v", a.asked, runs, lines)
	}
}

func TestPriorityIsBounded(t *testing.T) {
	t.Parallel()
	playAll(t, []script{{
		name: "what lies beyond counts as the bound", horizon: 0,
		jobs: []job{
			every("a", schedule.MaxPriority, 9*sec), every("b", 1<<60, 9*sec),
			every("d", -1<<60, 9*sec), every("c", -schedule.MaxPriority, 9*sec),
		},
		want: []string{"a 0 0 0 worked 9", "b 0 0 0 worked 9", "d 0 0 0 worked 9", "c 0 0 0 worked 9"},
	}})
}
