package daemonapp

import (
	"slices"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// labelled tells whether a daemon has the description, the tags and the priority of a spec of the same digest.
func (a *App) labelled(id schedule.ID, spec *Spec) bool {
	u, next := &a.units[id], a.next[id]
	var terms Terms
	var priority int
	switch {
	case next != nil:
		terms, priority = next.Terms, priorityOf(next.Daemon)
	case u.terms != nil:
		terms, priority = *u.terms, a.sched.Priority(id)
	default:
		priority = a.sched.Priority(id)
	}
	return terms.Description == spec.Terms.Description && slices.Equal(terms.Tags, spec.Terms.Tags) &&
		priority == priorityOf(spec.Daemon)
}

// relabel takes over from a spec of the same digest what may change without replacing the daemon.
func (a *App) relabel(id schedule.ID, spec *Spec) {
	u := &a.units[id]
	var terms Terms
	if u.terms != nil {
		terms = *u.terms
	}
	terms.Description, terms.Tags = spec.Terms.Description, spec.Terms.Tags
	u.kind = &kind{typ: u.typ, written: u.written, terms: &terms}
	if a.sched.Priority(id) == priorityOf(spec.Daemon) {
		return
	}
	var planner schedule.Planner = relabelled{Planner: u.daemon, label: spec.Daemon}
	if a.options.Once {
		planner = once{planner}
	}
	a.sched.Replan(id, planner)
}

// relabelled plans as the daemon that runs, with the priority of another.
type relabelled struct {
	schedule.Planner
	label schedule.Planner
}

// Priority implements [schedule.Planner].
func (r relabelled) Priority() int { return r.label.Priority() }

// Calendar tells the scheduler of a planner that follows the calendar.
func (r relabelled) Calendar() schedule.Calendar { return schedule.CalendarOf(r.Planner) }

// priorityOf is what the scheduler would make of the planner's answer.
func priorityOf(p schedule.Planner) (priority int) {
	defer func() {
		if recover() != nil {
			priority = 0
		}
	}()
	return min(max(p.Priority(), -schedule.MaxPriority), schedule.MaxPriority)
}
