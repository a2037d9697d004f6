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
	// Beside are what runs beside the app, such as a control socket: begun before it, ended after it.
	Beside []Actor
	// Clock measures [Patience]; nil means the real one.
	Clock clock.Clock
}

// Actor runs beside an app. That it fails is told in the log and ends nothing else.
type Actor struct {
	// Name is what the log calls it.
	Name string
	// Run returns when Interrupt has been called, which must not block.
	Run       func() error
	Interrupt func()
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

// Run is [New] and [Host.Run] for a process that needs nothing else of its host.
func Run(ctx context.Context, o Options, received <-chan os.Signal) (daemonapp.Stop, error) {
	return New(o).Run(ctx, received)
}

// Host is an app as the main thing of a process.
type Host struct {
	Options
	over  chan struct{} // closed when the app has stopped
	asks  chan ask      // Reload sends, listen receives
	aside aside
}

// New makes a host. It starts nothing.
func New(o Options) *Host {
	if o.Clock == nil {
		o.Clock = clock.New()
	}
	return &Host{Options: o, over: make(chan struct{}), asks: make(chan ask)}
}

// Run runs the app until it stops. The signals come from received: TERM and INT drain, and a second of them
// forces; HUP reloads, USR1 dumps the state; QUIT dumps it with all goroutines and stops, and the error is
// ErrQuit. Nothing that blocks, be it a configuration that cannot be read or a terminal that takes no output,
// keeps it from its signals; what still hangs at the end is left behind after [Patience].
func (h *Host) Run(ctx context.Context, received <-chan os.Signal) (daemonapp.Stop, error) {
	var (
		group run.Group
		stop  daemonapp.Stop
		quit  error
	)
	h.aside = newAside()
	for _, actor := range h.Beside {
		group.Add(func() error { return h.beside(actor) }, func(error) { actor.Interrupt() })
	}
	group.Add(func() (err error) {
		stop, err = h.App.Run(ctx)
		return err
	}, func(error) { h.App.Drain(daemonapp.DrainOptions{Reason: schedule.Asked}) })
	group.Add(func() error {
		quit = h.listen(received)
		return nil
	}, func(error) { close(h.over) })
	err := group.Run()
	h.aside.end(h.Clock, Patience)
	return stop, errors.Join(err, quit)
}

// beside runs an actor; one that ends before its time is told of, and the app goes on without it.
func (h *Host) beside(a Actor) error {
	err := a.Run()
	select {
	case <-h.over:
		return nil
	default:
	}
	h.aside.do(func() {
		h.Log.Error("ended", zap.String("daemon", h.Label), zap.String("what", a.Name), zap.Error(err))
	})
	<-h.over
	return nil
}

// listen acts on signals and on requests to reload until the app has stopped.
func (h *Host) listen(received <-chan os.Signal) (quit error) {
	stops := 0
	loaded := make(chan loading, 1) // one load at a time sends, listen receives
	var flying, waiting []ask       // those whom the load in flight answers, and those who came after it began
	begin := func(a ask) {
		if waiting = append(waiting, a); flying == nil {
			flying, waiting = waiting, nil
			h.load(flying, loaded)
		}
	}
	for {
		select {
		case <-h.over:
			refuse(append(flying, waiting...))
			return quit
		case a := <-h.asks:
			begin(a)
		case done := <-loaded:
			h.apply(done, flying)
			if flying, waiting = waiting, nil; flying != nil {
				h.load(flying, loaded)
			}
		case s := <-received:
			switch s {
			case syscall.SIGTERM, syscall.SIGINT:
				stops++
				h.end(s, stops)
			case syscall.SIGHUP:
				if h.Load != nil {
					begin(ask{who: "SIGHUP"})
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
func (h *Host) end(s os.Signal, count int) {
	if count == 1 {
		h.App.Drain(daemonapp.DrainOptions{Reason: schedule.Signalled, Who: name(s)})
		return
	}
	h.App.Force()
	h.aside.do(func() { h.Log.Warn("forced", zap.String("daemon", h.Label), zap.String("by", name(s))) })
}

// quit tells where everything stands, and ends. The stacks go first: the state cannot be had from an app
// that hangs.
func (h *Host) quit() {
	stacks := make([]byte, 1<<20)
	h.print(stacks[:runtime.Stack(stacks, true)])
	h.dump()
	h.App.Drain(daemonapp.DrainOptions{Reason: schedule.Signalled, Who: "SIGQUIT"})
	h.App.Force()
}

func (h *Host) dump() {
	if h.Dump == nil {
		return
	}
	var state bytes.Buffer
	h.Dump(&state)
	h.print(state.Bytes())
}

func (h *Host) print(text []byte) {
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
