package cli_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/peakd/peakd/cmd/peakd/cli"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/status"
)

// BenchmarkStatus tells what one status of 3,000 daemons costs: made of the app, and written.
//
//	go test ./cmd/peakd/cli -run '^$' -bench Status
func BenchmarkStatus(b *testing.B) {
	const daemons = 3000
	in := appOf(b, daemons)
	now := status.Of(in)
	if len(now.Daemons) != daemons {
		b.Fatalf("%d daemons", len(now.Daemons))
	}
	b.Run("of", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			now = status.Of(in)
		}
	})
	b.Run("text", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			cli.StatusText(now, 100, true)
		}
	})
	b.Run("both", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			cli.StatusText(status.Of(in), 100, true)
		}
	})
}

// appOf is a running app of so many daemons, each of which has run as often as percentiles are of.
func appOf(b *testing.B, n int) status.Input {
	b.Helper()
	recorder := status.NewRecorder(nil)
	ran := make(chan struct{}, n) // the app sends, and this receives
	limits := schedule.Limits{Workers: 2, IdleThreshold: time.Minute, SoftDeadline: time.Hour}
	app := daemonapp.New(daemonapp.Options{Limits: limits, Observers: []daemonapp.Observer{recorder, daemonapp.ObserverFunc(func(e daemonapp.Event) {
		if e.Kind == daemonapp.RunEnded {
			ran <- struct{}{}
		}
	})}})
	pace := &schedule.Interval{Backoff: schedule.Backoff{RunEvery: 5 * time.Minute, MultiplyIdleBy: 2}}
	specs := make([]daemonapp.Spec, n)
	took := map[string][]time.Duration{}
	for i := range specs {
		specs[i] = daemonapp.Spec{Name: fmt.Sprintf("daemon%04d", i), Digest: "1", Daemon: daemonapp.Task{Planner: pace, Do: func(context.Context) (schedule.Result, error) {
			return schedule.Result{Outcome: schedule.Idle}, nil
		}}}
		for run := range 64 {
			took[specs[i].Name] = append(took[specs[i].Name], time.Duration(run*i)*time.Microsecond)
		}
	}
	recorder.Seed(took)
	if _, err := app.Reconcile(specs); err != nil {
		b.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { // joined in the cleanup
		defer close(ended)
		_, _ = app.Run(b.Context())
	}()
	b.Cleanup(func() {
		app.Drain(daemonapp.DrainOptions{Reason: schedule.Asked})
		<-ended
	})
	for range n {
		<-ran
	}
	return status.Input{App: app, Name: "many", Limits: limits, Daemon: app.Daemon, Recorder: recorder, Now: time.Now()}
}
