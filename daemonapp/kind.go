package daemonapp

import (
	"slices"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// kind is what many daemons have in common. It does not change, so that those of one kind share it.
type kind struct {
	typ     string
	written written // how their digests are
	terms   *Terms  // nil: all zero
}

// kinds finds the kind of a new daemon among the latest that had its type: daemons alike come one after the other, from
// one seed or one list.
type kinds struct {
	latest map[string]*kind
	paces  map[string]*schedule.Interval // of the latest Task of each type
}

// share is the spec's daemon; if it is a [Task], with the interval of the latest of its type if its own is the same: a
// planner takes a third of the room that the app needs for a daemon.
func (k *kinds) share(spec *Spec) Daemon {
	task, isTask := spec.Daemon.(Task)
	own, isInterval := task.Planner.(*schedule.Interval)
	if !isTask || !isInterval || own == nil {
		return spec.Daemon
	}
	latest := k.paces[spec.Type]
	switch {
	case latest == own:
		return spec.Daemon
	case latest != nil && *latest == *own:
		task.Planner = latest
		return task
	}
	if k.paces == nil {
		k.paces = map[string]*schedule.Interval{}
	}
	k.paces[spec.Type] = own
	return spec.Daemon
}

// of is the kind of a daemon of that spec, whose digest is written so.
func (k *kinds) of(spec *Spec, w written) *kind {
	if latest := k.latest[spec.Type]; latest != nil && latest.written == w && latest.fits(&spec.Terms) {
		return latest
	}
	made := &kind{typ: spec.Type, written: w}
	if !spec.Terms.none() {
		terms := spec.Terms
		made.terms = &terms
	}
	if k.latest == nil {
		k.latest = map[string]*kind{}
	}
	k.latest[spec.Type] = made
	return made
}

// fits tells whether the terms are those of k.
func (k *kind) fits(t *Terms) bool {
	if k.terms == nil {
		return t.none()
	}
	return k.terms.equal(t)
}

// equal tells whether two terms are the same. Windows are it only if they are none: they may not be comparable.
func (t *Terms) equal(o *Terms) bool {
	return t.StartAfter == o.StartAfter && t.Offset == o.Offset && t.Timeout == o.Timeout && t.KillGrace == o.KillGrace &&
		t.RunOnce == o.RunOnce && t.Background == o.Background && t.DisarmAfter == o.DisarmAfter &&
		t.LoadBelow == o.LoadBelow && t.Slots == o.Slots && t.Description == o.Description &&
		slices.Equal(t.After, o.After) && slices.Equal(t.Tags, o.Tags) && len(t.Windows)+len(o.Windows) == 0
}
