package config

import (
	"fmt"
	"slices"
	"time"

	"github.com/peakd/peakd/daemonapp/calendar"
)

// candidate is a daemon, or the template of a seed's children, that a warning may be about.
type candidate struct {
	*Decoded
	seed  *Decoded // nil: a daemon
	block string   // of a template: the block it is
}

// candidates are a daemon that will run and, below it, the templates that will.
func candidates(dec *Decoded) []candidate {
	all := []candidate{{Decoded: dec}}
	for i := 0; i < len(all); i++ {
		for _, t := range all[i].Templates() {
			all = append(all, candidate{t.t.sample, all[i].Decoded, t.t.block.name})
		}
	}
	return all
}

// who names it in a sentence.
func (s candidate) who() string {
	if s.seed != nil {
		return "each child of " + s.seed.full
	}
	return s.full
}

// them stands for who in a sentence.
func (s candidate) them() string {
	if s.seed != nil {
		return "the children"
	}
	return "it"
}

// knows tells whether settings are given, or left out, rather than depending on the child.
func (s candidate) knows(paths ...string) bool {
	return !slices.ContainsFunc(paths, func(path string) bool {
		p := s.at(path)
		return p != nil && p.unknown
	})
}

// conditional tells whether a due run may be held.
func (s candidate) conditional() bool {
	return len(s.Common.After) > 0 || len(s.Common.Windows) > 0 || s.Common.RunIfLoadBelow > 0 ||
		!s.knows("after", "run_if_load_below")
}

// warner tells of what is allowed and most likely not meant.
type warner struct {
	*loader
	app App
	all []candidate // those without mistakes
	// whole: every daemon there is to be is among them.
	whole bool
	told  map[warned]bool
}

// warned is a warning at a place: what stands in defaults is told once.
type warned struct {
	at   span
	rule string
}

func (l *loader) warn() {
	w := &warner{loader: l, app: l.w.app, told: make(map[warned]bool)}
	w.whole = !l.w.partial && l.daemons == len(l.decoded)
	for _, dec := range l.decoded {
		switch {
		case dec.broken:
			w.whole = false
		case dec.Common.Enabled:
			w.all = append(w.all, candidates(dec)...)
		}
	}
	for _, s := range w.all {
		w.neverMet(s)
	}
	w.sameDirectory()
	if slices.ContainsFunc(w.app.places, func(p place) bool { return p.failed }) || w.app.Workers < 1 {
		return
	}
	w.empty()
	w.stopsAtOnce()
	w.deadlines()
	w.noTimeouts()
	w.starves()
	for _, s := range w.all {
		w.neverIdle(s)
	}
}

// tell warns once of the same thing at the same place.
func (w *warner) tell(at span, hint, sentence string) {
	key := warned{at, sentence}
	if !w.told[key] {
		w.told[key] = true
		w.c.warnf(at, []string{hint}, "%s", sentence)
	}
}

func (w *warner) empty() {
	if len(w.all) > 0 || !w.whole || w.c.errors > 0 {
		return
	}
	sentence := "there is no daemon, so there is nothing to do"
	if len(w.decoded) > 0 {
		sentence = "every daemon is disabled, so there is nothing to do"
	}
	if w.app.header.ok() {
		w.tell(w.app.header, "", sentence)
		return
	}
	f := finding{severity: Warning, summary: sentence}
	if len(w.cfg.Files) > 0 {
		f.origin = w.cfg.Files[0]
	}
	w.c.add(f)
}

// deadlines compares the life of the app with itself and with the paces.
func (w *warner) deadlines() {
	hard := w.app.ShutdownAfter
	if hard <= 0 {
		return
	}
	written := FormatDuration(hard)
	if p := w.app.at("stay_alive_for"); p != nil && w.app.StayAliveFor > hard {
		w.tell(p.value, "at shutdown_after the app stops in any case, so this says nothing",
			fmt.Sprintf("stay_alive_for is longer than shutdown_after = %q", written))
	}
	for _, s := range w.all {
		p := s.at("run_every")
		if p == nil || p.unknown || s.Common.RunEvery <= hard || s.Common.RunOnce || !s.knows("run_once") {
			continue
		}
		w.tell(p.value, "the app stops before the second run; its memory lets a later life go on from there",
			fmt.Sprintf("run_every is longer than shutdown_after = %q", written))
	}
}

// stopsAtOnce looks whether anything is due within the idle threshold of the start. Children are not: their seed
// must have run.
func (w *warner) stopsAtOnce() {
	threshold := w.app.ShutdownIfIdle
	if threshold <= 0 || w.app.StayAliveFor > 0 || !w.whole || len(w.all) == 0 {
		return
	}
	sentence := "the app stops at once"
	for _, s := range w.all {
		if s.seed != nil {
			continue
		}
		if plan, ok := s.planner.(*calendar.Plan); ok {
			if gapsUnder(plan.Schedule, threshold+1) {
				return
			}
			sentence = "the app stops at once, unless it is started shortly before a calendar time"
			continue
		}
		first := s.Common.StartAfter + s.terms.Offset
		if first == 0 || first < threshold && !s.Common.Background {
			return
		}
	}
	w.tell(w.app.at("shutdown_if_idle").value, fmt.Sprintf(
		"nothing is due within %s of the start; let it live with stay_alive_for", FormatDuration(threshold),
	), sentence)
}

// neverMet looks for a calendar schedule none of whose times lies in a window.
func (w *warner) neverMet(s candidate) {
	plan, ok := s.planner.(*calendar.Plan)
	if !ok || len(s.terms.Windows) == 0 || len(s.terms.Windows) != len(s.Common.Windows) || !s.knows("window[0]") {
		return
	}
	// Any day does, as long as the answer is the same every time.
	from := time.Date(2024, time.January, 1, 0, 0, 0, 0, plan.Schedule.Location())
	for _, window := range s.terms.Windows {
		if calendar.Meets(plan.Schedule, window, from) {
			return
		}
	}
	w.tell(s.place("schedule"), "each run will be held until the window opens: "+s.terms.Windows[0].Text,
		"the schedule never meets the window")
}
