package metrics_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/metrics"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// letters is a daemon that has a figure of its own.
type letters struct {
	daemonapp.Pace
	left int
}

func (l *letters) Run(context.Context) (schedule.Result, error) {
	l.left--
	return schedule.Result{Outcome: schedule.Worked, Count: 1}, nil
}

// Gauges implements daemonapp.Gauger. A daemon whose runs change its figures while they are shown guards them.
func (l *letters) Gauges() []daemonapp.Gauge {
	return []daemonapp.Gauge{{Name: "letters_left", Help: "Letters that are not sent yet.", Value: float64(l.left)}}
}

// A program of one's own shows its app to Prometheus.
func Example() {
	m := metrics.New(metrics.Options{Prefix: "post", App: "office", Version: "1.0"})
	app := daemonapp.New(daemonapp.Options{
		Limits:    schedule.Limits{IdleThreshold: time.Minute}, // it stops when nothing is due for a minute
		Observers: []daemonapp.Observer{m},
	})
	m.Attach(app)

	pace := &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Hour, MinimumIdle: time.Hour}}
	daemon := &letters{Pace: daemonapp.Pace{Planner: pace}, left: 3}
	if _, err := app.Reconcile([]daemonapp.Spec{{Name: "outbox", Type: "letters", Digest: "1", Daemon: daemon}}); err != nil {
		fmt.Println(err)
		return
	}
	if _, err := app.Run(context.Background()); err != nil {
		fmt.Println(err)
		return
	}

	pages := httptest.NewServer(m.Handler()) // a program: http.Handle("/metrics", m.Handler())
	defer pages.Close()
	answer, err := http.Get(pages.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "post_count_total") || strings.HasPrefix(line, "post_letters_left") {
			fmt.Println(line)
		}
	}
	// Output:
	// post_count_total{daemon="outbox",type="letters"} 1
	// post_letters_left{daemon="outbox"} 2
}
