package daemonapp

import "slices"

// kind is what many daemons have in common. It does not change, so that those of one kind share it.
type kind struct {
	typ   string
	terms *Terms // nil: all zero
}

// kinds finds the kind of a new daemon among the latest that had its type: daemons alike come one after the other, from
// one seed or one list.
type kinds struct {
	latest map[string]*kind
}

// of is the kind of a daemon of that spec.
func (k *kinds) of(spec *Spec) *kind {
	if latest := k.latest[spec.Type]; latest != nil && latest.fits(&spec.Terms) {
		return latest
	}
	made := &kind{typ: spec.Type}
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
