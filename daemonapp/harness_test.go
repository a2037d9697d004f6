package daemonapp_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// life is one life of an app in a bubble, and what it told.
type life struct {
	*daemonapp.App
	t      *testing.T
	start  time.Time
	signal context.CancelFunc
	ended  chan daemonapp.Stop // Run sends, stopped receives
	stop   *daemonapp.Stop

	mu     sync.Mutex // guards events
	events []daemonapp.Event
}

// bubble is a test in a bubble of its own, where time passes only when all are waiting.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

// begin starts an app with these daemons. It is drained at the end of the test if it has not stopped.
func begin(t *testing.T, o daemonapp.Options, specs ...daemonapp.Spec) *life {
	t.Helper()
	l := &life{t: t, start: time.Now(), ended: make(chan daemonapp.Stop, 1)}
	o.Observers = append(o.Observers, l)
	l.App = daemonapp.New(o)
	if _, err := l.Reconcile(specs); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	l.signal = cancel
	go func() { // joined in stopped
		stop, err := l.Run(ctx)
		if err != nil {
			t.Error(err)
		}
		l.ended <- stop
	}()
	synctest.Wait()
	t.Cleanup(func() {
		l.Drain(daemonapp.DrainOptions{Reason: schedule.Asked})
		l.Force()
		if stop := l.stopped(); len(stop.Abandoned) > 0 {
			time.Sleep(time.Hour) // what was given up returns after all
		}
		cancel()
	})
	return l
}

// Observe implements [daemonapp.Observer].
func (l *life) Observe(e daemonapp.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

// stopped waits until the app has ended.
func (l *life) stopped() daemonapp.Stop {
	if l.stop == nil {
		stop := <-l.ended
		l.stop = &stop
	}
	return *l.stop
}

// drain ends the app as an operator does.
func (l *life) drain() daemonapp.Stop {
	l.Drain(daemonapp.DrainOptions{Reason: schedule.Asked})
	return l.stopped()
}

// until lets the time pass until the app is that old.
func (l *life) until(age time.Duration) {
	time.Sleep(age - time.Since(l.start))
	synctest.Wait()
}

// told lists the events of these kinds, all if there are none.
func (l *life) told(kinds ...daemonapp.Kind) []daemonapp.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []daemonapp.Event
	for _, e := range l.events {
		if len(kinds) == 0 || slices.Contains(kinds, e.Kind) {
			list = append(list, e)
		}
	}
	return list
}

// ends lists the ends of runs: "2s a worked".
func (l *life) ends() []string {
	var list []string
	for _, e := range l.told(daemonapp.RunEnded) {
		list = append(list, fmt.Sprintf("%s %s %s", e.At.Sub(l.start), e.Daemon, e.Run.Result.Outcome))
	}
	return list
}

// starts lists the starts of the daemon's runs by the age of the app.
func (l *life) starts(name string) []string {
	var list []string
	for _, e := range l.told(daemonapp.RunStarted) {
		if e.Daemon == name {
			list = append(list, e.At.Sub(l.start).String())
		}
	}
	return list
}

// lines lists the events of these kinds: "2s added a".
func (l *life) lines(kinds ...daemonapp.Kind) []string {
	var list []string
	for _, e := range l.told(kinds...) {
		list = append(list, strings.TrimSpace(fmt.Sprintf("%s %s %s", e.At.Sub(l.start), e.Kind, e.Daemon)))
	}
	return list
}

// status is where the daemon stands.
func (l *life) status(name string) daemonapp.DaemonStatus {
	l.t.Helper()
	for _, st := range l.Status() {
		if st.Name == name {
			return st
		}
	}
	l.t.Fatalf("no daemon %s in the status", name)
	return daemonapp.DaemonStatus{}
}

// names lists the daemons, sorted.
func (l *life) names() []string {
	var list []string
	for _, st := range l.Status() {
		list = append(list, st.Name)
	}
	slices.Sort(list)
	return list
}

// same fails the test if got is not want.
func same[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// is fails the test if err is not want.
func is(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

// every makes a daemon that runs at that interval.
func every(wait time.Duration, run daemonapp.RunFunc) daemonapp.Task {
	return ranked(0, wait, run)
}

// ranked is every with a priority.
func ranked(priority int, wait time.Duration, run daemonapp.RunFunc) daemonapp.Task {
	pace := schedule.Backoff{RunEvery: wait, MinimumIdle: wait}
	return daemonapp.Task{Planner: &schedule.Interval{Backoff: pace, Prio: priority}, Do: run}
}

func spec(name string, d daemonapp.Daemon) daemonapp.Spec {
	return daemonapp.Spec{Name: name, Digest: "1", Daemon: d}
}

// ending is a run that ends at once.
func ending(o schedule.Outcome) daemonapp.RunFunc {
	return func(context.Context) (schedule.Result, error) { return schedule.Result{Outcome: o}, nil }
}

// busy is a run that works that long, or until it is cancelled.
func busy(d time.Duration) daemonapp.RunFunc {
	return func(ctx context.Context) (schedule.Result, error) {
		select {
		case <-time.After(d):
			return schedule.Result{Outcome: schedule.Worked}, nil
		case <-ctx.Done():
			return schedule.Result{}, ctx.Err()
		}
	}
}

// stubborn is a run that works that long whatever its context says.
func stubborn(d time.Duration) daemonapp.RunFunc {
	return func(context.Context) (schedule.Result, error) {
		time.Sleep(d)
		return schedule.Result{Outcome: schedule.Worked}, nil
	}
}

// diary is a list that daemons write and tests read.
type diary struct {
	mu   sync.Mutex // guards list
	list []string
}

func (d *diary) add(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.list = append(d.list, line)
}

func (d *diary) lines() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.list)
}
