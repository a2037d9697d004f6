package daemonapp

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/priorityq"
)

// PanicError is the error of a run that panicked.
type PanicError struct {
	Value any
	Stack []byte
}

// Error implements error.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Errors of runs that answer nothing that can be counted.
var (
	// ErrNoOutcome: the run returned neither an outcome nor an error.
	ErrNoOutcome = errors.New("the run returned no outcome")
	// ErrFailed: the run returned the outcome failed without an error.
	ErrFailed = errors.New("the run failed without saying why")
	// ErrExited: the run ended its goroutine (runtime.Goexit), as FailNow of package testing does.
	ErrExited = errors.New("the run ended its goroutine")
)

// worker is a standing goroutine that carries out runs, and the one run it has in flight.
type worker struct {
	// start tells a parked worker that a run was given to it; whoever gave it sends, the worker
	// receives; closed when the app has stopped.
	start chan struct{}

	// What follows belongs to whoever holds the app's lock.
	ctx       *runContext
	id        schedule.ID
	daemon    Daemon
	name      string
	started   time.Time
	by        schedule.Waker
	busy      bool
	abandoned bool
	cause     error // why the run was cancelled; nil: it was not
	watched   bool  // deadline stands in App.deadlines
	deadline  priorityq.Handle

	orphaned bool // abandoned, and another daemon has its place: closed when the run returns

	// What follows is set by the worker itself.
	children []Spec // what a seed's run stated
	stated   bool
	inside   bool // in the daemon's code
}

// hire starts a worker.
func (a *App) hire() *worker {
	w := &worker{start: make(chan struct{}, 1), ctx: &runContext{parent: a.base}}
	a.workers = append(a.workers, w)
	a.joined.Add(1)
	go a.work(w) // joined in App.end
	return w
}

// work carries out the runs given to w until the app has stopped.
func (a *App) work(w *worker) {
	defer a.joined.Done()
	defer func() {
		if w.inside {
			a.finish(w, schedule.Result{}, ErrExited)
		}
	}()
	for range w.start {
		for next := another; next == another; {
			result, err := w.run()
			if next = a.finish(w, result, err); next == leave {
				return
			}
		}
	}
}

// run is one run of the daemon, with its panics contained.
func (w *worker) run() (result schedule.Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			result, err = schedule.Result{}, &PanicError{Value: p, Stack: debug.Stack()}
			w.inside = false
		}
	}()
	w.inside = true
	result, err = w.daemon.Run(w.ctx)
	ask(err)
	if seed, ok := w.daemon.(Seed); ok && err == nil && result.Outcome != schedule.Failed && result.Outcome != 0 {
		w.children, w.stated = seed.Children(), true
	}
	w.inside = false
	return result, err
}

// ask asks an error what it is asked again while the app's lock is held: its methods are the daemon's code, too, and panic here
// if they do, as those of a nil pointer may.
func ask(err error) {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, ErrTimeout) {
		return
	}
	var p *PanicError // here: it costs an allocation, which only a run that failed may
	_ = errors.As(err, &p)
}

// what a worker does after a run.
type afterwards uint8

const (
	another afterwards = iota // carry out the run that it was given meanwhile
	rest                      // wait to be given one
	leave                     // end: its run had been given up, and its place is taken, or its goroutine ends
)

// finish books w's run and gives w the next one, if there is one; otherwise w is parked.
func (a *App) finish(w *worker, result schedule.Result, err error) afterwards {
	now := a.clock.Now() // before the lock is held: others may want it
	a.lock()
	defer a.unlock()
	age := a.sched.Look(now)
	now = a.sched.Now() // later, if somebody else came first
	if w.abandoned {
		a.returned(w, now)
		return leave
	}
	a.unwatch(w)
	result, err = w.judge(result, err)
	a.book(w, now, result, err)
	next := a.proceed(w, now)
	if a.state != dispatching {
		a.drained(now)
	}
	a.rouse(a.alarm(age))
	return next
}

// proceed gives w, whose run is booked, the next run if there is one; otherwise w is parked.
func (a *App) proceed(w *worker, now time.Time) afterwards {
	if w.inside {
		a.workers = remove(a.workers, w)
		w.ctx.end()
		a.dispatch(now, nil)
		return leave
	}
	w.rest(a.base)
	a.dispatch(now, w)
	if w.busy {
		return another
	}
	a.parked = append(a.parked, w)
	return rest
}

// rest makes w ready for another run.
func (w *worker) rest(base context.Context) {
	if !w.ctx.end() {
		w.ctx = &runContext{parent: base}
	}
	w.busy, w.cause, w.daemon = false, nil, nil
	w.children, w.stated = nil, false
}

// judge turns what a run returned into what is counted.
func (w *worker) judge(result schedule.Result, err error) (schedule.Result, error) {
	switch {
	case errors.Is(w.cause, ErrTimeout):
		err = w.timeout(err)
	case w.cause != nil && (err != nil || result.Outcome == 0 || result.Outcome == schedule.Failed):
		return schedule.Result{Outcome: schedule.Cancelled, Count: result.Count}, w.cancelled(err)
	case err == nil && result.Outcome == schedule.Failed:
		err = ErrFailed
	case err == nil && (result.Outcome < schedule.Worked || result.Outcome > schedule.Failed):
		err = ErrNoOutcome
	}
	if err != nil {
		result.Outcome = schedule.Failed
	}
	return result, err
}

// timeout is the error of a run that was cancelled at its timeout; what it says beyond that is kept.
func (w *worker) timeout(err error) error {
	limit := w.ctx.info.Deadline.Sub(w.started)
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, ErrTimeout) {
		return fmt.Errorf("%w of %s", ErrTimeout, limit)
	}
	return fmt.Errorf("%w of %s: %w", ErrTimeout, limit, err)
}

// cancelled is the error of a run that was cancelled; a panic on the way out is kept.
func (w *worker) cancelled(err error) error {
	if p := (*PanicError)(nil); errors.As(err, &p) {
		return fmt.Errorf("%w: %w", w.cause, err)
	}
	return w.cause
}
