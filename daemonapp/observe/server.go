// Package observe is the HTTP listener that monitoring looks at: /metrics, /healthz and /readyz, and nothing else.
//
// Health is computed at every request, never remembered: /healthz asks whether the dispatcher does its work, /readyz also
// whether the app has started, is not stopping, and can write what it must. Each question is answered within the
// patience, and a question that does not come back is itself an answer.
package observe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/benbjohnson/clock"
	"go.uber.org/zap"

	"github.com/peakd/peakd/daemonapp"
)

// Options describe a listener.
type Options struct {
	// Listen is HOST:PORT; port 0 is any that is free.
	Listen string
	// Metrics answers /metrics; nil means that there is no such page.
	Metrics http.Handler
	// Check tells whether the dispatcher does its work, and answers within that patience or so:
	// [daemonapp.App.Check]. nil means that nobody looks.
	Check func(patience time.Duration) error
	// Ready are the further conditions of being ready to work.
	Ready []Condition
	// Patience is how long a condition may take to answer; 0 means 2 s.
	Patience time.Duration
	// Log is told what goes wrong in serving; nil means nobody is.
	Log *zap.Logger
	// Clock measures Patience; nil means the real one.
	Clock clock.Clock
}

// Condition is something that must hold for the app to be ready: that its state can be written, say.
type Condition struct {
	// Name is what it is about: "state".
	Name string
	// Holds is why it does not hold; nil: it does. It may be called from any goroutine.
	Holds func() error
}

// holds is Holds, which tells what it is about.
func (c Condition) holds() error {
	if err := c.Holds(); err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	return nil
}

// Server is a listener. It is an observer as well, and must be among those of the app that it is about: that is how it
// knows that the app has started, and that it is stopping.
type Server struct {
	options  Options
	listener *limited
	http     *http.Server
	alive    *question
	ready    []*question
	started  atomic.Bool
	stopping atomic.Bool
}

var _ daemonapp.Observer = (*Server)(nil)

const (
	// DefaultPatience is how long a condition may take to answer.
	DefaultPatience = 2 * time.Second

	// maxConnections bounds what a client can take of the descriptors that the daemons need.
	maxConnections = 64
	headerTimeout  = 5 * time.Second
	readTimeout    = 10 * time.Second
	writeTimeout   = 30 * time.Second // a scrape of thousands of daemons over a slow line
	idleTimeout    = time.Minute
	maxHeaderBytes = 16 << 10
)

// New binds the address; nobody is answered before Serve. The error tells which address cannot be had, and why.
func New(o Options) (*Server, error) {
	if o.Patience == 0 {
		o.Patience = DefaultPatience
	}
	if o.Clock == nil {
		o.Clock = clock.New()
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	if o.Check == nil {
		o.Check = func(time.Duration) error { return nil }
	}
	listener, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("observe at %s: %w", o.Listen, err)
	}
	s := &Server{options: o, listener: limit(listener, maxConnections)}
	s.alive = newQuestion("the dispatcher", o.Clock, func() error { return o.Check(o.Patience) })
	for _, c := range o.Ready {
		s.ready = append(s.ready, newQuestion(c.Name, o.Clock, c.holds))
	}
	s.http = &http.Server{
		Handler: http.HandlerFunc(s.answer), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes, ErrorLog: errorLog(o.Log),
	}
	return s, nil
}

// errorLog is where the HTTP server tells of panics and of connections that went wrong.
func errorLog(l *zap.Logger) *log.Logger {
	if std, err := zap.NewStdLogAt(l, zap.WarnLevel); err == nil {
		return std
	}
	return log.New(io.Discard, "", 0)
}

// Addr is where it listens.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Serve answers until Close. It may be called once.
func (s *Server) Serve() error {
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("observe at %s: %w", s.options.Listen, err)
	}
	return nil
}

// Close ends the listener: requests in flight are answered until ctx ends, then cut off. It may be called at any time,
// also without Serve.
func (s *Server) Close(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	if closed := s.listener.Close(); closed != nil && !errors.Is(closed, net.ErrClosed) { // Serve was never called
		err = errors.Join(err, closed)
	}
	if err != nil {
		return fmt.Errorf("close listener at %s: %w", s.options.Listen, err)
	}
	return nil
}

// Observe implements [daemonapp.Observer]: it takes note of the app's life.
func (s *Server) Observe(e daemonapp.Event) {
	switch e.Kind {
	case daemonapp.AppStarted:
		s.started.Store(true)
	case daemonapp.Draining, daemonapp.AppStopped:
		s.stopping.Store(true)
	default:
	}
}
