package config

import (
	"fmt"
	"math"
	"time"

	"github.com/peakd/peakd/daemonapp/calendar"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// neverIdle looks whether a daemon comes back too soon for the app to ever see an idle gap. One that may be held
// is not scheduled then, and one in the background is not looked at.
func (w *warner) neverIdle(s candidate) {
	threshold := w.app.ShutdownIfIdle
	if threshold <= 0 || s.Common.Background || s.Common.RunOnce || s.conditional() || !s.knows("background", "run_once") {
		return
	}
	switch p := s.planner.(type) {
	case *schedule.Interval:
		if longest, at, ok := s.longest(p); ok && longest < threshold {
			w.tellNeverIdle(s, at, longest, fmt.Sprintf("let %s back off to %s or more with multiply_idle_by and maximum_idle, or",
				s.them(), FormatDuration(threshold)))
		}
	case *calendar.Plan:
		if gapsUnder(p.Schedule, threshold) {
			w.tellNeverIdle(s, s.place("schedule"), 0, "let its times be further apart, or")
		}
	}
}

func (w *warner) tellNeverIdle(s candidate, at span, longest time.Duration, way string) {
	sooner := "again"
	switch {
	case longest == s.Common.RunEvery && longest > 0:
		sooner = "every " + FormatDuration(longest) + ","
	case longest > 0:
		sooner = "at least every " + FormatDuration(longest) + ","
	}
	where := ""
	if s.seed != nil {
		where = " in " + s.block + " {}"
	}
	w.tell(at, fmt.Sprintf("%s is due %s sooner than shutdown_if_idle = %q (%s); %s set background = true%s", s.who(), sooner,
		FormatDuration(w.app.ShutdownIfIdle), w.app.at("shutdown_if_idle").value, way, where,
	), "the app can never become idle")
}

// longest is the longest wait of a daemon that does not fail, and the setting that says so.
func (s candidate) longest(p *schedule.Interval) (wait time.Duration, at span, known bool) {
	given := s.at("run_every")
	if given == nil || !s.knows("run_every", "minimum_idle", "increase_idle_by", "multiply_idle_by", "maximum_idle") {
		return 0, span{}, false
	}
	wait, at = p.AfterIdle(math.MaxInt32), given.value
	if m := s.Common.MaximumIdle; m != nil && *m == wait && wait > p.RunEvery {
		at = s.place("maximum_idle")
	}
	if p.MinimumIdle > wait {
		return p.MinimumIdle, s.place("minimum_idle"), true
	}
	return wait, at, true
}

// gapsUnder tells whether the times of a schedule are never so far apart. The fields of a schedule for days say
// nothing of the time of day: one day shows the times of all, and a year the days.
func gapsUnder(s *calendar.Schedule, most time.Duration) bool {
	zone := s.Location()
	first := s.Next(time.Date(2024, time.January, 1, 0, 0, 0, 0, zone).Add(-1))
	last := first
	for next := s.Next(first); next.YearDay() == first.YearDay() && next.Year() == first.Year(); next = s.Next(next) {
		if next.Sub(last) >= most {
			return false
		}
		last = next
	}
	for t := last; t.Before(first.AddDate(1, 0, 1)); {
		next := s.Next(later(t, time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, zone).Add(-1)))
		if next.Sub(t) >= most {
			return false
		}
		t = time.Date(next.Year(), next.Month(), next.Day(), last.Hour(), last.Minute(), 0, 0, zone)
	}
	return true
}

// later is the later of two times: a midnight that the clock steps over may come out an hour early.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
