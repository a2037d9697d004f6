package control

import "sync"

// buffer is what one reader has not read yet. It is bounded: what is put into a full one pushes out the oldest, which is
// counted. Any goroutine may put; one takes.
type buffer[T any] struct {
	news chan struct{} // put sends without blocking, the reader receives

	mu      sync.Mutex // guards all below
	ring    []T        // the oldest at head; grows up to limit
	weights []int      // of what the ring holds, at the same places
	head    int
	count   int
	weight  int // sum of weights
	dropped int64

	limit       int // how many it holds
	limitWeight int // how much they weigh together; 0: any
}

func newBuffer[T any](limit, limitWeight int) *buffer[T] {
	return &buffer[T]{news: make(chan struct{}, 1), limit: limit, limitWeight: limitWeight}
}

// put never blocks on the reader.
func (b *buffer[T]) put(v T, weight int) {
	b.mu.Lock()
	for b.count > 0 && (b.count == b.limit || b.limitWeight > 0 && b.weight+weight > b.limitWeight) {
		b.pop()
		b.dropped++
	}
	if b.count == len(b.ring) {
		b.grow()
	}
	at := (b.head + b.count) % len(b.ring)
	b.ring[at], b.weights[at] = v, weight
	b.count++
	b.weight += weight
	b.mu.Unlock()
	select {
	case b.news <- struct{}{}:
	default:
	}
}

func (b *buffer[T]) pop() (v T) {
	var none T
	v = b.ring[b.head]
	b.weight -= b.weights[b.head]
	b.ring[b.head], b.weights[b.head] = none, 0
	b.head = (b.head + 1) % len(b.ring)
	b.count--
	return v
}

func (b *buffer[T]) grow() {
	size := min(max(2*len(b.ring), 16), b.limit)
	ring, weights := make([]T, size), make([]int, size)
	for i := range b.count {
		from := (b.head + i) % len(b.ring)
		ring[i], weights[i] = b.ring[from], b.weights[from]
	}
	b.ring, b.weights, b.head = ring, weights, 0
}

// take empties it into list, whose space is used again; dropped is how many are missing before the first.
func (b *buffer[T]) take(list []T) (_ []T, dropped int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	list = list[:0]
	for b.count > 0 {
		list = append(list, b.pop())
	}
	dropped, b.dropped = b.dropped, 0
	return list, dropped
}
