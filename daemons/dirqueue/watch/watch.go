// Package watch tells when something arrives in a directory. All watches of a process share one inotify instance
// and one goroutine, as the kernel allows few instances and many watches.
//
// What it tells are hints: the kernel drops events when it must, and then every watch is told that something may have
// happened. Who must know looks for itself; who adds a watch adds it first, and then looks.
package watch

import (
	"errors"
	"slices"
	"sync"
)

// ErrUnsupported is the error where the system has no inotify.
var ErrUnsupported = errors.New("watching directories needs Linux")

// What to be told of.
const (
	// Arrivals are files that may be complete: moved in, linked, or closed after writing.
	Arrivals Mask = 1 << iota
	// Directories are subdirectories that come, go or change their name.
	Directories
	// Itself is that the directory was moved or removed. Every watch is told of it.
	Itself

	everything = Arrivals | Directories | Itself
)

// Mask is a set of what to be told of.
type Mask uint8

// Shared is the instance that the watches of a process share. The zero value is ready; it opens the instance
// with its first watch and closes it with its last. Its methods may be called from any goroutine.
type Shared struct {
	mu       sync.Mutex // guards all below, and Watch.lost
	instance *instance
	watches  map[int32][]*Watch // by the kernel's number; two watches of one directory have the same
}

// Watch is one watched directory.
type Watch struct {
	shared *Shared
	number int32
	mask   Mask
	notify func(Mask)
	lost   bool
}

// Add watches a directory that is held open as fd. notify is called on the instance's goroutine with what has happened, of
// that in mask; it must not block and not call Add or Close. The error says why there can be no watch: the
// caller then polls.
func (s *Shared) Add(fd int, mask Mask, notify func(Mask)) (*Watch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.instance == nil {
		in, err := open(s)
		if err != nil {
			return nil, err
		}
		s.instance, s.watches = in, map[int32][]*Watch{}
	}
	w := &Watch{shared: s, mask: mask | Itself, notify: notify}
	number, err := s.instance.add(fd, w.mask)
	if err != nil {
		s.closeIfUnused()
		return nil, err
	}
	w.number = number
	s.watches[number] = append(slices.Clip(s.watches[number]), w)
	return w, nil
}

// Close ends the watch. Its notify may be running still when Close returns. A second Close does nothing.
func (w *Watch) Close() {
	s := w.shared
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.Index(s.watches[w.number], w)
	if w.lost || at < 0 {
		return
	}
	w.lost = true
	left := slices.Delete(slices.Clone(s.watches[w.number]), at, at+1) // a copy: tell may be reading it
	s.watches[w.number] = left
	if len(left) == 0 {
		delete(s.watches, w.number)
		s.instance.remove(w.number)
	}
	s.closeIfUnused()
}

// Lost tells that the watch has ended: it was closed, or its directory is no more. The number of a directory may then be
// that of another one.
func (w *Watch) Lost() bool {
	w.shared.mu.Lock()
	defer w.shared.mu.Unlock()
	return w.lost
}

func (s *Shared) closeIfUnused() {
	if len(s.watches) == 0 && s.instance != nil {
		s.instance.close()
		s.instance = nil
	}
}

// tell calls those who watch the directory of that number for any of these.
func (s *Shared) tell(in *instance, number int32, mask Mask) {
	s.mu.Lock()
	var watches []*Watch
	if s.instance == in {
		watches = s.watches[number]
	}
	s.mu.Unlock()
	call(watches, mask)
}

func call(watches []*Watch, mask Mask) {
	for _, w := range watches {
		if w.mask&mask != 0 {
			w.notify(w.mask & mask)
		}
	}
}

// tellAll calls everybody: events were lost.
func (s *Shared) tellAll(in *instance) {
	s.mu.Lock()
	var all []*Watch
	if s.instance == in {
		for _, list := range s.watches {
			all = append(all, list...)
		}
	}
	s.mu.Unlock()
	call(all, everything)
}

// forget drops the watches of a directory that is gone, and tells them so: the kernel has removed them.
func (s *Shared) forget(in *instance, number int32) {
	s.mu.Lock()
	var gone []*Watch
	if s.instance == in {
		gone = s.watches[number]
		delete(s.watches, number)
		for _, w := range gone {
			w.lost = true
		}
		s.closeIfUnused()
	}
	s.mu.Unlock()
	call(gone, Itself)
}
