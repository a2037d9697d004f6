package daemontest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/daemontest"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// worker is a daemon that keeps a goroutine of its own until Close, and does what the test tells it.
type worker struct {
	daemonapp.Pace
	run   daemonapp.RunFunc
	jobs  chan struct{} // Run sends, the goroutine receives; closed by Close
	ended chan struct{} // closed by the goroutine
}

func newWorker(run daemonapp.RunFunc) *worker {
	w := &worker{Pace: pace(), run: run, jobs: make(chan struct{}), ended: make(chan struct{})}
	go func() { // joined in Close
		defer close(w.ended)
		for range w.jobs {
		}
	}()
	return w
}

func pace() daemonapp.Pace {
	return daemonapp.Pace{Planner: &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Second}}}
}

func (w *worker) Run(ctx context.Context) (schedule.Result, error) {
	w.jobs <- struct{}{}
	return w.run(ctx)
}

func (w *worker) Close() error {
	close(w.jobs)
	<-w.ended
	return nil
}

func idle(context.Context) (schedule.Result, error) {
	return schedule.Result{Outcome: schedule.Idle}, nil
}

func untilCancelled(ctx context.Context) (schedule.Result, error) {
	<-ctx.Done()
	return schedule.Result{}, ctx.Err()
}

func TestGoodDaemonsConform(t *testing.T) {
	t.Parallel()
	good := map[string]func(*testing.T) daemonapp.Daemon{
		"a quick one":    func(*testing.T) daemonapp.Daemon { return newWorker(idle) },
		"a long one":     func(*testing.T) daemonapp.Daemon { return newWorker(untilCancelled) },
		"a plain task":   func(*testing.T) daemonapp.Daemon { return daemonapp.Task{Planner: pace(), Do: idle} },
		"one that fails": func(*testing.T) daemonapp.Daemon { return newWorker(failing) },
		"a seed":         func(*testing.T) daemonapp.Daemon { return &seed{Task: task(idle), names: []string{"a", "b"}} },
		"a calendar": func(*testing.T) daemonapp.Daemon {
			return daemonapp.Task{Planner: calendar{step: time.Hour}, Do: untilCancelled}
		},
	}
	for name, fresh := range good {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			daemontest.Conform(t, fresh)
		})
	}
}

func failing(context.Context) (schedule.Result, error) {
	return schedule.Result{}, errors.New("no luck")
}

func task(run daemonapp.RunFunc) daemonapp.Task { return daemonapp.Task{Planner: pace(), Do: run} }

type seed struct {
	daemonapp.Task
	names []string
}

func (s *seed) Children() []daemonapp.Spec {
	var specs []daemonapp.Spec
	for _, name := range s.names {
		specs = append(specs, daemonapp.Spec{Name: name, Daemon: task(idle)})
	}
	return specs
}

// calendar is due at every step of the clock.
type calendar struct{ step time.Duration }

func (calendar) Priority() int                         { return 0 }
func (c calendar) NextRun(last schedule.Run) time.Time { return c.After(last.Finished) }
func (c calendar) After(t time.Time) time.Time         { return t.Round(0).Add(c.step) }
func (calendar) CatchUp() bool                         { return false }

// slowPlanner makes its scheduler wait.
type slowPlanner struct{ prio, next time.Duration }

func (s slowPlanner) Priority() int { time.Sleep(s.prio); return 0 }

func (s slowPlanner) NextRun(last schedule.Run) time.Time {
	time.Sleep(s.next)
	return last.Finished.Add(time.Second)
}

// closer is a task with a Close.
type closer struct {
	daemonapp.Task
	close func() error
}

func (c closer) Close() error { return c.close() }

// holder is a task with a Hold.
type holder struct {
	daemonapp.Task
	hold func() (string, time.Duration)
}

func (h holder) Hold() (string, time.Duration) { return h.hold() }

// complaints is a T that keeps what it is told.
type complaints struct {
	ctx context.Context

	mu   sync.Mutex // guards list
	list []string
}

func (c *complaints) Helper()                  {}
func (c *complaints) Context() context.Context { return c.ctx }

func (c *complaints) Errorf(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, fmt.Sprintf(format, args...))
}

func (c *complaints) about(what string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(c.list, func(s string) bool { return strings.Contains(s, what) })
}

// broken is a daemon that breaks a promise, and what is to be complained of.
type broken struct {
	name  string
	want  string
	fresh func(end <-chan struct{}) daemonapp.Daemon // end is closed when the test is over
}

func brokenDaemons() []broken {
	result := func(r schedule.Result) func(<-chan struct{}) daemonapp.Daemon {
		return func(<-chan struct{}) daemonapp.Daemon {
			return task(func(context.Context) (schedule.Result, error) { return r, nil })
		}
	}
	planner := func(p schedule.Planner) func(<-chan struct{}) daemonapp.Daemon {
		return func(<-chan struct{}) daemonapp.Daemon { return daemonapp.Task{Planner: p, Do: idle} }
	}
	closing := func(f func(end <-chan struct{}) error) func(<-chan struct{}) daemonapp.Daemon {
		return func(end <-chan struct{}) daemonapp.Daemon {
			return closer{task(idle), func() error { return f(end) }}
		}
	}
	children := func(names ...string) func(<-chan struct{}) daemonapp.Daemon {
		return func(<-chan struct{}) daemonapp.Daemon { return &seed{task(idle), names} }
	}
	return []broken{
		{"is deaf to its context", "Run has not returned", func(end <-chan struct{}) daemonapp.Daemon {
			return task(func(context.Context) (schedule.Result, error) { <-end; return idle(nil) }) //nolint:staticcheck // no context
		}},
		{"tells nothing", "neither an outcome nor an error", result(schedule.Result{})},
		{"fails without a reason", "does not say why", result(schedule.Result{Outcome: schedule.Failed})},
		{"says that it was cancelled", "not for a daemon to say", result(schedule.Result{Outcome: schedule.Cancelled})},
		{"counts backwards", "counts -1", result(schedule.Result{Outcome: schedule.Worked, Count: -1})},
		{"panics", "Run panics", func(<-chan struct{}) daemonapp.Daemon {
			return task(func(context.Context) (schedule.Result, error) { panic("broken") })
		}},
		{"panics when cancelled", "a run ends cancelled", func(<-chan struct{}) daemonapp.Daemon {
			return task(func(ctx context.Context) (schedule.Result, error) {
				if _, inApp := daemonapp.RunFrom(ctx); !inApp {
					return idle(ctx)
				}
				<-ctx.Done()
				panic("broken")
			})
		}},
		{"goes on behind its run", "each run leaves a goroutine behind", func(end <-chan struct{}) daemonapp.Daemon {
			return task(func(ctx context.Context) (schedule.Result, error) { go func() { <-end }(); return idle(ctx) })
		}},
		{"goes on after Close", "goroutines are left behind", func(end <-chan struct{}) daemonapp.Daemon {
			go func() { <-end }()
			return task(idle)
		}},
		{"is slow to say its priority", "Priority takes", planner(slowPlanner{prio: 100 * time.Millisecond})},
		{"never says its priority", "Priority has not returned", planner(slowPlanner{prio: 2 * time.Second})},
		{"is slow to say its next run", "NextRun after a run that ended worked takes", planner(slowPlanner{next: 100 * time.Millisecond})},
		{"has a calendar that stands still", "which is not after it", planner(calendar{})},
		{"is slow to hold", "Hold takes", func(<-chan struct{}) daemonapp.Daemon {
			return holder{task(idle), func() (string, time.Duration) { time.Sleep(100 * time.Millisecond); return "", 0 }}
		}},
		{"never closes", "Close has not returned", closing(func(end <-chan struct{}) error { <-end; return nil })},
		{"fails to close", "Close: lost", closing(func(<-chan struct{}) error { return errors.New("lost") })},
		{"panics in Close", "Close panics", closing(func(<-chan struct{}) error { panic("broken") })},
		{"has a child without a name", `a child "" cannot be`, children("")},
		{"has two children of one name", `a child "a" cannot be`, children("a", "a")},
		{"has a child with a slash, in an app", "its children are refused", children("a/b")},
	}
}

func TestBrokenDaemonsAreCaught(t *testing.T) {
	t.Parallel()
	for _, b := range brokenDaemons() {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			end := make(chan struct{})
			defer close(end)
			c := &complaints{ctx: t.Context()}
			options := daemontest.Options{ReturnWithin: 500 * time.Millisecond, RunFor: 5 * time.Millisecond, Lives: 2}
			options.Check(c, func() daemonapp.Daemon { return b.fresh(end) })
			if !c.about(b.want) {
				t.Errorf("nobody complains that it %s: want %q in %q", b.name, b.want, c.list)
			}
		})
	}
}
