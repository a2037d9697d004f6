package calendar_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/peakd/peakd/daemonapp/calendar"
	"github.com/peakd/peakd/daemonapp/schedule"
)

func run(finished time.Time, outcome schedule.Outcome, failures int) schedule.Run {
	r := schedule.Run{Finished: finished, Result: schedule.Result{Outcome: outcome}, Failures: failures}
	if outcome == schedule.Failed {
		r.Err = errors.New("no")
	}
	return r
}

func TestPlanNextRun(t *testing.T) {
	t.Parallel()
	daily := parse(t, "0 2 * * *", time.UTC)
	at := func(clock string) time.Time {
		c, err := time.Parse("2 15:04:05", clock)
		if err != nil {
			t.Fatal(err)
		}
		return time.Date(2027, 1, c.Day(), c.Hour(), c.Minute(), c.Second(), 0, time.UTC)
	}
	const never = ""
	retry := &schedule.Retry{}
	for _, tt := range []struct {
		name     string
		plan     calendar.Plan
		finished string
		outcome  schedule.Outcome
		failures int
		want     string
	}{
		{"worked", calendar.Plan{}, "1 02:00:10", schedule.Worked, 0, "2 02:00:00"},
		{"idle", calendar.Plan{}, "1 02:00:10", schedule.Idle, 0, "2 02:00:00"},
		{"nothing known", calendar.Plan{}, "1 01:00:00", 0, 0, "1 02:00:00"},
		{"nothing known, a curve", calendar.Plan{Retry: retry}, "1 01:00:00", 0, 0, "1 02:00:00"},
		{"ended at a time of the schedule", calendar.Plan{}, "1 02:00:00", schedule.Worked, 0, "2 02:00:00"},
		{"times that passed during the run", calendar.Plan{}, "4 03:00:00", schedule.Worked, 0, "5 02:00:00"},
		{"more", calendar.Plan{}, "1 02:00:10", schedule.More, 0, "1 02:00:10"},
		{"more, offset", calendar.Plan{Offset: 5 * time.Second}, "1 02:00:10", schedule.More, 0, "1 02:00:10"},

		{"failed", calendar.Plan{}, "1 02:00:10", schedule.Failed, 1, "2 02:00:00"},
		{"failed, first of the curve", calendar.Plan{Retry: retry}, "1 02:00:10", schedule.Failed, 1, "1 02:01:10"},
		{"failed, third", calendar.Plan{Retry: retry}, "1 02:10:00", schedule.Failed, 3, "1 02:14:00"},
		{"failed, the curve ends at an hour", calendar.Plan{Retry: retry}, "1 10:00:00", schedule.Failed, 40, "1 11:00:00"},
		{"failed, own curve", calendar.Plan{Retry: &schedule.Retry{Every: 10 * time.Minute, MultiplyBy: 3, Maximum: 2 * time.Hour}}, "1 03:00:00", schedule.Failed, 2, "1 03:30:00"},
		{"failed, a slow curve is not cut to an hour", calendar.Plan{Retry: &schedule.Retry{Every: 3 * time.Hour}}, "1 03:00:00", schedule.Failed, 2, "1 06:00:00"},
		{"failed, the calendar comes first", calendar.Plan{Retry: &schedule.Retry{Every: time.Hour}}, "2 01:30:00", schedule.Failed, 1, "2 02:00:00"},
		{"failed, attempts left", calendar.Plan{Retry: &schedule.Retry{Attempts: 2}}, "1 02:00:10", schedule.Failed, 2, "1 02:02:10"},
		{"failed, attempts used up", calendar.Plan{Retry: &schedule.Retry{Attempts: 2}}, "1 02:00:10", schedule.Failed, 3, "2 02:00:00"},
		{"worked after failures", calendar.Plan{Retry: retry}, "1 02:00:10", schedule.Worked, 0, "2 02:00:00"},
		{"cancelled", calendar.Plan{Retry: retry}, "1 02:00:10", schedule.Cancelled, 0, "2 02:00:00"},
		{"cancelled amid failures", calendar.Plan{Retry: retry}, "1 02:00:10", schedule.Cancelled, 2, "1 02:02:10"},
		{"cancelled amid failures, no curve", calendar.Plan{}, "1 02:00:10", schedule.Cancelled, 2, "2 02:00:00"},

		{"offset", calendar.Plan{Offset: 7 * time.Minute}, "1 02:07:30", schedule.Worked, 0, "2 02:07:00"},
		{"offset, ended within it", calendar.Plan{Offset: 7 * time.Minute}, "1 02:06:59", schedule.Worked, 0, "1 02:07:00"},
		{"offset, ended at it", calendar.Plan{Offset: 7 * time.Minute}, "1 02:07:00", schedule.Worked, 0, "2 02:07:00"},
		{"offset does not move the curve", calendar.Plan{Offset: 7 * time.Minute, Retry: retry}, "1 02:08:00", schedule.Failed, 1, "1 02:09:00"},

		{"once, worked", calendar.Plan{Once: true}, "1 02:00:10", schedule.Worked, 0, never},
		{"once, idle", calendar.Plan{Once: true}, "1 02:00:10", schedule.Idle, 0, never},
		{"once, more", calendar.Plan{Once: true}, "1 02:00:10", schedule.More, 0, never},
		{"once, not yet", calendar.Plan{Once: true}, "1 01:00:00", 0, 0, "1 02:00:00"},
		{"once, failed", calendar.Plan{Once: true, Retry: retry}, "1 02:00:10", schedule.Failed, 1, never},
		{"once, failed and tried again", calendar.Plan{Once: true, OnceRetries: true, Retry: retry}, "1 02:00:10", schedule.Failed, 1, "1 02:01:10"},
		{"once, retries used up", calendar.Plan{Once: true, OnceRetries: true, Retry: &schedule.Retry{Attempts: 1}}, "1 02:00:10", schedule.Failed, 2, never},
		{"once, cancelled", calendar.Plan{Once: true}, "1 02:00:10", schedule.Cancelled, 0, "2 02:00:00"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			plan := tt.plan
			plan.Schedule = daily
			got := plan.NextRun(run(at(tt.finished), tt.outcome, tt.failures))
			if tt.want == never {
				if !got.IsZero() {
					t.Errorf("got %v, want never", got)
				}
				return
			}
			if !got.Equal(at(tt.want)) {
				t.Errorf("got %v, want %v", got, at(tt.want))
			}
		})
	}
}

func TestPlanSettings(t *testing.T) {
	t.Parallel()
	plan := &calendar.Plan{Schedule: parse(t, "@daily", time.UTC), Prio: -7}
	if plan.Priority() != -7 || !plan.CatchUp() {
		t.Errorf("got %d, %v, want -7, true", plan.Priority(), plan.CatchUp())
	}
	plan.Skip = true
	if plan.CatchUp() {
		t.Error("a plan that skips catches up")
	}
}

// TestPlanDoesNotChangeItsCurve: plans are shared, and so are their curves.
func TestPlanDoesNotChangeItsCurve(t *testing.T) {
	t.Parallel()
	retry := schedule.Retry{Attempts: 3}
	plan := calendar.Plan{Schedule: parse(t, "@daily", time.UTC), Retry: &retry}
	plan.NextRun(run(time.Unix(0, 0), schedule.Failed, 1))
	if retry != (schedule.Retry{Attempts: 3}) {
		t.Errorf("the curve became %+v", retry)
	}
}

// TestPlanAfter: the offset moves every time and loses none, however it compares to the schedule's pace.
func TestPlanAfter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		loc := load(t, rapid.SampledFrom(steppedZones).Draw(rt, "zone").name)
		s := parse(t, rapid.SampledFrom(steppedSchedules).Draw(rt, "expr"), loc)
		plan := calendar.Plan{Schedule: s, Offset: time.Duration(rapid.Int64Range(0, int64(26*time.Hour)).Draw(rt, "offset"))}
		from := time.Unix(rapid.Int64Range(0, 3e9).Draw(rt, "from"), 0)
		at, plain := plan.After(from), s.Next(from.Add(-plan.Offset))
		for range 4 {
			if !at.After(from) || !at.Equal(plain.Add(plan.Offset)) {
				rt.Fatalf("%s + %v: got %v, want %v later than %v", s, plan.Offset, at, plan.Offset, plain)
			}
			from, at, plain = at, plan.After(at), s.Next(plain)
		}
	})
}
