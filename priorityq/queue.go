// Package priorityq is an indexed priority queue: least key first, first in first out among equals.
// It knows order, not time.
//
// A [Queue] is a 4-ary heap whose keys lie in the heap's own slots, so that a comparison follows no
// pointer. Every operation costs O(log n) or less and, once the queue has grown, allocates nothing.
// An [Indexed] is the same for values that are small numbers, without the table that turns handles into values.
package priorityq

import "cmp"

// Handle names an entry from its Push to its Pop or Remove; after that it may name another one.
type Handle int32

// Queue holds values by key. The zero Queue is empty and ready. It is not safe for concurrent use.
// Floating-point keys must not be NaN.
type Queue[K cmp.Ordered, V any] struct {
	heap   Indexed[K] // of handles
	values []V        // by handle
	// free heads the list of unused handles, linked through the positions that the heap has no use for then; the value
	// is one more than the handle.
	free int32
}

// Len is the number of entries.
func (q *Queue[K, V]) Len() int { return q.heap.Len() }

// Push adds a value, behind all others of the same key.
func (q *Queue[K, V]) Push(key K, value V) Handle {
	h := q.allocate(value)
	q.heap.Push(int32(h), key)
	return h
}

// Peek returns the first entry without removing it.
func (q *Queue[K, V]) Peek() (value V, key K, ok bool) {
	h, key, ok := q.heap.Peek()
	if !ok {
		return value, key, false
	}
	return q.values[h], key, true
}

// Pop removes the first entry and returns it.
func (q *Queue[K, V]) Pop() (value V, key K, ok bool) {
	h, key, ok := q.heap.Pop()
	if !ok {
		return value, key, false
	}
	return q.release(Handle(h)), key, true
}

// Key is the key of the entry h.
func (q *Queue[K, V]) Key(h Handle) K { return q.heap.Key(int32(h)) }

// Remove takes the entry h out and returns its value.
func (q *Queue[K, V]) Remove(h Handle) V {
	q.heap.Remove(int32(h))
	return q.release(h)
}

// Update gives the entry h another key and puts it behind all others of that key.
func (q *Queue[K, V]) Update(h Handle, key K) { q.heap.Update(int32(h), key) }

func (q *Queue[K, V]) allocate(value V) Handle {
	if q.free == 0 {
		q.values = append(q.values, value)
		return Handle(len(q.values) - 1)
	}
	h := Handle(q.free - 1)
	q.free = q.heap.pos[h]
	q.values[h] = value
	return h
}

// release gives back the handle h, which the heap has let go.
func (q *Queue[K, V]) release(h Handle) V {
	value := q.values[h]
	if q.heap.pos == nil { // it has given back the room of a crowd
		*q = Queue[K, V]{}
		return value
	}
	var zero V
	q.values[h] = zero
	q.heap.pos[h] = q.free
	q.free = int32(h) + 1
	return value
}
