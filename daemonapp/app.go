package daemonapp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/priorityq"
)

// Errors of an app.
var (
	// ErrUnknown: no daemon has that name.
	ErrUnknown = errors.New("no daemon is called that")
	// ErrRan: an app runs once.
	ErrRan = errors.New("the app has run already")
	// ErrNotRunning: the daemon has no run in flight.
	ErrNotRunning = errors.New("the daemon is not running")
	// ErrNotPaused: the daemon is not paused.
	ErrNotPaused = errors.New("the daemon is not paused")
)

// DefaultShutdownGrace is how long runs in flight may go on once the app stops.
const DefaultShutdownGrace = 20 * time.Second

// Options describe an app. The zero value is an app on the real clock with one worker that never stops
// by itself.
type Options struct {
	// Name is the app's label.
	Name   string
	Limits schedule.Limits
	// ShutdownGrace is how long runs in flight may go on after the decision to stop; 0 means 20 s.
	ShutdownGrace time.Duration
	// Clock is asked for Now and for one fresh Timer a wait; nil means the real one.
	Clock clock.Clock
	// Observers are told every event, in this order.
	Observers []Observer
	// Lines is handed what runs write, line by line, on their goroutines; it must not block. nil: nobody follows.
	Lines func(Line)
	// Remember is handed what is to survive a restart; nil means nothing is.
	Remember Rememberer
	// Memories is what earlier lives of the app left, by name.
	Memories map[string]Memory
	// Once runs each daemon once in priority order, whatever its schedule, window and load condition say, and
	// stops. After holds: a daemon does not run if one that it waits for has failed.
	Once bool
}

// App runs daemons. Its methods may be called from any goroutine.
type App struct {
	options Options
	clock   clock.Clock
	// kick wakes the loop; anybody sends, without blocking; the loop receives.
	kick chan struct{}

	mu    sync.Mutex // guards all below, and with it the scheduler
	sched *schedule.Scheduler
	units []unit // by schedule.ID
	kinds kinds  // those of the units
	// digests are those of the units that cannot be packed.
	digests   map[schedule.ID]string
	next      map[schedule.ID]*Spec   // successors of daemons whose run is in flight
	round     uint32                  // counts reconciles
	disarming map[schedule.ID]string  // who disarms daemons at the end of the run in flight
	pauses    map[schedule.ID]Pause   // of those that are paused
	roots     family                  // the app's own daemons, and what the run of a removed seed's child has left of it
	seeds     map[schedule.ID]*family // the children of those daemons that have some
	base      context.Context         // parent of all runs; set by Run

	specs     []Spec         // what Reconcile and Put were told before Run
	named     map[string]int // the places of these by name; nil until Put or Remove asks
	state     state
	until     time.Duration // the age at which the scheduler wants to be asked again
	armed     time.Duration // that until which the loop sleeps; NeverAge: until it is kicked
	softTold  bool
	workers   []*worker // all standing workers
	parked    []*worker // those without a run
	deadlines priorityq.Queue[int64, *worker]
	runIDs    RunID
	clients   clockClients
	lags      lags
	shutdown  shutdown
	probing   chan struct{}          // holds one while a Check waits for the lock
	early     *DrainOptions          // the app is to stop as soon as it starts
	ended     bool                   // Run has returned, or is about to
	retired   []retiree              // to be closed once the lock is free
	compared  map[schedule.ID]Daemon // see discard
	closing   map[string]struct{}    // names of those whose Close has been called
	closed    sync.WaitGroup         // goroutines that close daemons
	joined    sync.WaitGroup         // workers and listeners
}

// state is where an app is in its life.
type state uint8

const (
	building state = iota
	dispatching
	draining
	cancelling
	stopped
)

// unit is a daemon as the app holds it, in 64 bytes: there may be a million.
type unit struct {
	daemon   Daemon
	*kind    // never nil
	worker   *worker
	lastWait float32 // between runs, in nanoseconds: seven digits tell which of two is longer
	wanted   uint32  // the round of the latest reconcile that wanted it
	digest   digest
	kin
}

// New makes an app. It starts nothing: [App.Reconcile] gives it daemons, [App.Run] runs them.
func New(o Options) *App {
	if o.Clock == nil {
		o.Clock = clock.New()
	}
	if o.ShutdownGrace == 0 {
		o.ShutdownGrace = DefaultShutdownGrace
	}
	o.Limits = o.limited(o.Limits)
	now := o.Clock.Now()
	return &App{
		options:   o,
		clock:     o.Clock,
		kick:      make(chan struct{}, 1),
		probing:   make(chan struct{}, 1),
		disarming: map[schedule.ID]string{},
		pauses:    map[schedule.ID]Pause{},
		sched:     schedule.New(now, o.Limits),
		roots:     family{nobody, nobody},
		seeds:     map[schedule.ID]*family{},
		next:      map[schedule.ID]*Spec{},
		closing:   map[string]struct{}{}, compared: map[schedule.ID]Daemon{}, digests: map[schedule.ID]string{},
		runIDs: RunID(now.UnixMicro()),
	}
}

// limited is what counts of the limits: an app that runs everything once stops when that is done.
func (o *Options) limited(l schedule.Limits) schedule.Limits {
	if !o.Once {
		return l
	}
	return schedule.Limits{Workers: l.Workers, HardDeadline: l.HardDeadline, IdleThreshold: 1}
}

// Stop is why and how an app stopped.
type Stop struct {
	Reason schedule.Reason
	// At is the moment of the decision, Age the app's age then.
	At  time.Time
	Age time.Duration
	// Abandoned names the runs that did not return in time, and listeners of the clock service and calls of
	// Close likewise.
	Abandoned []string
	// Forced tells that a second request cut the grace short.
	Forced bool
}

// Run dispatches until the app decides to stop, is asked to, or ctx is cancelled (reason "signal"), and
// until the runs in flight have ended or were given up. It installs no signal handlers. The error is
// not nil only if the app has run before (ErrRan).
func (a *App) Run(ctx context.Context) (Stop, error) {
	if err := a.begin(ctx); err != nil {
		return Stop{}, err
	}
	cancelled := ctx.Done()
	for {
		until, done := a.turn()
		if done {
			break
		}
		if !a.sleep(until, cancelled) {
			cancelled = nil
			a.Drain(DrainOptions{Reason: schedule.Signalled})
		}
	}
	return a.end(), nil
}

func (a *App) begin(ctx context.Context) error {
	a.lock()
	defer a.unlock()
	if a.state != building {
		return ErrRan
	}
	now := a.clock.Now()
	a.base = context.WithoutCancel(ctx)
	a.sched = schedule.New(now, a.options.Limits)
	if len(a.options.Observers) > 0 {
		a.sched.Heed()
	}
	a.state = dispatching
	limits := a.sched.Limits()
	specs := a.prepared()
	a.emit(Event{Kind: AppStarted, At: now, Daemons: len(specs), Limits: &limits, Once: a.options.Once})
	a.units = make([]unit, 0, len(specs))
	a.sched.Grow(len(specs))
	a.apply(noParent, "", specs, now)
	if a.early != nil {
		a.stop(now, *a.early)
	}
	return nil
}

// turn is one turn of the loop: what is due by now is done; until is when to look again.
func (a *App) turn() (until time.Time, done bool) {
	a.lock()
	defer a.unlock()
	now := a.clock.Now()
	a.expire(now)
	a.tellSoft(now)
	a.tick(now)
	a.dispatch(now, nil)
	a.armed = a.alarm(a.sched.Look(now))
	return a.sched.Time(a.armed), a.state == stopped
}

// sleep waits until then, or for a kick; false means that ctx was cancelled.
func (a *App) sleep(until time.Time, cancelled <-chan struct{}) bool {
	var fired <-chan time.Time
	if !until.IsZero() {
		timer := a.clock.Timer(max(until.Sub(a.clock.Now()), 1))
		defer timer.Stop()
		fired = timer.C
	}
	select {
	case <-fired:
	case <-a.kick:
	case <-cancelled:
		return false
	}
	return true
}

// wallCheck is how often the loop looks at the wall clock while a calendar or window is in play.
const wallCheck = 30 * time.Second

// alarm is the age at which the loop must look again; NeverAge: only when kicked.
func (a *App) alarm(age time.Duration) time.Duration {
	var until time.Duration
	if a.state == dispatching {
		until = a.until
		if a.sched.WallClock() {
			until = min(until, age+wallCheck)
		}
	} else {
		until = a.sched.Age(a.shutdown.next)
	}
	if _, at, ok := a.deadlines.Peek(); ok {
		until = min(until, time.Duration(at))
	}
	if len(a.clients.listeners) > 0 && a.ticking() {
		until = min(until, a.sched.Age(a.clients.next()))
	}
	return until
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// tellSoft emits the event of the soft deadline, once.
func (a *App) tellSoft(now time.Time) {
	soft := a.sched.Limits().SoftDeadline
	if a.softTold || soft <= 0 || a.state != dispatching || now.Sub(a.sched.Started()) < soft {
		return
	}
	a.softTold = true
	a.emit(Event{Kind: SoftDeadlinePassed, At: now, Grace: soft, Gap: a.sched.Limits().IdleThreshold})
}

func (a *App) lock() { a.mu.Lock() }

// unlock frees the lock; before that the observers are told of what was noted under it, and what was retired is closed.
func (a *App) unlock() {
	if a.sched.Noted() {
		a.heed()
	}
	if len(a.retired) > 0 {
		a.closeAside()
	}
	a.mu.Unlock()
}

func (a *App) emit(e Event) { a.publish(&e) }

// publish is emit for events that come with every run: an Event is large, and each copy of it is felt.
func (a *App) publish(e *Event) {
	for _, o := range a.options.Observers {
		o.Observe(*e)
	}
}

// rouse makes the loop look again if it would sleep longer than until.
func (a *App) rouse(until time.Duration) {
	if a.state == stopped || until < a.armed {
		a.kickLoop()
	}
}

func (a *App) kickLoop() {
	select {
	case a.kick <- struct{}{}:
	default:
	}
}

// find looks a daemon up by name.
func (a *App) find(name string) (schedule.ID, error) {
	id, ok := a.sched.Lookup(name)
	if !ok {
		return 0, fmt.Errorf("%s: %w", name, ErrUnknown)
	}
	return id, nil
}
