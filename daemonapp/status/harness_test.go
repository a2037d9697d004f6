package status_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/calendar"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/status"
)

// life is an app in a bubble, where the time is 2000-01-01 00:00:00 UTC when it starts, a Saturday.
type life struct {
	*daemonapp.App
	t        *testing.T
	start    time.Time
	input    status.Input
	ended    chan struct{} // closed when Run has returned
	observed *status.Recorder
}

// begin starts an app with these daemons; it is forced to stop at the end of the test.
func begin(t *testing.T, o daemonapp.Options, specs ...daemonapp.Spec) *life {
	t.Helper()
	l := &life{
		t: t, start: time.Now().UTC(), ended: make(chan struct{}),
		observed: status.NewRecorder(func(s string) string { return strings.ReplaceAll(s, "hunter2", "***") }),
	}
	o.Observers = append(o.Observers, l.observed)
	l.App = daemonapp.New(o)
	known := &register{daemons: map[string]daemonapp.Daemon{}}
	for i := range specs {
		specs[i].Daemon = known.enter("", specs[i])
	}
	l.input = status.Input{App: l.App, Name: "batch7", Version: "0.4.0", PID: 4711, Limits: o.Limits, Daemon: known.find, Recorder: l.observed}
	if _, err := l.Reconcile(specs); err != nil {
		t.Fatal(err)
	}
	go func() { // joined in the cleanup
		defer close(l.ended)
		if _, err := l.Run(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	synctest.Wait()
	t.Cleanup(func() {
		l.Drain(daemonapp.DrainOptions{Reason: schedule.Asked})
		l.Force()
		<-l.ended
		time.Sleep(time.Hour) // what was given up returns after all
	})
	return l
}

// at lets the time pass until the app is that old.
func (l *life) at(age time.Duration) *life {
	time.Sleep(age - time.Since(l.start))
	synctest.Wait()
	return l
}

// status is where everything stands now.
func (l *life) status() status.Status {
	in := l.input
	in.Now = time.Now().UTC()
	return status.Of(in)
}

func (l *life) daemon(name string) status.Daemon {
	l.t.Helper()
	for _, d := range l.status().Daemons {
		if d.Name == name {
			return d
		}
	}
	l.t.Fatalf("the status has no %s", name)
	return status.Daemon{}
}

// is wants that state and sentence of the daemon.
func (l *life) is(name string, state status.State, why string) {
	l.t.Helper()
	d := l.daemon(name)
	if d.State != state || d.Why != why {
		l.t.Errorf("%s at %s:\ngot  %-8s %s\nwant %-8s %s", name, time.Since(l.start), d.State, d.Why, state, why)
	}
}

// register finds daemons by name, children of seeds too.
type register struct {
	mu      sync.Mutex // guards daemons
	daemons map[string]daemonapp.Daemon
}

func (r *register) enter(parent string, spec daemonapp.Spec) daemonapp.Daemon {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := parent + spec.Name
	if s, ok := spec.Daemon.(seed); ok {
		s.register, s.name = r, name
		spec.Daemon = s
	}
	r.daemons[name] = spec.Daemon
	return spec.Daemon
}

func (r *register) find(name string) daemonapp.Daemon {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.daemons[name]
}

// seed states children.
type seed struct {
	daemonapp.Task
	children []daemonapp.Spec
	register *register
	name     string
}

func (s seed) Children() []daemonapp.Spec {
	for _, c := range s.children {
		s.register.enter(s.name+"/", c)
	}
	return s.children
}

// Plan implements [status.Planned].
func (s seed) Plan() schedule.Planner { return s.Planner }

// talker is a daemon with words of its own.
type talker struct {
	daemonapp.Task
	words string
}

// Explain implements [status.Explainer]; without words it panics.
func (d talker) Explain() string {
	if d.words == "" {
		panic("nothing to say")
	}
	return d.words
}

// holder is a daemon that cannot start.
type holder struct {
	daemonapp.Task
	reason string
}

// Hold implements [daemonapp.Holder].
func (d holder) Hold() (string, time.Duration) { return d.reason, time.Second }

func spec(name string, d daemonapp.Daemon) daemonapp.Spec {
	return daemonapp.Spec{Name: name, Type: "test", Digest: "1", Daemon: d}
}

func with(s daemonapp.Spec, terms daemonapp.Terms) daemonapp.Spec {
	s.Terms = terms
	return s
}

// every runs at that interval.
func every(wait time.Duration, run daemonapp.RunFunc) daemonapp.Task {
	return paced(schedule.Backoff{RunEvery: wait, MinimumIdle: wait}, run)
}

func paced(b schedule.Backoff, run daemonapp.RunFunc) daemonapp.Task {
	return daemonapp.Task{Planner: &schedule.Interval{Backoff: b}, Do: run}
}

// cron runs by a schedule, in UTC.
func cron(t *testing.T, expr string, run daemonapp.RunFunc) daemonapp.Task {
	t.Helper()
	s, err := calendar.Parse(expr, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	return daemonapp.Task{Planner: &calendar.Plan{Schedule: s}, Do: run}
}

func window(t *testing.T, from, to string, days ...string) daemonapp.Window {
	t.Helper()
	w, err := calendar.ParseWindow(from, to, days, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	return daemonapp.Window{Window: w, Text: w.String()}
}

// ending is a run that ends at once.
func ending(o schedule.Outcome) daemonapp.RunFunc {
	return func(context.Context) (schedule.Result, error) { return schedule.Result{Outcome: o}, nil }
}

// failing is a run that fails at once.
func failing(text string) daemonapp.RunFunc {
	return func(context.Context) (schedule.Result, error) { return schedule.Result{}, errors.New(text) }
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

func same[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func contextOf(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithCancel(t.Context())
}
