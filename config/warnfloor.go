package config

import "strings"

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

// starves looks for a daemon that can keep the floor from those of lower priority.
func (w *warner) starves(s candidate) {
	if w.app.Aging > 0 || !s.greedy() {
		return
	}
	for _, other := range w.all {
		if !other.knows("priority") || other.Common.Priority >= s.Common.Priority || w.takers(other.Common.Priority) < w.app.Workers {
			continue
		}
		at := s.place("minimum_idle")
		key := warned{at, "starves"}
		if !w.told[key] {
			w.told[key] = true
			w.c.warnf(at, []string{`give the app aging = "30s", or this daemon a pause after work`},
				"%s can be starved: %s has a higher priority and is due again as soon as it has worked", other.who(), s.who())
		}
		return
	}
}

// greedy tells whether it never pauses while there is work.
func (s candidate) greedy() bool {
	m := s.Common.MinimumIdle
	return m != nil && *m == 0 && !s.Common.RunOnce && s.knows("minimum_idle", "priority", "run_once")
}

// takers is how many workers those of a higher priority can keep; children may be any number.
func (w *warner) takers(priority int) int {
	n := 0
	for _, s := range w.all {
		switch {
		case !s.greedy() || s.Common.Priority <= priority:
		case s.seed != nil:
			return w.app.Workers
		default:
			n++
		}
	}
	return n
}
