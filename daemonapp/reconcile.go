package daemonapp

import (
	"errors"
	"fmt"
	"hash/maphash"
	"math/bits"
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
	switch a.state {
	case building:
		return a.prepare(specs)
	case stopped:
		return Change{}, ErrRan
	case dispatching, draining, cancelling:
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
	a.specs, a.named = specs, nil
	change := Change{Added: make([]string, len(specs))}
	for i := range specs {
		change.Added[i] = specs[i].Name
	}
	return change, nil
}

// SetLimits changes the limits of a running app; ages count from its start.
func (a *App) SetLimits(limits schedule.Limits, shutdownGrace time.Duration) {
	a.lock()
	defer a.unlock()
	now := a.clock.Now()
	if shutdownGrace == 0 {
		shutdownGrace = DefaultShutdownGrace
	}
	limits = a.options.limited(limits)
	a.options.ShutdownGrace, a.options.Limits = shutdownGrace, limits
	a.sched.SetLimits(now, limits)
	a.softTold = a.softTold && now.Sub(a.sched.Started()) >= limits.SoftDeadline
	a.redispatch(now)
}

// redispatch carries out what a change from outside has made possible.
func (a *App) redispatch(now time.Time) {
	a.dispatch(now, nil)
	a.rouse(a.alarm(a.sched.Look(now)))
}

func (a *App) reconcile(parent schedule.ID, prefix string, specs []Spec, now time.Time) (Change, error) {
	if err := checkNames(specs); err != nil {
		return Change{}, err
	}
	return a.apply(parent, prefix, specs, now), nil
}

// apply makes the children of parent those of the specs, whose names have been checked.
func (a *App) apply(parent schedule.ID, prefix string, specs []Spec, now time.Time) Change {
	var change Change
	a.round++
	if a.sched.Len() == 0 { // nobody needs to be looked for
		a.populate(parent, prefix, specs, now, &change)
		return change
	}
	for i := range specs {
		id := a.want(parent, prefix+specs[i].Name, &specs[i], now, &change)
		a.units[id].wanted = a.round
	}
	for id := range a.members(parent) {
		if a.units[id].wanted != a.round && !a.sched.Leaving(id) {
			name := a.sched.Name(id)
			change.Removed = append(change.Removed, name)
			a.remove(id, name, now)
		}
	}
	slices.Sort(change.Removed)
	return change
}

// populate gives an app that has no daemons its first.
func (a *App) populate(parent schedule.ID, prefix string, specs []Spec, now time.Time, change *Change) {
	change.Added = make([]string, len(specs))
	for i := range specs {
		change.Added[i] = prefix + specs[i].Name
		a.add(parent, change.Added[i], &specs[i], now)
	}
}

func checkNames(specs []Spec) error {
	seen := newNameSet(len(specs))
	for i := range specs {
		if err := checkName(&specs[i]); err != nil {
			return err
		}
		if !seen.add(specs, int32(i)) {
			return fmt.Errorf("daemon %q: %w", specs[i].Name, ErrName)
		}
	}
	return nil
}

// nameSet is the names of some specs, as a hash table of their places: a map would hold the names again and take longer.
type nameSet struct {
	seed  maphash.Seed
	slots []int32 // one more than the place; 0 is none. Half of them stay free, and their number is a power of two.
}

func newNameSet(n int) nameSet {
	return nameSet{maphash.MakeSeed(), make([]int32, 1<<bits.Len(uint(2*n)))}
}

// add tells whether the name of the spec at i is another than those before.
func (s nameSet) add(specs []Spec, i int32) bool {
	mask := uint64(len(s.slots) - 1)
	at := maphash.String(s.seed, specs[i].Name) & mask
	for ; s.slots[at] != 0; at = (at + 1) & mask {
		if specs[s.slots[at]-1].Name == specs[i].Name {
			return false
		}
	}
	s.slots[at] = i + 1
	return true
}

func checkName(spec *Spec) error {
	if spec.Name == "" || strings.Contains(spec.Name, "/") || spec.Daemon == nil {
		return fmt.Errorf("daemon %q: %w", spec.Name, ErrName)
	}
	return nil
}

// want makes the daemon called name the one of the spec.
func (a *App) want(parent schedule.ID, name string, spec *Spec, now time.Time, change *Change) schedule.ID {
	id, there := a.sched.Lookup(name)
	if !there {
		change.Added = append(change.Added, name)
		return a.add(parent, name, spec, now)
	}
	u, next := &a.units[id], a.next[id]
	if u.parent != parent { // its seed left it behind in its last run, and has come back
		a.part(id)
		a.join(parent, id)
	}
	current, alike := u.daemon, next == nil && a.digested(id, spec.Digest)
	if next != nil {
		current, alike = next.Daemon, next.Digest == spec.Digest
	}
	switch {
	case !alike || a.sched.Leaving(id):
		change.Replaced = append(change.Replaced, name)
		a.replace(id, name, spec, now)
	case a.labelled(id, spec):
		change.Kept++
		a.discard(id, name, spec.Daemon, current)
	case next != nil:
		change.Changed = append(change.Changed, name)
		a.replace(id, name, spec, now) // the successor has not begun: this one takes its turn
	default:
		change.Changed = append(change.Changed, name)
		a.relabel(id, spec)
		a.emit(Event{Kind: Changed, At: now, Daemon: name, Type: u.typ})
		a.discard(id, name, spec.Daemon, current)
	}
	return id
}

// discard closes a daemon that was made to be compared and never to run, unless it is the one that runs, or cannot be
// told from it, or was discarded before: a seed may state the same one after each of its runs.
func (a *App) discard(id schedule.ID, name string, d, current Daemon) {
	if _, ok := d.(Closer); !ok || !reflect.ValueOf(d).Comparable() || d == current || d == a.compared[id] {
		return
	}
	a.compared[id] = d
	a.retire(name, d)
}

func (a *App) add(parent schedule.ID, name string, spec *Spec, now time.Time) schedule.ID {
	shared := *spec // the caller's stays as it is
	shared.Daemon = a.kinds.share(spec)
	spec = &shared
	id, err := a.sched.Add(now, a.entry(name, spec))
	if err != nil {
		panic(err) // want has looked
	}
	if pause, paused := a.stillPaused(name); paused {
		a.pauses[id] = pause
	}
	delete(a.options.Memories, name)
	for int(id) >= len(a.units) {
		a.units = append(a.units, unit{})
	}
	a.units[id] = unit{}
	a.join(parent, id)
	a.outfit(id, spec)
	if len(a.options.Observers) > 0 {
		a.publish(&Event{Kind: Added, At: now, Daemon: name, Type: spec.Type})
	}
	return id
}

// replace puts a successor in a daemon's place, after its run if it is running.
func (a *App) replace(id schedule.ID, name string, spec *Spec, now time.Time) {
	shared := *spec
	shared.Daemon = a.kinds.share(spec)
	spec = &shared
	entry := a.entry(name, spec)
	entry.Saved = nil
	a.sched.Replace(now, id, entry)
	if a.sched.State(id) == schedule.Running {
		kept := *spec // of the others nothing is to stay
		a.supersede(id, name, &kept)
		return
	}
	a.install(id, name, spec, Replaced)
}

// remove takes a daemon and its children out; one that runs finishes first.
func (a *App) remove(id schedule.ID, name string, now time.Time) {
	a.supersede(id, name, nil)
	if a.sched.Remove(now, id) {
		a.forget(id, name)
		return
	}
	for child := range a.members(id) {
		a.remove(child, a.sched.Name(child), now)
	}
}

// supersede makes next the successor of a daemon that runs, in the place of one that waited for that.
func (a *App) supersede(id schedule.ID, name string, next *Spec) {
	switch was := a.next[id]; {
	case was == nil:
	case next == nil:
		a.retire(name, was.Daemon)
	case reflect.ValueOf(was.Daemon).Comparable() && was.Daemon != next.Daemon:
		a.retire(name, was.Daemon)
	}
	if next == nil {
		delete(a.next, id)
	} else {
		a.next[id] = next
	}
}

// disown removes the children of a daemon that goes; those still in a run belong to the app until its end.
func (a *App) disown(id schedule.ID) {
	for child := range a.members(id) {
		a.remove(child, a.sched.Name(child), a.sched.Now())
		if !a.gone(child) {
			a.part(child)
			a.join(noParent, child)
		}
	}
}
