package spool

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Request is what Claim is asked for.
type Request struct {
	// Now is the wall clock's time.
	Now time.Time
	// Slot is the claim directory to use, 0 or more. Files whose handlers may outlive each other want slots of their own.
	Slot int
	// N is how many files are wanted at most.
	N int
	// Rescan reads the directory even if it looks unchanged.
	Rescan bool
	// Arrivals: something may have come since the directory was read. There is More until it has been read again.
	Arrivals bool
}

// Batch is what Claim has found. It holds what was claimed also when Claim returns an error beside it.
type Batch struct {
	Claimed []*Claimed
	// More: there is more to claim now, or there may be; ask again.
	More bool
	// Blocked: nothing more is claimed until claims in flight have ended, as a file that was lost with its owner before
	// gets its last chance with nothing beside it.
	Blocked bool
	// Next is when a file becomes due, or may have become ready, by the passing of time alone; zero: none known of.
	Next time.Time
	// Waiting is how many files are known not to be ready yet.
	Waiting int
	// Ready is how many ready files the directory held when it was last read.
	Ready int
	// Skipped: the directory was not read, as it has not changed.
	Skipped bool
	// Refused are files that were set aside unseen by any handler.
	Refused []Refused
	// Problems are files that could not be looked at; they are left alone for a while.
	Problems []Problem
}

// Refused is a file that breaks a rule of the queue. Attempts is how many had ended before.
type Refused struct {
	Name, Reason string
	Attempts     int
}

// Problem is a file that could not be looked at.
type Problem struct {
	Name string
	Err  error
}

// round is one call of Claim.
type round struct {
	Request
	Batch
	slot    *slot
	read    bool     // the directory was read or need not be
	buckets []int64  // due buckets yet to visit
	folders []folder // folders of the last of them yet to visit
}

// Claim takes up to N files. Those that wait for another attempt and are due, earliest bucket first, take turns with the
// ready ones, in order; with OrderPriority the higher priority goes first, and equals take turns. So neither a destination
// that refuses everything nor a flood of new files starves the other. A file that has been lost with an owner is claimed
// alone in its slot, and with its last chance alone in the queue: what it may break, it breaks alone.
func (q *Queue) Claim(r Request) (Batch, error) {
	if err := q.begin(); err != nil {
		return Batch{}, q.wrap("claim in", err)
	}
	if q.alone {
		return Batch{Blocked: true}, nil
	}
	c := &round{Request: r}
	q.ready.behind = q.ready.behind || r.Arrivals
	err := q.claim(c)
	q.foresee(c)
	return c.Batch, q.wrap("claim in", err)
}

func (q *Queue) claim(r *round) error {
	if err := q.readBuckets(r); err != nil {
		return err
	}
	for len(r.Claimed) < r.N {
		source, err := q.choose(r)
		if err != nil || source == nil {
			return err
		}
		if q.holdBack(r, source.history) {
			q.turn = false // it stays the turn of what is due
			return nil
		}
		if r.slot == nil { // not before there is something for it
			if r.slot, err = q.slot(r.Slot); err != nil {
				return err
			}
		}
		name := source.pool.next[0].name
		source.pool.next = source.pool.next[1:]
		claimed, err := source.take(r, name)
		if err != nil {
			return err
		}
		if claimed == nil {
			continue
		}
		r.Claimed = append(r.Claimed, claimed)
		if claimed.Crashes > 0 {
			q.alone = q.isLastChance(claimed.history)
			r.More = true
			return nil
		}
	}
	return nil
}

// source is a directory to claim from.
type source struct {
	pool    *pool
	history tally
	take    func(r *round, name string) (*Claimed, error)
}

// choose is the source whose turn it is; nil if all are exhausted.
func (q *Queue) choose(r *round) (*source, error) {
	due, err := q.dueSource(r)
	if err != nil {
		return nil, err
	}
	ready, err := q.readySource(r)
	if err != nil {
		return nil, err
	}
	switch {
	case due == nil:
		return ready, nil
	case ready == nil:
		return due, nil
	}
	if a, b := due.pool.next[0].rank, ready.pool.next[0].rank; q.options.Order == OrderPriority && a != b {
		if a < b {
			return due, nil
		}
		return ready, nil
	}
	if q.turn = !q.turn; q.turn {
		return due, nil
	}
	return ready, nil
}

// holdBack tells whether a file that was lost with an owner has to wait for others to end.
func (q *Queue) holdBack(r *round, history tally) bool {
	switch {
	case history.crashes == 0:
		return false
	case len(r.Claimed) > 0:
		r.More = true
		return true
	case q.isLastChance(history) && q.inFlight > 0:
		r.Blocked = true
		return true
	}
	return false
}

func (q *Queue) isLastChance(history tally) bool {
	return history.crashes > 0 && history.crashes >= q.options.CrashAttempts-1
}

// foresee tells when to come again.
func (q *Queue) foresee(r *round) {
	r.Ready, r.Waiting = q.ready.count, len(q.looks.at)
	r.More = r.More || len(q.ready.next) > 0 || q.ready.more || q.ready.behind || len(q.deferred.pool.next) > 0 || q.deferred.pool.more ||
		len(r.buckets)+len(r.folders) > 0
	if r.Blocked || len(r.Claimed) == 0 && q.looks.full() {
		r.More = false // asking again at once would change nothing
	}
	r.Next = q.deferred.nextAfter(r.Now)
	if len(r.Claimed) < r.N {
		r.Next = earliest(r.Next, q.looks.next())
	}
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// readySource is the directory, if anything in it may be ready.
func (q *Queue) readySource(r *round) (*source, error) {
	p := &q.ready
	if !r.read && (len(p.next) == 0 || r.Rescan || p.stale(r.Now)) {
		r.read = true
		if err := q.readDirectory(r); err != nil {
			return nil, err
		}
	}
	if len(p.next) == 0 {
		return nil, nil
	}
	return &source{pool: p, take: q.takeReady}, nil
}

// readDirectory looks for candidates unless nothing can have changed.
func (q *Queue) readDirectory(r *round) error {
	st, err := statFD(q.fd)
	if err != nil {
		return fmt.Errorf("stat: %w", err)
	}
	p := &q.ready
	look := q.looks.next()
	if p.gate.shut(st) && !r.Rescan && !p.more && (look.IsZero() || r.Now.Before(look)) {
		r.Skipped, p.behind = len(p.next) == 0, false
		return nil
	}
	p.gate.note(st)
	p.read = r.Now
	q.looks.begin()
	err = p.fill(q.fd, q.options.Order, q.options.Window, func(e entry) (int64, []byte, bool) { return q.accept(r, e) })
	if err != nil {
		p.gate = gate{}
		return fmt.Errorf("read: %w", err)
	}
	if q.options.Order != OrderNone {
		q.looks.prune()
	}
	return nil
}

// maxLitter is how many leftovers of producers are remembered for the next Recover.
const maxLitter = 256

// accept tells whether an entry of the directory may be a ready file.
func (q *Queue) accept(r *round, e entry) (int64, []byte, bool) {
	if e.kind != kindFile && e.kind != kindUnknown {
		return 0, nil, false
	}
	name, ok := q.filter.candidate(e.name)
	if !ok {
		if isTemp(e.name) && len(q.litter) < maxLitter {
			q.litter[string(e.name)] = true
		}
		return 0, nil, false
	}
	if q.looks.waiting(name, r.Now) {
		return 0, nil, false
	}
	rank, err := q.rank(q.fd, name)
	return rank, name, err == nil
}

func isTemp(name []byte) bool {
	return len(name) > len(tempPrefix) && string(name[:len(tempPrefix)]) == tempPrefix
}

// isLost tells of a failed rename that another has been quicker, or that a file of that name is in the way for now.
func isLost(err error) bool { return isMissing(err) || isTaken(err) || errors.Is(err, unix.ENOTEMPTY) }
