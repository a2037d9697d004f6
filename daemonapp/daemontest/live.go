package daemontest

import (
	"slices"
	"sync"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// name is what the daemon under test is called in its app.
const name = "daemon"

// story is what an app told of the daemon under test.
type story struct {
	mu     sync.Mutex // guards events
	events []daemonapp.Event
	ran    chan struct{} // closed at the first end of a run
}

// Observe implements [daemonapp.Observer].
func (s *story) Observe(e daemonapp.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.Daemon != name {
		return
	}
	if e.Kind == daemonapp.RunEnded && !slices.ContainsFunc(s.events, isEnd) {
		close(s.ran)
	}
	s.events = append(s.events, e)
}

func isEnd(e daemonapp.Event) bool { return e.Kind == daemonapp.RunEnded }

// check complains of runs that overlap and of answers that are none.
func (s *story) check(t T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	running := false
	for _, e := range s.events {
		switch e.Kind {
		case daemonapp.RunStarted:
			if running {
				t.Errorf("a run starts while another one goes on")
			}
			running = true
		case daemonapp.RunEnded:
			running = false
			if dishonest(e.Run.Err) {
				t.Errorf("a run ends %s: %v", e.Run.Result.Outcome, e.Run.Err)
			}
		case daemonapp.ChildrenRefused:
			t.Errorf("its children are refused: %v", e.Err)
		default:
		}
	}
}

// live has the daemon live in an app of its own until that is told to end by what the life does.
func (o Options) live(t T, d daemonapp.Daemon, life func(app *daemonapp.App, ran <-chan struct{})) (returned bool) {
	t.Helper()
	s := &story{ran: make(chan struct{})}
	app := daemonapp.New(daemonapp.Options{
		Limits: schedule.Limits{Workers: 2}, ShutdownGrace: o.RunFor, Observers: []daemonapp.Observer{s},
	})
	spec := daemonapp.Spec{Name: name, Digest: "1", Daemon: d, Terms: daemonapp.Terms{KillGrace: o.ReturnWithin}}
	if _, err := app.Reconcile([]daemonapp.Spec{spec}); err != nil {
		t.Errorf("the app does not take the daemon: %v", err)
		return true
	}
	ended := make(chan daemonapp.Stop, 1)
	go func() { // joined below
		stop, err := app.Run(t.Context())
		if err != nil {
			t.Errorf("the app does not run: %v", err)
		}
		ended <- stop
	}()
	life(app, s.ran)
	app.Drain(daemonapp.DrainOptions{Reason: schedule.Asked})
	stop := <-ended
	s.check(t)
	if len(stop.Abandoned) > 0 {
		t.Errorf("the app has to leave behind: %q", stop.Abandoned)
		return false
	}
	return true
}

// checkApp: in an app that wakes it all the time the daemon runs, one run after the other.
func checkApp(o Options, t T, fresh func() daemonapp.Daemon) bool {
	t.Helper()
	return o.live(t, fresh(), func(app *daemonapp.App, _ <-chan struct{}) {
		timer := time.NewTimer(2 * o.RunFor)
		defer timer.Stop()
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			app.Wake(name)
			select {
			case <-tick.C:
			case <-timer.C:
				return
			}
		}
	})
}

// checkLives: the daemon is started and stopped many times, at once, in the middle of a run, or after one.
func checkLives(o Options, t T, fresh func() daemonapp.Daemon) bool {
	t.Helper()
	o.RunFor = min(o.RunFor, 5*time.Millisecond) // or a hundred lives take long
	for i := range o.Lives {
		ok := o.live(t, fresh(), func(_ *daemonapp.App, ran <-chan struct{}) {
			timer := time.NewTimer(time.Duration(i%4) * o.RunFor / 2)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-ran:
			}
		})
		if !ok {
			return false
		}
	}
	return true
}
