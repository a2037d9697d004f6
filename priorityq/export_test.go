package priorityq

// SetSeq sets the number of the latest arrival.
func (q *Queue[K, V]) SetSeq(n uint32) { q.heap.seq = n }

// Room is how many entries the queue has room for.
func (q *Queue[K, V]) Room() int { return max(cap(q.heap.slots), cap(q.values)) }
