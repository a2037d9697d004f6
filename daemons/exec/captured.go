package exec

// Captured is what is kept of the output of a run, both streams in the order of their arrival, with secrets
// masked. Nothing was dropped if Dropped is 0: then Head and Tail together are all there was.
type Captured struct {
	Head, Tail []byte
	// Dropped is how many bytes between them were not kept.
	Dropped int64
}

// KeepBytes bounds both the head and the tail of a [Captured].
const KeepBytes = 64 << 10

// rawBytes is kept of each end, more than is shown: a secret that straddles the edge is then masked before
// the cut, not shown in part.
const rawBytes = 2 * KeepBytes

// capture keeps both ends of what is added to it, in bounded memory.
type capture struct {
	head, tail []byte // in between are the moved bytes
	moved      int64
	skipped    int64
}

func (c *capture) add(block []byte) {
	n := min(rawBytes-len(c.head), len(block))
	c.head = append(c.head, block[:n]...)
	block = block[n:]
	if len(c.tail)+len(block) > 2*rawBytes { // seldom, so that a byte is moved once on average
		drop := min(len(c.tail), len(c.tail)+len(block)-rawBytes)
		c.moved += int64(drop)
		c.tail = append(c.tail[:0], c.tail[drop:]...)
	}
	c.tail = append(c.tail, block...)
}

// skip counts bytes that are not kept.
func (c *capture) skip(n int) { c.skipped += int64(n) }

// captured masks, and then cuts.
func (c *capture) captured(mask func(string) string) Captured {
	if c.moved == 0 {
		all := []byte(mask(string(c.head) + string(c.tail)))
		head := min(KeepBytes, len(all))
		tail := max(head, len(all)-KeepBytes)
		return Captured{Head: all[:head:head], Tail: all[tail:], Dropped: int64(tail-head) + c.skipped}
	}
	head, tail := []byte(mask(string(c.head))), []byte(mask(string(c.tail)))
	headEnd := min(KeepBytes, len(head))
	tailStart := min(len(tail), max(KeepBytes/4, len(tail)-KeepBytes)) // the first of it may be half a secret
	return Captured{
		Head: head[:headEnd:headEnd], Tail: tail[tailStart:],
		Dropped: c.moved + c.skipped + int64(len(head)-headEnd+tailStart),
	}
}
