package schedule_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// skip leaves out the next run of a daemon.
func skip(t time.Duration, name string) cue {
	return cue{t, func(g *stage) {
		_, _, err := g.s.SkipNext(g.time(), g.id(name))
		g.must(err)
	}}
}

func TestSkipNext(t *testing.T) {
	t.Parallel()
	ten := every("a", 0, 10*sec)
	hold := func(e *schedule.Entry) { e.Conditions.After = []string{"b"} }
	idling := paced("a", 0, schedule.Backoff{RunEvery: 10 * sec, IncreaseIdleBy: 5 * sec, MaximumIdle: 60 * sec}, idle(0))
	playAll(t, []script{
		{
			name: "while it waits", horizon: 30 * sec, jobs: []job{ten}, cues: []cue{skip(4*sec, "a")},
			want: []string{"a 0 0 0 worked 10", "a 20 20 20 worked 10", "a 30 30 30 worked 10"},
		},
		{
			name: "twice: two runs", horizon: 30 * sec, jobs: []job{ten}, cues: []cue{skip(4*sec, "a"), skip(5*sec, "a")},
			want: []string{"a 0 0 0 worked 10", "a 30 30 30 worked 10"},
		},
		{
			name: "while it runs: the run after", horizon: 31 * sec, jobs: []job{every("a", 0, 10*sec, worked(2*sec))},
			cues: []cue{skip(sec, "a")},
			want: []string{"a 0 0 2 worked 10", "a 22 22 24 worked 10"},
		},
		{
			name: "while another has the floor", horizon: 31 * sec,
			jobs: []job{every("b", 1, 60*sec, worked(5*sec)), ten}, cues: []cue{skip(2*sec, "a")},
			want: []string{"b 0 0 5 worked 60", "a 12 12 12 worked 10", "a 22 22 22 worked 10"},
		},
		{
			name: "while it is held", horizon: 31 * sec,
			jobs: []job{ten.with(hold), every("b", 0, 60*sec, worked(5*sec))}, cues: []cue{skip(2*sec, "a")},
			want: []string{"b 0 0 5 worked 60", "a 12 12 12 worked 10"},
		},
		{
			name: "while it is paused", horizon: 31 * sec, jobs: []job{ten},
			cues: []cue{
				{sec, func(g *stage) { g.must(g.s.Pause(g.time(), g.id("a"), time.Time{})) }},
				skip(2*sec, "a"),
				{3 * sec, func(g *stage) { g.s.Resume(g.time(), g.id("a")) }},
			},
			want: []string{"a 0 0 0 worked 10", "a 20 20 20 worked 10", "a 30 30 30 worked 10"},
		},
		{
			name: "an idle one waits as long again", horizon: 60 * sec, jobs: []job{idling}, cues: []cue{skip(sec, "a")},
			want: []string{"a 0 0 0 idle 15", "a 30 30 30 idle 20", "a 50 50 50 idle 25"},
		},
		{
			name: "of a calendar it is one time", horizon: 200 * sec, jobs: []job{onCalendar(&calendar{every: 60 * sec})},
			cues: []cue{skip(sec, "c")},
			want: []string{"c 120 120 120 worked 60", "c 180 180 180 worked 60"},
		},
		{
			name: "a backlog waits too", horizon: 31 * sec, jobs: []job{every("a", 0, 10*sec, more(2*sec), worked(sec))},
			cues: []cue{skip(sec, "a")},
			want: []string{"a 0 0 2 more 0", "a 12 12 13 worked 10", "a 23 23 25 more 0", "a 25 25 26 worked 10"},
		},
	})
}

func TestSkipNextRefused(t *testing.T) {
	t.Parallel()
	s := schedule.New(epoch, schedule.Limits{})
	id, err := s.Add(epoch, every("a", 0, sec).Entry)
	if err != nil {
		t.Fatal(err)
	}
	s.Disarm(epoch, id, "asked")
	if _, _, err := s.SkipNext(epoch, id); !errors.Is(err, schedule.ErrDisarmed) {
		t.Errorf("disarmed: %v", err)
	}
	once, err := s.Add(epoch, schedule.Entry{Name: "once", Planner: &schedule.Interval{Once: true}})
	if err != nil {
		t.Fatal(err)
	}
	if d := s.Next(epoch); d.ID != once {
		t.Fatalf("%+v", d)
	}
	s.Done(once, epoch, schedule.Result{Outcome: schedule.Worked}, nil)
	if _, _, err := s.SkipNext(epoch, once); !errors.Is(err, schedule.ErrFinished) {
		t.Errorf("finished: %v", err)
	}
}

// TestSkipNextSurvives: asked while a run was in flight that the app did not outlive, it leaves out the run after the
// one that is made up for.
func TestSkipNextSurvives(t *testing.T) {
	t.Parallel()
	playAll(t, []script{{
		name: "restored", horizon: 40 * sec, jobs: []job{saved(every("a", 0, 10*sec), schedule.Saved{Next: at(2 * sec), SkipNext: true})},
		want: []string{"a 2 2 2 worked 10", "a 22 22 22 worked 10", "a 32 32 32 worked 10"},
	}})
}

// notes plays an app that is heeded, and lists what it noted.
func notes(t *testing.T, horizon time.Duration, jobs []job, cues ...cue) []string {
	t.Helper()
	g := &stage{t: t, s: schedule.New(epoch, schedule.Limits{}), jobs: map[string]job{}, count: map[string]int{}}
	g.s.Heed()
	for _, j := range jobs {
		g.add(j)
	}
	g.run(horizon, cues)
	var list []string
	for _, n := range g.s.Notes() {
		until := "-"
		if !n.Until.IsZero() {
			until = n.Until.Sub(epoch).String()
		}
		kind := [...]string{"", "held", "missed", "skipped"}[n.Kind]
		list = append(list, fmt.Sprintf("%s %s %s: %d from %s until %s: %s", n.At.Sub(epoch), g.s.Name(n.ID), kind, n.Times,
			n.First.Sub(epoch), until, n.Reason))
	}
	return list
}

func TestNotes(t *testing.T) {
	t.Parallel()
	behind := func(e *schedule.Entry) { e.Conditions.After = []string{"b"} }
	minutely := &calendar{every: 60 * sec, from: at(10 * sec), catchUp: true}
	skipping := &calendar{every: 60 * sec, from: at(10 * sec)}
	asked := 0
	balking := func(e *schedule.Entry) {
		e.Conditions.Hold = func() (string, time.Duration) {
			if asked++; asked < 5 {
				return "not yet", sec
			}
			return "", 0
		}
	}
	for _, c := range []struct {
		name    string
		horizon time.Duration
		jobs    []job
		cues    []cue
		want    []string
	}{
		{
			name: "held, once for each time it is due", horizon: 40 * sec,
			jobs: []job{every("a", 0, 10*sec).with(behind), every("b", 0, 20*sec, worked(5*sec))},
			want: []string{
				"0s a held: 1 from 0s until -: after b", "25s a held: 1 from 25s until -: after b",
			},
		},
		{
			name: "held by itself, asked again and again", horizon: 8 * sec, jobs: []job{every("a", 0, 60*sec).with(balking)},
			want: []string{"0s a held: 1 from 0s until -: not yet"},
		},
		{
			name: "missed while it ran", horizon: 300 * sec, jobs: []job{onCalendar(minutely, worked(130*sec), worked(0))},
			want: []string{"2m20s c missed: 2 from 1m10s until -: the run before was still going"},
		},
		{
			name: "missed while the app was down, the last one made up for", horizon: sec,
			jobs: []job{saved(onCalendar(minutely), schedule.Saved{Next: at(-170 * sec)})},
			want: []string{"0s c missed: 2 from -2m50s until -: the app was not running"},
		},
		{
			name: "one that is made up for is not missed", horizon: sec,
			jobs: []job{saved(onCalendar(minutely), schedule.Saved{Next: at(-50 * sec)})},
		},
		{
			name: "missed, and to be skipped", horizon: sec,
			jobs: []job{saved(onCalendar(skipping), schedule.Saved{Next: at(-50 * sec)})},
			want: []string{"0s c missed: 1 from -50s until -: the app was not running"},
		},
		{
			name: "skipped after its run", horizon: 30 * sec, jobs: []job{every("a", 0, 10*sec, worked(2*sec))},
			cues: []cue{skip(sec, "a")}, want: []string{"2s a skipped: 1 from 12s until 22s: skip-next"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := notes(t, c.horizon, c.jobs, c.cues...); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("got\n%q\nwant\n%q", got, c.want)
			}
		})
	}
}

// TestSuspendIsNoBurst: after a night's sleep each daemon runs once, and what was missed is noted.
func TestSuspendIsNoBurst(t *testing.T) {
	t.Parallel()
	c := newClock(t)
	s := c.app(c.start, c.after(30*time.Minute, true))
	s.Heed()
	now := c.at(10*time.Minute, 9*time.Hour)
	runs := 0
	for d := s.Next(now); d.Action == schedule.Start; d = s.Next(now) {
		runs++
		s.Done(d.ID, now, schedule.Result{Outcome: schedule.Worked}, nil)
	}
	notes := s.Notes()
	if runs != 1 || len(notes) != 1 || notes[0].Kind != schedule.NoteMissed || notes[0].Times != 8 {
		t.Errorf("%d runs, notes %+v", runs, notes)
	}
}
