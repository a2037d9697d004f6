package schedule_test

import (
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

func saved(j job, m schedule.Saved) job {
	return j.with(func(e *schedule.Entry) { e.Saved = &m })
}

func onCalendar(c *calendar, steps ...step) job {
	if len(steps) == 0 {
		steps = []step{worked(0)}
	}
	return job{schedule.Entry{Name: "c", Planner: c}, steps}
}

func TestSavedMemory(t *testing.T) {
	t.Parallel()
	ten := every("a", 0, 10*sec)
	once, skip := &calendar{every: 60 * sec, catchUp: true}, &calendar{every: 60 * sec}
	before := func(d time.Duration) time.Time { return at(-d) }
	backoff := paced("a", 0, schedule.Backoff{RunEvery: 10 * sec, IncreaseIdleBy: sec, MaximumIdle: 60 * sec}, idle(0))
	playAll(t, []script{
		{
			name: "due at the saved time, if that is later", horizon: 7 * sec,
			jobs: []job{saved(ten, schedule.Saved{Next: at(7 * sec)})}, want: []string{"a 7 7 7 worked 10"},
		},
		{
			name: "else at the start", horizon: 7 * sec,
			jobs: []job{saved(ten, schedule.Saved{Next: before(60 * sec)})}, want: []string{"a 0 0 0 worked 10"},
		},
		{
			name: "start_after still holds", horizon: 7 * sec,
			jobs: []job{saved(ten, schedule.Saved{Next: before(60 * sec)}).with(func(e *schedule.Entry) { e.StartAfter = 3 * sec })},
			want: []string{"a 3 3 3 worked 10"},
		},
		{
			name: "counts go on", horizon: 15 * sec,
			jobs: []job{saved(backoff, schedule.Saved{Next: at(2 * sec), IdleRuns: 3})},
			want: []string{"a 2 2 2 idle 14"},
		},
		{
			name: "failures go on", horizon: 15 * sec,
			jobs: []job{saved(every("a", 0, sec, failed(0)), schedule.Saved{Next: at(2 * sec), Failures: 4})},
			want: []string{"a 2 2 2 failed 16"},
		},
		{
			name: "finished stays finished", limits: schedule.Limits{IdleThreshold: sec}, horizon: 15 * sec,
			jobs: []job{saved(ten, schedule.Saved{LastEnd: before(sec)})}, want: []string{"stop 0 idle"},
		},
		{
			name: "disarmed stays disarmed until it is armed", horizon: 4 * sec,
			jobs: []job{saved(ten, schedule.Saved{Next: at(sec), Disarmed: "5 failures"})},
			cues: []cue{{3 * sec, func(g *stage) {
				if st := g.status("a"); st.State != schedule.Disarmed || st.Reason != "5 failures" {
					g.t.Errorf("%+v", st)
				}
				g.must(g.s.Arm(g.time(), g.id("a")))
			}}},
			want: []string{"a 3 3 3 worked 10"},
		},
		{
			name: "saved under a clock that was ahead", horizon: 4 * sec,
			jobs: []job{saved(ten, schedule.Saved{Next: at(3600 * sec), LastEnd: at(3590 * sec)})},
			want: []string{"a 0 0 0 worked 10"},
		},
		{
			name: "a success of the earlier life counts for after", horizon: 4 * sec,
			jobs: []job{
				saved(every("b", 0, 60*sec), schedule.Saved{Next: at(30 * sec), LastEnd: before(9 * sec), LastGood: before(9 * sec)}),
				every("a", 0, 60*sec).with(func(e *schedule.Entry) { e.Conditions.After = []string{"b"} }),
			},
			want: []string{"a 0 0 0 worked 60"},
		},
		{
			name: "unless it started since", horizon: 30 * sec,
			jobs: []job{
				saved(every("b", 0, 60*sec), schedule.Saved{Next: at(30 * sec), LastEnd: before(9 * sec), LastGood: before(9 * sec)}),
				saved(every("a", 0, 60*sec), schedule.Saved{Next: at(sec), LastStart: before(5 * sec), LastEnd: before(4 * sec)}).
					with(func(e *schedule.Entry) { e.Conditions.After = []string{"b"} }),
			},
			want: []string{"b 30 30 30 worked 60", "a 30 30 30 worked 60"},
		},
		{
			name: "a missed calendar time is made up for, once", horizon: 60 * sec,
			jobs: []job{saved(onCalendar(once), schedule.Saved{Next: before(180 * sec), LastEnd: before(240 * sec)})},
			want: []string{"c 0 0 0 worked 60", "c 60 60 60 worked 60"},
		},
		{
			name: "or skipped", horizon: 60 * sec,
			jobs: []job{saved(onCalendar(skip), schedule.Saved{Next: before(180 * sec), LastEnd: before(240 * sec)})},
			want: []string{"c 60 60 60 worked 60"},
		},
		{
			name: "without memory nothing is missed", horizon: 60 * sec,
			jobs: []job{onCalendar(once)}, want: []string{"c 60 60 60 worked 60"},
		},
		{
			name: "a saved calendar time that lies ahead stands", horizon: 60 * sec,
			jobs: []job{saved(onCalendar(once), schedule.Saved{Next: at(33 * sec), LastEnd: before(9 * sec)})},
			want: []string{"c 33 33 33 worked 27", "c 60 60 60 worked 60"},
		},
	})
}

func TestCalendarPlanner(t *testing.T) {
	t.Parallel()
	c := &calendar{every: 10 * sec}
	retry := &calendar{every: 10 * sec, retry: 3 * sec}
	playAll(t, []script{
		{
			name: "strictly after the completion, never a burst", horizon: 40 * sec,
			jobs: []job{onCalendar(c, worked(0), worked(15*sec), worked(0))},
			want: []string{"c 10 10 10 worked 10", "c 20 20 35 worked 5", "c 40 40 40 worked 10"},
		},
		{
			name: "woken early, it keeps its next time", horizon: 20 * sec, jobs: []job{onCalendar(c)},
			cues: []cue{wakeAt(3*sec, "c", schedule.ByEvent), wakeAt(13*sec, "c", schedule.ByOperator)},
			want: []string{"c 3 3 3 worked 7", "c 10 10 10 worked 10", "c 13 13 13 worked 7", "c 20 20 20 worked 10"},
		},
		{
			name: "more at once, then the calendar", horizon: 20 * sec, jobs: []job{onCalendar(c, more(sec), idle(0))},
			want: []string{"c 10 10 11 more 0", "c 11 11 11 idle 9"},
		},
		{
			name: "the retry curve if it comes first", horizon: 20 * sec, jobs: []job{onCalendar(retry, failed(0), worked(0))},
			want: []string{"c 10 10 10 failed 3", "c 13 13 13 worked 7", "c 20 20 20 failed 3"},
		},
		{
			name: "a failed trigger keeps the calendar time", horizon: 10 * sec,
			jobs: []job{onCalendar(retry, failed(0), worked(0))}, cues: []cue{wakeAt(2*sec, "c", schedule.ByOperator)},
			want: []string{"c 2 2 2 failed 8", "c 10 10 10 worked 10"},
		},
		{
			name: "armed: its next time", horizon: 20 * sec,
			jobs: []job{onCalendar(c, failed(0)).with(func(e *schedule.Entry) { e.DisarmAfter = 1 })},
			cues: []cue{{12 * sec, func(g *stage) { g.must(g.s.Arm(g.time(), g.id("c"))) }}},
			want: []string{"c 10 10 10 failed never", "c 20 20 20 failed never"},
		},
	})
}
