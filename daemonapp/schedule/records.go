package schedule

import "slices"

// pageSize is how many records lie in one piece of memory. Pages never move: to grow copies nothing, leaves no
// room unused, and a *daemon stays right. With records of 160 bytes a page is 40 KiB, of which the runtime wastes nothing.
const pageSize = 256

// records are the daemons by ID.
type records struct {
	pages []*[pageSize]daemon
	used  ID // IDs below have been given out
	free  ID // heads the list of those that were given back, linked through next
}

// at is the daemon id.
func (r *records) at(id ID) *daemon { return &r.pages[uint(id)/pageSize][uint(id)%pageSize] }

// take gives out an ID.
func (r *records) take() ID {
	if id := r.free; id != nobody {
		r.free = r.at(id).next
		return id
	}
	if int(r.used) == len(r.pages)*pageSize {
		r.pages = append(r.pages, new([pageSize]daemon))
	}
	r.used++
	return r.used - 1
}

// grow makes room in the list of pages for n more records.
func (r *records) grow(n int) { r.pages = slices.Grow(r.pages, n/pageSize+1) }

// giveBack empties the record id for the next to take.
func (r *records) giveBack(id ID) {
	*r.at(id) = daemon{next: r.free}
	r.free = id
}
