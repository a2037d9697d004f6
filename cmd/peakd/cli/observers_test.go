//go:build linux

package cli_test

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/control"
	"github.com/peakd/peakd/daemonapp/eventlog"
	"github.com/peakd/peakd/daemonapp/history"
	"github.com/peakd/peakd/daemonapp/metrics"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/status"
)

// threadCPU is the CPU time of the calling thread.
func threadCPU() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// watched are the observers that a benchmark attaches.
type watched struct {
	observers []daemonapp.Observer
	lines     func(daemonapp.Line)
	// attach is called with the app before it runs, close after it has ended.
	attach  func(app *daemonapp.App)
	close   func()
	dropped func() int64
}

func unwatched() watched {
	return watched{attach: func(*daemonapp.App) {}, close: func() {}, dropped: func() int64 { return 0 }}
}

func withHistory(b *testing.B) watched {
	b.Helper()
	w := unwatched()
	recorder, err := history.Open(filepath.Join(b.TempDir(), "state"), history.Options{OnError: func(err error) {
		if err != nil {
			b.Error(err)
		}
	}})
	if err != nil {
		b.Fatal(err)
	}
	w.observers, w.dropped = []daemonapp.Observer{recorder}, recorder.Dropped
	w.close = func() { _ = recorder.Close(time.Minute) } // what was dropped is counted
	return w
}

func withMetrics(*testing.B) watched {
	w := unwatched()
	w.observers = []daemonapp.Observer{metrics.New(metrics.Options{})}
	return w
}

// withStream serves the control socket, and has somebody read all events there.
func withStream(b *testing.B) watched {
	b.Helper()
	w := unwatched()
	feed := &control.Feed{}
	w.observers, w.lines = []daemonapp.Observer{feed}, feed.Line
	var server *control.Server
	var joined sync.WaitGroup
	w.attach = func(app *daemonapp.App) {
		var err error
		if server, err = control.Listen(control.Options{App: app, Feed: feed, Path: socketPath(b)}); err != nil {
			b.Fatal(err)
		}
		joined.Go(func() { _ = server.Serve(context.Background()) })
		client, err := control.Dial(b.Context(), server.Path())
		if err != nil {
			b.Fatal(err)
		}
		stream, err := client.Events(context.Background(), nil, nil)
		if err != nil {
			b.Fatal(err)
		}
		joined.Go(func() {
			for {
				if _, err := stream.Next(); err != nil {
					return
				}
			}
		})
	}
	w.close = func() {
		server.Interrupt()
		joined.Wait()
	}
	return w
}

// socketPath is a path that is short enough for a socket.
func socketPath(b *testing.B) string {
	b.Helper()
	return filepath.Join(b.TempDir(), "s")
}

func withLog(*testing.B) watched {
	w := unwatched()
	log := eventlog.Open(eventlog.Options{Log: zap.New(zapcore.NewCore(
		zapcore.NewJSONEncoder(zapcore.EncoderConfig{MessageKey: "event"}), zapcore.AddSync(io.Discard), zapcore.InfoLevel)), App: "bench"})
	w.observers, w.dropped = []daemonapp.Observer{log}, log.Dropped
	w.close = func() { log.Close(time.Minute) }
	return w
}

func withAll(b *testing.B) watched {
	b.Helper()
	all := unwatched()
	parts := []watched{withLog(b), withHistory(b), withMetrics(b), withStream(b)}
	all.observers = append(all.observers, status.NewRecorder(nil))
	for _, part := range parts {
		all.observers = append(all.observers, part.observers...)
		if part.lines != nil {
			all.lines = part.lines
		}
	}
	all.attach = func(app *daemonapp.App) {
		for _, part := range parts {
			part.attach(app)
		}
	}
	all.close = func() {
		for _, part := range parts {
			part.close()
		}
	}
	all.dropped = parts[1].dropped // that of history
	return all
}

// BenchmarkObservers is what a run costs on the thread that dispatches and runs, with and without each of those who
// watch; the ratio is to the bare app in the same run. The daemons are always due, which no recording keeps up with: so
// it is the bounded hand-over that is measured. BenchmarkRecorded has a rate that is kept up with.
func BenchmarkObservers(b *testing.B) {
	for _, c := range []struct {
		name string
		with func(*testing.B) watched
	}{{"log", withLog}, {"history", withHistory}, {"metrics", withMetrics}, {"stream", withStream}, {"all", withAll}} {
		b.Run(c.name, func(b *testing.B) {
			const runs = 300_000
			var bare, seen time.Duration
			n := 0
			for b.Loop() {
				bare += perRun(b, unwatched(), runs)
				seen += perRun(b, c.with(b), runs)
				n++
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(bare.Nanoseconds())/float64(n), "bare-cpu-ns/run")
			b.ReportMetric(float64(seen.Nanoseconds())/float64(n), "cpu-ns/run")
			b.ReportMetric(float64(seen)/float64(bare), "x")
		})
	}
}

// perRun is the CPU time of a run on the thread of the only worker.
func perRun(b *testing.B, w watched, runs int) time.Duration {
	b.Helper()
	var app *daemonapp.App
	pinned, done, count := false, make(chan time.Duration, 1), 0
	var begun time.Duration
	run := func(context.Context) (schedule.Result, error) {
		switch count++; {
		case !pinned: // the worker goes on on this thread
			runtime.LockOSThread()
			pinned = true
		case count == runs/10:
			begun = threadCPU()
		case count == runs:
			done <- (threadCPU() - begun) / time.Duration(runs-runs/10)
		}
		return schedule.Result{Outcome: schedule.Worked}, nil
	}
	app = daemonapp.New(daemonapp.Options{Observers: w.observers, Lines: w.lines})
	pace := &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Second}}
	end := begin(b, app, w, 100, func(int) daemonapp.Spec {
		return daemonapp.Spec{Digest: "1", Type: "bench", Daemon: daemonapp.Task{Planner: pace, Do: run}}
	})
	took := <-done
	end()
	return took
}

// begin runs an app of that many daemons; end ends it and those who watch.
func begin(b *testing.B, app *daemonapp.App, w watched, n int, spec func(i int) daemonapp.Spec) (end func()) {
	b.Helper()
	specs := make([]daemonapp.Spec, n)
	for i := range specs {
		specs[i] = spec(i)
		specs[i].Name = fmt.Sprint("daemon-", i)
	}
	if _, err := app.Reconcile(specs); err != nil {
		b.Fatal(err)
	}
	w.attach(app)
	ended := make(chan error, 1)
	go func() { // joined in end
		_, err := app.Run(context.Background())
		ended <- err
	}()
	return func() {
		app.Drain(daemonapp.DrainOptions{})
		if err := <-ended; err != nil {
			b.Error(err)
		}
		w.close()
	}
}

// BenchmarkRecorded has 10,000 daemons run once a second each for five seconds, with history alone and with all that
// watches: the lag must not grow, and nothing be lost. The ratio of the 99th percentiles of lag is to the bare app in the
// same run.
func BenchmarkRecorded(b *testing.B) {
	for _, c := range []struct {
		name string
		with func(*testing.B) watched
	}{{"history", withHistory}, {"all", withAll}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				first, last, _ := lagAt10000(b, unwatched())
				watchedFirst, watchedLast, lost := lagAt10000(b, c.with(b))
				b.ReportMetric(float64(last.Microseconds())/1e3, "bare-p99-ms")
				b.ReportMetric(float64(watchedFirst.Microseconds())/1e3, "first-second-p99-ms")
				b.ReportMetric(float64(watchedLast.Microseconds())/1e3, "last-second-p99-ms")
				b.ReportMetric(float64(watchedLast)/float64(max(last, first, 1)), "x")
				b.ReportMetric(float64(lost), "lost")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// lagAt10000 are the 99th percentiles of lag in the second and in the last of five seconds.
func lagAt10000(b *testing.B, w watched) (first, last time.Duration, lost int64) {
	b.Helper()
	const daemons = 10_000
	seconds := 5
	if testing.Short() {
		seconds = 2
	}
	var mu sync.Mutex
	lags := make([][]time.Duration, seconds+1)
	var start time.Time
	finished := make(chan struct{})
	note := daemonapp.ObserverFunc(func(e daemonapp.Event) {
		if e.Kind != daemonapp.RunStarted {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if start.IsZero() {
			start = e.At
		}
		second := min(int(e.At.Sub(start)/time.Second), seconds)
		if second == seconds && len(lags[seconds]) == 0 {
			close(finished)
		}
		lags[second] = append(lags[second], e.Run.Started.Sub(e.Run.Due))
	})
	app := daemonapp.New(daemonapp.Options{Observers: append(w.observers, note), Lines: w.lines, Limits: schedule.Limits{Workers: 2}})
	end := begin(b, app, w, daemons, func(i int) daemonapp.Spec {
		pace := &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Second, MinimumIdle: time.Second}}
		return daemonapp.Spec{
			Digest: "1", Type: "bench", Terms: daemonapp.Terms{StartAfter: time.Duration(i) * time.Second / daemons},
			Daemon: daemonapp.Task{Planner: pace, Do: func(context.Context) (schedule.Result, error) {
				return schedule.Result{Outcome: schedule.Worked}, nil
			}},
		}
	})
	<-finished
	end()
	return p99(lags[1]), p99(lags[seconds-1]), w.dropped()
}

func p99(lags []time.Duration) time.Duration {
	slices.Sort(lags)
	return lags[len(lags)*99/100]
}
