package history

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// keeper keeps the file within the limits, in slices that are short enough for the events that come meanwhile to wait.
type keeper struct {
	options *Options
	next    time.Time // when there may be something to do
	recent  int       // entries written since the last slice
	// floor is up to when ordinary entries, and lasting ones, go because the file is too large; 0: none.
	floor     [2]int64
	fresh     map[string]int // by daemon: entries written since it was looked at; of those not in it none
	suspects  []string       // daemons that may have more entries than are kept
	cuts      []slicing
	shrinking bool
	sweepAt   time.Time
}

// slicing is a daemon of which all entries of a class up to a time are to go.
type slicing struct {
	daemon, at int64
	lasting    int
}

const (
	tendEvery = time.Minute
	// tendSoon is the pause between two slices.
	tendSoon = 20 * time.Millisecond
	// slice is how many entries go at a time, and how many may be written before the size is looked at.
	slice = 500
	// pagesSlice is how many free pages are given back at a time.
	pagesSlice = 256
	sweepEvery = time.Hour
)

func newKeeper(o *Options) *keeper {
	now := o.Clock.Now()
	return &keeper{options: o, next: now.Add(tendSoon), sweepAt: now.Add(sweepEvery), fresh: map[string]int{}}
}

// added notes what was written.
func (k *keeper) added(rows []*row, now time.Time) {
	if k.recent += len(rows); k.recent >= slice {
		k.soon(now)
	}
	if k.options.KeepRuns <= 0 {
		return
	}
	for _, r := range rows {
		n, seen := k.fresh[r.daemon]
		if n++; !seen || n >= max(k.options.KeepRuns/20, 1) {
			k.suspects = append(k.suspects, r.daemon)
			n = 0
			k.soon(now)
		}
		k.fresh[r.daemon] = n
	}
}

func (k *keeper) soon(now time.Time) {
	if at := now.Add(tendSoon); at.Before(k.next) {
		k.next = at
	}
}

// tend does one slice of what there is to do.
func (k *keeper) tend(s *store, now time.Time) error {
	n := max(slice, 2*k.recent)
	k.recent = 0
	more := false
	for _, step := range []func(*store, time.Time, int) (bool, error){k.byAge, k.byRuns, k.bySize, k.shrink, k.sweep} {
		again, err := step(s, now, n)
		if err != nil {
			return fmt.Errorf("tidy history: %w", err)
		}
		more = more || again
	}
	k.next = now.Add(tendEvery)
	if more {
		k.next = now.Add(tendSoon)
	}
	return nil
}

// byAge drops what is too old, or older than the size of the file allows.
func (k *keeper) byAge(s *store, now time.Time, n int) (more bool, err error) {
	for class, age := range []time.Duration{k.options.KeepFor, k.options.KeepFailedFor} {
		before := k.floor[class]
		if age > 0 {
			before = max(before, instant(now.Add(-age)))
		}
		if before == 0 {
			continue
		}
		for _, w := range words(class) {
			gone, err := s.drop(`SELECT id FROM entry WHERE word = ? AND at < ? ORDER BY at LIMIT ?`, int64(w), before, n)
			if err != nil {
				return false, err
			}
			more = more || gone == int64(n)
		}
	}
	return more, nil
}

// byRuns drops what a daemon has too many of.
func (k *keeper) byRuns(s *store, _ time.Time, n int) (more bool, err error) {
	if len(k.cuts) == 0 && len(k.suspects) > 0 {
		name := k.suspects[0]
		k.suspects = k.suspects[1:]
		if k.cuts, err = k.overfull(s, name); err != nil {
			return false, err
		}
	}
	if len(k.cuts) > 0 {
		c := k.cuts[0]
		gone, err := s.drop(`SELECT id FROM entry WHERE daemon = ? AND at <= ? AND word IN (`+list(words(c.lasting))+`) ORDER BY at LIMIT ?`,
			c.daemon, c.at, n)
		if err != nil {
			return false, err
		}
		if gone < int64(n) {
			k.cuts = k.cuts[1:]
		}
	}
	return len(k.cuts)+len(k.suspects) > 0, nil
}

// overfull tells from when back entries of a daemon are too many.
func (k *keeper) overfull(s *store, name string) (cuts []slicing, err error) {
	for class := range k.floor {
		c := slicing{lasting: class}
		err := s.db.QueryRow(`SELECT daemon, at FROM entry WHERE daemon = (SELECT id FROM daemon WHERE name = ?) AND
			word IN (`+list(words(class))+`) ORDER BY at DESC LIMIT 1 OFFSET ?`, name, k.options.KeepRuns).Scan(&c.daemon, &c.at)
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return nil, err
		default:
			cuts = append(cuts, c)
		}
	}
	return cuts, nil
}

// bySize drops what is oldest while the file is too large: output if that is most of it, else entries, by way of byAge.
func (k *keeper) bySize(s *store, _ time.Time, n int) (more bool, err error) {
	if k.options.MaximumBytes <= 0 {
		return false, nil
	}
	z, err := s.size()
	if err != nil || z.used() <= k.options.MaximumBytes {
		k.floor = [2]int64{} // the clock may be set back, and what comes then is not old
		return false, err
	}
	if z.outputs > k.options.MaximumBytes/2 {
		return true, s.dropOutputs(n/4, z.used()-k.options.MaximumBytes)
	}
	for class := range k.floor {
		upTo, err := s.oldest(class, n/5)
		if err != nil {
			return false, err
		}
		if upTo > 0 {
			k.floor[class] = upTo + 1
			return true, nil
		}
	}
	return false, nil
}

// shrink gives free pages back, once there are many.
func (k *keeper) shrink(s *store, _ time.Time, _ int) (more bool, err error) {
	z, err := s.size()
	if err != nil {
		return false, err
	}
	switch {
	case z.free > 16 && z.free*8 > z.pages:
		k.shrinking = true
	case z.free*16 <= z.pages:
		if k.shrinking {
			k.shrinking = false
			return false, s.checkpoint() // until then the pages are given back in the log only
		}
	}
	if !k.shrinking {
		return false, nil
	}
	return true, s.vacuum(min(pagesSlice, z.free))
}

// sweep forgets the names of daemons that have no entry any more.
func (k *keeper) sweep(s *store, now time.Time, _ int) (more bool, err error) {
	if now.Before(k.sweepAt) {
		return false, nil
	}
	k.sweepAt = now.Add(sweepEvery)
	clear(k.fresh)
	return false, s.forgetDaemons()
}

// words are those of a class: 0 is ordinary, 1 lasting.
func words(class int) []word {
	var of []word
	for _, m := range meanings() {
		if m.lasting == (class == 1) {
			of = append(of, m.word)
		}
	}
	return of
}

func list(words []word) string {
	var texts []string
	for _, w := range words {
		texts = append(texts, fmt.Sprint(int(w)))
	}
	return strings.Join(texts, ", ")
}
