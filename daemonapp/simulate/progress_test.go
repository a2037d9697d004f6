package simulate_test

import (
	"errors"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/simulate"
)

// planner answers with a function.
type planner func(schedule.Run) time.Time

func (planner) Priority() int { return 0 }

func (p planner) NextRun(last schedule.Run) time.Time { return p(last) }

func now(last schedule.Run) time.Time { return last.Finished }

func atOnce(d *simulate.Daemon) { pace(func(i *schedule.Interval) { i.MinimumIdle = 0 })(d) }

func TestNoProgress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		daemon simulate.Daemon
		stuck  string // empty: it makes progress
	}{
		{"works at once for ever", daemon("a", s, atOnce), "a"},
		{"always more", daemon("a", s, ends(more)), "a"},
		{"more or work at once", daemon("a", s, atOnce, ends(more, worked)), "a"},
		{"a child", daemon("x", s, children(daemon("x/y", s, ends(more)))), "x/y"},
		{"a child that never comes", daemon("x", s, ends(failed), children(daemon("x/y", s, ends(more)))), "x/y"},
		{"due later", daemon("a", s, ends(more), entry(func(e *schedule.Entry) { e.StartAfter = m })), "a"},
		{"held", daemon("a", s, ends(more), entry(func(e *schedule.Entry) { e.Conditions.After = []string{"b"} })), "a"},
		{"a planner without a pace", simulate.Daemon{Entry: schedule.Entry{Name: "p", Planner: planner(now)}}, "p"},
		{"a calendar with always more", simulate.Daemon{
			Entry: schedule.Entry{Name: "c", Planner: eager{}}, Assume: simulate.Assumption{Outcomes: []schedule.Outcome{more}},
		}, "c"},
		{"it takes time", daemon("a", s, atOnce, takes(m)), ""},
		{"an idle run waits", daemon("a", s, atOnce, ends(more, worked, idle)), ""},
		{"a failure waits", daemon("a", s, ends(more, failed)), ""},
		{"it ends", simulate.Daemon{Entry: schedule.Entry{
			Name: "p", Planner: planner(func(schedule.Run) time.Time { return time.Time{} }),
		}}, ""},
		{"it is disarmed", simulate.Daemon{
			Entry:  schedule.Entry{Name: "p", Planner: planner(now), DisarmAfter: 7},
			Assume: simulate.Assumption{Outcomes: []schedule.Outcome{failed}},
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			printed := 0
			_, err := simulate.Run(simulate.Input{Horizon: time.Hour, Daemons: []simulate.Daemon{daemon("first", s), c.daemon}},
				func(simulate.Line) error { printed++; return nil })
			var stuck *simulate.NoProgress
			switch {
			case c.stuck == "" && err != nil:
				t.Errorf("error %v", err)
			case c.stuck != "" && (!errors.As(err, &stuck) || stuck.Daemon != c.stuck || printed > 0):
				t.Errorf("error %v after %d lines, want no progress of %s before any", err, printed, c.stuck)
			}
		})
	}
}

// eager is a calendar of each hour that has more to do at once.
type eager struct{}

func (eager) Priority() int { return 0 }

func (e eager) NextRun(last schedule.Run) time.Time {
	if last.Result.Outcome == more {
		return last.Finished
	}
	return e.After(last.Finished)
}

func (eager) After(t time.Time) time.Time { return t.Truncate(time.Hour).Add(time.Hour) }

func (eager) CatchUp() bool { return false }

// TestNoProgressLater: a planner that only later never lets time pass is found while the simulation runs.
func TestNoProgressLater(t *testing.T) {
	t.Parallel()
	runs := 0
	_, err := simulate.Run(simulate.Input{Daemons: []simulate.Daemon{{Entry: schedule.Entry{
		Name: "sly", Planner: planner(func(last schedule.Run) time.Time {
			if runs++; runs < 100 {
				return last.Finished.Add(s)
			}
			return last.Finished
		}),
	}}}}, nil)
	var stuck *simulate.NoProgress
	if !errors.As(err, &stuck) || stuck.Daemon != "sly" {
		t.Errorf("error %v, want no progress of sly", err)
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]simulate.Daemon{
		"a duplicate":         daemon("a", s),
		"a duplicate child":   daemon("b", s, children(daemon("a", s))),
		"no planner":          {Entry: schedule.Entry{Name: "b"}},
		"a negative duration": daemon("b", s, takes(-1)),
		"a cancelled run":     daemon("b", s, ends(schedule.Cancelled)),
		"no outcome":          daemon("b", s, ends(0)),
	} {
		printed := 0
		_, err := simulate.Run(simulate.Input{Daemons: []simulate.Daemon{daemon("a", s), d}},
			func(simulate.Line) error { printed++; return nil })
		if err == nil || printed > 0 {
			t.Errorf("%s: error %v after %d lines", name, err, printed)
		}
	}
}

func TestRunEndsWithTheErrorOfEach(t *testing.T) {
	t.Parallel()
	for _, last := range []int{1, 5} { // a run, the stop
		printed := 0
		_, err := simulate.Run(simulate.Input{Horizon: 4 * s, Daemons: []simulate.Daemon{daemon("a", s)}},
			func(simulate.Line) error {
				if printed++; printed == last {
					return errFull
				}
				return nil
			})
		if !errors.Is(err, errFull) || printed != last {
			t.Errorf("error %v after %d lines, want %v after %d", err, printed, errFull, last)
		}
	}
}
