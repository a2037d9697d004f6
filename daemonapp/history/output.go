package history

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"

	"github.com/peakd/peakd/daemonapp"
)

// Output is what a run has written: the first and the last of it.
type Output struct {
	Head, Tail []byte
	// Dropped is how many bytes are missing between them.
	Dropped int64
}

// packed is the output of a run as stored.
type packed struct {
	head, tail int
	dropped    int64
	deflate    bool
	text       []byte
}

// worthPacking is how many bytes are compressed: less gains nothing.
const worthPacking = 256

func pack(o *daemonapp.Report, mask func(string) string) packed {
	head, tail := []byte(mask(string(o.Head))), []byte(mask(string(o.Tail)))
	p := packed{head: len(head), tail: len(tail), dropped: o.Dropped, text: append(head, tail...)}
	if len(p.text) < worthPacking {
		return p
	}
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err == nil {
		_, err = w.Write(p.text)
		err = errors.Join(err, w.Close())
	}
	if err == nil && b.Len() < len(p.text) {
		p.deflate, p.text = true, b.Bytes()
	}
	return p
}

// unpack is the output that was packed.
func (p packed) unpack() (Output, error) {
	whole := p.text
	if p.deflate {
		r := flate.NewReader(bytes.NewReader(p.text))
		var err error
		if whole, err = io.ReadAll(io.LimitReader(r, int64(p.head)+int64(p.tail)+1)); err != nil {
			return Output{}, err
		}
	}
	if p.head < 0 || p.tail < 0 || len(whole) != p.head+p.tail {
		return Output{}, errors.New("the stored output is not as long as it should be")
	}
	return Output{Head: whole[:p.head:p.head], Tail: whole[p.head:], Dropped: p.dropped}, nil
}
