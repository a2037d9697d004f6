package metrics_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/metrics"
	"github.com/peakd/peakd/daemonapp/schedule"
)

func TestWhatIsObserved(t *testing.T) {
	t.Parallel()
	worked := schedule.Result{Outcome: schedule.Worked, Count: 7}
	for _, tt := range []struct {
		name   string
		events []daemonapp.Event
		want   map[string]float64
	}{
		{"a new daemon begins at zero, so that the first of everything is an increase", []daemonapp.Event{added("a", "exec")}, map[string]float64{
			"peakd_runs_total{daemon=a,outcome=worked,type=exec}":    0,
			"peakd_runs_total{daemon=a,outcome=more,type=exec}":      0,
			"peakd_runs_total{daemon=a,outcome=idle,type=exec}":      0,
			"peakd_runs_total{daemon=a,outcome=failed,type=exec}":    0,
			"peakd_runs_total{daemon=a,outcome=cancelled,type=exec}": 0,
			"peakd_missed_runs_total{daemon=a,type=exec}":            0,
			"peakd_skipped_runs_total{daemon=a,type=exec}":           0,
		}},
		{"runs", []daemonapp.Event{
			added("a", "exec"), ran("a", "exec", time.Second, 2*time.Second, worked), ran("a", "exec", 0, time.Second, worked),
			ran("a", "exec", 0, 0, schedule.Result{Outcome: schedule.More, Count: 1}),
			ran("a", "exec", 0, 0, schedule.Result{Outcome: schedule.Idle}),
			ran("a", "exec", 0, 0, schedule.Result{Outcome: schedule.Failed}),
			ran("a", "exec", 0, 0, schedule.Result{Outcome: schedule.Cancelled}),
		}, map[string]float64{
			"peakd_runs_total{daemon=a,outcome=worked,type=exec}":    2,
			"peakd_runs_total{daemon=a,outcome=more,type=exec}":      1,
			"peakd_runs_total{daemon=a,outcome=idle,type=exec}":      1,
			"peakd_runs_total{daemon=a,outcome=failed,type=exec}":    1,
			"peakd_runs_total{daemon=a,outcome=cancelled,type=exec}": 1,
			"peakd_run_seconds_total{daemon=a,type=exec}":            3,
			"peakd_wait_seconds_total{daemon=a,type=exec}":           1,
			"peakd_count_total{daemon=a,type=exec}":                  15,
			"peakd_run_duration_seconds{type=exec}":                  6,
		}},
		{"a clock that went back takes nothing away", []daemonapp.Event{
			added("a", "exec"), ran("a", "exec", -time.Hour, -time.Hour, schedule.Result{Outcome: schedule.Worked, Count: -3}),
		}, map[string]float64{
			"peakd_run_seconds_total{daemon=a,type=exec}":  0,
			"peakd_wait_seconds_total{daemon=a,type=exec}": 0,
			"peakd_count_total{daemon=a,type=exec}":        0,
		}},
		{"a run that is given up has failed", []daemonapp.Event{added("a", "exec"), {
			Kind: daemonapp.Stuck, Daemon: "a", Type: "exec", Run: schedule.Run{Started: start, Finished: start.Add(time.Minute), Result: schedule.Result{Outcome: schedule.Failed}},
		}}, map[string]float64{
			"peakd_runs_total{daemon=a,outcome=failed,type=exec}": 1,
			"peakd_run_seconds_total{daemon=a,type=exec}":         60,
		}},
		{"runs that were not", []daemonapp.Event{
			added("a", "exec"), {Kind: daemonapp.Missed, Daemon: "a", Times: 3}, {Kind: daemonapp.Skipped, Daemon: "a", Times: 1},
		}, map[string]float64{
			"peakd_missed_runs_total{daemon=a,type=exec}":  3,
			"peakd_skipped_runs_total{daemon=a,type=exec}": 1,
		}},
		{"a successor goes on", []daemonapp.Event{
			added("a", "exec"), ran("a", "exec", 0, 0, worked), {Kind: daemonapp.Replaced, Daemon: "a", Type: "exec"}, ran("a", "exec", 0, 0, worked),
		}, map[string]float64{"peakd_runs_total{daemon=a,outcome=worked,type=exec}": 2}},
		{"dispatch lag", []daemonapp.Event{
			added("a", "exec"), {Kind: daemonapp.RunStarted, Daemon: "a", Run: schedule.Run{Due: start, Started: start.Add(time.Second)}},
		}, map[string]float64{"peakd_dispatch_lag_seconds": 1}},
		{"the app's life", []daemonapp.Event{{Kind: daemonapp.AppStarted, At: start}}, map[string]float64{
			"peakd_app_start_time_seconds":                              float64(start.Unix()),
			"peakd_config_last_reload_successful":                       1,
			"peakd_config_last_reload_success_timestamp_seconds":        float64(start.Unix()),
			"peakd_stopping":                                            0,
			"peakd_app_info{app=mail}":                                  1,
			"peakd_observer_dropped_total{observer=log}":                4,
			"peakd_build_info{goversion=" + goVersion + ",version=1.2}": 1,
		}},
		{"a configuration is refused", []daemonapp.Event{
			{Kind: daemonapp.AppStarted, At: start}, {Kind: daemonapp.ReloadRefused, At: start.Add(time.Hour), Err: errors.New("no")},
		}, map[string]float64{
			"peakd_config_last_reload_successful":                0,
			"peakd_config_last_reload_success_timestamp_seconds": float64(start.Unix()),
		}},
		{"and the next one is not", []daemonapp.Event{
			{Kind: daemonapp.AppStarted, At: start}, {Kind: daemonapp.ReloadRefused}, {Kind: daemonapp.Reloaded, At: start.Add(time.Hour)},
		}, map[string]float64{
			"peakd_config_last_reload_successful":                1,
			"peakd_config_last_reload_success_timestamp_seconds": float64(start.Unix() + 3600),
		}},
		{"draining", []daemonapp.Event{{Kind: daemonapp.Draining}}, map[string]float64{"peakd_stopping": 1}},
		{"stopped with nothing in flight", []daemonapp.Event{{Kind: daemonapp.AppStopped}}, map[string]float64{"peakd_stopping": 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := metrics.New(metrics.Options{App: "mail", Version: "1.2", Dropped: map[string]func() int64{"log": func() int64 { return 4 }}})
			for _, e := range tt.events {
				m.Observe(e)
			}
			expect(t, gathered(t, m), tt.want)
		})
	}
}

// TestSeriesGoWithTheirDaemon: what is removed leaves nothing behind, and what has another type begins anew.
func TestSeriesGoWithTheirDaemon(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Options{})
	for _, name := range []string{"a", "b", "c", "d"} {
		m.Observe(added(name, "exec"))
		m.Observe(ran(name, "exec", 0, 0, schedule.Result{Outcome: schedule.Worked, Count: int(name[0])}))
	}
	m.Observe(daemonapp.Event{Kind: daemonapp.Removed, Daemon: "a"})
	m.Observe(daemonapp.Event{Kind: daemonapp.Removed, Daemon: "d"})
	m.Observe(daemonapp.Event{Kind: daemonapp.Removed, Daemon: "a"})
	m.Observe(daemonapp.Event{Kind: daemonapp.Replaced, Daemon: "b", Type: "file_cleanup"})
	m.Observe(ran("a", "exec", 0, 0, schedule.Result{Outcome: schedule.Worked}))
	got := gathered(t, m)
	expect(t, got, map[string]float64{
		"peakd_count_total{daemon=b,type=file_cleanup}": 0,
		"peakd_count_total{daemon=c,type=exec}":         'c',
	})
	for name := range got {
		if strings.Contains(name, "daemon=a") || strings.Contains(name, "daemon=d") || strings.Contains(name, "daemon=b,type=exec") {
			t.Errorf("%s is still there", name)
		}
	}
}

// TestObserveAllocatesNothing once a daemon is known.
func TestObserveAllocatesNothing(t *testing.T) {
	m := metrics.New(metrics.Options{})
	m.Observe(added("a", "exec"))
	begun := daemonapp.Event{Kind: daemonapp.RunStarted, Daemon: "a", Run: schedule.Run{Due: start, Started: start}}
	ended := ran("a", "exec", time.Second, time.Second, schedule.Result{Outcome: schedule.Worked, Count: 1})
	if n := testing.AllocsPerRun(1000, func() {
		m.Observe(begun)
		m.Observe(ended)
	}); n != 0 {
		t.Errorf("a run costs %v allocations", n)
	}
}

// TestScrapesBesideObserve scrapes while daemons come, run and go; the race detector watches.
func TestScrapesBesideObserve(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Options{})
	done := make(chan struct{})
	var scrapers sync.WaitGroup
	for range 2 {
		scrapers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					gathered(t, m)
				}
			}
		})
	}
	for i := range 2000 {
		name := string(rune('a' + i%26))
		m.Observe(added(name, "exec"))
		m.Observe(ran(name, "exec", 0, 0, schedule.Result{Outcome: schedule.Worked}))
		if i%3 == 0 {
			m.Observe(daemonapp.Event{Kind: daemonapp.Removed, Daemon: name})
		}
	}
	close(done)
	scrapers.Wait()
}

// TestObserveDoesNotWaitForScrapes observes in the midst of a scrape, on its own goroutine: a lock that both wanted would
// never be free.
func TestObserveDoesNotWaitForScrapes(t *testing.T) {
	t.Parallel()
	var m *metrics.Metrics
	m = metrics.New(metrics.Options{Dropped: map[string]func() int64{"log": func() int64 {
		m.Observe(added("b", "exec"))
		m.Observe(ran("a", "exec", 0, 0, schedule.Result{Outcome: schedule.Worked}))
		m.Observe(daemonapp.Event{Kind: daemonapp.Removed, Daemon: "b"})
		return 0
	}}})
	m.Observe(added("a", "exec"))
	gathered(t, m)
	expect(t, gathered(t, m), map[string]float64{"peakd_runs_total{daemon=a,outcome=worked,type=exec}": 2})
}
