package history

import (
	"errors"
	"fmt"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/gofrs/flock"

	"github.com/peakd/peakd/daemonapp/internal/sqlite"
)

const (
	// gather is how long an event waits for others to be written with it.
	gather = 200 * time.Millisecond
	// settleEvery is how long what open entries have grown by may not be in the file.
	settleEvery = time.Minute
	// minRest and maxRest are the first and the longest wait after something went wrong.
	minRest = time.Second
	maxRest = time.Minute
)

// writer is the goroutine that writes, and what belongs to it.
type writer struct {
	*Recorder
	clock clock.Clock
	dir   string
	book  *book
	keep  *keeper
	lock  *flock.Flock
	store *store // nil while the file cannot be used
	next  int64  // the number of the next entry, while it cannot
	used  bool   // it could be, once

	rest    time.Duration // how long the present rest is; 0 while all is well
	retryAt time.Time     // when it is over
	writeAt time.Time     // when what waits is written; zero: nothing waits
	settles time.Time     // when what is open is written
}

func newWriter(r *Recorder, dir string) *writer {
	now := r.options.Clock.Now()
	return &writer{
		Recorder: r, clock: r.options.Clock, dir: dir, book: newBook(r.options.Mask), keep: newKeeper(&r.options),
		settles: now.Add(settleEvery),
	}
}

func (w *writer) loop() {
	defer close(w.written)
	w.try()
	for {
		select {
		case <-w.closing:
			w.end()
			return
		default:
		}
		w.wait()
	}
}

// wait waits for whatever comes next and does it.
func (w *writer) wait() {
	timer := w.clock.Timer(max(w.until().Sub(w.clock.Now()), 0))
	defer timer.Stop()
	select {
	case <-w.wake:
		if w.writeAt.IsZero() {
			w.writeAt = w.clock.Now().Add(gather)
		}
	case <-timer.C:
		w.due(w.clock.Now())
	case answer := <-w.flushes:
		w.book.settleAll()
		answer <- w.write()
	case <-w.closing:
	}
}

// until is when there is something to do.
func (w *writer) until() time.Time {
	if w.store == nil {
		return w.retryAt
	}
	next := w.settles
	for _, at := range []time.Time{w.writeAt, w.keep.next} {
		if !at.IsZero() && at.Before(next) {
			next = at
		}
	}
	return next
}

// due does what its time has come for.
func (w *writer) due(now time.Time) {
	if w.store == nil {
		if !now.Before(w.retryAt) {
			w.try()
		}
		return
	}
	if !now.Before(w.settles) {
		w.settles = now.Add(settleEvery)
		w.book.settleAll()
		w.writeAt = now
	}
	if !w.writeAt.IsZero() && !now.Before(w.writeAt) {
		_ = w.write() // fail has told
	}
	if w.store != nil && !now.Before(w.keep.next) {
		w.tend(now)
	}
}

// try opens the file and writes what waits for it.
func (w *writer) try() {
	if err := w.open(); err != nil {
		w.fail(err)
		return
	}
	_ = w.write() // fail has told
}

func (w *writer) open() (err error) {
	if err := sqlite.PrepareDir(w.dir); err != nil {
		return err
	}
	if w.lock == nil {
		if w.lock, err = sqlite.Lock(w.dir, "history.lock"); err != nil {
			return err
		}
	}
	store, left, err := openStore(w.dir, w.next, w.options.Mask)
	if err != nil {
		return err
	}
	w.store = store
	if !w.used { // later it is this process's own runs that the file knows
		w.used = true
		w.book.lose(left, instant(w.clock.Now()))
	}
	return nil
}

// write writes what was observed. While the file cannot be used it takes only as much as there is room for.
func (w *writer) write() error {
	room := len(w.book.queue) < w.options.Buffer
	if room {
		w.fold()
	}
	if w.store == nil {
		if err := w.open(); err != nil {
			w.fail(err)
			return err
		}
	}
	if err := w.store.save(w.book); err != nil {
		w.fail(err)
		return err
	}
	w.writeAt = time.Time{}
	if !room {
		w.writeAt = w.clock.Now() // nothing tells of what waits behind the queue
	}
	w.keep.added(w.book.queue, w.clock.Now())
	w.book.written()
	w.well()
	return nil
}

// fold takes over what was observed.
func (w *writer) fold() {
	blocks, dropped := w.take()
	for _, one := range blocks {
		for i := range one.n {
			w.book.fold(&one.records[i])
		}
	}
	w.recycle(blocks)
	if dropped > 0 {
		why := "events came faster than they could be written"
		if w.rest > 0 {
			why = "the history could not be written"
		}
		w.book.missing(dropped, instant(w.clock.Now()), why)
	}
}

// fail closes the file and rests. The first of several errors is told.
func (w *writer) fail(err error) {
	if w.store != nil {
		w.next = w.store.next
		_ = w.store.close() // err tells what happened
		w.store = nil
	}
	first := w.rest == 0
	w.rest = min(max(2*w.rest, minRest), maxRest)
	w.retryAt = w.clock.Now().Add(w.rest)
	if first {
		w.options.OnError(fmt.Errorf("record history in %s: %w", w.dir, err))
	}
}

func (w *writer) well() {
	if w.rest > 0 {
		w.rest = 0
		w.options.OnError(nil)
	}
}

// tend keeps the file within its limits, a little at a time.
func (w *writer) tend(now time.Time) {
	if w.store.moved() {
		w.fail(errors.New("the file was moved away"))
		w.retryAt = now
		return
	}
	if err := w.keep.tend(w.store, now); err != nil {
		w.fail(file().Explain(err))
	}
}

// end writes what is left. No run is in flight any more, but what was abandoned and told.
func (w *writer) end() {
	w.fold()
	clear(w.book.running)
	w.book.settleAll()
	err := w.write()
	if err != nil {
		err = fmt.Errorf("close history: %d entries are lost: %w", len(w.book.queue), err)
	}
	if w.store != nil {
		err = errors.Join(err, w.store.close())
	}
	if w.lock != nil {
		err = errors.Join(err, w.lock.Unlock())
	}
	w.final = err
}
