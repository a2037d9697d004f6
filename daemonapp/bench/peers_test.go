//go:build unix

package bench

import (
	"container/heap"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-co-op/gocron/v2"
	"github.com/robfig/cron/v3"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// peer is a scheduler. start runs n jobs at that interval until stop; add adds one more.
type peer struct {
	name  string
	start func(tb testing.TB, n int, every time.Duration, job func()) (add, stop func())
}

func peers() []peer {
	return []peer{
		{"peakd", startOurs},
		{"time.AfterFunc", startAfterFunc},
		{"container-heap", startHeap},
		{"robfig-cron", startRobfig},
		{"gocron", startGocron},
	}
}

// startOurs adds by a seed, each of whose runs states another child: one is added and one removed.
func startOurs(tb testing.TB, n int, every time.Duration, job func()) (add, stop func()) {
	tb.Helper()
	pace := &schedule.Interval{Backoff: schedule.Backoff{RunEvery: max(every, 1), MinimumIdle: every}}
	do := func(context.Context) (schedule.Result, error) {
		job()
		return schedule.Result{Outcome: schedule.Worked}, nil
	}
	specs := make([]daemonapp.Spec, n)
	for i := range specs {
		specs[i] = daemonapp.Spec{Name: fmt.Sprint("job-", i), Daemon: daemonapp.Task{Planner: pace, Do: do}}
		specs[i].Terms.StartAfter = every
	}
	s := &adder{ran: make(chan struct{}), spec: daemonapp.Spec{
		Daemon: daemonapp.Task{Planner: pace, Do: do}, Terms: daemonapp.Terms{StartAfter: time.Hour},
	}}
	if every > 0 {
		specs = append(specs, daemonapp.Spec{Name: "adder", Daemon: s})
	}
	app := daemonapp.New(daemonapp.Options{})
	if _, err := app.Reconcile(specs); err != nil {
		tb.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { // joined in stop
		defer close(ended)
		if _, err := app.Run(tb.Context()); err != nil {
			tb.Error(err)
		}
	}()
	if every > 0 {
		<-s.ran
	}
	add = func() {
		_ = app.Trigger("adder", true, "")
		<-s.ran
	}
	stop = func() {
		app.Drain(daemonapp.DrainOptions{Reason: schedule.Asked})
		<-ended
	}
	return add, stop
}

// adder is a seed with one child, another one after each run.
type adder struct {
	spec daemonapp.Spec
	runs int
	ran  chan struct{}
}

func (*adder) Priority() int { return 0 }

func (a *adder) Run(context.Context) (schedule.Result, error) {
	a.runs++
	return schedule.Result{Outcome: schedule.Idle}, nil
}

func (a *adder) Children() []daemonapp.Spec {
	spec := a.spec
	spec.Name = fmt.Sprint("extra-", a.runs)
	return []daemonapp.Spec{spec}
}

func (a *adder) NextRun(schedule.Run) time.Time {
	a.ran <- struct{}{}
	return time.Time{}
}

func startAfterFunc(_ testing.TB, n int, every time.Duration, job func()) (add, stop func()) {
	var stopped atomic.Bool
	var timers []*time.Timer
	add = func() {
		var timer *time.Timer
		timer = time.AfterFunc(time.Hour, func() {
			job()
			if !stopped.Load() {
				timer.Reset(every)
			}
		})
		timer.Reset(every)
		timers = append(timers, timer)
	}
	for range n {
		add()
	}
	return add, func() {
		stopped.Store(true) // first: who has fired already must not arm itself again
		for _, timer := range timers {
			timer.Stop()
		}
	}
}

// due is a bare heap of due times: the least that a scheduler of one's own is made of.
type due []*entry

type entry struct {
	at  time.Time
	job func()
}

func (d due) Len() int           { return len(d) }
func (d due) Less(i, j int) bool { return d[i].at.Before(d[j].at) }
func (d due) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }
func (d *due) Push(x any)        { *d = append(*d, x.(*entry)) }

func (d *due) Pop() any {
	last := (*d)[len(*d)-1]
	*d = (*d)[:len(*d)-1]
	return last
}

// startHeap keeps a heap under a mutex, and one goroutine that calls what is due.
func startHeap(_ testing.TB, n int, every time.Duration, job func()) (add, stop func()) {
	var mu sync.Mutex // guards queue
	var queue due
	kick, ended, quit := make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	push := func() { heap.Push(&queue, &entry{time.Now().Add(every), job}) }
	for range n {
		push()
	}
	turn := func() (wait time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		first, now := queue[0], time.Now()
		if wait = first.at.Sub(now); wait > 0 {
			return wait
		}
		mu.Unlock()
		first.job()
		mu.Lock()
		first.at = now.Add(every)
		heap.Fix(&queue, 0)
		return 0
	}
	go func() { // joined in stop
		defer close(ended)
		timer := time.NewTimer(time.Hour)
		defer timer.Stop()
		for wait := time.Duration(0); ; wait = turn() {
			if wait <= 0 {
				select {
				case <-quit:
					return
				default:
				}
				continue
			}
			timer.Reset(wait)
			select {
			case <-quit:
				return
			case <-kick:
			case <-timer.C:
			}
		}
	}()
	add = func() {
		mu.Lock()
		defer mu.Unlock()
		push()
		select {
		case kick <- struct{}{}:
		default:
		}
	}
	return add, func() {
		close(quit)
		<-ended
	}
}

// soon is a schedule of robfig/cron for intervals of any length; its own Every rounds to seconds.
type soon time.Duration

func (s soon) Next(t time.Time) time.Time { return t.Add(max(time.Duration(s), 1)) }

func startRobfig(_ testing.TB, n int, every time.Duration, job func()) (add, stop func()) {
	c := cron.New()
	add = func() { c.Schedule(soon(every), cron.FuncJob(job)) }
	for range n {
		add()
	}
	c.Start()
	return add, func() { <-c.Stop().Done() }
}

// startGocron asks for half a million runs a second at most, many times what it can do: asked for more it
// does not even start.
func startGocron(tb testing.TB, n int, every time.Duration, job func()) (add, stop func()) {
	tb.Helper()
	every = max(every, time.Millisecond, time.Duration(n)*2*time.Microsecond)
	s, err := gocron.NewScheduler(gocron.WithStopTimeout(time.Second))
	if err != nil {
		tb.Fatal(err)
	}
	add = func() {
		_, err := s.NewJob(gocron.DurationJob(every), gocron.NewTask(job),
			gocron.WithSingletonMode(gocron.LimitModeReschedule))
		if err != nil {
			tb.Error(err)
		}
	}
	for range n {
		add()
	}
	s.Start()
	return add, func() { _ = s.Shutdown() }
}
