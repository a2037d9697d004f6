package control

import (
	"context"
	"net/http"
	"os"
)

// UserName is who the tests run as.
func UserName() string { return userName(uint32(os.Geteuid())) }

// Watching is how many waits there are.
func (f *Feed) Watching() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, list := range f.watches {
		n += len(list)
	}
	if n != int(f.watching.Load()) {
		return -1
	}
	return n
}

// Reading is how many readers there are.
func (f *Feed) Reading() int {
	n := 0
	if list := f.streams.Load(); list != nil {
		n += len(*list)
	}
	if list := f.tails.Load(); list != nil {
		n += len(*list)
	}
	return n
}

// Handler answers as a server does, to root.
func Handler(o Options) http.Handler {
	o.fill()
	s := &Server{options: o, routes: Routes(), closing: make(chan struct{})}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.serve(w, r.WithContext(context.WithValue(r.Context(), peerKey{}, Peer{})))
	})
}

// Match tells whether a pattern means a daemon.
func Match(pattern, name string) bool { return names{pattern}.match(name) }

// ValidPattern tells whether it is one.
func ValidPattern(pattern string) bool { return names{pattern}.check() == nil }

// WatchAnother waits for the run of a daemon until the function that it returns is called.
func (f *Feed) WatchAnother(name string) (end func()) {
	w := f.watch(name)
	return func() { f.unwatch(w) }
}
