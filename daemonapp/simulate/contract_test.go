package simulate_test

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/simulate"
)

// run is a line as the contract writes it.
func run(daemon, due, start, end, outcome, wait string) string {
	return `{"event":"run","daemon":"` + daemon + `","due":` + due + `,"start":` + start + `,"end":` + end +
		`,"outcome":"` + outcome + `","wait":` + wait + `}`
}

// at is the line of a run that starts when it is due and takes no time.
func at(daemon, when, outcome, wait string) string {
	return run(daemon, when, when, when, outcome, wait)
}

func stop(when, reason string) string {
	return `{"event":"stop","at":` + when + `,"reason":"` + reason + `"}`
}

func lines(t *testing.T, in simulate.Input) string {
	t.Helper()
	var out bytes.Buffer
	j := simulate.NewJSONLines(&out)
	if _, err := simulate.Run(in, j.Write); err != nil {
		t.Fatal(err)
	}
	if err := j.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

type scenario struct {
	name    string
	limits  schedule.Limits
	horizon time.Duration
	daemons []simulate.Daemon
	want    []string
}

func verify(t *testing.T, scenarios []scenario) {
	t.Helper()
	for _, c := range scenarios {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := lines(t, simulate.Input{Limits: c.limits, Horizon: c.horizon, Daemons: c.daemons})
			if want := strings.Join(c.want, "\n") + "\n"; got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}

// TestPace: how long a daemon waits after each outcome.
func TestPace(t *testing.T) {
	t.Parallel()
	verify(t, []scenario{
		{
			name: "idle waits grow to the maximum", horizon: 15 * m,
			daemons: []simulate.Daemon{daemon("a", 30*s, lengthen(10*s, 2*m),
				ends(worked, idle, idle, idle, idle, idle, idle, idle, idle, idle, idle, idle))},
			want: []string{
				at("a", "0", "worked", "30"), at("a", "30", "idle", "40"), at("a", "70", "idle", "50"),
				at("a", "120", "idle", "60"), at("a", "180", "idle", "70"), at("a", "250", "idle", "80"),
				at("a", "330", "idle", "90"), at("a", "420", "idle", "100"), at("a", "520", "idle", "110"),
				at("a", "630", "idle", "120"), at("a", "750", "idle", "120"), at("a", "870", "idle", "120"),
				stop("900", "horizon"),
			},
		},
		{
			name: "the maximum is three increases unless set", horizon: 200 * s,
			daemons: []simulate.Daemon{daemon("a", 30*s, lengthen(10*s, 0), ends(idle))},
			want: []string{
				at("a", "0", "idle", "40"), at("a", "40", "idle", "50"), at("a", "90", "idle", "60"),
				at("a", "150", "idle", "60"), stop("200", "horizon"),
			},
		},
		{
			name: "work ends the idle count", horizon: 70 * s,
			daemons: []simulate.Daemon{daemon("a", 10*s, lengthen(10*s, m), ends(idle, idle, worked, idle))},
			want: []string{
				at("a", "0", "idle", "20"), at("a", "20", "idle", "30"), at("a", "50", "worked", "10"),
				at("a", "60", "idle", "20"), stop("70", "horizon"),
			},
		},
		{
			name: "more runs again at once, behind its equals", horizon: 12 * s,
			daemons: []simulate.Daemon{
				daemon("a", 10*s, takes(s), ends(more, more, worked)), daemon("b", 10*s, takes(s)),
			},
			want: []string{
				run("a", "0", "0", "1", "more", "0"), run("b", "0", "1", "2", "worked", "10"),
				run("a", "1", "2", "3", "more", "0"), run("a", "3", "3", "4", "worked", "10"), stop("12", "horizon"),
			},
		},
		{
			name: "a run that takes no time ends before the next starts", horizon: 5 * s,
			daemons: []simulate.Daemon{daemon("a", 10*s, ends(more, worked)), daemon("b", 10*s)},
			want: []string{
				at("a", "0", "more", "0"), at("b", "0", "worked", "10"), at("a", "0", "worked", "10"), stop("5", "horizon"),
			},
		},
		{
			name: "failures wait longer and longer", horizon: 400 * s,
			daemons: []simulate.Daemon{daemon("a", 10*s, ends(failed))},
			want: []string{
				at("a", "0", "failed", "10"), at("a", "10", "failed", "20"), at("a", "30", "failed", "40"),
				at("a", "70", "failed", "80"), at("a", "150", "failed", "160"), at("a", "310", "failed", "320"),
				stop("400", "horizon"),
			},
		},
		{
			name: "after so many retries the ordinary interval returns", horizon: 40 * s,
			daemons: []simulate.Daemon{daemon("a", 10*s, ends(failed), pace(func(i *schedule.Interval) {
				i.Retry = schedule.Retry{Every: 5 * s, MultiplyBy: 3, Maximum: 12 * s, Attempts: 2}
			}))},
			want: []string{
				at("a", "0", "failed", "5"), at("a", "5", "failed", "12"), at("a", "17", "failed", "10"),
				at("a", "27", "failed", "10"), at("a", "37", "failed", "10"), stop("40", "horizon"),
			},
		},
		{
			name: "a failure leaves the idle count as it was", horizon: 50 * s,
			daemons: []simulate.Daemon{daemon("a", 10*s, lengthen(10*s, 100*s), ends(idle, failed, idle))},
			want: []string{
				at("a", "0", "idle", "20"), at("a", "20", "failed", "10"), at("a", "30", "idle", "30"), stop("50", "horizon"),
			},
		},
		{
			name: "a disarmed daemon never runs again", horizon: m,
			daemons: []simulate.Daemon{daemon("a", 10*s, ends(failed), entry(func(e *schedule.Entry) { e.DisarmAfter = 2 }))},
			want:    []string{at("a", "0", "failed", "10"), at("a", "10", "failed", "null"), stop("60", "horizon")},
		},
		{
			name: "run once", horizon: m,
			daemons: []simulate.Daemon{daemon("a", 10*s, takes(250*time.Millisecond), pace(func(i *schedule.Interval) { i.Once = true }))},
			want:    []string{run("a", "0", "0", "0.25", "worked", "null"), stop("60", "horizon")},
		},
	})
}

// TestOrder: who gets the floor.
func TestOrder(t *testing.T) {
	t.Parallel()
	hungry := func() []simulate.Daemon {
		return []simulate.Daemon{
			daemon("high", 10*s, priority(2), takes(10*s), pace(func(i *schedule.Interval) { i.MinimumIdle = 0 })),
			daemon("low", time.Hour, takes(s)),
		}
	}
	verify(t, []scenario{
		{
			name: "the highest priority first", horizon: 100 * s,
			daemons: []simulate.Daemon{
				daemon("low", 100*s, priority(-1), takes(10*s)), daemon("mid", 100*s, takes(10*s)),
				daemon("high", 100*s, priority(10), takes(10*s)),
			},
			want: []string{
				run("high", "0", "0", "10", "worked", "100"), run("mid", "0", "10", "20", "worked", "100"),
				run("low", "0", "20", "30", "worked", "100"), stop("100", "horizon"),
			},
		},
		{
			name: "priority never preempts", horizon: 20 * s,
			daemons: []simulate.Daemon{
				daemon("low", 100*s, takes(10*s)),
				daemon("high", 100*s, priority(10), takes(s), entry(func(e *schedule.Entry) { e.StartAfter = s })),
			},
			want: []string{
				run("low", "0", "0", "10", "worked", "100"), run("high", "1", "10", "11", "worked", "100"), stop("20", "horizon"),
			},
		},
		{
			name: "first come first served among equals", horizon: 6 * s,
			daemons: []simulate.Daemon{daemon("a", s, takes(s)), daemon("b", s, takes(s)), daemon("c", s, takes(s))},
			want: []string{
				run("a", "0", "0", "1", "worked", "1"), run("b", "0", "1", "2", "worked", "1"),
				run("c", "0", "2", "3", "worked", "1"), run("a", "2", "3", "4", "worked", "1"),
				run("b", "3", "4", "5", "worked", "1"), run("c", "4", "5", "6", "worked", "1"), stop("6", "horizon"),
			},
		},
		{
			name: "without aging the low one starves", horizon: 25 * s, daemons: hungry(),
			want: []string{
				run("high", "0", "0", "10", "worked", "0"), run("high", "10", "10", "20", "worked", "0"),
				run("high", "20", "20", "30", "worked", "0"), stop("25", "horizon"),
			},
		},
		{
			// The low one has been ready 20 s, worth two steps: as much as the high one, and it came first.
			name: "with aging it does not", horizon: 25 * s, limits: schedule.Limits{Aging: 10 * s}, daemons: hungry(),
			want: []string{
				run("high", "0", "0", "10", "worked", "0"), run("high", "10", "10", "20", "worked", "0"),
				run("low", "0", "20", "21", "worked", "3600"), run("high", "20", "21", "31", "worked", "0"),
				stop("25", "horizon"),
			},
		},
		{
			name: "two workers", horizon: 20 * s, limits: schedule.Limits{Workers: 2},
			daemons: []simulate.Daemon{
				daemon("a", 100*s, takes(10*s)), daemon("b", 100*s, takes(4*s)), daemon("c", 100*s, takes(4*s)),
			},
			want: []string{
				run("b", "0", "0", "4", "worked", "100"), run("c", "0", "4", "8", "worked", "100"),
				run("a", "0", "0", "10", "worked", "100"), stop("20", "horizon"),
			},
		},
		{
			name: "runs that end together are listed in the order of their starts", horizon: 10 * s,
			limits: schedule.Limits{Workers: 3},
			daemons: []simulate.Daemon{
				daemon("late", 100*s, takes(s), entry(func(e *schedule.Entry) { e.StartAfter = 4 * s })),
				daemon("a", 100*s, takes(5*s)), daemon("b", 100*s, takes(5*s)),
			},
			want: []string{
				run("a", "0", "0", "5", "worked", "100"), run("b", "0", "0", "5", "worked", "100"),
				run("late", "4", "4", "5", "worked", "100"), stop("10", "horizon"),
			},
		},
	})
}

// TestStops: when and why an app stops.
func TestStops(t *testing.T) {
	t.Parallel()
	const h = time.Hour
	every5m := func() []simulate.Daemon { return []simulate.Daemon{daemon("a", 5*m)} }
	slow := func() []simulate.Daemon { return []simulate.Daemon{daemon("a", 10*s, takes(10*s))} }
	verify(t, []scenario{
		{
			name: "idle after the soft deadline", limits: schedule.Limits{SoftDeadline: 10 * m, IdleThreshold: 2 * m},
			daemons: every5m(),
			want: []string{
				at("a", "0", "worked", "300"), at("a", "300", "worked", "300"), at("a", "600", "worked", "300"), stop("600", "idle"),
			},
		},
		{
			name: "idle at the soft deadline itself", limits: schedule.Limits{SoftDeadline: 7 * m, IdleThreshold: 2 * m},
			daemons: every5m(),
			want:    []string{at("a", "0", "worked", "300"), at("a", "300", "worked", "300"), stop("420", "idle")},
		},
		{
			name: "a gap that is too short", limits: schedule.Limits{SoftDeadline: 9 * m, IdleThreshold: 2 * m},
			daemons: every5m(),
			want: []string{
				at("a", "0", "worked", "300"), at("a", "300", "worked", "300"), at("a", "600", "worked", "300"), stop("600", "idle"),
			},
		},
		{
			name: "a gap of exactly the threshold", limits: schedule.Limits{IdleThreshold: 5 * m}, daemons: every5m(),
			want: []string{at("a", "0", "worked", "300"), stop("0", "idle")},
		},
		{
			name: "nothing scheduled at all", limits: schedule.Limits{IdleThreshold: h},
			daemons: []simulate.Daemon{daemon("a", 10*s, ends(failed), entry(func(e *schedule.Entry) { e.DisarmAfter = 2 }))},
			want:    []string{at("a", "0", "failed", "10"), at("a", "10", "failed", "null"), stop("10", "idle")},
		},
		{name: "no daemon, idle", limits: schedule.Limits{IdleThreshold: m}, want: []string{stop("0", "idle")}},
		{name: "no daemon", want: []string{stop("86400", "horizon")}},
		{
			name: "no work", limits: schedule.Limits{NoWorkTimeout: m},
			daemons: []simulate.Daemon{daemon("a", 20*s, ends(worked, idle, idle, idle))},
			want: []string{
				at("a", "0", "worked", "20"), at("a", "20", "idle", "20"), at("a", "40", "idle", "20"), stop("60", "no_work"),
			},
		},
		{
			name: "no work waits for the run in flight", limits: schedule.Limits{NoWorkTimeout: m},
			daemons: []simulate.Daemon{daemon("a", 20*s, takes(30*s), ends(idle))},
			want: []string{
				run("a", "0", "0", "30", "idle", "20"), run("a", "50", "50", "80", "idle", "20"), stop("80", "no_work"),
			},
		},
		{
			name: "no work that ends in time keeps it alive", limits: schedule.Limits{NoWorkTimeout: m}, horizon: 2 * m,
			daemons: []simulate.Daemon{daemon("a", m, takes(10*s), ends(worked))},
			want:    []string{run("a", "0", "0", "10", "worked", "60"), stop("70", "no_work")},
		},
		{
			name: "a hard deadline with a run in flight", limits: schedule.Limits{HardDeadline: 25 * s, Workers: 2}, horizon: m,
			daemons: append(slow(), daemon("b", 10*s, entry(func(e *schedule.Entry) { e.StartAfter = 25 * s }))),
			want: []string{
				run("a", "0", "0", "10", "worked", "10"), run("a", "20", "20", "30", "worked", "10"), stop("30", "hard_deadline"),
			},
		},
		{
			name: "a hard deadline with nothing in flight", limits: schedule.Limits{HardDeadline: 15 * s}, horizon: m, daemons: slow(),
			want: []string{run("a", "0", "0", "10", "worked", "10"), stop("15", "hard_deadline")},
		},
		{
			name: "a run that ends at the hard deadline", limits: schedule.Limits{HardDeadline: 30 * s}, horizon: m, daemons: slow(),
			want: []string{
				run("a", "0", "0", "10", "worked", "10"), run("a", "20", "20", "30", "worked", "10"), stop("30", "hard_deadline"),
			},
		},
		{
			name: "a horizon with a run in flight", horizon: 25 * s, daemons: slow(),
			want: []string{
				run("a", "0", "0", "10", "worked", "10"), run("a", "20", "20", "30", "worked", "10"), stop("25", "horizon"),
			},
		},
		{
			name: "nothing starts at the horizon", horizon: 20 * s, daemons: slow(),
			want: []string{run("a", "0", "0", "10", "worked", "10"), stop("20", "horizon")},
		},
		{
			name: "the horizon is the hard deadline unless set", limits: schedule.Limits{HardDeadline: 25 * s}, daemons: slow(),
			want: []string{
				run("a", "0", "0", "10", "worked", "10"), run("a", "20", "20", "30", "worked", "10"), stop("30", "hard_deadline"),
			},
		},
		{
			name: "a horizon before the hard deadline", limits: schedule.Limits{HardDeadline: m}, horizon: 15 * s, daemons: slow(),
			want: []string{run("a", "0", "0", "10", "worked", "10"), stop("15", "horizon")},
		},
		{
			name: "idle is not looked at at the horizon", horizon: 20 * s,
			limits: schedule.Limits{SoftDeadline: 20 * s, IdleThreshold: m}, daemons: every5m(),
			want: []string{at("a", "0", "worked", "300"), stop("20", "horizon")},
		},
		{
			name: "nor is no work", horizon: 20 * s, limits: schedule.Limits{NoWorkTimeout: 20 * s}, daemons: every5m(),
			want: []string{at("a", "0", "worked", "300"), stop("20", "horizon")},
		},
		{
			name: "of several reasons the hard deadline", horizon: h,
			limits:  schedule.Limits{HardDeadline: m, NoWorkTimeout: m, SoftDeadline: m, IdleThreshold: m},
			daemons: []simulate.Daemon{daemon("a", 5*m)},
			want:    []string{at("a", "0", "worked", "300"), stop("60", "hard_deadline")},
		},
		{
			name: "and no work before idle", horizon: h,
			limits:  schedule.Limits{NoWorkTimeout: m, SoftDeadline: m, IdleThreshold: m},
			daemons: []simulate.Daemon{daemon("a", 5*m)},
			want:    []string{at("a", "0", "worked", "300"), stop("60", "no_work")},
		},
		{
			name: "background daemons do not keep it alive", limits: schedule.Limits{SoftDeadline: 45 * s, IdleThreshold: 30 * s},
			daemons: []simulate.Daemon{
				daemon("fg", m), daemon("bg", 10*s, entry(func(e *schedule.Entry) { e.Background = true })),
			},
			want: []string{
				at("fg", "0", "worked", "60"), at("bg", "0", "worked", "10"), at("bg", "10", "worked", "10"),
				at("bg", "20", "worked", "10"), at("bg", "30", "worked", "10"), at("bg", "40", "worked", "10"),
				at("bg", "50", "worked", "10"), at("fg", "60", "worked", "60"), at("bg", "60", "worked", "10"), stop("60", "idle"),
			},
		},
		{
			name: "but while they run they do", limits: schedule.Limits{IdleThreshold: 30 * s},
			daemons: []simulate.Daemon{daemon("bg", 10*s, takes(5*s), entry(func(e *schedule.Entry) { e.Background = true }))},
			want:    []string{run("bg", "0", "0", "5", "worked", "10"), stop("5", "idle")},
		},
	})
}

// TestSeeds: children appear when the first run that does not fail has ended, once.
func TestSeeds(t *testing.T) {
	t.Parallel()
	verify(t, []scenario{
		{
			name: "children", horizon: 130 * s,
			daemons: []simulate.Daemon{daemon("seed", m, takes(s), ends(failed, worked, worked),
				children(daemon("seed/a", m), daemon("seed/b", m, takes(2*s))))},
			want: []string{
				run("seed", "0", "0", "1", "failed", "60"), run("seed", "61", "61", "62", "worked", "60"),
				at("seed/a", "62", "worked", "60"), run("seed/b", "62", "62", "64", "worked", "60"),
				run("seed", "122", "122", "123", "worked", "60"), run("seed/a", "122", "123", "123", "worked", "60"),
				run("seed/b", "124", "124", "126", "worked", "60"), stop("130", "horizon"),
			},
		},
		{
			name: "an idle run brings them, and they may have their own", horizon: 10 * s,
			daemons: []simulate.Daemon{daemon("x", m, ends(idle), children(
				daemon("x/y", m, takes(s), children(daemon("x/y/z", m, takes(s))))))},
			want: []string{
				at("x", "0", "idle", "60"), run("x/y", "0", "0", "1", "worked", "60"),
				run("x/y/z", "1", "1", "2", "worked", "60"), stop("10", "horizon"),
			},
		},
		{
			name: "none after the decision to stop", limits: schedule.Limits{HardDeadline: 5 * s}, horizon: m,
			daemons: []simulate.Daemon{daemon("x", m, takes(8*s), children(daemon("x/y", m)))},
			want:    []string{run("x", "0", "0", "8", "worked", "60"), stop("8", "hard_deadline")},
		},
	})
}

// opening is a window that is open from one age of the app to another.
type opening struct{ from, to time.Time }

func (o opening) Open(now time.Time) (bool, time.Time) {
	switch {
	case now.Before(o.from):
		return false, o.from
	case now.Before(o.to):
		return true, o.to
	}
	return false, time.Time{}
}

// hundreds is a calendar of every hundred seconds after start.
type hundreds struct{ start time.Time }

func (hundreds) Priority() int { return 0 }

func (h hundreds) NextRun(last schedule.Run) time.Time { return h.After(last.Finished) }

func (h hundreds) After(t time.Time) time.Time {
	return h.start.Add((t.Sub(h.start)/(100*s) + 1) * 100 * s)
}

func (hundreds) CatchUp() bool { return true }

// TestConditions: held daemons, calendars.
func TestConditions(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []scenario{
		{
			name: "a window", horizon: 5 * m,
			daemons: []simulate.Daemon{daemon("a", 50*s, entry(func(e *schedule.Entry) {
				e.Conditions.Window = opening{start.Add(100 * s), start.Add(200 * s)}
			}))},
			want: []string{at("a", "100", "worked", "50"), at("a", "150", "worked", "50"), stop("300", "horizon")},
		},
		{
			name: "after another", horizon: 150 * s,
			daemons: []simulate.Daemon{
				daemon("report", 100*s, entry(func(e *schedule.Entry) { e.Conditions.After = []string{"load"} })),
				daemon("load", 100*s, takes(5*s)),
			},
			want: []string{
				run("load", "0", "0", "5", "worked", "100"), at("report", "5", "worked", "100"),
				run("load", "105", "105", "110", "worked", "100"), run("report", "105", "110", "110", "worked", "100"),
				stop("150", "horizon"),
			},
		},
		{
			name: "a failure releases nobody", horizon: 30 * s,
			daemons: []simulate.Daemon{
				daemon("report", 100*s, entry(func(e *schedule.Entry) { e.Conditions.After = []string{"load"} })),
				daemon("load", 10*s, takes(5*s), ends(failed, idle)),
			},
			want: []string{
				run("load", "0", "0", "5", "failed", "10"), run("load", "15", "15", "20", "idle", "10"),
				at("report", "20", "worked", "100"), stop("30", "horizon"),
			},
		},
		{
			name: "a calendar, strictly after the completion", horizon: 400 * s,
			daemons: []simulate.Daemon{{
				Entry:  schedule.Entry{Name: "c", Planner: hundreds{start}},
				Assume: simulate.Assumption{Duration: 120 * s},
			}},
			want: []string{
				run("c", "100", "100", "220", "worked", "80"), run("c", "300", "300", "420", "worked", "80"), stop("400", "horizon"),
			},
		},
		{
			name: "what the real world says is not asked", horizon: 5 * s,
			daemons: []simulate.Daemon{daemon("a", 10*s, entry(func(e *schedule.Entry) {
				e.Conditions.Hold = func() (string, time.Duration) { return "no", time.Hour }
				e.Saved = &schedule.Saved{Disarmed: "yesterday"}
			}))},
			want: []string{at("a", "0", "worked", "10"), stop("5", "horizon")},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := lines(t, simulate.Input{Start: start, Limits: c.limits, Horizon: c.horizon, Daemons: c.daemons})
			if want := strings.Join(c.want, "\n") + "\n"; got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}

// TestLoadHeld: a minute of one busy worker leaves a load of 1-1/e, which decays below a half after ln(2-2/e) minutes.
func TestLoadHeld(t *testing.T) {
	t.Parallel()
	var starts []time.Duration
	_, err := simulate.Run(simulate.Input{Horizon: 5 * m, Daemons: []simulate.Daemon{
		daemon("busy", time.Hour, takes(m)),
		daemon("modest", time.Hour, entry(func(e *schedule.Entry) { e.Conditions.LoadBelow = 0.5 })),
	}}, func(l simulate.Line) error {
		if l.Daemon == "modest" {
			starts = append(starts, l.Start)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := m + time.Duration(float64(m)*math.Log(2-2/math.E))
	if len(starts) != 1 || (starts[0]-want).Abs() > time.Microsecond {
		t.Errorf("starts at %v, want about %v", starts, want)
	}
}
