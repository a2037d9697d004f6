package schedule_test

import (
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// TestSlots: of daemons that share two slots no more than two run, though there are workers for all; who waits is
// released by priority; an operator's trigger goes beyond.
func TestSlots(t *testing.T) {
	t.Parallel()
	start := time.Date(2030, time.January, 1, 0, 0, 0, 0, time.UTC)
	s := schedule.New(start, schedule.Limits{Workers: 10})
	slots := &schedule.Slots{Max: 2}
	ids := map[string]schedule.ID{}
	for i, name := range []string{"a", "b", "c", "d", "e"} {
		id, err := s.Add(start, schedule.Entry{
			Name:       name,
			Planner:    &schedule.Interval{Prio: i, Backoff: schedule.Backoff{RunEvery: time.Hour, MinimumIdle: time.Hour}},
			Conditions: schedule.Conditions{Slots: slots},
		})
		if err != nil {
			t.Fatal(err)
		}
		ids[name] = id
	}
	starts := func(now time.Time) string {
		names := ""
		for {
			d := s.Next(now)
			if d.Action != schedule.Start {
				return names
			}
			names += d.Name
		}
	}
	check := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %q starts, want %q", what, got, want)
		}
	}
	check("at the start", starts(start), "ed")
	if st := s.Status(ids["c"]); st.State != schedule.HeldBySlots || st.Reason != "all 2 slots are taken" {
		t.Errorf("c is %v: %q", st.State, st.Reason)
	}
	now := start.Add(time.Second)
	s.Done(ids["e"], now, schedule.Result{Outcome: schedule.Worked}, nil)
	check("after the end of one", starts(now), "c")
	if err := s.Wake(now, ids["a"], schedule.ByOperator); err != nil {
		t.Fatal(err)
	}
	check("when triggered", starts(now), "a")
	s.Done(ids["d"], now, schedule.Result{Outcome: schedule.Worked}, nil)
	check("while one is beyond", starts(now), "")
	s.Remove(now, ids["b"])
	s.Done(ids["c"], now, schedule.Result{Outcome: schedule.Worked}, nil)
	s.Done(ids["a"], now, schedule.Result{Outcome: schedule.Worked}, nil)
	check("when the waiting one was removed", starts(now), "")
	later := start.Add(2 * time.Hour)
	check("two hours later", starts(later), "ed")
}

// TestFreshSuccessor: a daemon that has only the name in common with the one it replaces is due at once, any other at the
// pace of the last completion.
func TestFreshSuccessor(t *testing.T) {
	t.Parallel()
	start := time.Date(2030, time.January, 1, 0, 0, 0, 0, time.UTC)
	for _, fresh := range []bool{false, true} {
		e := schedule.Entry{
			Name: "a", Fresh: fresh,
			Planner: &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Hour, MinimumIdle: time.Hour}},
		}
		s := schedule.New(start, schedule.Limits{})
		id, err := s.Add(start, e)
		if err != nil {
			t.Fatal(err)
		}
		s.Next(start)
		s.Done(id, start, schedule.Result{Outcome: schedule.Worked}, nil)
		now := start.Add(time.Minute)
		s.Replace(now, id, e)
		want := start.Add(time.Hour)
		if fresh {
			want = now
		}
		if got := s.Status(id).Due; !got.Equal(want) {
			t.Errorf("fresh %t: due %s, want %s", fresh, got, want)
		}
	}
}
