// Package priorityq is an indexed priority queue: least key first, first in first out among equals.
// It knows order, not time.
//
// A [Queue] is a 4-ary heap whose keys lie in the heap's own slots, so that a comparison follows no
// pointer. Every operation costs O(log n) or less and, once the queue has grown, allocates nothing.
package priorityq

import (
	"cmp"
	"math"
	"slices"
)

// Handle names an entry from its Push to its Pop or Remove; after that it may name another one.
type Handle int32

const arity = 4

// Queue holds values by key. The zero Queue is empty and ready. It is not safe for concurrent use.
// Floating-point keys must not be NaN.
type Queue[K cmp.Ordered, V any] struct {
	// slots is the heap. Its first slot may stand empty: Pop leaves it so for the next Push, as to replace the first
	// entry costs one way through the heap where to remove and to add cost two. The entry that is first then is the
	// one at heir; 0 means that no slot is empty.
	slots   []slot[K]
	heir    int
	entries []entry[V]
	// free heads the list of unused entries, linked through entry.pos; the value is one more than the index.
	free int32
	seq  uint32
}

// slot is 16 bytes with a key of 8, so that the four children of a slot lie in two lines of the cache at most.
type slot[K cmp.Ordered] struct {
	key    K
	seq    uint32 // of arrival; see number
	handle Handle
}

type entry[V any] struct {
	value V
	pos   int32
}

// roomy is how many entries the room is kept for when the queue has become empty.
const roomy = 1024

// Len is the number of entries.
func (q *Queue[K, V]) Len() int {
	if q.heir > 0 {
		return len(q.slots) - 1
	}
	return len(q.slots)
}

// Grow makes room for n more entries.
func (q *Queue[K, V]) Grow(n int) {
	q.slots, q.entries = slices.Grow(q.slots, n), slices.Grow(q.entries, n)
}

// Push adds a value, behind all others of the same key.
func (q *Queue[K, V]) Push(key K, value V) Handle {
	h := q.allocate(value)
	s := slot[K]{key: key, seq: q.number(), handle: h}
	if q.heir > 0 {
		q.fill(s)
		return h
	}
	q.slots = append(q.slots, slot[K]{})
	q.up(len(q.slots)-1, s)
	return h
}

// Peek returns the first entry without removing it.
func (q *Queue[K, V]) Peek() (value V, key K, ok bool) {
	if len(q.slots) == 0 {
		return value, key, false
	}
	s := &q.slots[q.heir]
	return q.entries[s.handle].value, s.key, true
}

// Pop removes the first entry and returns it.
func (q *Queue[K, V]) Pop() (value V, key K, ok bool) {
	if q.heir > 0 {
		q.close()
	}
	if len(q.slots) == 0 {
		return value, key, false
	}
	first := q.slots[0]
	value = q.release(first.handle)
	if len(q.slots) == 1 {
		q.clear()
	} else {
		q.heir = q.least(1)
	}
	return value, first.key, true
}

// Key is the key of the entry h.
func (q *Queue[K, V]) Key(h Handle) K { return q.slots[q.entries[h].pos].key }

// Remove takes the entry h out and returns its value.
func (q *Queue[K, V]) Remove(h Handle) V {
	q.close()
	return q.cut(int(q.entries[h].pos), h)
}

// Replace gives the entry h another value; its key and its place stay.
func (q *Queue[K, V]) Replace(h Handle, value V) { q.entries[h].value = value }

// Update gives the entry h another key and puts it behind all others of that key.
func (q *Queue[K, V]) Update(h Handle, key K) {
	q.close()
	seq := q.number()
	q.settle(int(q.entries[h].pos), slot[K]{key: key, seq: seq, handle: h})
}

// number is the next number of arrival. When there are no more, the entries are numbered afresh: once in four thousand
// million calls.
func (q *Queue[K, V]) number() uint32 {
	if q.seq == math.MaxUint32 {
		q.renumber()
	}
	q.seq++
	return q.seq
}

// renumber numbers the entries afresh, in their order.
func (q *Queue[K, V]) renumber() {
	q.close()
	slices.SortFunc(q.slots, func(a, b slot[K]) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.seq, b.seq))
	})
	for i := range q.slots {
		q.slots[i].seq = uint32(i)
		q.entries[q.slots[i].handle].pos = int32(i)
	}
	q.seq = uint32(len(q.slots))
}

// cut removes the slot i, which belongs to h; there is no gap.
func (q *Queue[K, V]) cut(i int, h Handle) V {
	value := q.release(h)
	last := len(q.slots) - 1
	switch {
	case last == 0:
		q.clear()
	case i == 0:
		q.heir = q.least(1)
	default:
		moved := q.slots[last]
		q.slots = q.slots[:last]
		if i < last {
			q.settle(i, moved)
		}
	}
	return value
}

// close fills the gap, if there is one.
func (q *Queue[K, V]) close() {
	if q.heir == 0 {
		return
	}
	last := len(q.slots) - 1
	moved := q.slots[last]
	q.slots = q.slots[:last]
	if q.heir == last {
		q.heir = 0
		q.put(0, moved)
		return
	}
	q.fill(moved)
}

// fill puts s into the gap, or where it belongs once the heir has taken that.
func (q *Queue[K, V]) fill(s slot[K]) {
	heir := q.heir
	q.heir = 0
	q.sink(0, heir, s)
}

// clear empties the queue and gives back the room that a crowd has taken.
func (q *Queue[K, V]) clear() {
	if cap(q.slots) > roomy {
		*q = Queue[K, V]{}
		return
	}
	q.slots = q.slots[:0]
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
	if child := i*arity + 1; child < len(q.slots) {
		q.sink(i, q.least(child), s)
		return
	}
	q.put(i, s)
}

// sink puts s into the hole at i, or below; child is the first in order of those below i.
func (q *Queue[K, V]) sink(i, child int, s slot[K]) {
	for q.slots[child].before(&s) {
		q.put(i, q.slots[child])
		i, child = child, child*arity+1
		if child >= len(q.slots) {
			break
		}
		child = q.least(child)
	}
	q.put(i, s)
}

// least is the first in order of the slots that have the same parent as i, the first of them.
func (q *Queue[K, V]) least(i int) int {
	least := i
	for c := i + 1; c < min(i+arity, len(q.slots)); c++ {
		if q.slots[c].before(&q.slots[least]) {
			least = c
		}
	}
	return least
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
