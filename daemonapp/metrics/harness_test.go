package metrics_test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/metrics"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// begin runs an app with these metrics until the test ends.
func begin(t testing.TB, m *metrics.Metrics, o daemonapp.Options, specs ...daemonapp.Spec) *daemonapp.App {
	t.Helper()
	o.Observers = append([]daemonapp.Observer{m}, o.Observers...)
	app := daemonapp.New(o)
	m.Attach(app)
	if _, err := app.Reconcile(specs); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { // joined in the cleanup
		defer close(ended)
		if _, err := app.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return app
}

// spec is a daemon that runs hourly.
func spec(name, typ string, run daemonapp.RunFunc) daemonapp.Spec {
	return daemonapp.Spec{Name: name, Type: typ, Digest: "1", Daemon: task(run)}
}

func task(run daemonapp.RunFunc) daemonapp.Task {
	return daemonapp.Task{Planner: &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Hour, MinimumIdle: time.Hour}}, Do: run}
}

func ending(o schedule.Outcome, count int) daemonapp.RunFunc {
	return func(context.Context) (schedule.Result, error) { return schedule.Result{Outcome: o, Count: count}, nil }
}

// gathered is what a scrape gives, by "name{label=value,...}"; of a histogram the count.
func gathered(t testing.TB, m *metrics.Metrics) map[string]float64 {
	t.Helper()
	families, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, f := range families {
		for _, s := range f.GetMetric() {
			all[f.GetName()+labels(s)] = value(s)
		}
	}
	return all
}

func value(s *dto.Metric) float64 {
	switch {
	case s.Counter != nil:
		return s.Counter.GetValue()
	case s.Histogram != nil:
		return float64(s.Histogram.GetSampleCount())
	}
	return s.Gauge.GetValue()
}

func labels(s *dto.Metric) string {
	var list []string
	for _, l := range s.GetLabel() {
		list = append(list, l.GetName()+"="+l.GetValue())
	}
	if len(list) == 0 {
		return ""
	}
	return "{" + strings.Join(list, ",") + "}"
}

// expect fails the test for each of these that is not there with that value.
func expect(t *testing.T, got, want map[string]float64) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if value, there := got[name]; !there || value != want[name] {
			t.Errorf("%s is %v (there: %t), want %v", name, value, there, want[name])
		}
	}
}

// scrape is the text that the handler answers.
func scrape(t testing.TB, m *metrics.Metrics) string {
	t.Helper()
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if answer.Code != http.StatusOK {
		t.Fatalf("status %d: %s", answer.Code, answer.Body)
	}
	return answer.Body.String()
}

// start is when the things of these tests happen.
var start = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

// added tells of a new daemon.
func added(name, typ string) daemonapp.Event {
	return daemonapp.Event{Kind: daemonapp.Added, At: start, Daemon: name, Type: typ}
}

// ran tells of a run that waited and took that long.
func ran(name, typ string, waited, took time.Duration, r schedule.Result) daemonapp.Event {
	return daemonapp.Event{
		Kind: daemonapp.RunEnded, At: start.Add(waited + took), Daemon: name, Type: typ,
		Run: schedule.Run{Due: start, Started: start.Add(waited), Finished: start.Add(waited + took), Result: r},
	}
}

// status is the status code of a scrape.
func status(h http.Handler) int {
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return answer.Code
}

// one is a collector of a metric whose value is 1.
func one(name string) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: "One."}, func() float64 { return 1 })
}
