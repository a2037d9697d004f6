// Package priorityq is an indexed priority queue: least key first, first in first out among equals.
// It knows order, not time.
//
// A [Queue] is a 4-ary heap whose keys lie in the heap's own slots, so that a comparison follows no
// pointer. Every operation costs O(log n) or less and, once the queue has grown, allocates nothing.
package priorityq

import "cmp"

// Handle names an entry from its Push to its Pop or Remove; after that it may name another one.
type Handle int32

const arity = 4

// Queue holds values by key. The zero Queue is empty and ready. It is not safe for concurrent use.
// Floating-point keys must not be NaN.
type Queue[K cmp.Ordered, V any] struct {
	slots   []slot[K]
	entries []entry[V]
	// free heads the list of unused entries, linked through entry.pos; the value is one more than the index.
	free int32
	seq  uint64
}

type slot[K cmp.Ordered] struct {
	key    K
	seq    uint64
	handle Handle
}

type entry[V any] struct {
	value V
	pos   int32
}

// Len is the number of entries.
func (q *Queue[K, V]) Len() int { return len(q.slots) }

// Push adds a value, behind all others of the same key.
func (q *Queue[K, V]) Push(key K, value V) Handle {
	h := q.allocate(value)
	q.seq++
	q.slots = append(q.slots, slot[K]{})
	q.up(len(q.slots)-1, slot[K]{key: key, seq: q.seq, handle: h})
	return h
}

// Peek returns the first entry without removing it.
func (q *Queue[K, V]) Peek() (value V, key K, ok bool) {
	if len(q.slots) == 0 {
		return value, key, false
	}
	s := &q.slots[0]
	return q.entries[s.handle].value, s.key, true
}

// Pop removes the first entry and returns it.
func (q *Queue[K, V]) Pop() (value V, key K, ok bool) {
	if len(q.slots) == 0 {
		return value, key, false
	}
	first := q.slots[0]
	return q.cut(0, first.handle), first.key, true
}

// Key is the key of the entry h.
func (q *Queue[K, V]) Key(h Handle) K { return q.slots[q.entries[h].pos].key }

// Remove takes the entry h out and returns its value.
func (q *Queue[K, V]) Remove(h Handle) V { return q.cut(int(q.entries[h].pos), h) }

// Update gives the entry h another key and puts it behind all others of that key.
func (q *Queue[K, V]) Update(h Handle, key K) {
	q.seq++
	q.settle(int(q.entries[h].pos), slot[K]{key: key, seq: q.seq, handle: h})
}

// cut removes the slot i, which belongs to h.
func (q *Queue[K, V]) cut(i int, h Handle) V {
	last := len(q.slots) - 1
	moved := q.slots[last]
	q.slots = q.slots[:last]
	if i < last {
		q.settle(i, moved)
	}
	return q.release(h)
}

// settle puts s into the hole at i, moving it up or down to where it belongs.
func (q *Queue[K, V]) settle(i int, s slot[K]) {
	if i > 0 && s.before(&q.slots[(i-1)/arity]) {
		q.up(i, s)
		return
	}
	q.down(i, s)
}

func (q *Queue[K, V]) up(i int, s slot[K]) {
	for i > 0 {
		parent := (i - 1) / arity
		if !s.before(&q.slots[parent]) {
			break
		}
		q.put(i, q.slots[parent])
		i = parent
	}
	q.put(i, s)
}

func (q *Queue[K, V]) down(i int, s slot[K]) {
	n := len(q.slots)
	for {
		child := i*arity + 1
		if child >= n {
			break
		}
		least := child
		for c := child + 1; c < min(child+arity, n); c++ {
			if q.slots[c].before(&q.slots[least]) {
				least = c
			}
		}
		if !q.slots[least].before(&s) {
			break
		}
		q.put(i, q.slots[least])
		i = least
	}
	q.put(i, s)
}

func (q *Queue[K, V]) put(i int, s slot[K]) {
	q.slots[i] = s
	q.entries[s.handle].pos = int32(i)
}

func (s *slot[K]) before(o *slot[K]) bool {
	return s.key < o.key || (s.key == o.key && s.seq < o.seq)
}

func (q *Queue[K, V]) allocate(value V) Handle {
	if q.free == 0 {
		q.entries = append(q.entries, entry[V]{value: value})
		return Handle(len(q.entries) - 1)
	}
	h := Handle(q.free - 1)
	q.free = q.entries[h].pos
	q.entries[h].value = value
	return h
}

func (q *Queue[K, V]) release(h Handle) V {
	var zero V
	value := q.entries[h].value
	q.entries[h] = entry[V]{value: zero, pos: q.free}
	q.free = int32(h) + 1
	return value
}
