package daemonapp

import "github.com/peakd/peakd/daemonapp/schedule"

// heed tells the observers of the runs that did not happen.
func (a *App) heed() {
	for _, n := range a.sched.Notes() {
		if a.gone(n.ID) {
			continue
		}
		e := Event{At: n.At, First: n.First, Next: n.Until, Times: n.Times, Reason: n.Reason}
		switch n.Kind {
		case schedule.NoteHeld:
			e.Kind = Held
		case schedule.NoteMissed:
			e.Kind = Missed
		case schedule.NoteSkipped:
			e.Kind = Skipped
		}
		a.emit(a.about(n.ID, e))
	}
}
