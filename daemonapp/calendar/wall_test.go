package calendar_test

import (
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/calendar"
)

// steppedZones are the zones whose every transition is lived through, and the years looked at: each has a
// way of its own to step the clock.
var steppedZones = []struct {
	name     string
	from, to int
	why      string
}{
	{"America/New_York", 1880, 2045, "an hour at two; by rule after the last listed year; local mean time with seconds"},
	{"Europe/London", 1840, 2045, "an hour at one; two hours in the war"},
	{"Europe/Vienna", 1890, 2045, "an hour at two, backward at three"},
	{"Africa/Cairo", 1895, 2045, "forward at midnight: the day has no 00:00"},
	{"Australia/Lord_Howe", 1890, 2045, "half an hour"},
	{"Pacific/Apia", 1890, 2025, "a whole day missing in 2011, and one twice in 1892"},
	{"America/Juneau", 1860, 1990, "a whole day twice in 1867"},
	{"Asia/Manila", 1840, 2000, "a whole day missing in 1844"},
	{"Africa/Monrovia", 1880, 1980, "offsets with seconds"},
	{"Europe/Dublin", 1916, 1975, "offsets with seconds; winter time that is the exception"},
	{"Africa/Casablanca", 2010, 2032, "four steps a year"},
	{"America/Sao_Paulo", 1960, 2020, "forward at midnight, backward over it"},
}

var steppedSchedules = []string{
	"0 2 * * *", "30 2 * * *", "30 1 * * *", "0 0 * * *", "15,45 0-3 * * *", "* 2 * * *", "59 23 * * *", "10 */2 * * *",
	"*/7 1,2 * * *", "0 12 30 12 *", "5 0 * * 0", "0 3 1,15 * 0",
	"0 * * * *", "*/15 * * * *", "* * * * *", "30 * * * 6", "20 * 30 12 *",
}

const day = 24 * time.Hour

// stretch is the time around one transition: before scored the moments are only there to be remembered.
type stretch struct {
	loc     *time.Location
	moments []moment
	scored  time.Time
	step    time.Time
	// turn counts the transitions; few of them and each deserves every case.
	turn int
	few  bool
}

// looksAt spreads many cases over the transitions of a zone that has many of one kind.
func (s *stretch) looksAt(i int) bool { return s.few || (i+s.turn)%5 == 0 }

func TestAroundEveryTransition(t *testing.T) {
	t.Parallel()
	var rules []rule
	for _, expr := range steppedSchedules {
		rules = append(rules, ruleOf(t, expr))
	}
	for _, zone := range steppedZones {
		t.Run(zone.name, func(t *testing.T) {
			t.Parallel()
			loc := load(t, zone.name)
			steps := transitions(loc, zone.from, zone.to)
			if len(steps) == 0 {
				t.Fatalf("no transitions between %d and %d: %s", zone.from, zone.to, zone.why)
			}
			for i, step := range steps {
				s := stretch{loc: loc, scored: step.Add(-3 * time.Hour), step: step, turn: i, few: len(steps) < 40}
				s.moments = live(loc, s.scored.Add(-26*time.Hour), step.Add(26*time.Hour))
				s.check(t, rules)
			}
		})
	}
}

func (s *stretch) check(t *testing.T, rules []rule) {
	t.Helper()
	for i, rule := range rules {
		if s.looksAt(i) {
			checkTimes(t, parse(t, rule.expr, s.loc), after(rule.fires(s.moments), s.scored), s)
		}
	}
	for i, text := range steppedWindows {
		if s.looksAt(i) {
			checkStates(t, window(t, text, s.loc), s)
		}
	}
}

// checkTimes follows the schedule through the stretch, and asks it from instants around the step as after
// a restart.
func checkTimes(t *testing.T, s *calendar.Schedule, want []time.Time, around *stretch) {
	t.Helper()
	left := want
	end := around.moments[len(around.moments)-1].at
	for next := s.Next(around.scored); !next.After(end); next = s.Next(next) {
		if len(left) == 0 || !next.Equal(left[0]) {
			t.Fatalf("%s: step at %v: got %v, want %v", s, around.step, next, head(left))
		}
		left = left[1:]
	}
	if len(left) > 0 {
		t.Fatalf("%s: step at %v: %v is missing", s, around.step, left[0])
	}
	const pace = 7*time.Minute + 30*time.Second
	for from := around.step.Add(-3 * time.Hour); from.Before(around.step.Add(3 * time.Hour)); from = from.Add(pace) {
		if want = after(want, from); len(want) == 0 {
			return
		}
		if got := s.Next(from); !got.Equal(want[0]) {
			t.Fatalf("%s: from %v: got %v, want %v", s, from, got, want[0])
		}
	}
}

var steppedWindows = [][3]string{
	{"22:00", "06:00", "mon-fri"},
	{"02:00", "03:00", ""},
	{"02:10", "02:50", ""},
	{"02:30", "02:10", ""},
	{"00:00", "24:00", "sun"},
	{"00:00", "01:30", "sat-sun"},
	{"01:30", "01:00", ""},
	{"23:59", "00:01", ""},
}

// checkStates asks for the state and its next change: at each moment near the step, before each change, and
// at some others.
func checkStates(t *testing.T, w *calendar.Window, s *stretch) {
	t.Helper()
	states := opening(w, s.moments)
	var change time.Time // the next one, once one is known
	for i := len(s.moments) - 2; !s.moments[i].at.Before(s.scored); i-- {
		if states[i+1] != states[i] {
			change = s.moments[i+1].at
		}
		if i%13 != 0 && s.step.Sub(s.moments[i].at).Abs() > 2*time.Hour && states[i+1] == states[i] {
			continue
		}
		for _, at := range []time.Time{s.moments[i].at, s.moments[i].at.Add(time.Second - 1)} {
			open, next := w.Open(at)
			if open != states[i] || (!change.IsZero() && !next.Equal(change)) {
				t.Fatalf("%v at %v: open is %v until %v, want %v until %v", w, at.In(s.loc), open, next, states[i], change)
			}
		}
	}
}

func after(times []time.Time, t time.Time) []time.Time {
	for len(times) > 0 && !times[0].After(t) {
		times = times[1:]
	}
	return times
}

func head(times []time.Time) any {
	if len(times) == 0 {
		return "none"
	}
	return times[0]
}

func parse(tb testing.TB, expr string, loc *time.Location) *calendar.Schedule {
	tb.Helper()
	s, err := calendar.Parse(expr, loc)
	if err != nil {
		tb.Fatalf("Parse(%q): %v", expr, err)
	}
	return s
}

func window(tb testing.TB, text [3]string, loc *time.Location) *calendar.Window {
	tb.Helper()
	var days []string
	if text[2] != "" {
		days = []string{text[2]}
	}
	w, err := calendar.ParseWindow(text[0], text[1], days, loc)
	if err != nil {
		tb.Fatalf("ParseWindow(%q): %v", text, err)
	}
	return w
}
