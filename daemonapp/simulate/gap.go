package simulate

import (
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// Gap is a stretch in which nothing runs, nothing is ready and nothing that keeps the app alive is due.
type Gap struct {
	// At is when it begins, counted from the start; a gap is measured at each change of the schedule.
	At time.Duration
	// Length is how far ahead the next run is, or the end of the simulation if there is none.
	Length time.Duration
	// Next is the daemon that ends it; empty if nothing that keeps the app alive is scheduled.
	Next string
}

// gaps keeps the largest gaps.
type gaps struct {
	largest Gap
	// closest is the largest of those that could have stopped the app: at an age of the soft deadline or more.
	closest Gap
	seen    bool // closest is one
	// mixed tells that there are background daemons, whose next runs are not looked at; ahead then is the
	// earliest of the others, worked out anew when stale.
	mixed, stale bool
	ahead        int32
	aheadAt      int64
	byLoad       bool // some daemon is held by load: its release is known only as the time to look again
}

func newGaps(lanes []lane) gaps {
	g := gaps{stale: true}
	for i := range lanes {
		g.mixed = g.mixed || lanes[i].entry.Background
		g.byLoad = g.byLoad || lanes[i].entry.Conditions.LoadBelow > 0
	}
	return g
}

// changed notes that a daemon starts.
func (g *gaps) changed(l *lane) {
	if g.mixed && !l.entry.Background {
		g.stale = true
	}
}

// appeared notes when a new daemon is due.
func (g *gaps) appeared(w *world, l *lane) {
	if g.mixed {
		g.planned(l, w.age(w.core.Status(l.id).Due))
	}
}

// planned notes when a daemon wants to run next.
func (g *gaps) planned(l *lane, next int64) {
	if !g.mixed {
		return
	}
	l.next = next
	g.changed(l)
}

// unknown stands for an until that says nothing of the next run.
const unknown = int64(-1)

// look measures the gap that begins now, if nothing runs; what is ready has been started. The core wants to be
// asked again at until.
func (g *gaps) look(w *world, until int64) {
	if w.core.Running() > 0 || w.core.Ready() > 0 {
		return
	}
	if g.known(w, until) {
		return
	}
	name, next := g.next(w)
	if g.byLoad && !w.limited(until) {
		next = min(next, until) // when the load will have decayed
	}
	end := next
	if end == never {
		end = w.lastMoment()
	}
	gap := Gap{At: time.Duration(w.at), Length: time.Duration(max(end-w.at, 0)), Next: name}
	if gap.Length > g.largest.Length {
		g.largest = gap
	}
	if w.at >= int64(w.in.Limits.SoftDeadline) && (!g.seen || gap.Length > g.closest.Length) {
		g.closest, g.seen = gap, true
	}
}

// known tells from until alone that this gap is not larger than those seen. For most that is so, and no
// name needs to be looked up.
func (g *gaps) known(w *world, until int64) bool {
	if g.mixed || w.limited(until) {
		return false // the gap may be larger
	}
	length := time.Duration(until - w.at)
	return length <= g.largest.Length && g.seen && length <= g.closest.Length
}

// limited tells that until may be the time of a deadline instead of that of a run.
func (w *world) limited(until int64) bool {
	l := &w.in.Limits
	return until == unknown || until == never || l.NoWorkTimeout > 0 ||
		until == int64(l.SoftDeadline) || until == int64(l.HardDeadline)
}

// lastMoment is when the app ends if it is left alone.
func (w *world) lastMoment() int64 {
	if hard := int64(w.in.Limits.HardDeadline); hard > 0 {
		return min(w.horizon, hard)
	}
	return w.horizon
}

// next is the earliest time at which a daemon that keeps the app alive is due or released.
func (g *gaps) next(w *world) (name string, at int64) {
	name, due := w.core.NextDue()
	if due.IsZero() {
		return "", never
	}
	if g.mixed {
		if id, ok := w.core.Lookup(name); ok && w.lanes[w.byID[id]].entry.Background {
			return g.foreground(w)
		}
	}
	return name, w.age(due)
}

// foreground is next among background daemons.
func (g *gaps) foreground(w *world) (name string, at int64) {
	if g.stale || g.aheadAt <= w.at {
		g.ahead, g.aheadAt = g.scan(w)
		g.stale = false
	}
	if g.aheadAt == never {
		return "", never
	}
	return w.lanes[g.ahead].entry.Name, g.aheadAt
}

func (g *gaps) scan(w *world) (index int32, at int64) {
	at = never
	for i := range w.lanes {
		l := &w.lanes[i]
		if l.entry.Background || l.id == nobody {
			continue
		}
		next := l.next
		if next <= w.at {
			next = w.release(l.id)
		}
		if next < at {
			index, at = int32(i), next
		}
	}
	return index, at
}

// release is when a held daemon is released, if that is known.
func (w *world) release(id schedule.ID) int64 {
	return w.age(w.core.Status(id).Until)
}
