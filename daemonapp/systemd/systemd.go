// Package systemd tells the service manager how an app is doing: that it is ready, that its dispatcher turns, that it
// reads its configuration anew, that it stops and for how long that may take. It speaks the protocol of sd_notify(3).
package systemd

import (
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/benbjohnson/clock"
	"go.uber.org/zap"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// DefaultRefresh is how often the status line is looked at.
const DefaultRefresh = 5 * time.Second

// Options describe a notifier. The zero value is one that does nothing.
type Options struct {
	// Socket is the service manager's, as in $NOTIFY_SOCKET: a path, or "@" and a name for an abstract one. Empty: there
	// is nobody to tell, and nothing is done.
	Socket string
	// Watchdog is how long the service manager waits for a sign of life; it gets one twice as often. 0: it wants none.
	Watchdog time.Duration
	// Refresh is how often the status line is looked at, and sent if it has changed; 0 means [DefaultRefresh].
	Refresh time.Duration
	// Log is warned once when the service manager cannot be told; nil: nobody is.
	Log *zap.Logger
	// Clock times waits; nil means the real one.
	Clock clock.Clock
}

// FromEnvironment takes from the environment what the service manager wants to be told, and where: $NOTIFY_SOCKET,
// $WATCHDOG_USEC and $WATCHDOG_PID. A watchdog that is another process's, or that is no number, counts as none.
func FromEnvironment(getenv func(name string) (value string, ok bool)) Options {
	socket, _ := getenv("NOTIFY_SOCKET")
	microseconds, _ := getenv("WATCHDOG_USEC")
	o := Options{Socket: socket}
	if pid, ok := getenv("WATCHDOG_PID"); ok && pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return o
	}
	if n, err := strconv.ParseInt(microseconds, 10, 64); err == nil && n > 0 && n < int64(time.Hour*24*365/time.Microsecond) {
		o.Watchdog = time.Duration(n) * time.Microsecond
	}
	return o
}

// Notifier is an observer that tells the service manager. Its methods may be called from any goroutine.
type Notifier struct {
	options Options
	news    chan struct{} // of length 1: whoever changes seen sends, tell receives
	closing chan struct{} // closed by Close
	ended   chan struct{} // closed when tell has returned

	mu   sync.Mutex // guards seen
	seen facts

	told told // belongs to tell
}

var _ daemonapp.Observer = (*Notifier)(nil)

// facts are what the service manager is to know, as they stand now. News that comes faster than it can be told is
// told as one: nothing waits in a queue, and nothing is dropped.
type facts struct {
	app       *daemonapp.App
	turns     uint64 // how often the dispatcher has turned for the notifier
	line      string // about the app, as of the last turn
	running   int    // runs in flight
	reloads   uint64 // that have begun
	reloading bool
	refused   time.Time // when the last reload was, if it was
	phase     phase
	until     time.Time       // end of the shutdown grace; zero: unlimited
	reason    schedule.Reason // why it stops
}

// phase is how far the end of the app has come.
type phase uint8

const (
	serving phase = iota
	draining
	cancelling
	stopped
)

// Open starts a notifier. Close ends it.
func Open(o Options) *Notifier {
	if o.Refresh <= 0 {
		o.Refresh = DefaultRefresh
	}
	if o.Clock == nil {
		o.Clock = clock.New()
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	n := &Notifier{
		options: o, news: make(chan struct{}, 1), closing: make(chan struct{}), ended: make(chan struct{}),
	}
	if !n.enabled() {
		close(n.ended)
		return n
	}
	go n.tell() // joined in Close
	return n
}

func (n *Notifier) enabled() bool { return n.options.Socket != "" }

// Attach has the dispatcher of the app give the signs of life: its clock service calls only when its loop turns, and
// each call takes the app's lock. The first of them makes the app ready. Call it once, before [daemonapp.App.Run].
func (n *Notifier) Attach(app *daemonapp.App) {
	if !n.enabled() {
		return
	}
	n.note(func(f *facts) { f.app = app })
	turned := func(time.Time) { n.turned(app) }
	app.Every(n.period(), turned)
	first := make(chan func(), 1) // one way to end the first calls; whoever receives it does
	first <- app.Every(time.Millisecond, func(now time.Time) {
		turned(now)
		select {
		case cancel := <-first:
			cancel()
		default:
		}
	})
}

// period is how often there is a sign of life.
func (n *Notifier) period() time.Duration {
	if half := n.options.Watchdog / 2; half > 0 && half < n.options.Refresh {
		return half
	}
	return n.options.Refresh
}

// turned notes that the loop of the app has turned, and that whoever asks gets its lock.
func (n *Notifier) turned(app *daemonapp.App) {
	v := app.Vitals()
	line := describe(&v, app, n.options.Clock.Now())
	n.note(func(f *facts) {
		f.turns++
		f.line, f.running = line, v.Running
	})
}

// Observe implements [daemonapp.Observer]. It never blocks.
func (n *Notifier) Observe(e daemonapp.Event) {
	if !n.enabled() {
		return
	}
	switch e.Kind {
	case daemonapp.Reloading:
		n.note(func(f *facts) { f.reloads, f.reloading = f.reloads+1, true })
	case daemonapp.Reloaded:
		n.note(func(f *facts) { f.reloading, f.refused = false, time.Time{} })
	case daemonapp.ReloadRefused:
		n.note(func(f *facts) { f.reloading, f.refused = false, e.At })
	case daemonapp.Draining:
		n.note(func(f *facts) {
			f.phase, f.running, f.reason = draining, e.Running, e.Stop
			if e.Grace > 0 {
				f.until = e.At.Add(e.Grace)
			}
		})
	case daemonapp.Cancelling:
		n.note(func(f *facts) { f.phase, f.running = cancelling, e.Running })
	case daemonapp.AppStopped:
		n.note(func(f *facts) { f.phase, f.running, f.reason = stopped, 0, e.Stop })
	default: // the service manager does not care
	}
}

// note changes what is to be known.
func (n *Notifier) note(change func(*facts)) {
	n.mu.Lock()
	change(&n.seen)
	n.mu.Unlock()
	select {
	case n.news <- struct{}{}:
	default:
	}
}

func (n *Notifier) look() facts {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.seen
}

// Close tells what is left to tell and ends the notifier; after patience it gives up on a service manager that does
// not listen. It may be called once.
func (n *Notifier) Close(patience time.Duration) {
	if !n.enabled() {
		return
	}
	close(n.closing)
	timer := n.options.Clock.Timer(patience)
	defer timer.Stop()
	select {
	case <-n.ended:
	case <-timer.C:
	}
}
