//go:build unix

package daemonapp_test

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// The figures that count are CPU time and ratios to something measured in the same run: on a machine that
// others use too, wall time says little.

// cpu is the CPU time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// herd is n daemons that are always due, and stops a batch of runs at a time.
type herd struct {
	batch uint64
	runs  atomic.Uint64
	turns chan struct{} // a run sends after each batch, the benchmark receives
	done  chan struct{} // closed by the benchmark: nobody receives any more
	each  []uint32      // runs of each daemon
}

func newHerd(n int, batch uint64) *herd {
	return &herd{batch: batch, turns: make(chan struct{}), done: make(chan struct{}), each: make([]uint32, n)}
}

// ran notes a run of the i-th.
func (h *herd) ran(i int) {
	h.each[i]++
	if h.runs.Add(1)%h.batch == 0 {
		select {
		case h.turns <- struct{}{}:
		case <-h.done:
		}
	}
}

// always is the pace of a daemon that is due again at once.
var always = &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Second}}

func (h *herd) specs() []daemonapp.Spec {
	specs := make([]daemonapp.Spec, len(h.each))
	for i := range specs {
		specs[i] = spec(fmt.Sprint("daemon-", i), daemonapp.Task{Planner: always, Do: func(context.Context) (schedule.Result, error) {
			h.ran(i)
			return schedule.Result{Outcome: schedule.Worked}, nil
		}})
	}
	return specs
}

// live starts an app; end drains it.
func live(tb testing.TB, o daemonapp.Options, specs []daemonapp.Spec) (app *daemonapp.App, end func()) {
	tb.Helper()
	app = daemonapp.New(o)
	if _, err := app.Reconcile(specs); err != nil {
		tb.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { // joined in end
		defer close(ended)
		if _, err := app.Run(context.Background()); err != nil {
			tb.Error(err)
		}
	}()
	return app, func() {
		app.Drain(daemonapp.DrainOptions{Reason: schedule.Asked})
		<-ended
	}
}

// afterFuncs is the CPU time of one fire of n timers that arm themselves again at once.
func afterFuncs(n int, fires uint64) time.Duration {
	var count atomic.Uint64
	took := make(chan time.Duration)
	timers := make([]*time.Timer, n)
	var before time.Duration
	for i := range timers {
		timers[i] = time.AfterFunc(time.Hour, func() {
			switch c := count.Add(1); {
			case c == fires: // here, as the goroutine that waits for it may be starved
				took <- cpu() - before
			case c < fires:
				timers[i].Reset(0)
			}
		})
	}
	before = cpu()
	for _, timer := range timers {
		timer.Reset(0)
	}
	perFire := <-took / time.Duration(fires)
	for _, timer := range timers {
		timer.Stop()
	}
	return perFire
}

func BenchmarkDispatch(b *testing.B) {
	nobody := []daemonapp.Observer(nil)
	somebody := []daemonapp.Observer{daemonapp.ObserverFunc(func(daemonapp.Event) {})}
	for _, n := range []int{100, 10_000, 100_000} {
		for _, workers := range []int{1, 2} {
			for _, observers := range [][]daemonapp.Observer{nobody, somebody} {
				b.Run(fmt.Sprintf("daemons=%d/workers=%d/observers=%d", n, workers, len(observers)), func(b *testing.B) {
					benchmarkDispatch(b, n, daemonapp.Options{Limits: schedule.Limits{Workers: workers}, Observers: observers})
				})
			}
		}
	}
}

func benchmarkDispatch(b *testing.B, n int, o daemonapp.Options) {
	const batch = 20_000
	peer := afterFuncs(n, 10*batch)
	h := newHerd(n, batch)
	_, end := live(b, o, h.specs())
	for range n/batch + 1 {
		<-h.turns // once round, so that everything has grown
	}
	b.ReportAllocs()
	before := cpu()
	for b.Loop() {
		<-h.turns
	}
	perRun := float64(cpu()-before) / float64(b.N*batch)
	b.StopTimer()
	close(h.done)
	end()
	b.ReportMetric(perRun, "cpu-ns/run")
	b.ReportMetric(perRun/float64(peer), "of-AfterFunc")
	b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "runs/s")
}

// BenchmarkFairness reports the least runs over the most, and by how much an unrelated sleep is late.
func BenchmarkFairness(b *testing.B) {
	const n, rounds = 100_000, 60
	for b.Loop() {
		h := newHerd(n, n*rounds)
		_, end := live(b, daemonapp.Options{}, h.specs())
		before := time.Now()
		time.Sleep(50 * time.Millisecond)
		late := time.Since(before) - 50*time.Millisecond
		<-h.turns
		least, most := slices.Min(h.each), slices.Max(h.each)
		close(h.done)
		end()
		b.ReportMetric(float64(least)/float64(most), "least/most")
		b.ReportMetric(float64(late)/1e6, "sleep-late-ms")
	}
}

// hourly makes n daemons at rest, each with a digest and, unless they share one, a planner of its own.
func hourly(n int, shared bool) []daemonapp.Spec {
	specs := make([]daemonapp.Spec, n)
	one := every(time.Hour, ending(schedule.Idle))
	for i := range specs {
		task := one
		if !shared {
			task = every(time.Hour, one.Do)
		}
		specs[i] = spec(fmt.Sprint("daemon-", i), task)
		specs[i].Type, specs[i].Digest = "exec", fmt.Sprintf("%016x", i)
	}
	return specs
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkAtRest reports the bytes of a daemon that waits, all told: names, settings, counts, statistics; with a planner
// each, and with one that they share, as the children of a template do.
func BenchmarkAtRest(b *testing.B) {
	b.Run("planner each", func(b *testing.B) { benchmarkAtRest(b, false) })
	b.Run("planner shared", func(b *testing.B) { benchmarkAtRest(b, true) })
	b.Run("planner like no other", func(b *testing.B) { benchmarkAtRest(b, false, distinct) })
}

// distinct makes the pace of each daemon one of its own.
func distinct(specs []daemonapp.Spec) {
	for i := range specs {
		specs[i].Daemon = every(time.Hour+time.Duration(i), ending(schedule.Idle))
	}
}

func benchmarkAtRest(b *testing.B, shared bool, change ...func([]daemonapp.Spec)) {
	const n = 100_000
	for b.Loop() {
		before := heap()
		goroutines := runtime.NumGoroutine()
		var ran atomic.Int64
		rested := make(chan struct{})
		o := daemonapp.Options{Observers: []daemonapp.Observer{daemonapp.ObserverFunc(func(e daemonapp.Event) {
			if e.Kind == daemonapp.RunEnded && ran.Add(1) == n {
				close(rested)
			}
		})}}
		specs := hourly(n, shared)
		for _, f := range change {
			f(specs)
		}
		app, end := live(b, o, specs)
		<-rested
		b.ReportMetric(float64(heap()-before)/n, "bytes/daemon")
		b.ReportMetric(float64(runtime.NumGoroutine()-goroutines), "goroutines")
		end()
		runtime.KeepAlive(app)
	}
}

// BenchmarkIdle is the processor time of two minutes in which nothing is due, with 100,000 daemons that run hourly: the app's
// own, and the collection of garbage that the Go runtime forces in that time. The ratio is to an app without daemons, whose
// time is measured at its side.
func BenchmarkIdle(b *testing.B) {
	const n = 100_000
	part := 4 * time.Second
	if testing.Short() {
		part /= 10
	}
	idle := func(specs []daemonapp.Spec) time.Duration {
		for i := range specs {
			specs[i].Terms.StartAfter = time.Hour
		}
		app, end := live(b, daemonapp.Options{}, specs)
		defer end()
		for app.Vitals().Daemons < len(specs) {
			time.Sleep(time.Millisecond)
		}
		debug.FreeOSMemory() // with all that the one before has left
		before := cpu()
		time.Sleep(part)
		waiting := cpu() - before
		before = cpu()
		runtime.GC()
		return waiting*(2*time.Minute/part) + cpu() - before
	}
	idle(nil) // the first one pays for what the test has left
	for b.Loop() {
		empty := idle(nil)
		full := idle(hourly(n, false))
		b.ReportMetric(empty.Seconds()*1e3, "empty-cpu-ms")
		b.ReportMetric(full.Seconds()*1e3, "cpu-ms")
		b.ReportMetric(float64(full)/float64(empty), "x")
	}
}

// BenchmarkMillion registers a million daemons and stops them.
func BenchmarkMillion(b *testing.B) {
	n := 1_000_000
	if testing.Short() {
		n /= 10
	}
	for b.Loop() {
		specs := hourly(n, false)
		app := daemonapp.New(daemonapp.Options{Limits: schedule.Limits{HardDeadline: time.Nanosecond}})
		before := cpu()
		if _, err := app.Reconcile(specs); err != nil {
			b.Fatal(err)
		}
		if _, err := app.Run(context.Background()); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(cpu()-before)/1e6, "register+stop-cpu-ms")
		for i := range specs {
			specs[i].Terms.StartAfter = time.Hour
		}
		app, end := live(b, daemonapp.Options{}, specs)
		for app.Vitals().Daemons < n {
			time.Sleep(time.Millisecond)
		}
		before = cpu()
		end()
		b.ReportMetric(float64(cpu()-before)/1e6, "stop-cpu-ms")
	}
}

// BenchmarkSteer changes one of 100,000 waiting daemons of a running app.
func BenchmarkSteer(b *testing.B) {
	const n = 100_000
	specs := hourly(n, false)
	seed := &quirky{next: func(schedule.Run) time.Time { return time.Time{} }}
	app, end := live(b, daemonapp.Options{}, append(specs, spec("seed", seed)))
	for app.Vitals().Ready > 0 || app.Vitals().Daemons <= n {
		time.Sleep(time.Millisecond)
	}
	defer end()
	// The children that the seed states are one here or one there, so that a run adds and removes one.
	child := []daemonapp.Spec{digested("left", "1"), digested("right", "1"), digested("left", "2")}
	stating := func(turns ...int) func(i int) {
		ended := make(chan struct{})
		seed.run = func(context.Context) (schedule.Result, error) { return schedule.Result{Outcome: schedule.Idle}, nil }
		return func(i int) {
			seed.children = func() []daemonapp.Spec { return child[turns[i%len(turns)] : turns[i%len(turns)]+1] }
			seed.next = func(schedule.Run) time.Time { ended <- struct{}{}; return time.Time{} }
			_ = app.Trigger("seed", true, "")
			<-ended
		}
	}
	extra := spec("extra", every(time.Hour, ending(schedule.Idle)))
	extra.Terms.StartAfter = time.Hour
	ways := []struct {
		name string
		do   func(i int)
	}{
		{"pause+resume", func(i int) {
			name := specs[i*7919%n].Name
			_ = app.Pause(name, daemonapp.Pause{})
			_ = app.Resume(name, "")
		}},
		{"disarm+arm", func(i int) {
			name := specs[i*7919%n].Name
			_ = app.Disarm(name, "bench", "")
			_ = app.Arm(name, "")
		}},
		{"put+remove", func(int) {
			_, _ = app.Put(extra)
			_ = app.Remove(extra.Name)
		}},
		{"put another", func(i int) {
			other := specs[i*7919%n]
			other.Digest = fmt.Sprintf("%016x", n+i)
			_, _ = app.Put(other)
		}},
		{"seed's run", stating(0)},
		{"seed's run, add+remove", stating(0, 1)},
		{"seed's run, replace", stating(0, 2)},
	}
	for _, way := range ways {
		b.Run(way.name, func(b *testing.B) {
			b.ReportAllocs()
			before, i := cpu(), 0
			for b.Loop() {
				way.do(i)
				i++
			}
			b.ReportMetric(float64(cpu()-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

// lag collects how late things happen.
type lag struct {
	mu   sync.Mutex // guards late
	late []time.Duration
}

func (l *lag) add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.late = append(l.late, d)
}

func (l *lag) report(b *testing.B, who string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.Sort(l.late)
	at := func(p float64) float64 { return float64(l.late[int(p*float64(len(l.late)-1))]) / 1e6 }
	b.ReportMetric(at(0.5), who+"-p50-ms")
	b.ReportMetric(at(0.99), who+"-p99-ms")
}

// BenchmarkLag has 10,000 daemons run once a second each, spread evenly, for two seconds, and then as many
// timers of time.AfterFunc.
func BenchmarkLag(b *testing.B) {
	const n, span = 10_000, time.Second
	for b.Loop() {
		var ours lag
		specs := make([]daemonapp.Spec, n)
		for i := range specs {
			specs[i] = spec(fmt.Sprint("daemon-", i), daemonapp.Task{Planner: onTheSecond{}, Do: ending(schedule.Idle)})
			specs[i].Terms.StartAfter = span + time.Duration(i)*span/n
		}
		_, end := live(b, daemonapp.Options{Observers: []daemonapp.Observer{daemonapp.ObserverFunc(func(e daemonapp.Event) {
			if e.Kind == daemonapp.RunStarted {
				ours.add(e.At.Sub(e.Run.Due))
			}
		})}}, specs)
		time.Sleep(span)
		before := cpu()
		time.Sleep(2 * span)
		b.ReportMetric(float64(cpu()-before)/(2*n), "ours-cpu-ns/fire")
		end()
		ours.report(b, "ours")
		benchmarkAfterFuncLag(b, n, span)
	}
}

// onTheSecond is a planner that runs a second after it was last due, however late that was.
type onTheSecond struct{}

func (onTheSecond) Priority() int                       { return 0 }
func (onTheSecond) NextRun(last schedule.Run) time.Time { return last.Due.Add(time.Second) }

func benchmarkAfterFuncLag(b *testing.B, n int, span time.Duration) {
	b.Helper()
	var theirs lag
	timers := make([]*time.Timer, n)
	start := time.Now().Add(span)
	var before time.Duration
	var ended atomic.Bool
	for i := range timers {
		due := start.Add(time.Duration(i) * span / time.Duration(n))
		timers[i] = time.AfterFunc(time.Hour, func() {
			theirs.add(time.Since(due))
			due = due.Add(span)
			if !ended.Load() {
				timers[i].Reset(time.Until(due))
			}
		})
		timers[i].Reset(time.Until(due))
	}
	time.Sleep(time.Until(start))
	before = cpu()
	time.Sleep(2 * span)
	b.ReportMetric(float64(cpu()-before)/float64(2*n), "AfterFunc-cpu-ns/fire")
	ended.Store(true)
	for _, timer := range timers {
		timer.Stop()
	}
	theirs.report(b, "AfterFunc")
}
