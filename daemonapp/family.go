package daemonapp

import (
	"iter"

	"github.com/peakd/peakd/daemonapp/schedule"
)

const (
	nobody   = schedule.ID(-1)
	noParent = nobody // of the app's own daemons
)

// kin is where a daemon stands among the others: the seed that it is a child of, its neighbours among
// that seed's children, and its own children.
type kin struct {
	parent, elder, younger schedule.ID
	children               family
}

// family is a list of siblings, in the order in which they came.
type family struct {
	eldest, youngest schedule.ID
}

func (a *App) family(parent schedule.ID) *family {
	if parent == noParent {
		return &a.roots
	}
	return &a.units[parent].children
}

// join makes the daemon id the youngest child of parent.
func (a *App) join(parent, id schedule.ID) {
	f, k := a.family(parent), &a.units[id].kin
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
}

// members are the children of parent, the eldest first; the loop may remove the one that it is given.
func (a *App) members(parent schedule.ID) iter.Seq[schedule.ID] {
	return func(yield func(schedule.ID) bool) {
		for id := a.family(parent).eldest; id != nobody; {
			younger := a.units[id].younger
			if !yield(id) {
				return
			}
			id = younger
		}
	}
}
