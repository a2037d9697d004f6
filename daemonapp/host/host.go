// Package host runs an app as the main thing of a process: signals, reload, a dump of what goes on,
// assembled with oklog/run. It knows no configuration language: it is given a function that loads.
package host

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/oklog/run"
	"go.uber.org/zap"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// Loaded is a configuration that has been checked and built.
type Loaded struct {
	Limits        schedule.Limits
	ShutdownGrace time.Duration
	Specs         []daemonapp.Spec
	// Applied is called once the app runs by it, with the name of who wanted it; may be nil.
	Applied func(by string)
}

// Options describe a host.
type Options struct {
	App *daemonapp.App
	// Label is the app's, for the log.
	Label string
	Log   *zap.Logger
	// Load reads the configuration anew, on a goroutine of its own; nil means that there is no reload. Of an
	// error that has Errors() int the log tells how many.
	Load func() (*Loaded, error)
	// Fix is what to do about a refused reload.
	Fix string
	// Dump writes the state of the app for people, into memory; nil means nothing.
	Dump func(io.Writer)
	// Stderr is where dumps go.
	Stderr io.Writer
	// Clock measures [Patience]; nil means the real one.
	Clock clock.Clock
}

// Notify installs the handlers of the signals a host acts on; before anything else starts, so that none is
// lost and none kills the process by default. The caller stops it with signal.Stop.
//
// SIGPIPE is caught and dropped, never ignored: an ignored one would be inherited by every job. It has a channel of
// its own that nobody reads, so that a flood of it takes no room from the others.
func Notify() chan os.Signal {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	received := make(chan os.Signal, 8)
	signal.Notify(received, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1)
	return received
}

// ErrQuit is the error of a process that was told to quit by SIGQUIT.
var ErrQuit = errors.New("told to quit")

// Patience is how long a host waits at its end for what writes in the background.
const Patience = 5 * time.Second

// Run runs the app until it stops. The signals come from received: TERM and INT drain, and a second of them
// forces; HUP reloads, USR1 dumps the state; QUIT dumps it with all goroutines and stops, and the error is
// ErrQuit. Nothing that blocks, be it a configuration that cannot be read or a terminal that takes no output,
// keeps it from its signals; what still hangs at the end is left behind after [Patience].
func Run(ctx context.Context, o Options, received <-chan os.Signal) (daemonapp.Stop, error) {
	if o.Clock == nil {
		o.Clock = clock.New()
	}
	var (
		group run.Group
		stop  daemonapp.Stop
		quit  error
	)
	h := &host{Options: o, over: make(chan struct{}), aside: newAside()}
	group.Add(func() (err error) {
		stop, err = o.App.Run(ctx)
		return err
	}, func(error) { o.App.Drain(daemonapp.DrainOptions{Reason: schedule.Asked}) })
	group.Add(func() error {
		quit = h.listen(received)
		return nil
	}, func(error) { close(h.over) })
	err := group.Run()
	h.aside.end(o.Clock, Patience)
	return stop, errors.Join(err, quit)
}

// host is what the actors share.
type host struct {
	Options
	over  chan struct{} // closed when the app has stopped
	aside aside
}

// listen acts on signals until the app has stopped.
func (h *host) listen(received <-chan os.Signal) (quit error) {
	stops := 0
	loaded := make(chan loading, 1) // one load at a time sends, listen receives
	busy, again := false, false
	for {
		select {
		case <-h.over:
			return quit
		case done := <-loaded:
			h.apply(done)
			if busy = again; again {
				again = false
				h.load(loaded)
			}
		case s := <-received:
			switch s {
			case syscall.SIGTERM, syscall.SIGINT:
				stops++
				h.end(s, stops)
			case syscall.SIGHUP:
				if again = busy; !busy && h.Load != nil {
					busy = true
					h.load(loaded)
				}
			case syscall.SIGUSR1:
				h.dump()
			case syscall.SIGQUIT:
				quit = ErrQuit
				h.quit()
			}
		}
	}
}

// end drains at the first signal and forces at the second.
func (h *host) end(s os.Signal, count int) {
	if count == 1 {
		h.App.Drain(daemonapp.DrainOptions{Reason: schedule.Signalled, Who: name(s)})
		return
	}
	h.App.Force()
	h.aside.do(func() { h.Log.Warn("forced", zap.String("daemon", h.Label), zap.String("by", name(s))) })
}

// quit tells where everything stands, and ends. The stacks go first: the state cannot be had from an app
// that hangs.
func (h *host) quit() {
	stacks := make([]byte, 1<<20)
	h.print(stacks[:runtime.Stack(stacks, true)])
	h.dump()
	h.App.Drain(daemonapp.DrainOptions{Reason: schedule.Signalled, Who: "SIGQUIT"})
	h.App.Force()
}

func (h *host) dump() {
	if h.Dump == nil {
		return
	}
	var state bytes.Buffer
	h.Dump(&state)
	h.print(state.Bytes())
}

func (h *host) print(text []byte) {
	h.aside.do(func() { _, _ = h.Stderr.Write(text) })
}

func name(s os.Signal) string {
	switch s {
	case syscall.SIGTERM:
		return "SIGTERM"
	case syscall.SIGINT:
		return "SIGINT"
	}
	return s.String()
}
