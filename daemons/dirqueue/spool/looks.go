package spool

import "time"

// look is what was seen of a file that was not ready.
type look struct {
	size              int64
	id                Identity
	modified, changed time.Time
	since             time.Time     // since when it has been like that
	next              time.Time     // when to look again
	wait              time.Duration // how long that was put off
	scan              int           // when it was last met
}

func (l *look) same(st stat) bool {
	return l.size == st.size && l.id == st.id && l.modified.Equal(st.modified) && l.changed.Equal(st.changed)
}

// looks are the files that are not ready, each with a time of its own to look again: no scan waits for any of them.
type looks struct {
	at   map[string]*look
	scan int
}

// maxLooks bounds them. What does not fit is looked at when others are done with.
const maxLooks = 1 << 16

// firstLook is how soon a file that is in use is looked at again; it doubles until lastLook.
const (
	firstLook = 20 * time.Millisecond
	lastLook  = 2 * time.Second
	badLook   = time.Minute // for files that nobody here can read
)

// waiting tells whether it is too early for another look, and that the file is still there.
func (l *looks) waiting(name []byte, now time.Time) bool {
	if len(l.at) == 0 {
		return false
	}
	seen := l.at[string(name)]
	if seen == nil {
		return false
	}
	seen.scan = l.scan
	return now.Before(seen.next) && seen.next.Sub(now) <= seen.wait
}

// later puts the next look at a file off, longer each time up to the limit.
func (l *looks) later(name string, now time.Time, limit time.Duration) {
	seen := l.get(name)
	if seen == nil {
		return
	}
	seen.wait = min(max(2*seen.wait, firstLook), limit)
	seen.next = now.Add(seen.wait)
}

// settled tells whether a file has been the same for that long.
func (l *looks) settled(name string, st stat, now time.Time, settle time.Duration) bool {
	seen := l.get(name)
	if seen == nil {
		return false
	}
	if seen.since.IsZero() || !seen.same(st) || now.Before(seen.since) {
		seen.size, seen.id, seen.modified, seen.changed, seen.since = st.size, st.id, st.modified, st.changed, now
	}
	left := settle - now.Sub(seen.since)
	seen.wait, seen.next = left, now.Add(left)
	return left <= 0
}

func (l *looks) get(name string) *look {
	if seen := l.at[name]; seen != nil {
		return seen
	}
	if l.full() {
		return nil
	}
	if l.at == nil {
		l.at = map[string]*look{}
	}
	seen := &look{scan: l.scan}
	l.at[name] = seen
	return seen
}

// full tells whether there are files that are not ready and not among them.
func (l *looks) full() bool { return len(l.at) >= maxLooks }

func (l *looks) done(name string) { delete(l.at, name) }

// begin is called before the whole directory is read, prune after it: what was not met is gone.
func (l *looks) begin() { l.scan++ }

func (l *looks) prune() {
	for name, seen := range l.at {
		if seen.scan != l.scan {
			delete(l.at, name)
		}
	}
}

// next is the earliest time for another look; zero if there is none.
func (l *looks) next() time.Time {
	var first time.Time
	for _, seen := range l.at {
		if first.IsZero() || seen.next.Before(first) {
			first = seen.next
		}
	}
	return first
}
