package history_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/history"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// An app's runs are recorded as they end, and can be asked for by another process at any time.
func Example() {
	parent, err := os.MkdirTemp("", "peakd")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(parent)
	dir := filepath.Join(parent, "state")

	recorder, err := history.Open(dir, history.Options{
		KeepFor: 30 * 24 * time.Hour, KeepFailedFor: 90 * 24 * time.Hour, MaximumBytes: 512 << 20,
		OnError: func(err error) { log.Println("history:", err) },
	})
	if err != nil {
		log.Fatal(err)
	}
	runs := 0
	app := daemonapp.New(daemonapp.Options{
		Limits: schedule.Limits{IdleThreshold: time.Minute}, Observers: []daemonapp.Observer{recorder},
	})
	_, err = app.Reconcile([]daemonapp.Spec{{Name: "inbox", Daemon: daemonapp.Task{
		Planner: &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Hour}},
		Do: func(context.Context) (schedule.Result, error) {
			runs++
			if runs == 1 {
				return schedule.Result{Outcome: schedule.More, Count: 10}, nil
			}
			return schedule.Result{}, fmt.Errorf("no space on %s", "/srv/inbox")
		},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := app.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	if err := recorder.Close(5 * time.Second); err != nil {
		log.Fatal(err)
	}

	reader, err := history.OpenReader(dir)
	if err != nil {
		log.Fatal(err)
	}
	defer reader.Close()
	err = reader.Each(context.Background(), history.Query{OldestFirst: true}, func(e history.Entry) error {
		fmt.Printf("%s: %q %s %d %s\n", e.Kind, e.Daemon, orDash(e.Outcome), e.Count, orDash(e.Why))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// started: "" - 1 -
	// run: "inbox" more 10 -
	// run: "inbox" failed 0 no space on /srv/inbox
	// stopped: "" - 0 idle
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
