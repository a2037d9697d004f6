package history

import (
	"time"

	"github.com/peakd/peakd/daemonapp"
)

// book turns records into the entries that are to be written. Entries that are alike and follow one another share
// one: consecutive idle runs, held moments or missed times of a daemon.
type book struct {
	mask    func(string) string
	lines   map[string]*line
	running map[string]record // runs in flight by their daemon
	queue   []*row            // to be written with the next commit, in this order
}

// line is what is still open of a daemon: the entries that the next event may share.
type line struct{ idle, held, missed *row }

// longestShare is how long a time one entry may stand for.
const longestShare = 24 * time.Hour

func newBook(mask func(string) string) *book {
	return &book{mask: mask, lines: map[string]*line{}, running: map[string]record{}}
}

// fold takes in a record.
func (b *book) fold(rec *record) {
	switch rec.event {
	case daemonapp.RunStarted:
		b.running[rec.daemon] = *rec
		return
	case daemonapp.RunEnded, daemonapp.Stuck:
		delete(b.running, rec.daemon)
	case daemonapp.Removed:
		b.close(rec.daemon)
		return
	default:
	}
	r := newRow(rec, b.mask)
	switch rec.word {
	case wordIdle, wordHeld, wordMissed:
		b.share(r)
	default:
		b.close(rec.daemon)
		b.enqueue(r)
	}
}

// share puts an entry under the open one of its kind, or opens it.
func (b *book) share(r *row) {
	l := b.lines[r.daemon]
	if l == nil {
		l = &line{}
		b.lines[r.daemon] = l
	}
	open := l.of(r.word)
	if o := *open; o != nil && o.digest == r.digest && alike(o.text, r.text) && r.at-o.since < int64(longestShare) {
		o.extend(r)
		return
	}
	b.settle(*open)
	*open = r
	b.enqueue(r)
}

func (l *line) of(w word) **row {
	switch w {
	case wordHeld:
		return &l.held
	case wordMissed:
		return &l.missed
	default:
		return &l.idle
	}
}

// close ends what is open of a daemon: something else has happened to it.
func (b *book) close(daemon string) {
	l := b.lines[daemon]
	if l == nil {
		return
	}
	b.settleLine(l)
	delete(b.lines, daemon)
}

func (b *book) settleLine(l *line) {
	b.settle(l.idle)
	b.settle(l.held)
	b.settle(l.missed)
}

// settle has an entry written if it has changed. Those that are open are not written at each change: hundreds of queues
// that find nothing would keep the disk busy.
func (b *book) settle(r *row) {
	if r != nil && r.stale {
		b.enqueue(r)
	}
}

// settleAll has all that is open written as far as it has come.
func (b *book) settleAll() {
	for _, l := range b.lines {
		b.settleLine(l)
	}
}

func (b *book) enqueue(r *row) {
	if !r.queued {
		r.queued = true
		b.queue = append(b.queue, r)
	}
}

// written empties the queue: it is in the file.
func (b *book) written() {
	for i, r := range b.queue {
		r.queued, r.stale, r.output = false, false, nil
		b.queue[i] = nil
	}
	b.queue = b.queue[:0]
}

// missing notes that there are events that nobody saw the record of: entries that follow one another in the book did not
// in the world, and of a run in flight it is not known whether it still is.
func (b *book) missing(n int, now int64, why string) {
	b.settleAll()
	clear(b.lines)
	clear(b.running)
	b.enqueue(newRow(&record{word: wordDropped, at: now, times: n, why: why}, b.mask))
}

// lose makes runs that an earlier process left in flight entries.
func (b *book) lose(left []record, now int64) {
	for i := range left {
		left[i].word, left[i].at, left[i].why, left[i].times = wordLost, now, lostWhy, 1
		b.enqueue(newRow(&left[i], b.mask))
	}
}

const lostWhy = "interrupted: the host died or peakd was killed"
