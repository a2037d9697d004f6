package control_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/control"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// An app is served beside its run; a client, usually another process, has a daemon run and waits for the outcome.
func Example() {
	dir, err := os.MkdirTemp("", "ctl")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	feed := &control.Feed{}
	app := daemonapp.New(daemonapp.Options{Observers: []daemonapp.Observer{feed}, Lines: feed.Line})
	_, err = app.Reconcile([]daemonapp.Spec{{Name: "report", Daemon: daemonapp.Task{
		Planner: &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Hour}},
		Do: func(context.Context) (schedule.Result, error) {
			return schedule.Result{Outcome: schedule.Worked, Count: 3}, nil
		},
	}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	server, err := control.Listen(control.Options{App: app, Feed: feed, Path: filepath.Join(dir, "shop.sock")})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	served, ended := make(chan error, 1), make(chan struct{})
	go func() { served <- server.Serve(ctx) }() // received below
	go func() {                                 // joined below
		defer close(ended)
		_, _ = app.Run(ctx)
	}()

	client, err := control.Dial(ctx, server.Path())
	if err != nil {
		fmt.Println(err)
		return
	}
	done, err := client.Trigger(ctx, control.TriggerRequest{Choice: control.Choice{Names: []string{"rep*"}}, Wait: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(done.Results[0].Daemon, done.Results[0].Outcome, done.Results[0].Count)

	_, err = client.Stop(ctx)
	<-ended
	server.Interrupt()
	fmt.Println(err, <-served)
	// Output:
	// report worked 3
	// <nil> <nil>
}
