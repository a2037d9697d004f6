package eventlog

import "time"

// floor remembers the latest runs, to tell who held the floor while another daemon waited.
type floor struct {
	runs [256]stay
	next int
}

type stay struct {
	daemon    string
	from, end time.Time
}

func (f *floor) note(daemon string, from, end time.Time) {
	f.runs[f.next] = stay{daemon, from, end}
	f.next = (f.next + 1) % len(f.runs)
}

// longest is the daemon that held the floor longest between from and to; empty if none of the latest did.
func (f *floor) longest(from, to time.Time) string {
	held := map[string]time.Duration{}
	for _, r := range f.runs {
		if overlap := earliest(r.end, to).Sub(latest(r.from, from)); overlap > 0 {
			held[r.daemon] += overlap
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
