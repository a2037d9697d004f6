package filecleanup

import (
	"math"
	"strings"
	"time"
)

// rule decides by age. It is a value without state.
type rule struct {
	olderThan  time.Duration
	minimumAge time.Duration
	modified   bool
	changed    bool
	accessed   bool
	born       bool
}

func newRule(s Settings) rule {
	return rule{
		olderThan: s.RemoveOlderThan, minimumAge: s.MinimumAge,
		modified: strings.Contains(s.AgeBy, "m"), changed: strings.Contains(s.AgeBy, "c"),
		accessed: strings.Contains(s.AgeBy, "a"), born: strings.Contains(s.AgeBy, "b"),
	}
}

// newest is the youngest of the chosen times.
func (r rule) newest(t stamps) int64 {
	at := int64(math.MinInt64)
	if r.modified {
		at = max(at, t.modified)
	}
	if r.changed {
		at = max(at, t.changed)
	}
	if r.accessed {
		at = max(at, t.accessed)
	}
	if r.born {
		at = max(at, t.born)
	}
	return at
}

// ofDirectory is the time of a directory: that of its last modification. To read it touches its access
// time, and to remove something from it its change time, so that they tell of the cleaner alone.
func (r rule) ofDirectory(t stamps) int64 { return t.modified }

// removable tells whether something of that time may go at all at now. What lies in the future may not.
func (r rule) removable(at, now int64) bool { return atLeast(at, now, r.minimumAge) }

// old tells whether something of that time has reached the age at which it goes.
func (r rule) old(at, now int64) bool {
	return atLeast(at, now, r.olderThan) && r.removable(at, now)
}

func atLeast(at, now int64, age time.Duration) bool {
	if at > now {
		return false
	}
	if at < 0 && now > math.MaxInt64+at { // the difference is longer than any duration
		return true
	}
	return now-at >= int64(age)
}

// stat looks at an entry with all the times that the rule needs. A file system that does not know
// when a file was born is answered for with its other times, not with "long ago".
func (r rule) stat(dir int, name string) (info, error) {
	st, err := statAt(dir, name)
	if err != nil || !r.born {
		return st, err
	}
	at, known := birth(dir, name)
	if !known {
		at = max(st.modified, st.changed)
	}
	st.born = at
	return st, nil
}
