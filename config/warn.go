package config

import (
	"fmt"
	"time"

	"github.com/peakd/peakd/daemonapp/calendar"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// candidate is a daemon, or the template of a seed's children, that a warning may be about.
type candidate struct {
	*Decoded
	seed *Decoded // nil: a daemon
}

// who names it in a sentence.
func (s candidate) who() string {
	if s.seed != nil {
		return "each child of " + s.seed.Name
	}
	return s.Name
}

// knows tells whether a setting is given, or left out, rather than depending on the child.
func (s candidate) knows(path string) bool {
	p := s.at(path)
	return p == nil || !p.unknown
}

// warn tells of what is allowed and most likely not meant.
func (l *loader) warn() {
	var all []candidate
	for _, dec := range l.decoded {
		if !dec.Common.Enabled {
			continue
		}
		all = append(all, candidate{Decoded: dec})
		for _, t := range dec.Templates() {
			all = append(all, candidate{t.t.sample, dec})
		}
	}
	if len(all) == 0 {
		l.warnEmpty()
		return
	}
	l.warnDeadlines(all)
	l.warnStopsAtOnce(all)
	for _, s := range all {
		l.warnNeverIdle(s)
		l.warnNoTimeout(s)
		l.warnNeverMet(s)
		l.warnStarves(s, all)
	}
}

func (l *loader) warnEmpty() {
	const sentence = "there is no daemon, so there is nothing to do"
	if len(l.w.app.places) > 0 {
		l.c.warnf(l.w.app.places[0].name, nil, sentence)
		return
	}
	origin := ""
	if len(l.cfg.Files) > 0 {
		origin = l.cfg.Files[0]
	}
	l.c.add(finding{origin: origin, severity: Warning, summary: sentence})
}

// warnDeadlines compares the life of the app with itself and with the paces.
func (l *loader) warnDeadlines(all []candidate) {
	app := l.w.app
	hard := app.ShutdownAfter
	if hard <= 0 {
		return
	}
	written := FormatDuration(hard)
	if p := app.at("stay_alive_for"); p != nil && app.StayAliveFor > hard {
		l.c.warnf(p.value, []string{"at shutdown_after the app stops in any case, so this says nothing"},
			"stay_alive_for is longer than shutdown_after = %q", written)
	}
	for _, s := range all {
		if p := s.at("run_every"); p != nil && !p.unknown && !p.inherited && !s.Common.RunOnce && s.Common.RunEvery > hard {
			l.c.warnf(p.value, []string{"the app stops before the second run; its memory lets a later life go on from there"},
				"run_every is longer than shutdown_after = %q", written)
		}
	}
}

// warnStopsAtOnce looks whether anything is due within the idle threshold of the start.
func (l *loader) warnStopsAtOnce(all []candidate) {
	app := l.w.app
	threshold := app.ShutdownIfIdle
	if threshold <= 0 || app.StayAliveFor > 0 {
		return
	}
	calendars := false
	for _, s := range all {
		if s.seed != nil || s.Common.Background {
			continue
		}
		_, byCalendar := s.planner.(*calendar.Plan)
		if !byCalendar && s.Common.StartAfter < threshold {
			return
		}
		calendars = calendars || byCalendar
	}
	sentence := "the app stops at once"
	if calendars {
		sentence = "the app stops at once, unless it is started shortly before a calendar time"
	}
	l.c.warnf(app.at("shutdown_if_idle").value, []string{
		fmt.Sprintf("nothing is due within %s of the start; let it live with stay_alive_for", FormatDuration(threshold)),
	}, "%s", sentence)
}

// warnNeverIdle looks whether a daemon comes back too soon for the app to ever see an idle gap.
func (l *loader) warnNeverIdle(s candidate) {
	threshold := l.w.app.ShutdownIfIdle
	p, ok := s.planner.(*schedule.Interval)
	conditional := len(s.Common.After) > 0 || len(s.Common.Windows) > 0 || s.Common.RunIfLoadBelow > 0
	if threshold <= 0 || !ok || p.Once || s.Common.Background || conditional {
		return
	}
	for _, path := range []string{"run_every", "maximum_idle", "multiply_idle_by", "increase_idle_by", "background"} {
		if !s.knows(path) {
			return
		}
	}
	const many = 1 << 20
	longest := p.AfterIdle(many)
	if longest >= threshold {
		return
	}
	where, block := s.place("run_every"), ""
	if given := s.at("maximum_idle"); given != nil {
		where = given.value
	}
	them := "it"
	if s.seed != nil {
		them, block = "the children", " in their template"
	}
	l.c.warnf(where, []string{fmt.Sprintf(
		"%s is due every %s, sooner than shutdown_if_idle = %q (%s); let %s back off to %s or more with multiply_idle_by and "+
			"maximum_idle, or set background = true%s",
		s.who(), FormatDuration(longest), FormatDuration(threshold), l.w.app.at("shutdown_if_idle").value, them,
		FormatDuration(threshold), block,
	)}, "the app can never become idle")
}

// warnNoTimeout: a job that hangs keeps the only worker.
func (l *loader) warnNoTimeout(s candidate) {
	if s.Type != "exec" || l.w.app.Workers > 1 || s.at("timeout") != nil {
		return
	}
	l.c.warnf(s.header, []string{`write timeout = "10m", or give the app more workers (timeout = "0s" says that it is meant)`},
		"%s has no timeout, and while it runs the only worker is taken", s.who())
}

// warnNeverMet looks for a calendar schedule none of whose times lies in a window.
func (l *loader) warnNeverMet(s candidate) {
	plan, ok := s.planner.(*calendar.Plan)
	if !ok || plan == nil || len(s.terms.Windows) == 0 {
		return
	}
	// Any day does, as long as the answer is the same every time.
	from := time.Date(2024, time.January, 1, 0, 0, 0, 0, l.w.app.Location())
	for _, w := range s.terms.Windows {
		if calendar.Meets(plan.Schedule, w, from) {
			return
		}
	}
	l.c.warnf(s.place("schedule"), []string{
		"each run will be held until the window opens: " + s.terms.Windows[0].Text,
	}, "the schedule never meets the window")
}

// warnStarves looks for a daemon that can keep the floor from those of lower priority.
func (l *loader) warnStarves(s candidate, all []candidate) {
	p := s.at("minimum_idle")
	if l.w.app.Aging > 0 || p == nil || p.unknown || s.Common.MinimumIdle == nil || *s.Common.MinimumIdle != 0 || !s.knows("priority") {
		return
	}
	for _, other := range all {
		if other.Decoded == s.Decoded || !other.knows("priority") || other.Common.Priority >= s.Common.Priority {
			continue
		}
		if l.greedy(all, other.Common.Priority) < l.w.app.Workers {
			continue
		}
		l.c.warnf(p.value, []string{`give the app aging = "30s", or this daemon a pause after work`},
			"%s can be starved: %s has a higher priority and is due again as soon as it has worked", other.who(), s.who())
		return
	}
}

// greedy counts who has a higher priority and never pauses while there is work.
func (l *loader) greedy(all []candidate, priority int) int {
	n := 0
	for _, s := range all {
		if m := s.Common.MinimumIdle; m != nil && *m == 0 && s.Common.Priority > priority {
			n++
			if s.seed != nil {
				n = max(n, l.w.app.Workers) // it may have any number of children
			}
		}
	}
	return n
}
