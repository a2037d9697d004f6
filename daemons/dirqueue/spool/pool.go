package spool

import (
	"cmp"
	"slices"
	"time"
)

// candidate is a file that may be claimed; a lower rank goes first, then names in order.
type candidate struct {
	rank int64
	name string
}

func compare(a, b candidate) int {
	return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.name, b.name))
}

// window keeps the first of many candidates. It lets twice as many in as it keeps before it sorts them, which is as
// cheap as a heap and simpler.
type window struct {
	limit   int
	kept    []candidate
	full    bool
	last    candidate // the last that is kept, once it is full
	dropped bool
}

// offer copies the name if it is kept.
func (w *window) offer(rank int64, name []byte) {
	if w.full && (rank > w.last.rank || rank == w.last.rank && string(name) > w.last.name) {
		w.dropped = true
		return
	}
	if w.kept = append(w.kept, candidate{rank: rank, name: string(name)}); len(w.kept) >= 2*w.limit {
		w.cut()
	}
}

func (w *window) cut() {
	slices.SortFunc(w.kept, compare)
	if len(w.kept) > w.limit {
		clear(w.kept[w.limit:])
		w.kept, w.full, w.dropped = w.kept[:w.limit], true, true
		w.last = w.kept[w.limit-1]
	}
}

// pool is what is known of the files that may be claimed from one directory.
type pool struct {
	gate   gate
	next   []candidate // in order
	more   bool        // the directory holds more than these
	count  int         // how many candidates the directory held when it was read
	behind bool        // it is to be read once more, as things may have come since
	read   time.Time   // when the directory was read
	cursor *entries    // where reading goes on, without an order
}

func (p *pool) forget() {
	*p = pool{gate: p.gate, behind: p.behind, count: p.count, more: p.more || len(p.next) > 0}
}

// stale tells whether the window is so old that others may have come that go before it. Reading again costs at most a
// twentieth of the time, however long it takes.
func (p *pool) stale(now time.Time) bool {
	age := now.Sub(p.read)
	return age < 0 || age > time.Second+time.Duration(p.count)*20*time.Microsecond
}

// limit of the window: a directory of millions is not read a thousand times.
func (p *pool) limit(window int) int {
	return max(window, min(p.count/16, window*maxWindowGrowth))
}

// accept tells the rank and the name of an entry that is a candidate.
type accept func(entry) (rank int64, name []byte, ok bool)

// fill reads the directory.
func (p *pool) fill(dir int, order Order, limit int, accept accept) error {
	if order == OrderNone {
		return p.fillUnordered(dir, accept)
	}
	from, err := readEntries(dir)
	if err != nil {
		return err
	}
	w, count := window{limit: p.limit(limit)}, 0
	for more := true; more && err == nil; {
		more, err = from.block(func(e entry) {
			if rank, name, ok := accept(e); ok {
				count++
				w.offer(rank, name)
			}
		})
	}
	w.cut()
	p.next, p.more, p.count, p.behind = w.kept, w.dropped, count, err != nil
	return err
}

// fillUnordered takes what the next blocks hold, and goes on from there the next time: blocks that claims have emptied
// are not gone through again.
func (p *pool) fillUnordered(dir int, accept accept) error {
	if p.cursor == nil {
		if err := p.restart(dir); err != nil {
			return err
		}
	}
	p.next = p.next[:0]
	for len(p.next) == 0 {
		more, err := p.cursor.block(func(e entry) {
			if rank, name, ok := accept(e); ok {
				p.next = append(p.next, candidate{rank: rank, name: string(name)})
			}
		})
		if err == nil && !more && p.behind && len(p.next) == 0 {
			err = p.restart(dir)
			more = true
		}
		if !more || err != nil {
			p.cursor, p.more = nil, false
			return err
		}
	}
	p.more, p.count = true, len(p.next)
	return nil
}

// restart begins at the beginning.
func (p *pool) restart(dir int) (err error) {
	p.cursor, err = readEntries(dir)
	p.behind = p.behind && err != nil
	return err
}
