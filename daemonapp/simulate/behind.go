package simulate

import (
	"slices"
	"time"
)

// Behind is who had the floor while a daemon waited for it.
type Behind struct {
	// Daemon had it longest, for Busy; empty if nobody had it for any time.
	Daemon string
	Busy   time.Duration
	// Others is how many others had it.
	Others int
}

// holders finds out who had the floor during some waits.
type holders struct {
	waits []watched // by begin
	ends  int64     // when the last is over
}

// watched is a wait that is looked at, with the time that each daemon had the floor in it.
type watched struct {
	from, to int64
	track    int
	held     map[int32]int64
}

func newHolders(d *drawing, r *Report) *holders {
	h := &holders{}
	for track, index := range d.shown {
		if w := r.Daemons[index].Wait; w.Length > 0 {
			from := int64(w.Due)
			h.waits = append(h.waits, watched{
				from: from, to: from + int64(w.Length), track: track, held: map[int32]int64{},
			})
			h.ends = max(h.ends, from+int64(w.Length))
		}
	}
	slices.SortStableFunc(h.waits, func(a, b watched) int { return int(min(max(a.from-b.from, -1), 1)) })
	return h
}

// take books a run into the waits it falls in. Runs come in the order of their ends.
func (h *holders) take(r ran) {
	if r.start >= h.ends {
		return
	}
	for i := 0; i < len(h.waits) && h.waits[i].from < r.end; i++ {
		w := &h.waits[i]
		if part := min(r.end, w.to) - max(r.start, w.from); part > 0 {
			w.held[r.lane] += part
		}
	}
}

// answers are those of each daemon shown.
func (h *holders) answers(r *Report) []Behind {
	out := make([]Behind, len(r.Daemons))
	for i := range h.waits {
		w := &h.waits[i]
		longest := int32(-1)
		for index, held := range w.held {
			if longest < 0 || held > w.held[longest] || (held == w.held[longest] && index < longest) {
				longest = index
			}
		}
		if longest >= 0 {
			out[w.track] = Behind{
				Daemon: r.Daemons[longest].Name, Busy: time.Duration(w.held[longest]), Others: len(w.held) - 1,
			}
		}
	}
	return out
}
