package exec

import (
	"bytes"
	"io"
)

// readLines reads blocks of whole lines until an error. A line of limitBytes or more is cut there, and the
// rest of it only counted. Blocks end in a newline, but for the very last, and are overwritten by
// the next.
func readLines(r io.Reader, limitBytes int, block func([]byte), skipped func(int)) {
	b := lineBuffer{buf: make([]byte, limitBytes, limitBytes+1), block: block, skipped: skipped}
	for {
		n, err := r.Read(b.buf[b.have:])
		b.add(n)
		if err != nil {
			b.flush(b.have)
			return
		}
	}
}

type lineBuffer struct {
	buf     []byte // with room for a newline behind
	have    int    // bytes of buf that are in use
	cut     bool   // inside the rest of a line that was cut; have is 0
	block   func([]byte)
	skipped func(int)
}

func (b *lineBuffer) add(n int) {
	b.have += n
	if b.cut && !b.resume() {
		return
	}
	if end := bytes.LastIndexByte(b.buf[:b.have], '\n') + 1; end > 0 {
		b.flush(end)
	}
	if b.have == len(b.buf) {
		b.block(append(b.buf, '\n'))
		b.have, b.cut = 0, true
	}
}

// resume looks for the end of a cut line.
func (b *lineBuffer) resume() bool {
	end := bytes.IndexByte(b.buf[:b.have], '\n')
	b.cut = end < 0
	if b.cut {
		end = b.have
		b.skipped(end)
		b.have = 0
		return false
	}
	b.skipped(end)
	b.have = copy(b.buf, b.buf[end+1:b.have])
	return true
}

func (b *lineBuffer) flush(end int) {
	if end > 0 {
		b.block(b.buf[:end])
		b.have = copy(b.buf, b.buf[end:b.have])
	}
}
