package daemonapp

import (
	"iter"

	"github.com/peakd/peakd/daemonapp/schedule"
)

const (
	nobody   = schedule.ID(-1)
	noParent = nobody // of the app's own daemons
)

// kin is where a daemon stands among the others: the seed that it is a child of, and its neighbours among
// that seed's children.
type kin struct {
	parent, elder, younger schedule.ID
}

// family is a list of siblings, in the order in which they came.
type family struct {
	eldest, youngest schedule.ID
}

// family is the children of parent, nil if it has none.
func (a *App) family(parent schedule.ID) *family {
	if parent == noParent {
		return &a.roots
	}
	return a.seeds[parent]
}

// join makes the daemon id the youngest child of parent.
func (a *App) join(parent, id schedule.ID) {
	f, k := a.family(parent), &a.units[id].kin
	if f == nil {
		f = &family{nobody, nobody}
		a.seeds[parent] = f
	}
	k.parent, k.elder, k.younger = parent, f.youngest, nobody
	if f.youngest == nobody {
		f.eldest = id
	} else {
		a.units[f.youngest].younger = id
	}
	f.youngest = id
}

// part takes the daemon id from its siblings.
func (a *App) part(id schedule.ID) {
	k := &a.units[id].kin
	f := a.family(k.parent)
	if k.elder == nobody {
		f.eldest = k.younger
	} else {
		a.units[k.elder].younger = k.younger
	}
	if k.younger == nobody {
		f.youngest = k.elder
	} else {
		a.units[k.younger].elder = k.elder
	}
	if f.eldest == nobody && k.parent != noParent {
		delete(a.seeds, k.parent)
	}
}

// members are the children of parent, the eldest first; the loop may remove the one that it is given.
func (a *App) members(parent schedule.ID) iter.Seq[schedule.ID] {
	return func(yield func(schedule.ID) bool) {
		f := a.family(parent)
		if f == nil {
			return
		}
		for id := f.eldest; id != nobody; {
			younger := a.units[id].younger
			if !yield(id) {
				return
			}
			id = younger
		}
	}
}
