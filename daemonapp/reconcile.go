package daemonapp

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// ErrName: a daemon's name is empty, holds a "/", or occurs twice.
var ErrName = errors.New("not a daemon's name")

// Change is what a reconcile did, or what a run of a seed did to its children, by name.
type Change struct {
	Added, Changed, Replaced, Removed []string
	// Kept is how many stayed as they were.
	Kept int
}

// Empty tells whether nothing changed.
func (c Change) Empty() bool {
	return len(c.Added)+len(c.Changed)+len(c.Replaced)+len(c.Removed) == 0
}

// Reconcile makes the app's own daemons those of the specs, as the run of a seed does for its children: it
// starts the missing, in the order given, removes the vanished, and replaces those whose digest
// changed; the others it leaves alone. What runs finishes first. Specs must not be used afterwards.
//
// It may be called before Run and at any time later. With an error nothing has changed.
func (a *App) Reconcile(specs []Spec) (Change, error) {
	a.lock()
	defer a.unlock()
	if a.state == building {
		return a.prepare(specs)
	}
	now := a.clock.Now()
	change, err := a.reconcile(noParent, "", specs, now)
	if err == nil {
		a.redispatch(now)
	}
	return change, err
}

// prepare keeps the specs for the moment the app starts.
func (a *App) prepare(specs []Spec) (Change, error) {
	if err := checkNames(specs); err != nil {
		return Change{}, err
	}
	a.specs = specs
	var change Change
	for i := range specs {
		change.Added = append(change.Added, specs[i].Name)
	}
	return change, nil
}

// SetLimits changes the limits of a running app; ages count from its start.
func (a *App) SetLimits(limits schedule.Limits, shutdownGrace time.Duration) {
	a.lock()
	defer a.unlock()
	now := a.clock.Now()
	a.options.ShutdownGrace, a.options.Limits = shutdownGrace, limits
	a.sched.SetLimits(now, limits)
	a.softTold = a.softTold && now.Sub(a.sched.Started()) >= limits.SoftDeadline
	a.redispatch(now)
}

// redispatch carries out what a change from outside has made possible.
func (a *App) redispatch(now time.Time) {
	if a.state == dispatching {
		a.dispatch(now, nil)
		a.kickLoop()
	}
}

func (a *App) reconcile(parent schedule.ID, prefix string, specs []Spec, now time.Time) (Change, error) {
	if err := checkNames(specs); err != nil {
		return Change{}, err
	}
	if parent != noParent && a.units[parent].children == nil {
		if len(specs) == 0 {
			return Change{}, nil
		}
		a.units[parent].children = map[string]schedule.ID{}
	}
	var change Change
	wanted := make(map[string]bool, len(specs))
	for i := range specs {
		name := prefix + specs[i].Name
		wanted[name] = true
		a.want(parent, name, specs[i], now, &change)
	}
	for name, id := range a.siblings(parent) {
		if !wanted[name] {
			change.Removed = append(change.Removed, name)
			a.remove(id, name, now)
		}
	}
	slices.Sort(change.Removed)
	return change, nil
}

func checkNames(specs []Spec) error {
	seen := make(map[string]bool, len(specs))
	for i := range specs {
		name := specs[i].Name
		if name == "" || strings.Contains(name, "/") || seen[name] || specs[i].Daemon == nil {
			return fmt.Errorf("daemon %q: %w", name, ErrName)
		}
		seen[name] = true
	}
	return nil
}

func (a *App) siblings(parent schedule.ID) map[string]schedule.ID {
	if parent == noParent {
		return a.roots
	}
	return a.units[parent].children
}

// want makes the daemon called name the one of the spec.
func (a *App) want(parent schedule.ID, name string, spec Spec, now time.Time, change *Change) {
	id, there := a.siblings(parent)[name]
	if !there {
		a.add(parent, name, spec, now)
		change.Added = append(change.Added, name)
		return
	}
	u := &a.units[id]
	digest := u.digest
	if u.next != nil {
		digest = u.next.Digest
	}
	switch {
	case digest != spec.Digest || a.sched.Leaving(id):
		change.Replaced = append(change.Replaced, name)
		a.replace(id, name, spec, now)
	case a.relabel(id, name, spec):
		change.Changed = append(change.Changed, name)
		a.emit(Event{Kind: Changed, At: now, Daemon: name, Type: u.typ})
		a.discard(spec.Daemon, u.daemon)
	default:
		change.Kept++
		a.discard(spec.Daemon, u.daemon)
	}
}

// discard closes a daemon that was made to be compared and never to run, unless it is the one that runs.
func (a *App) discard(d, current Daemon) {
	if reflect.TypeOf(d).Comparable() && d == current {
		return
	}
	a.retire(d)
}

func (a *App) add(parent schedule.ID, name string, spec Spec, now time.Time) {
	id, err := a.sched.Add(now, a.entry(name, spec))
	if err != nil {
		panic(err) // the maps of siblings and the scheduler have come apart
	}
	delete(a.options.Memories, name)
	for int(id) >= len(a.units) {
		a.units = append(a.units, unit{})
	}
	a.units[id] = unit{parent: parent}
	a.outfit(&a.units[id], spec)
	a.siblings(parent)[name] = id
	a.emit(Event{Kind: Added, At: now, Daemon: name, Type: spec.Type})
}

// replace puts a successor in a daemon's place, after its run if it is running.
func (a *App) replace(id schedule.ID, name string, spec Spec, now time.Time) {
	entry := a.entry(name, spec)
	entry.Saved = nil
	a.sched.Replace(now, id, entry)
	if a.sched.State(id) == schedule.Running {
		a.units[id].next = &spec
		return
	}
	a.install(id, name, spec, Replaced)
}

// remove takes a daemon and its children out; one that runs finishes first.
func (a *App) remove(id schedule.ID, name string, now time.Time) {
	u := &a.units[id]
	u.next = nil
	if a.sched.Remove(now, id) {
		a.forget(id, name)
		return
	}
	a.removeAll(u.children)
}

func (a *App) removeAll(children map[string]schedule.ID) {
	for name, id := range children {
		a.remove(id, name, a.sched.Now())
	}
}

// relabel takes over from a spec of the same digest what may change without replacing the daemon, and
// tells whether anything did. The running daemon stays; only its planner is the new one's.
func (a *App) relabel(id schedule.ID, name string, spec Spec) bool {
	u := &a.units[id]
	var before Terms
	if u.terms != nil {
		before = *u.terms
	}
	after := spec.Terms
	same := before.Description == after.Description && slices.Equal(before.Tags, after.Tags)
	if same && a.sched.Priority(id) == spec.Daemon.Priority() {
		return false
	}
	a.sched.Replan(id, a.entry(name, spec).Planner)
	before.Description, before.Tags = after.Description, after.Tags
	u.terms = &before
	return true
}
