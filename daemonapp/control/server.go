package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/benbjohnson/clock"
	"go.uber.org/zap"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/status"
)

// Options describe a server. App and Path must be set.
type Options struct {
	// App is steered. Its observers must include Feed, and its Lines must be Feed.Line.
	App  *daemonapp.App
	Feed *Feed
	// Path is the socket; see [Places.Path]. Shared tells that its directory is peakd's own, as those of the default
	// places are: its rights may be widened for this app's groups.
	Path   string
	Shared bool
	// Group are those who may look and steer, besides root and the user that the process runs as; ViewGroup are those who
	// may look. Empty means nobody. A number works as well as a name.
	Group, ViewGroup string
	// About is what the server says of itself; PID and Started are filled in.
	About About
	// Status tells where everything stands; nil: that is answered by an error.
	Status func() status.Status
	// Reload reads the configuration anew and returns when the app runs by it. Of an error that is an [Error], or has
	// Errors() int, the text goes to the client as diagnostics. nil: there is no reload.
	Reload func(ctx context.Context, who string) (daemonapp.Change, error)
	// History and Logs answer with anything that becomes JSON, by the parameters of the request; nil: there is none.
	History, Logs func(ctx context.Context, query url.Values) (any, error)
	// Mask takes secrets out of errors and reasons; nil: nothing is taken out. Any goroutine may call it.
	Mask func(string) string
	// Log is told of requests that broke the server; nil: nobody is.
	Log *zap.Logger
	// Patience is how long requests in flight may take to end once the server is interrupted; 0 means 5 s.
	Patience time.Duration
	// Clock measures patience and heartbeats; nil means the real one.
	Clock clock.Clock
}

// Limits of requests. There is one request a connection.
const (
	maxBody   = 64 << 10
	maxHeader = 8 << 10
	// readTime is how long a request may take to arrive, writeTime an answer to be taken; a reader of a stream that takes
	// nothing for stallTime is gone.
	readTime  = 10 * time.Second
	writeTime = time.Minute
	stallTime = 10 * time.Minute
	// heartbeat is how long a stream is silent at most.
	heartbeat = 15 * time.Second
)

// Server answers requests on a unix socket. Its methods may be called from any goroutine.
type Server struct {
	options Options
	access  access
	socket  *socket
	http    *http.Server
	routes  []Route

	closing   chan struct{} // closed by Interrupt
	interrupt sync.Once
	closed    sync.Once
	closeErr  error

	triggering sync.Mutex // one trigger at a time: see watch
}

// Listen opens the socket and makes a server, which answers once Serve is called. Whatever happens then, Close must be
// called. It is [ErrInUse] if another process serves there.
func Listen(o Options) (*Server, error) {
	if !peerKnown {
		return nil, fmt.Errorf("open control socket %s: %w", o.Path, ErrNoPeer)
	}
	o.fill()
	s := &Server{options: o, access: access{self: uint32(os.Geteuid())}, routes: Routes(), closing: make(chan struct{})}
	var err error
	if s.access.steer, err = lookupGroup("group", o.Group); err != nil {
		return nil, err
	}
	if s.access.view, err = lookupGroup("view_group", o.ViewGroup); err != nil {
		return nil, err
	}
	if s.socket, err = openSocket(o.Path, s.access.rights(), o.Shared); err != nil {
		return nil, err
	}
	s.http = &http.Server{
		Handler: http.HandlerFunc(s.serve), ReadTimeout: readTime, MaxHeaderBytes: maxHeader,
		ErrorLog: log.New(io.Discard, "", 0), // of clients that speak no HTTP
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if g, ok := c.(*guest); ok {
				return context.WithValue(ctx, peerKey{}, g.peer)
			}
			return ctx
		},
	}
	s.http.SetKeepAlivesEnabled(false)
	return s, nil
}

func (o *Options) fill() {
	if o.Clock == nil {
		o.Clock = clock.New()
	}
	if o.Feed == nil {
		o.Feed = &Feed{}
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	if o.Patience == 0 {
		o.Patience = 5 * time.Second
	}
	if o.Mask == nil {
		o.Mask = func(text string) string { return text }
	}
	o.About.API, o.About.PID = APIVersion, os.Getpid()
}

// Path is where the socket is, without symbolic links.
func (s *Server) Path() string { return s.socket.path }

// Notes are what a person should know of the socket's place, such as a directory that its group cannot enter.
func (s *Server) Notes() []string { return s.socket.notes }

// Serve answers requests until Interrupt is called or ctx ends; then it lets those in flight end, streams with a last
// word, for the patience of the options, and closes. The error is nil then.
func (s *Server) Serve(ctx context.Context) error {
	var failure error
	served := make(chan struct{})
	go func() { // joined below
		defer close(served)
		failure = s.http.Serve(&guarded{UnixListener: s.socket.UnixListener, access: &s.access})
	}()
	select {
	case <-served:
		return errors.Join(fmt.Errorf("serve control socket: %w", failure), s.Close())
	case <-s.closing:
	case <-ctx.Done():
		s.Interrupt()
	}
	late := s.shutdown(context.WithoutCancel(ctx))
	<-served
	return errors.Join(late, s.Close())
}

// shutdown waits for the requests in flight, and cuts off what is not done in time.
func (s *Server) shutdown(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { // joined below
		defer close(done)
		_ = s.http.Shutdown(ctx) // it has failed if ctx has ended, which is known
	}()
	timer := s.options.Clock.Timer(s.options.Patience)
	defer timer.Stop()
	select {
	case <-done:
		cancel()
		return nil
	case <-timer.C:
	}
	cancel()
	<-done
	if err := s.http.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close control socket: %w", err)
	}
	return nil
}

// Interrupt makes Serve end. It does not block.
func (s *Server) Interrupt() { s.interrupt.Do(func() { close(s.closing) }) }

// Close removes the socket and cuts off what is in flight. It may be called more than once, and need not be after Serve.
func (s *Server) Close() error {
	s.Interrupt()
	s.closed.Do(func() {
		s.closeErr = s.socket.close()
		_ = s.http.Close()
	})
	return s.closeErr
}

func (s *Server) about() About {
	a := s.options.About
	a.Started = s.options.App.Vitals().Started
	return a
}
