package status_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/status"
)

var start = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

// ran is the event of a run that took that long.
func ran(name string, took time.Duration, outcome schedule.Outcome, err error) daemonapp.Event {
	return daemonapp.Event{
		Kind: daemonapp.RunEnded, At: start.Add(took), Daemon: name,
		Run: schedule.Run{Started: start, Finished: start.Add(took), Result: schedule.Result{Outcome: outcome}, Err: err},
	}
}

// recorded is the status of a daemon of an app that has not begun, with what the recorder knows.
func recorded(t *testing.T, r *status.Recorder, name string) status.Daemon {
	t.Helper()
	app := daemonapp.New(daemonapp.Options{})
	if _, err := app.Reconcile([]daemonapp.Spec{spec(name, every(time.Minute, ending(worked)))}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := contextOf(t)
	cancel()
	if _, err := app.Run(ctx); err != nil {
		t.Fatal(err)
	}
	return status.Of(status.Input{App: app, Recorder: r, Now: start.Add(time.Hour)}).Daemons[0]
}

func TestRecorderKeepsTheLatestDurations(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		seed     []time.Duration
		took     []time.Duration
		p50, p95 time.Duration
		samples  int
	}{
		{name: "none"},
		{name: "one", took: []time.Duration{1234567 * time.Microsecond}, p50: 1234567 * time.Microsecond, p95: 1234567 * time.Microsecond, samples: 1},
		{name: "two", took: []time.Duration{4 * time.Second, 2 * time.Second}, p50: 2 * time.Second, p95: 4 * time.Second, samples: 2},
		{name: "twenty", took: upTo(20), p50: 10 * time.Second, p95: 19 * time.Second, samples: 20},
		{name: "the latest 64 of 100", took: upTo(100), p50: 68 * time.Second, p95: 97 * time.Second, samples: 64},
		{name: "those of an earlier life first", seed: upTo(60), took: []time.Duration{0, 0, 0, 0, 0, 0}, p50: 28 * time.Second, p95: 57 * time.Second, samples: 64},
		{name: "short and long", took: []time.Duration{310 * time.Millisecond, 90 * time.Microsecond, 47 * time.Minute, 300 * time.Hour}, p50: 310 * time.Millisecond, p95: 300 * time.Hour, samples: 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := status.NewRecorder(nil)
			r.Seed(map[string][]time.Duration{"a": tt.seed})
			for _, took := range tt.took {
				r.Observe(ran("a", took, worked, nil))
				r.Observe(ran("a", time.Hour, schedule.Cancelled, nil))
			}
			d := recorded(t, r, "a")
			same(t, "p50, p95", []time.Duration{d.P50.Duration(), d.P95.Duration()}, []time.Duration{tt.p50, tt.p95})
			same(t, "samples", d.Samples, tt.samples)
		})
	}
}

// upTo is 1s, 2s ... ns.
func upTo(n int) []time.Duration {
	list := make([]time.Duration, n)
	for i := range list {
		list[i] = time.Duration(i+1) * time.Second
	}
	return list
}

func TestRecorderMasksAndBoundsErrors(t *testing.T) {
	t.Parallel()
	// The secret lies across the bound: masking after cutting would leave half of it.
	long := strings.Repeat("x", 395) + "hunter2" + strings.Repeat("y", 1000)
	r := status.NewRecorder(func(s string) string { return strings.ReplaceAll(s, "hunter2", "***") })
	r.Observe(ran("a", time.Second, schedule.Failed, errors.New(long)))
	d := recorded(t, r, "a")
	if strings.Contains(d.LastError, "hunt") || len(d.LastError) > 410 || !strings.HasSuffix(d.LastError, "…") {
		t.Errorf("error of %d bytes: %s", len(d.LastError), d.LastError)
	}
	if !d.LastErrorAt.Equal(start.Add(time.Second)) {
		t.Errorf("at %v", d.LastErrorAt)
	}
}

func TestRecorderForgets(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind daemonapp.Kind
		kept bool
	}{{daemonapp.Removed, false}, {daemonapp.Replaced, false}, {daemonapp.Changed, true}} {
		r := status.NewRecorder(nil)
		r.Observe(ran("a", time.Second, schedule.Failed, errors.New("no")))
		r.Observe(daemonapp.Event{Kind: tt.kind, Daemon: "a"})
		d := recorded(t, r, "a")
		if kept := d.Samples == 1 && d.LastError == "no"; kept != tt.kept {
			t.Errorf("%s: kept %v, want %v", tt.kind, kept, tt.kept)
		}
	}
}

// TestRecorderIsSmall holds what one daemon costs to a bound.
func TestRecorderIsSmall(t *testing.T) {
	const daemons, bound = 10_000, 640 // bytes a daemon
	names := make([]string, daemons)
	for i := range names {
		names[i] = fmt.Sprintf("queues/%05d", i)
	}
	before := heap()
	r := status.NewRecorder(nil)
	for _, name := range names {
		for range 100 {
			r.Observe(ran(name, time.Second, worked, nil))
		}
	}
	each := (heap() - before) / daemons
	t.Logf("%d bytes a daemon", each)
	if each > bound {
		t.Errorf("%d bytes a daemon, want at most %d", each, bound)
	}
	runtime.KeepAlive(r)
	runtime.KeepAlive(names)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestOfBesideRuns asks while an app runs, from several goroutines; the race detector looks on.
func TestOfBesideRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var specs []daemonapp.Spec
		for i := range 20 {
			specs = append(specs, spec(fmt.Sprintf("d%d", i), every(time.Duration(i+1)*time.Millisecond, failing("no"))))
		}
		l := begin(t, daemonapp.Options{Limits: schedule.Limits{Workers: 4}}, specs...)
		asked := make(chan int)
		for range 4 {
			go func() { // joined below
				for range 50 {
					time.Sleep(time.Millisecond)
					l.status()
				}
				asked <- 1
			}()
		}
		for range 4 {
			<-asked
		}
	})
}

func BenchmarkRecorder(b *testing.B) {
	for _, bb := range []struct {
		name  string
		event daemonapp.Event
	}{
		{"worked", ran("queues/00042", time.Second, worked, nil)},
		{"failed", ran("queues/00042", time.Second, schedule.Failed, errors.New("exit 1: no such table"))},
	} {
		b.Run(bb.name, func(b *testing.B) {
			r := status.NewRecorder(nil)
			for i := range 3000 {
				r.Observe(ran(fmt.Sprintf("queues/%05d", i), time.Second, worked, nil))
			}
			b.ReportAllocs()
			for b.Loop() {
				r.Observe(bb.event)
			}
		})
	}
}
