package control

import "sync"

// buffer is what one reader has not read yet. It is bounded: what is put into a full one pushes out the oldest, which is
// counted. Any goroutine may put; one takes, and has all at once, so that nobody who puts waits for longer than another.
type buffer[T any] struct {
	news chan struct{} // put sends without blocking, the reader receives

	mu      sync.Mutex // guards all below
	ring    ring[T]
	dropped int64

	limit       int // how many it holds
	limitWeight int // how much they weigh together; 0: any
}

// ring is a queue in a slice that is used round and round.
type ring[T any] struct {
	items   []T
	weights []int // of the items; nil where nothing weighs anything
	head    int   // where the oldest is
	count   int
	weight  int // sum of weights
}

func newBuffer[T any](limit, limitWeight int) *buffer[T] {
	return &buffer[T]{news: make(chan struct{}, 1), limit: limit, limitWeight: limitWeight}
}

// put never blocks on the reader. It copies what v points to.
func (b *buffer[T]) put(v *T, weight int) {
	b.mu.Lock()
	for b.ring.count > 0 && (b.ring.count == b.limit || b.limitWeight > 0 && b.ring.weight+weight > b.limitWeight) {
		b.ring.drop()
		b.dropped++
	}
	if b.ring.count == len(b.ring.items) {
		b.ring.grow(b.limit, b.limitWeight > 0)
	}
	b.ring.push(v, weight)
	b.mu.Unlock()
	select {
	case b.news <- struct{}{}:
	default:
	}
}

// take empties it into out, whose space is used from then on for what is put next; dropped is how many are missing before
// the first.
func (b *buffer[T]) take(out *ring[T]) (dropped int64) {
	out.clear()
	b.mu.Lock()
	defer b.mu.Unlock()
	*out, b.ring = b.ring, *out
	dropped, b.dropped = b.dropped, 0
	return dropped
}

func (r *ring[T]) at(i int) int {
	if i += r.head; i >= len(r.items) {
		i -= len(r.items)
	}
	return i
}

func (r *ring[T]) push(v *T, weight int) {
	at := r.at(r.count)
	r.items[at] = *v
	if r.weights != nil {
		r.weights[at] = weight
		r.weight += weight
	}
	r.count++
}

// drop leaves the oldest where it is: its place is the next to be used.
func (r *ring[T]) drop() {
	if r.weights != nil {
		r.weight -= r.weights[r.head]
	}
	r.head = r.at(1)
	r.count--
}

func (r *ring[T]) grow(limit int, weighs bool) {
	size := min(max(2*len(r.items), 16), limit)
	bigger := ring[T]{items: make([]T, size)}
	if weighs {
		bigger.weights = make([]int, size)
	}
	for i := range r.count {
		at := r.at(i)
		weight := 0
		if weighs {
			weight = r.weights[at]
		}
		bigger.push(&r.items[at], weight)
	}
	*r = bigger
}

// each calls do with the items, the oldest first.
func (r *ring[T]) each(do func(*T)) {
	for i := range r.count {
		do(&r.items[r.at(i)])
	}
}

// clear empties it, and lets go of what the items held.
func (r *ring[T]) clear() {
	used := r.items
	if r.head == 0 { // nothing was pushed out: what is used begins at 0
		used = used[:r.count]
	}
	clear(used)
	r.head, r.count, r.weight = 0, 0, 0
}
