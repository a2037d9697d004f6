package control

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/peakd/peakd/daemonapp"
)

// Feed hands what happens in an app to those who follow it through a [Server]. The zero value is ready; it must not be
// copied. Its methods may be called from any goroutine and never block on a reader.
//
// It is an observer of the app, and its Line is the app's Lines.
type Feed struct {
	streams  atomic.Pointer[[]*eventReader] // nil: none; replaced under mu
	tails    atomic.Pointer[[]*lineReader]  // likewise
	watching atomic.Int32                   // how many watches there are

	mu      sync.Mutex          // guards all below, and changes of those above
	watches map[string][]*watch // by the daemon that each waits for
}

var _ daemonapp.Observer = (*Feed)(nil)

// eventBuffer is how many events a reader may lag behind.
const eventBuffer = 4096

// lineBuffer and lineBufferBytes are how many lines, and how much text, a reader may lag behind.
const (
	lineBuffer      = 4096
	lineBufferBytes = 1 << 20
)

// happening is an event on its way to a reader: what a run has written does not go with it.
type happening struct {
	daemonapp.Event
	usage usage
}

// usage is what a run's report says of resources.
type usage struct {
	cpu  float64 // seconds
	peak int64   // bytes
}

// eventReader is somebody who follows events.
type eventReader struct {
	*buffer[happening]
	kinds uint64 // bits of the kinds wanted; 0: all
	names names
}

// lineReader is somebody who follows what runs write.
type lineReader struct {
	*buffer[daemonapp.Line]
	names names
}

// Observe implements [daemonapp.Observer].
func (f *Feed) Observe(e daemonapp.Event) {
	if readers := f.streams.Load(); readers != nil {
		told := happening{Event: e}
		if r := e.Report; r != nil {
			told.Report, told.usage = nil, usage{(r.User + r.System).Seconds(), r.PeakBytes}
		}
		for _, r := range *readers {
			if r.kinds == 0 || r.kinds&(1<<e.Kind) != 0 {
				r.put(&told, 0)
			}
		}
	}
	if f.watching.Load() > 0 {
		f.tell(&e)
	}
}

// Line hands a line to those who follow the daemon; see [daemonapp.Options].
func (f *Feed) Line(l daemonapp.Line) {
	readers := f.tails.Load()
	if readers == nil {
		return
	}
	for _, r := range *readers {
		if r.names.match(l.Daemon) {
			r.put(&l, len(l.Text))
		}
	}
}

// follow makes a reader one of those in list, until the function it returns is called.
func follow[R comparable](f *Feed, list *atomic.Pointer[[]R], reader R) (leave func()) {
	change := func(change func([]R) []R) {
		f.mu.Lock()
		defer f.mu.Unlock()
		var readers []R
		if old := list.Load(); old != nil {
			readers = slices.Clone(*old)
		}
		if readers = change(readers); len(readers) == 0 {
			list.Store(nil)
			return
		}
		list.Store(&readers)
	}
	change(func(all []R) []R { return append(all, reader) })
	return func() {
		change(func(all []R) []R { return slices.DeleteFunc(all, func(r R) bool { return r == reader }) })
	}
}
