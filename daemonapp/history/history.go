// Package history keeps what an app did: every run, every run that did not happen and why, and every act of those
// who steer it, in an SQLite file of the app's state directory.
//
// A [Recorder] is an observer of the app; it takes events into a bounded buffer, and one goroutine writes them, many
// in one commit. A disk that is full or a file that is broken never stops the app: it runs on without history, the
// entries that do not fit are counted, and the file is tried again and again. A [Reader] looks at the file from
// another process, whether an app runs or not.
package history

import (
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/peakd/peakd/daemonapp"
)

// FileName is the database's name in the state directory.
const FileName = "history.db"

// Options say what is kept, and for how long. For each limit 0 means none.
type Options struct {
	// KeepFor is how long an entry is kept; KeepFailedFor that of failed runs and of what people did.
	KeepFor, KeepFailedFor time.Duration
	// KeepRuns is how many entries of a daemon are kept at most, and as many again of those that KeepFailedFor is for.
	KeepRuns int
	// MaximumBytes is how large the file may grow. What is oldest goes first, failed runs last.
	MaximumBytes int64
	// Mask hides secrets in texts and in output; nil: there are none. It is called on the writer's goroutine.
	Mask func(string) string
	// OnError, which may be nil, is told on the writer's goroutine when recording begins to go wrong, and with nil when
	// it goes well again. It must not call Flush or Close.
	OnError func(error)
	// Buffer is how many events may wait to be written; 0 means 32768. BufferBytes is how much output they may hold
	// together, above which it is left out of the entries; 0 means 16 MiB.
	Buffer      int
	BufferBytes int
	// Clock says what time it is and how long to wait; nil means the real one.
	Clock clock.Clock
}

const (
	defaultBuffer      = 32 << 10
	defaultBufferBytes = 16 << 20
)

// Recorder is an observer that records. Its methods may be called from any goroutine.
type Recorder struct {
	options Options
	wake    chan struct{}     // of length 1: whoever changed something sends, the writer receives
	flushes chan chan<- error // Flush sends, the writer receives and answers
	closing chan struct{}     // closed by Close
	written chan struct{}     // closed when the writer has returned
	final   error             // what could not be written; set before written is closed
	once    sync.Once         // closes closing

	mu           sync.Mutex
	pending      buffer
	pendingBytes int
	dropped      int // since the writer looked
	droppedEver  int64
}

var _ daemonapp.Observer = (*Recorder)(nil)

// Open begins to record in dir, which must be private; it is made if it is missing. The file is opened behind the
// caller's back: what is wrong with it is told to OnError, and it is tried again until it can be used. One process at a
// time may record in a directory. Close ends it.
func Open(dir string, o Options) (*Recorder, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open history %s: %w", dir, err)
	}
	if o.Buffer <= 0 {
		o.Buffer = defaultBuffer
	}
	if o.BufferBytes <= 0 {
		o.BufferBytes = defaultBufferBytes
	}
	if o.Clock == nil {
		o.Clock = clock.New()
	}
	if o.OnError == nil {
		o.OnError = func(error) {}
	}
	if o.Mask == nil {
		o.Mask = func(text string) string { return text }
	}
	r := &Recorder{
		options: o, wake: make(chan struct{}, 1), flushes: make(chan chan<- error),
		closing: make(chan struct{}), written: make(chan struct{}),
	}
	go newWriter(r, dir).loop() // joined by Close, which waits for written
	return r, nil
}

// Observe implements [daemonapp.Observer]. It never blocks on the disk.
func (r *Recorder) Observe(e daemonapp.Event) {
	rec, ok := recorded(&e)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pending.n >= r.options.Buffer {
		if rec.word != 0 {
			r.dropped++
			r.droppedEver++
		}
		return
	}
	if rec.report != nil {
		r.admit(&rec)
	}
	r.pending.push(&rec)
	if r.pending.n == 1 {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
}

// admit leaves out the output of a run while too much waits to be written.
func (r *Recorder) admit(rec *record) {
	size := len(rec.report.Head) + len(rec.report.Tail)
	if r.pendingBytes+size <= r.options.BufferBytes {
		r.pendingBytes += size
		return
	}
	bare := *rec.report
	bare.Head, bare.Tail, bare.Dropped = nil, nil, bare.Dropped+int64(size)
	rec.report = &bare
}

// Dropped is how many entries were lost so far because there was no room for them in the buffer.
func (r *Recorder) Dropped() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.droppedEver
}

// take hands what was observed to the writer.
func (r *Recorder) take() (records []*block, dropped int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	records, dropped = r.pending.blocks, r.dropped
	r.pending.blocks, r.pending.n, r.pendingBytes, r.dropped = nil, 0, 0, 0
	return records, dropped
}

// recycle gives back what the writer has read.
func (r *Recorder) recycle(read []*block) {
	for _, one := range read {
		clear(one.records[:one.n])
		one.n = 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending.recycle(read)
}

// Flush writes all that was observed before and returns when it is in the file. With an error it is not, and will be
// tried again.
func (r *Recorder) Flush() error {
	answer := make(chan error, 1)
	select {
	case r.flushes <- answer:
		return <-answer
	case <-r.written:
		return r.final
	}
}

// Close writes what waits and ends the recorder; after patience it gives up on a disk that takes nothing. The error
// tells how much was lost. What is observed afterwards is not recorded. A second Close waits likewise.
func (r *Recorder) Close(patience time.Duration) error {
	r.once.Do(func() { close(r.closing) })
	timer := r.options.Clock.Timer(patience)
	defer timer.Stop()
	select {
	case <-r.written:
		return r.final
	case <-timer.C:
		return fmt.Errorf("close history: it takes longer than %s", patience)
	}
}
