package schedule

import "github.com/peakd/peakd/priorityq"

// Slots bound how many runs of the daemons that share them are in flight at once. Those that find none free are held,
// and released by priority, one for each that becomes free. One value belongs to one Scheduler.
type Slots struct {
	// Max is how many there are; at least 1.
	Max int

	used int
	held priorityq.Queue[int64, ID]
}

// heldBySlots parks a daemon for which no slot is free.
func (s *Scheduler) heldBySlots(id ID, slots *Slots) bool {
	if slots.used < max(slots.Max, 1) {
		return false
	}
	d := s.daemon(id)
	d.state = HeldBySlots
	d.extra.handle = slots.held.Push(-int64(d.askPriority()), id)
	return true
}

// slots are those that a daemon takes one of while it runs; nil if it takes none.
func (d *daemon) slots() *Slots {
	if d.extra == nil {
		return nil
	}
	return d.extra.conditions.Slots
}

// takeSlot books a start. An operator's trigger may go beyond what there are.
func (d *daemon) takeSlot() {
	if slots := d.slots(); slots != nil {
		slots.used++
	}
}

// freeSlot books the end of a run that had one of these, and releases who waits for it.
func (s *Scheduler) freeSlot(slots *Slots) {
	if slots == nil {
		return
	}
	slots.used--
	if slots.used >= max(slots.Max, 1) {
		return
	}
	if id, _, ok := slots.held.Pop(); ok {
		s.wait(id, s.at)
	}
}
