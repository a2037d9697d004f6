package filecleanup

import (
	"cmp"
	"container/heap"
	"slices"
)

// candidate is something that may have to go: a file, or a subtree.
type candidate struct {
	// dir is the path of its directory below the cleaned one, "" for that itself.
	dir, name string
	id        fileID
	kind      kind
	// at is its time in the sense of the rule, size its size in bytes.
	at, size int64
}

// older orders candidates: the oldest first, and by path among those of one time.
func older(a, b candidate) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.dir, b.dir), cmp.Compare(a.name, b.name))
}

// ranking collects candidates and keeps the oldest of them, so that its memory has a bound.
type ranking struct {
	limit  int
	count  int
	total  int64
	oldest newestFirst
}

// add takes one candidate in.
func (r *ranking) add(c candidate) {
	r.count++
	r.total += c.size
	if len(r.oldest) < r.limit {
		heap.Push(&r.oldest, c)
		return
	}
	if older(c, r.oldest[0]) < 0 {
		r.oldest[0] = c
		heap.Fix(&r.oldest, 0)
	}
}

// plan answers what may go, the oldest first; the newest `keep` of all are not among them.
func (r *ranking) plan(keep int, maximum int64) *plan {
	slices.SortFunc(r.oldest, older)
	spare := max(r.count-keep, 0)
	return &plan{
		queue: r.oldest[:min(spare, len(r.oldest))],
		cut:   spare > len(r.oldest),
		total: r.total, maximum: maximum,
	}
}

// plan is the order in which candidates go, and when it is enough.
type plan struct {
	queue []candidate
	// cut tells that there are more that could go than the queue holds.
	cut bool
	// total is the size of all that is left, maximum what it may be (0 = no limit).
	total, maximum int64
}

// next is the candidate that must go now, if any; old says who has reached the age.
// The queue is in the order of age, so the first that may stay ends it.
func (p *plan) next(old, removable func(at int64) bool) (candidate, bool) {
	if len(p.queue) == 0 {
		return candidate{}, false
	}
	c := p.queue[0]
	if !removable(c.at) || (!old(c.at) && !p.tooLarge()) {
		return candidate{}, false
	}
	return c, true
}

// done takes the first candidate off, removed or left alone.
func (p *plan) done(removed bool) {
	if removed {
		p.total -= p.queue[0].size
	}
	p.queue = p.queue[1:]
}

func (p *plan) tooLarge() bool { return p.maximum > 0 && p.total > p.maximum }

// newestFirst is a heap whose first element is the newest.
type newestFirst []candidate

func (h newestFirst) Len() int           { return len(h) }
func (h newestFirst) Less(i, j int) bool { return older(h[i], h[j]) > 0 }
func (h newestFirst) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *newestFirst) Push(x any)        { *h = append(*h, x.(candidate)) }
func (h *newestFirst) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
