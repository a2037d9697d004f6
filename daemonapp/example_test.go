package daemonapp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// A function and a pace make a daemon. The app stops by itself when nothing is due for a minute.
func Example() {
	hello := daemonapp.Task{
		Planner: &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Hour, MinimumIdle: time.Hour}},
		Do: func(context.Context) (schedule.Result, error) {
			fmt.Println("hello")
			return schedule.Result{Outcome: schedule.Worked, Count: 1}, nil
		},
	}
	app := daemonapp.New(daemonapp.Options{Limits: schedule.Limits{IdleThreshold: time.Minute}})
	if _, err := app.Reconcile([]daemonapp.Spec{{Name: "hello", Daemon: hello}}); err != nil {
		fmt.Println(err)
		return
	}
	stop, err := app.Run(context.Background())
	fmt.Println(stop.Reason, err)
	// Output:
	// hello
	// idle <nil>
}

// Poll looks for a job, does it, and yields: each job is a run of its own, so that others get their turn.
func ExamplePoll() {
	jobs := []string{"pack", "ship"}
	find := func(context.Context) (job string, found bool, err error) {
		if len(jobs) == 0 {
			return "", false, nil
		}
		job, jobs = jobs[0], jobs[1:]
		return job, true, nil
	}
	do := func(_ context.Context, job string) error {
		fmt.Println("do", job)
		return nil
	}
	observe := func(e daemonapp.Event) {
		if e.Kind == daemonapp.RunEnded {
			fmt.Println(e.Daemon, e.Run.Result.Outcome)
		}
	}
	app := daemonapp.New(daemonapp.Options{
		Limits:    schedule.Limits{IdleThreshold: time.Minute},
		Observers: []daemonapp.Observer{daemonapp.ObserverFunc(observe)},
	})
	pace := &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Hour, MaximumIdle: 4 * time.Hour}}
	_, _ = app.Reconcile([]daemonapp.Spec{
		{Name: "queue", Daemon: daemonapp.Task{Planner: pace, Do: daemonapp.Poll(find, do)}},
	})
	_, _ = app.Run(context.Background())
	// Output:
	// do pack
	// queue more
	// do ship
	// queue more
	// queue idle
}

// hosts is a seed: it knows which hosts there are, and has one daemon for each.
type hosts struct {
	daemonapp.Pace
	list []string
}

// Run looks for the hosts; here there are always two.
func (h *hosts) Run(context.Context) (schedule.Result, error) {
	h.list = []string{"alpha", "beta"}
	return schedule.Result{Outcome: schedule.Worked, Count: len(h.list)}, nil
}

// Children states a daemon for each host. The app starts, stops and replaces what is needed.
func (h *hosts) Children() []daemonapp.Spec {
	var specs []daemonapp.Spec
	for _, host := range h.list {
		ping := func(context.Context) (schedule.Result, error) {
			fmt.Println("ping", host)
			return schedule.Result{Outcome: schedule.Idle}, nil
		}
		specs = append(specs, daemonapp.Spec{Name: host, Digest: "ping v1", Daemon: daemonapp.Task{Planner: h.Planner, Do: ping}})
	}
	return specs
}

// A seed of one's own.
func ExampleSeed() {
	pace := daemonapp.Pace{Planner: &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Hour, MinimumIdle: time.Hour}}}
	app := daemonapp.New(daemonapp.Options{
		Limits: schedule.Limits{IdleThreshold: time.Minute},
		Observers: []daemonapp.Observer{daemonapp.ObserverFunc(func(e daemonapp.Event) {
			if e.Kind == daemonapp.Added {
				fmt.Println("added", e.Daemon)
			}
		})},
	})
	_, _ = app.Reconcile([]daemonapp.Spec{{Name: "hosts", Daemon: &hosts{Pace: pace}}})
	_, _ = app.Run(context.Background())
	// Output:
	// added hosts
	// added hosts/alpha
	// added hosts/beta
	// ping alpha
	// ping beta
}

// An app beside an HTTP server: a request wakes the daemon that has the work.
func ExampleApp_Wake() {
	ran := make(chan struct{}, 2) // each run sends, the example receives
	index := func(context.Context) (schedule.Result, error) {
		ran <- struct{}{}
		return schedule.Result{Outcome: schedule.Worked}, nil
	}
	pace := &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Hour, MinimumIdle: time.Hour}}
	app := daemonapp.New(daemonapp.Options{})
	_, _ = app.Reconcile([]daemonapp.Spec{{Name: "index", Daemon: daemonapp.Task{Planner: pace, Do: index}}})

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		app.Wake("index")
		w.WriteHeader(http.StatusAccepted)
	}))
	defer server.Close()

	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan daemonapp.Stop)
	go func() { // joined below
		s, _ := app.Run(ctx)
		ended <- s
	}()
	<-ran // its first run, at the start

	response, err := http.Post(server.URL, "text/plain", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = response.Body.Close()
	<-ran // the run that the request asked for
	stop()
	fmt.Println(response.StatusCode, (<-ended).Reason)
	// Output: 202 signal
}
