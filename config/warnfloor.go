package config

import (
	"math"
	"slices"
	"strings"
)

// noTimeouts: a job that hangs keeps the only worker. It is told once, as one line in defaults mends it for all.
func (w *warner) noTimeouts() {
	if w.app.Workers > 1 {
		return
	}
	var without []candidate
	for _, s := range w.all {
		if s.Type == "exec" && s.at("timeout") == nil {
			without = append(without, s)
		}
	}
	if len(without) == 0 {
		return
	}
	hints := []string{`write timeout = "10m", there or in defaults "exec" {}, or give the app more workers (timeout = "0s" ` +
		`says that it is meant)`}
	if others := without[1:]; len(others) > 0 {
		hints = append(hints, "the same goes for "+listed(others))
	}
	w.c.warnf(without[0].header, hints, "%s has no timeout, and while it runs the only worker is taken", without[0].who())
}

// listed names a few, and counts the rest.
func listed(all []candidate) string {
	const most = 5
	names := make([]string, 0, most)
	for _, s := range all[:min(most, len(all))] {
		names = append(names, s.who())
	}
	text := strings.Join(names, ", ")
	if more := len(all) - most; more > 0 {
		text += " and " + itoa(more) + " more"
	}
	return text
}

// starves looks for daemons that can keep the floor from those of lower priority: as many as there are workers.
func (w *warner) starves() {
	victim, known := w.least()
	if w.app.Aging > 0 || !known {
		return
	}
	below := w.starvedBelow()
	for _, s := range w.all {
		if !s.greedy() || victim.Common.Priority >= min(below, s.Common.Priority) {
			continue
		}
		at := s.place("minimum_idle")
		key := warned{at, "starves"}
		if !w.told[key] {
			w.told[key] = true
			w.c.warnf(at, []string{`give the app aging = "30s", or this daemon a pause after work`},
				"%s can be starved: %s has a higher priority and is due again as soon as it has worked", victim.who(), s.who())
		}
	}
}

// greedy tells whether it never pauses while there is work.
func (s candidate) greedy() bool {
	m := s.Common.MinimumIdle
	return m != nil && *m == 0 && !s.Common.RunOnce && s.knows("minimum_idle", "priority", "run_once")
}

// least is the first of those of the lowest priority.
func (w *warner) least() (least candidate, known bool) {
	for _, s := range w.all {
		if s.knows("priority") && (!known || s.Common.Priority < least.Common.Priority) {
			least, known = s, true
		}
	}
	return least, known
}

// starvedBelow is the priority below which all workers can be kept busy. Of children there may be any number.
func (w *warner) starvedBelow() int {
	below := math.MinInt
	var single []int
	for _, s := range w.all {
		switch {
		case !s.greedy():
		case s.seed != nil:
			below = max(below, s.Common.Priority)
		default:
			single = append(single, s.Common.Priority)
		}
	}
	if len(single) < w.app.Workers {
		return below
	}
	slices.Sort(single)
	return max(below, single[len(single)-w.app.Workers])
}
