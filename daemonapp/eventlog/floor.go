package eventlog

import "time"

// floor remembers who has it and the latest runs, to tell who held it while another daemon waited.
type floor struct {
	since map[string]time.Time // of the runs in flight
	runs  [256]stay
	next  int
}

type stay struct {
	daemon    string
	from, end time.Time
}

func (f *floor) taken(daemon string, from time.Time) {
	if f.since == nil {
		f.since = map[string]time.Time{}
	}
	f.since[daemon] = from
}

func (f *floor) yielded(daemon string, from, end time.Time) {
	delete(f.since, daemon)
	f.runs[f.next] = stay{daemon, from, end}
	f.next = (f.next + 1) % len(f.runs)
}

// forget drops the runs in flight: their ends may be among the events that were dropped.
func (f *floor) forget() { clear(f.since) }

// longest is the daemon that held the floor longest between from and to; of equals the first by name,
// empty if none of those known did.
func (f *floor) longest(from, to time.Time) string {
	held := map[string]time.Duration{}
	for _, r := range f.runs {
		if overlap := earliest(r.end, to).Sub(latest(r.from, from)); overlap > 0 {
			held[r.daemon] += overlap
		}
	}
	for daemon, since := range f.since {
		if overlap := to.Sub(latest(since, from)); overlap > 0 {
			held[daemon] += overlap
		}
	}
	name, most := "", time.Duration(0)
	for daemon, d := range held {
		if d > most || (d == most && daemon < name) {
			name, most = daemon, d
		}
	}
	return name
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
