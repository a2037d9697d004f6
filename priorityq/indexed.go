package priorityq

import (
	"cmp"
	"math"
	"slices"
)

const arity = 4

// Indexed is a queue of small numbers, each of which stands in it at most once and is its own handle. It suits values that
// are numbered densely: it keeps room for all numbers up to the greatest that has been pushed. The zero Indexed is empty
// and ready. It is not safe for concurrent use. Floating-point keys must not be NaN.
type Indexed[K cmp.Ordered] struct {
	// slots is the heap. Its first slot may stand empty: Pop leaves it so for the next Push, as to replace the first
	// entry costs one way through the heap where to remove and to add cost two. The entry that is first then is the
	// one at heir; 0 means that no slot is empty.
	slots []slot[K]
	heir  int
	pos   []int32 // of each number in slots
	room  int     // for how many there is to be room when the queue is empty, by Grow
	seq   uint32
}

// slot is 16 bytes with a key of 8, so that the four children of a slot lie in two lines of the cache at most.
type slot[K cmp.Ordered] struct {
	key    K
	seq    uint32 // of arrival; see number
	number int32
}

// roomy is how many entries the room is kept for when the queue has become empty.
const roomy = 1024

// Len is how many numbers stand in the queue.
func (q *Indexed[K]) Len() int {
	if q.heir > 0 {
		return len(q.slots) - 1
	}
	return len(q.slots)
}

// Grow makes room for n more entries, whose numbers follow those there were. The room is kept when the queue is empty.
func (q *Indexed[K]) Grow(n int) {
	q.slots, q.pos = slices.Grow(q.slots, n), slices.Grow(q.pos, n)
	q.room = cap(q.slots)
}

// Push adds the number i, which must not be there, behind all others of the same key.
func (q *Indexed[K]) Push(i int32, key K) {
	for int(i) >= len(q.pos) {
		q.pos = append(q.pos, 0)
	}
	s := slot[K]{key: key, seq: q.arrival(), number: i}
	if q.heir > 0 {
		q.fill(s)
		return
	}
	q.slots = append(q.slots, slot[K]{})
	q.up(len(q.slots)-1, s)
}

// Peek returns the first entry without removing it.
func (q *Indexed[K]) Peek() (i int32, key K, ok bool) {
	if len(q.slots) == 0 {
		return 0, key, false
	}
	s := &q.slots[q.heir]
	return s.number, s.key, true
}

// Pop removes the first entry and returns it.
func (q *Indexed[K]) Pop() (i int32, key K, ok bool) {
	if q.heir > 0 {
		q.close()
	}
	if len(q.slots) == 0 {
		return 0, key, false
	}
	i, key = q.slots[0].number, q.slots[0].key
	if len(q.slots) == 1 {
		q.clear()
	} else {
		q.heir = q.least(1)
	}
	return i, key, true
}

// Key is the key of the number i, which must be there.
func (q *Indexed[K]) Key(i int32) K { return q.slots[q.pos[i]].key }

// Remove takes the number i out, which must be there.
func (q *Indexed[K]) Remove(i int32) {
	q.close()
	q.cut(int(q.pos[i]))
}

// Replace puts the number j, which must not be there, in the place of i, which must be.
func (q *Indexed[K]) Replace(i, j int32) {
	for int(j) >= len(q.pos) {
		q.pos = append(q.pos, 0)
	}
	q.pos[j] = q.pos[i]
	q.slots[q.pos[j]].number = j
}

// Update gives the number i another key and puts it behind all others of that key.
func (q *Indexed[K]) Update(i int32, key K) {
	q.close()
	s := slot[K]{key: key, seq: q.arrival(), number: i}
	q.settle(int(q.pos[i]), s)
}

// arrival is the next number of arrival. When there are no more, the entries are numbered afresh: once in four thousand
// million calls.
func (q *Indexed[K]) arrival() uint32 {
	if q.seq == math.MaxUint32 {
		q.renumber()
	}
	q.seq++
	return q.seq
}

// renumber gives the entries new numbers of arrival, in their order.
func (q *Indexed[K]) renumber() {
	q.close()
	slices.SortFunc(q.slots, func(a, b slot[K]) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.seq, b.seq))
	})
	for i := range q.slots {
		q.slots[i].seq = uint32(i)
		q.pos[q.slots[i].number] = int32(i)
	}
	q.seq = uint32(len(q.slots))
}

// cut removes the slot at i; there is no gap.
func (q *Indexed[K]) cut(i int) {
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
}

// close fills the gap, if there is one.
func (q *Indexed[K]) close() {
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
func (q *Indexed[K]) fill(s slot[K]) {
	heir := q.heir
	q.heir = 0
	q.sink(0, heir, s)
}

// clear empties the queue and gives back the room that a crowd has taken.
func (q *Indexed[K]) clear() {
	if cap(q.slots) > max(roomy, q.room) {
		*q = Indexed[K]{room: q.room}
		return
	}
	q.slots = q.slots[:0]
}

// settle puts s into the hole at i, moving it up or down to where it belongs.
func (q *Indexed[K]) settle(i int, s slot[K]) {
	if i > 0 && s.before(&q.slots[(i-1)/arity]) {
		q.up(i, s)
		return
	}
	q.down(i, s)
}

func (q *Indexed[K]) up(i int, s slot[K]) {
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

func (q *Indexed[K]) down(i int, s slot[K]) {
	if child := i*arity + 1; child < len(q.slots) {
		q.sink(i, q.least(child), s)
		return
	}
	q.put(i, s)
}

// sink puts s into the hole at i, or below; child is the first in order of those below i.
func (q *Indexed[K]) sink(i, child int, s slot[K]) {
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

// least is the first in order of the slots that have the same parent as i, the first of them. Which of four comes first
// no processor can guess, so that a full set is asked without a branch on the keys.
func (q *Indexed[K]) least(i int) int {
	if i+arity <= len(q.slots) {
		c := q.slots[i : i+arity : i+arity]
		a, b := second(&c[0], &c[1]), 2+second(&c[2], &c[3])
		return i + a + (b-a)*second(&c[a&3], &c[b&3])
	}
	least := i
	for c := i + 1; c < min(i+arity, len(q.slots)); c++ {
		if q.slots[c].before(&q.slots[least]) {
			least = c
		}
	}
	return least
}

// second is 1 if o comes before s, otherwise 0.
func second[K cmp.Ordered](s, o *slot[K]) int {
	n := 0
	if o.key < s.key {
		n = 1
	}
	if o.key == s.key && o.seq < s.seq {
		return 1
	}
	return n
}

func (q *Indexed[K]) put(i int, s slot[K]) {
	q.slots[i] = s
	q.pos[s.number] = int32(i)
}

func (s *slot[K]) before(o *slot[K]) bool {
	return s.key < o.key || (s.key == o.key && s.seq < o.seq)
}
