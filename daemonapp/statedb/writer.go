package statedb

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/peakd/peakd/daemonapp"
)

const (
	// maxAge is how long a memory that is not urgent waits for others to be saved with it.
	maxAge = time.Second
	// minRest and maxRest are the first and the longest wait after a save that went wrong.
	minRest = 250 * time.Millisecond
	maxRest = 30 * time.Second
)

// Writer saves memories behind the app's back: the loop puts them, one goroutine saves them, many in
// one commit. It holds at most one memory a daemon, the newest.
//
// While saving goes wrong it tries again and again, at growing intervals, and loses nothing as long
// as the process lives. Its methods may be called from any goroutine.
type Writer struct {
	state   daemonapp.State
	onError func(error)
	wake    chan struct{} // Of length 1: whoever changed something sends, loop receives.
	done    chan struct{} // loop closes it at its end.
	final   error         // What the last save of Close met; set before done is closed.

	mu      sync.Mutex
	pending map[string]daemonapp.Memory
	due     bool           // pending holds something urgent, old enough or tried before.
	resting bool           // The last save went wrong and its rest is not over.
	age     *time.Timer    // Makes pending due; nil if nothing waits.
	flushes []chan<- error // Each gets the answer of the next save.
	closing bool

	// loop's own.
	rest    time.Duration // How long the present rest is; 0 while saving goes well.
	endRest *time.Timer   // Calls rested.
}

// NewWriter starts a writer on state. It must be closed, before the state is.
//
// onError, which may be nil, is called on the writer's goroutine: with the error when saving begins to
// go wrong, and with nil when it goes well again. It must not call Flush or Close.
func NewWriter(state daemonapp.State, onError func(error)) *Writer {
	if onError == nil {
		onError = func(error) {}
	}
	w := &Writer{
		state: state, onError: onError,
		wake: make(chan struct{}, 1), done: make(chan struct{}),
		pending: make(map[string]daemonapp.Memory),
	}
	go w.loop() // Joined by Close, which waits for done.
	return w
}

// Put hands over what is to be remembered of a daemon, in place of what was before. It never blocks
// on the disk. Urgent memories are saved at once, together with all others that wait; the rest at the
// latest after a second. Put after Close does nothing.
func (w *Writer) Put(m daemonapp.Memory, urgent bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closing {
		return
	}
	w.pending[m.Name] = m
	switch {
	case w.due:
	case urgent:
		w.setDue()
	case w.age == nil:
		w.age = time.AfterFunc(maxAge, w.ripen) //nolint:forbidigo // how long to wait for a disk is real time
	}
}

// Flush saves everything that was put before, at once, also after failures, and returns when that is
// durable. With an error nothing is lost: it will be tried again.
func (w *Writer) Flush() error {
	answer := make(chan error, 1)
	w.mu.Lock()
	if w.closing {
		w.mu.Unlock()
		<-w.done
		return w.final
	}
	w.flushes = append(w.flushes, answer)
	w.signal()
	w.mu.Unlock()
	return <-answer
}

// Close tries once more to save what is left and ends the writer. Its error tells how much could not
// be saved. A second Close waits for the first and returns the same.
func (w *Writer) Close() error {
	w.mu.Lock()
	w.closing = true
	w.signal()
	w.mu.Unlock()
	<-w.done
	return w.final
}

// ripen makes what waits due: the timer's function.
func (w *Writer) ripen() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.setDue()
}

// rested ends a rest: the timer's function.
func (w *Writer) rested() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.resting = false
	w.signal()
}

// setDue is called with mu held.
func (w *Writer) setDue() {
	w.due = true
	w.signal()
}

// signal never blocks: one signal is enough, loop then looks at everything.
func (w *Writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// job is what loop does in one go.
type job struct {
	batch   map[string]daemonapp.Memory
	flushes []chan<- error
	last    bool
}

func (w *Writer) loop() {
	defer close(w.done)
	defer w.stopRest()
	for range w.wake {
		for {
			j, ok := w.take()
			if !ok {
				break
			}
			err := w.save(j.batch)
			for _, answer := range j.flushes {
				answer <- err
			}
			if j.last {
				w.final = err
				return
			}
		}
	}
}

// take returns what is to be saved now, if anything.
func (w *Writer) take() (job, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	asked := w.closing || len(w.flushes) > 0
	if !asked && (!w.due || w.resting) {
		return job{}, false
	}
	j := job{batch: w.pending, flushes: w.flushes, last: w.closing}
	w.pending, w.flushes, w.due = make(map[string]daemonapp.Memory), nil, false
	if w.age != nil {
		w.age.Stop()
		w.age = nil
	}
	return j, asked || len(j.batch) > 0
}

func (w *Writer) save(pending map[string]daemonapp.Memory) error {
	if len(pending) == 0 {
		return nil
	}
	batch := slices.SortedFunc(maps.Values(pending), func(a, b daemonapp.Memory) int {
		return strings.Compare(a.Name, b.Name)
	})
	if err := w.state.Save(batch); err != nil {
		err = fmt.Errorf("save memory of %d daemons: %w", len(batch), err)
		w.failed(pending, err)
		return err
	}
	w.succeeded()
	return nil
}

// failed takes a batch back, under what was put meanwhile, and rests.
func (w *Writer) failed(batch map[string]daemonapp.Memory, err error) {
	first := w.rest == 0
	w.rest = min(max(2*w.rest, minRest), maxRest)
	w.mu.Lock()
	maps.Copy(batch, w.pending)
	w.pending, w.due, w.resting = batch, true, true
	w.mu.Unlock()
	w.stopRest()
	w.endRest = time.AfterFunc(w.rest, w.rested) //nolint:forbidigo // likewise
	if first {
		w.onError(err)
	}
}

func (w *Writer) succeeded() {
	if w.rest == 0 {
		return
	}
	w.rest = 0
	w.stopRest()
	w.mu.Lock()
	w.resting = false
	w.mu.Unlock()
	w.onError(nil)
}

func (w *Writer) stopRest() {
	if w.endRest != nil {
		w.endRest.Stop()
	}
}
