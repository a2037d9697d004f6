package daemonapp

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// Why the context of a run was cancelled, as context.Cause tells it.
var (
	// ErrTimeout: the run took longer than its timeout.
	ErrTimeout = errors.New("the run took longer than its timeout")
	// ErrWindowClosed: the daemon's window closed, and it is to stop then.
	ErrWindowClosed = errors.New("the window closed")
	// ErrStopping: the app is stopping and the shutdown grace is over.
	ErrStopping = errors.New("the app is stopping")
	// ErrForced: the app is to stop at once; a run that has children kills them.
	ErrForced = errors.New("the app was forced to stop")
	// ErrCancelled: an operator cancelled the run.
	ErrCancelled = errors.New("cancelled by an operator")
	// ErrKilled: an operator cancelled the run and wants it dead at once.
	ErrKilled = errors.New("killed by an operator")

	errRunEnded = errors.New("the run has ended")
)

// RunID names a run: unique in an app's life, and over lives as far as the clock goes forward. It counts on from the
// microseconds of the wall clock at the start, as no app starts a million runs a second for long.
type RunID uint64

// String is the id in hexadecimal, as logs, PEAKD_RUN and commands have it.
func (id RunID) String() string { return strconv.FormatUint(uint64(id), 16) }

// RunInfo is what a run may know of itself; see [RunFrom].
type RunInfo struct {
	// ID names the run, Daemon the daemon.
	ID     RunID
	Daemon string
	// Attempt is 1, or one more than the consecutive failures before this run.
	Attempt int
	// Due is since when the daemon was ready; Deadline when the run times out (zero: never).
	Due      time.Time
	Deadline time.Time
	// Trigger is "schedule", "wake" or "operator".
	Trigger string
	// Once tells that the app runs each daemon a single time: there is no next run to go on in.
	Once bool

	// report is the run's own until it has ended.
	report *Report
	lines  func(Line)

	progress atomic.Int64

	mu     sync.Mutex
	killed chan struct{} // closed by kill; made by whoever comes first
	dying  bool
}

// Killed is closed when the run is to die at once: an operator killed it, or a second request forces the app to
// stop. A run that has child processes kills them; others need only watch their context.
func (i *RunInfo) Killed() <-chan struct{} { return i.killedChan() }

func (i *RunInfo) killedChan() chan struct{} {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.killed == nil {
		i.killed = make(chan struct{})
	}
	return i.killed
}

func (i *RunInfo) kill() {
	killed := i.killedChan()
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.dying {
		i.dying = true
		close(killed)
	}
}

// Progress notes how far the run has come: done of total things. Any goroutine may call it, at any rate.
func (i *RunInfo) Progress(done, total int) {
	i.progress.Store(int64(min(done, 1<<31-1))<<32 | int64(min(total, 1<<31-1)))
}

// Progressed is what was noted last.
func (i *RunInfo) Progressed() (done, total int) {
	p := i.progress.Load()
	return int(p >> 32), int(p & (1<<32 - 1))
}

// Line hands over a line that the run has written; see [Line]. Any goroutine of the run may call it. It does not block.
func (i *RunInfo) Line(at time.Time, stream, text string) {
	if i.lines != nil {
		i.lines(Line{At: at, Daemon: i.Daemon, Run: i.ID, Stream: stream, Text: text})
	}
}

type runInfoKey struct{}

// RunFrom tells about the run that ctx belongs to; false outside a run.
func RunFrom(ctx context.Context) (*RunInfo, bool) {
	info, ok := ctx.Value(runInfoKey{}).(*RunInfo)
	return info, ok
}

// runContext is the context of a run. Most runs never look at theirs, so it becomes a real one only
// when somebody asks for Done; one that nobody asked anything serves the worker's next run too.
type runContext struct {
	parent context.Context
	info   RunInfo

	mu     sync.Mutex
	real   context.Context
	cancel context.CancelCauseFunc
	ended  bool // the run has ended

	// asked tells that somebody may hold on to it after the run. It is read without mu, as most runs ask
	// nothing and are to end without a lock.
	asked atomic.Bool
}

var _ context.Context = (*runContext)(nil)

// Deadline implements [context.Context].
func (c *runContext) Deadline() (time.Time, bool) {
	c.asked.Store(true)
	return c.info.Deadline, !c.info.Deadline.IsZero()
}

// Done implements [context.Context].
func (c *runContext) Done() <-chan struct{} { return c.become().Done() }

// Err implements [context.Context].
func (c *runContext) Err() error {
	c.asked.Store(true)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.real != nil:
		return c.real.Err()
	case c.ended:
		return context.Canceled
	}
	return nil
}

// Value implements [context.Context].
func (c *runContext) Value(key any) any {
	c.asked.Store(true)
	c.mu.Lock()
	ctx := c.real
	c.mu.Unlock()
	if key == (runInfoKey{}) {
		return &c.info
	}
	if ctx != nil {
		return ctx.Value(key)
	}
	return c.parent.Value(key)
}

func (c *runContext) become() context.Context {
	c.asked.Store(true)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.real == nil {
		c.real, c.cancel = context.WithCancelCause(c.parent)
		if c.ended {
			c.cancel(errRunEnded)
		}
	}
	return c.real
}

// stop cancels the run.
func (c *runContext) stop(cause error) {
	c.become()
	c.cancel(cause)
}

// end ends the context with its run, and tells whether it is as good as new.
func (c *runContext) end() bool {
	if !c.asked.Load() {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	if c.real != nil {
		c.cancel(errRunEnded)
	}
	return false
}

func triggerName(by schedule.Waker) string {
	switch by {
	case schedule.ByEvent:
		return "wake"
	case schedule.ByOperator, schedule.ByOperatorShift:
		return "operator"
	}
	return "schedule"
}
