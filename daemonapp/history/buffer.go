package history

// buffer is a queue of records in blocks: it grows without copying what is in it, under the lock of the app.
type buffer struct {
	blocks []*block
	spare  []*block // that were emptied
	n      int
}

type block struct {
	records [256]record
	n       int
}

func (b *buffer) push(r *record) {
	last := len(b.blocks) - 1
	if last < 0 || b.blocks[last].n == len(b.blocks[last].records) {
		b.blocks = append(b.blocks, b.empty())
		last++
	}
	in := b.blocks[last]
	in.records[in.n] = *r
	in.n++
	b.n++
}

func (b *buffer) empty() *block {
	n := len(b.spare)
	if n == 0 {
		return &block{}
	}
	e := b.spare[n-1]
	b.spare = b.spare[:n-1]
	return e
}

// spareBlocks is how many emptied blocks are kept for what comes.
const spareBlocks = 16

// recycle takes back blocks that have been read.
func (b *buffer) recycle(read []*block) {
	b.spare = append(b.spare, read[:min(len(read), max(spareBlocks-len(b.spare), 0))]...)
}
