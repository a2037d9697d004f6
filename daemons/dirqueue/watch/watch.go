// Package watch tells when something arrives in a directory. All watches of a process share one inotify instance
// and one goroutine, as the kernel allows few instances and many watches.
//
// What it tells are hints: the kernel drops events when it must, and then every watch is told that something may have
// happened. Who must know looks for itself; who adds a watch adds it first, and then looks.
package watch

import (
	"errors"
	"sync"
)

// ErrUnsupported is the error where the system has no inotify.
var ErrUnsupported = errors.New("watching directories needs Linux")

// What to be told of.
const (
	// Arrivals are files that are complete: moved in, linked, or closed after writing.
	Arrivals Mask = 1 << iota
	// Directories are subdirectories that come, go or change their name.
	Directories
)

// Mask is a set of what to be told of.
type Mask uint8

// Shared is the instance that the watches of a process share. The zero value is ready; it opens the instance
// with its first watch and closes it with its last. Its methods may be called from any goroutine.
type Shared struct {
	mu       sync.Mutex // guards all below
	instance *instance
	watches  map[int32][]*Watch // by the kernel's number; two watches of one directory have the same
}

// Watch is one watched directory.
type Watch struct {
	shared *Shared
	number int32
	mask   Mask
	notify func()
}

// Add watches a directory that is held open as fd. notify is called on the instance's goroutine after each hint; it
// must not block and not call Add or Close. The error says why there can be no watch: the caller then polls.
func (s *Shared) Add(fd int, mask Mask, notify func()) (*Watch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.instance == nil {
		in, err := open(s)
		if err != nil {
			return nil, err
		}
		s.instance, s.watches = in, map[int32][]*Watch{}
	}
	w := &Watch{shared: s, mask: mask, notify: notify}
	number, err := s.instance.add(fd, Arrivals|Directories)
	if err != nil {
		s.closeIfUnused()
		return nil, err
	}
	w.number = number
	s.watches[number] = append(s.watches[number], w)
	return w, nil
}

// Close ends the watch. Its notify may be running still when Close returns. A second Close does nothing.
func (w *Watch) Close() {
	s := w.shared
	s.mu.Lock()
	defer s.mu.Unlock()
	left := s.watches[w.number][:0:0]
	found := false
	for _, other := range s.watches[w.number] {
		if other == w {
			found = true
		} else {
			left = append(left, other)
		}
	}
	if !found {
		return
	}
	s.watches[w.number] = left
	if len(left) == 0 {
		delete(s.watches, w.number)
		s.instance.remove(w.number)
	}
	s.closeIfUnused()
}

func (s *Shared) closeIfUnused() {
	if len(s.watches) == 0 && s.instance != nil {
		s.instance.close()
		s.instance = nil
	}
}

// tell calls those who watch the directory of that number for any of these.
func (s *Shared) tell(in *instance, number int32, mask Mask) {
	for _, w := range s.about(in, number) {
		if w.mask&mask != 0 {
			w.notify()
		}
	}
}

func (s *Shared) about(in *instance, number int32) []*Watch {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.instance != in {
		return nil
	}
	return s.watches[number]
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
	for _, w := range all {
		w.notify()
	}
}

// forget drops the watches of a directory that is gone: the kernel has removed them.
func (s *Shared) forget(in *instance, number int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.instance == in {
		delete(s.watches, number)
	}
}
