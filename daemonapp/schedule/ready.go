package schedule

import (
	"math"

	"github.com/peakd/peakd/priorityq"
)

// ready is the daemons that wait for the floor: a list in the order in which they became ready. Neighbours in it that
// have the same key form a rank, and only the first of a rank stands in the queue: equals come in the order of the list
// anyway, so that a crowd of them is served without touching the heap.
type ready struct {
	heads       priorityq.Indexed[int64] // of ranks: IDs by readyKey
	first, last ID
	count       int
}

// lineUp puts a ready daemon, if there is one, behind the others.
func (s *Scheduler) lineUp(id ID) {
	if id != nobody {
		s.line(id, s.daemon(id))
	}
}

func (s *Scheduler) line(id ID, d *daemon) {
	r := &s.ready
	r.count++
	key := s.readyKey(d)
	d.prev, d.next = r.last, nobody
	r.last = id
	if d.prev == nobody {
		r.first = id
		r.heads.Push(int32(id), key)
		return
	}
	ahead := s.daemon(d.prev)
	ahead.next = id
	if s.readyKey(ahead) == key {
		d.flags |= isRanked
		return
	}
	r.heads.Push(int32(id), key)
}

// unready takes a daemon out of the ready.
func (s *Scheduler) unready(id ID, d *daemon) {
	r := &s.ready
	r.count--
	var behind *daemon
	if d.next == nobody {
		r.last = d.prev
	} else {
		behind = s.daemon(d.next)
		behind.prev = d.prev
	}
	if d.prev == nobody {
		r.first = d.next
	} else {
		s.daemon(d.prev).next = d.next
	}
	switch {
	case d.flags&isRanked != 0:
		d.flags &^= isRanked
	case behind != nil && behind.flags&isRanked != 0: // it moves up to the head of the rank
		behind.flags &^= isRanked
		r.heads.Replace(int32(id), int32(d.next))
	default:
		r.heads.Remove(int32(id))
	}
}

// rerank puts the ready in line anew, in the order in which they became so.
func (s *Scheduler) rerank() {
	id := s.ready.first
	s.ready = ready{first: nobody, last: nobody}
	for id != nobody {
		d := s.daemon(id)
		next := d.next
		d.flags &^= isRanked
		s.line(id, d)
		id = next
	}
}

// readyKey orders the ready: least first. It is fixed while the daemon is ready, so that ageing needs no
// sorting: a priority is worth that many spans of ageing.
func (s *Scheduler) readyKey(d *daemon) int64 {
	if s.limits.Aging <= 0 {
		return -int64(d.priority)
	}
	return saturated(d.due, int64(d.priority), int64(s.limits.Aging))
}

// saturated is due - priority*aging, for due and aging not below zero.
func saturated(due, priority, aging int64) int64 {
	worth := priority * aging
	if priority != 0 && worth/priority != aging {
		worth = math.MaxInt64
		if priority < 0 {
			worth = math.MinInt64
		}
	}
	if worth < due-math.MaxInt64 {
		return math.MaxInt64
	}
	return due - worth
}
