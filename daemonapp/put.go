package daemonapp

import (
	"fmt"
	"slices"
)

// Put makes the app's own daemon of the spec's name the one of the spec, as [App.Reconcile] does, and leaves all others
// alone: what it costs does not grow with their number. A later Reconcile keeps it only if it names it. The spec must not
// be used afterwards.
//
// It may be called before Run and at any time later. With an error nothing has changed.
func (a *App) Put(spec Spec) (Change, error) {
	if err := checkName(&spec); err != nil {
		return Change{}, err
	}
	a.lock()
	defer a.unlock()
	var change Change
	switch a.state {
	case building:
		a.preparePut(spec, &change)
		return change, nil
	case stopped:
		return Change{}, ErrRan
	case dispatching, draining, cancelling:
	}
	now := a.clock.Now()
	a.want(noParent, spec.Name, &spec, now, &change)
	a.redispatch(now)
	return change, nil
}

// Remove takes the app's own daemon of that name out, and its children; one that runs finishes first. It is ErrUnknown if
// there is none, and ErrName for the child of a seed, which says itself what children it has.
func (a *App) Remove(name string) error {
	a.lock()
	defer a.unlock()
	switch a.state {
	case building:
		return a.prepareRemove(name)
	case stopped:
		return fmt.Errorf("%s: %w", name, ErrRan)
	case dispatching, draining, cancelling:
	}
	id, err := a.find(name)
	if err != nil {
		return err
	}
	if a.units[id].parent != noParent {
		return fmt.Errorf("remove %s, a child: %w", name, ErrName)
	}
	if a.sched.Leaving(id) {
		return nil
	}
	now := a.clock.Now()
	a.remove(id, name, now)
	a.redispatch(now)
	return nil
}

// preparePut is Put before Run.
func (a *App) preparePut(spec Spec, change *Change) {
	a.numberSpecs()
	if i, there := a.named[spec.Name]; there {
		change.Replaced = []string{spec.Name}
		a.retire(spec.Name, a.specs[i].Daemon)
		a.specs[i] = spec
		return
	}
	change.Added = []string{spec.Name}
	a.named[spec.Name] = len(a.specs)
	a.specs = append(a.specs, spec)
}

// prepareRemove is Remove before Run. The place of the spec stays, for the others keep theirs.
func (a *App) prepareRemove(name string) error {
	a.numberSpecs()
	i, there := a.named[name]
	if !there {
		return fmt.Errorf("%s: %w", name, ErrUnknown)
	}
	delete(a.named, name)
	a.retire(name, a.specs[i].Daemon)
	a.specs[i] = Spec{}
	return nil
}

// numberSpecs sees to it that the specs kept for the start can be found by name.
func (a *App) numberSpecs() {
	if a.named != nil {
		return
	}
	a.named = make(map[string]int, len(a.specs))
	for i := range a.specs {
		a.named[a.specs[i].Name] = i
	}
}

// prepared are the specs kept for the start.
func (a *App) prepared() []Spec {
	specs := a.specs
	if len(a.named) < len(specs) && a.named != nil {
		specs = slices.DeleteFunc(specs, func(s Spec) bool { return s.Daemon == nil })
	}
	a.specs, a.named = nil, nil
	return specs
}
