//go:build unix

package metrics_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/metrics"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// cpu is the CPU time that this process has used: on a machine that others use too, wall time says little.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

const batch = 20_000

// herd are n daemons that are always due; each batch of their runs sends to turns.
func herd(n int, turns, done chan struct{}) []daemonapp.Spec {
	var runs atomic.Uint64
	pace := &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Second}}
	specs := make([]daemonapp.Spec, n)
	for i := range specs {
		specs[i] = daemonapp.Spec{Name: fmt.Sprint("daemon-", i), Type: "exec", Digest: "1", Daemon: daemonapp.Task{
			Planner: pace, Do: func(context.Context) (schedule.Result, error) {
				if runs.Add(1)%batch == 0 {
					select {
					case turns <- struct{}{}:
					case <-done:
					}
				}
				return schedule.Result{Outcome: schedule.Worked, Count: 1}, nil
			},
		}}
	}
	return specs
}

// dispatching is an app that dispatches batches as they are asked for.
type dispatching struct {
	turns, done, ended chan struct{}
	app                *daemonapp.App
}

func dispatch(b *testing.B, n int, observers ...daemonapp.Observer) *dispatching {
	b.Helper()
	d := &dispatching{turns: make(chan struct{}), done: make(chan struct{}), ended: make(chan struct{})}
	d.app = daemonapp.New(daemonapp.Options{Observers: observers})
	if _, err := d.app.Reconcile(herd(n, d.turns, d.done)); err != nil {
		b.Fatal(err)
	}
	go func() { // joined in end
		defer close(d.ended)
		_, _ = d.app.Run(context.Background())
	}()
	for range n/batch + 1 {
		<-d.turns // once round, so that everything has grown
	}
	return d
}

// turn is the CPU time of one batch.
func (d *dispatching) turn() time.Duration {
	before := cpu()
	<-d.turns
	return cpu() - before
}

func (d *dispatching) end() {
	close(d.done)
	d.app.Drain(daemonapp.DrainOptions{Reason: schedule.Asked})
	<-d.ended
}

// BenchmarkDispatch reports the CPU time of a run with metrics, and its ratio to one without, and to one with an observer
// that does nothing, which the app is to tell as well. The three take turns, so that what else the machine does meets all.
func BenchmarkDispatch(b *testing.B) {
	for _, n := range []int{100, 3_000, 100_000} {
		b.Run(fmt.Sprintf("daemons=%d", n), func(b *testing.B) {
			var with, nobody, somebody time.Duration
			for b.Loop() {
				for _, way := range []struct {
					observers []daemonapp.Observer
					cpu       *time.Duration
				}{
					{nil, &nobody},
					{[]daemonapp.Observer{daemonapp.ObserverFunc(func(daemonapp.Event) {})}, &somebody},
					{[]daemonapp.Observer{metrics.New(metrics.Options{})}, &with},
				} {
					d := dispatch(b, n, way.observers...)
					for range 5 {
						*way.cpu += d.turn()
					}
					d.end()
				}
			}
			runs := float64(b.N * 5 * batch)
			b.ReportMetric(float64(with)/runs, "cpu-ns/run")
			b.ReportMetric(float64(with)/float64(nobody), "of-none")
			b.ReportMetric(float64(with)/float64(somebody), "of-idle-observer")
		})
	}
}

// BenchmarkObserve is one run as metrics see it.
func BenchmarkObserve(b *testing.B) {
	m := metrics.New(metrics.Options{})
	const n = 3000
	begun, ended := make([]daemonapp.Event, n), make([]daemonapp.Event, n)
	for i := range n {
		name := fmt.Sprint("daemon-", i)
		m.Observe(added(name, "exec"))
		begun[i] = daemonapp.Event{Kind: daemonapp.RunStarted, Daemon: name, Type: "exec", Run: schedule.Run{Due: start, Started: start}}
		ended[i] = ran(name, "exec", time.Millisecond, time.Second, schedule.Result{Outcome: schedule.Worked, Count: 1})
	}
	b.ReportAllocs()
	before, i := cpu(), 0
	for b.Loop() {
		m.Observe(begun[i%n])
		m.Observe(ended[i%n])
		i++
	}
	b.ReportMetric(float64(cpu()-before)/float64(b.N), "cpu-ns/run")
}

// BenchmarkScrape is a scrape of that many daemons, and how long the app's lock is held for it.
func BenchmarkScrape(b *testing.B) {
	for _, n := range []int{3, 3_000, 30_000} {
		b.Run(fmt.Sprintf("daemons=%d", n), func(b *testing.B) {
			m := metrics.New(metrics.Options{Patience: time.Minute})
			specs := make([]daemonapp.Spec, n)
			for i := range specs {
				specs[i] = spec(fmt.Sprint("daemon-", i), "exec", ending(schedule.Idle, 0))
			}
			ran := make(chan struct{}, n)
			app := begin(b, m, daemonapp.Options{Observers: []daemonapp.Observer{daemonapp.ObserverFunc(func(e daemonapp.Event) {
				if e.Kind == daemonapp.RunEnded {
					ran <- struct{}{}
				}
			})}}, specs...)
			for range n {
				<-ran
			}
			handler, size := m.Handler(), &countingWriter{}
			var asked time.Duration
			b.ReportAllocs()
			before := cpu()
			for b.Loop() {
				size.bytes = 0
				handler.ServeHTTP(size, httptest.NewRequest(http.MethodGet, "/metrics", nil))
			}
			b.ReportMetric(float64(cpu()-before)/float64(b.N)/1e6, "cpu-ms/scrape")
			for range 5 {
				before := time.Now()
				app.Status()
				asked += time.Since(before)
			}
			b.ReportMetric(float64(asked)/5/1e6, "app-ms/scrape")
			b.ReportMetric(float64(size.bytes)/1e6, "MB/scrape")
		})
	}
}

// countingWriter counts what is written.
type countingWriter struct{ bytes int }

func (*countingWriter) Header() http.Header { return http.Header{} }
func (*countingWriter) WriteHeader(int)     {}
func (w *countingWriter) Write(p []byte) (int, error) {
	w.bytes += len(p)
	return len(p), nil
}
