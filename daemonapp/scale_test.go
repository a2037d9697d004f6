package daemonapp_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

func TestWaitingDaemonsCostNoGoroutine(t *testing.T) {
	bubble(t, func(t *testing.T) {
		specs := make([]daemonapp.Spec, 10_000)
		for i := range specs {
			specs[i] = spec(fmt.Sprintf("d%05d", i), every(time.Hour, ending(schedule.Idle)))
			specs[i].Terms.StartAfter = time.Duration(i) * time.Millisecond
		}
		few := begin(t, daemonapp.Options{Limits: schedule.Limits{Workers: 2}}, specs[:2]...)
		few.until(time.Minute)
		before := runtime.NumGoroutine()
		few.drain()
		many := begin(t, daemonapp.Options{Limits: schedule.Limits{Workers: 2}}, specs...)
		many.until(time.Minute)
		// Other tests run beside this one, so there may be some more; not one a daemon.
		if after := runtime.NumGoroutine(); after > before+1000 {
			t.Errorf("%d goroutines with 2 daemons, %d with 10,000", before, after)
		}
		if n := len(many.told(daemonapp.RunEnded)); n != 10_000 {
			t.Errorf("%d runs, want one each", n)
		}
	})
}

// TestRunsAllocateNothing is not parallel, as it counts what the whole process allocates.
func TestRunsAllocateNothing(t *testing.T) { //nolint:paralleltest // see above
	const runs = 20_000
	var before, after runtime.MemStats
	n := 0
	app := daemonapp.New(daemonapp.Options{})
	_, err := app.Reconcile([]daemonapp.Spec{spec("busy", every(time.Hour, func(context.Context) (schedule.Result, error) {
		switch n++; n {
		case runs / 2:
			runtime.ReadMemStats(&before)
		case runs:
			runtime.ReadMemStats(&after)
			app.Drain(daemonapp.DrainOptions{Reason: schedule.Asked})
		}
		return schedule.Result{Outcome: schedule.More}, nil
	}))})
	if err == nil {
		_, err = app.Run(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := after.Mallocs - before.Mallocs; got > runs/20 { // timers and the rest of the process have some
		t.Errorf("%d allocations in %d runs", got, runs/2)
	}
}

// watched counts the runs in flight, and how often a daemon met itself.
type watched struct {
	inFlight, most, runs, overlaps atomic.Int32
}

// daemon makes a daemon that is seldom the same twice.
func (w *watched) daemon(seed uint64) daemonapp.Daemon {
	var inside atomic.Int32
	draw := rand.New(rand.NewPCG(seed, 1))
	return &quirky{
		run: func(ctx context.Context) (schedule.Result, error) {
			if inside.Add(1) > 1 {
				w.overlaps.Add(1)
			}
			defer inside.Add(-1)
			now := w.inFlight.Add(1)
			defer w.inFlight.Add(-1)
			for most := w.most.Load(); now > most && !w.most.CompareAndSwap(most, now); most = w.most.Load() {
			}
			w.runs.Add(1)
			switch draw.IntN(8) {
			case 0:
				panic("now and then")
			case 1:
				runtime.Goexit()
			case 2:
				<-time.After(time.Duration(draw.IntN(2000)) * time.Microsecond)
			case 3:
				runtime.Gosched()
				return schedule.Result{Outcome: schedule.More}, ctx.Err()
			case 4:
				return schedule.Result{Outcome: schedule.Worked}, nil
			}
			return schedule.Result{Outcome: schedule.Idle}, ctx.Err()
		},
		next: func(last schedule.Run) time.Time {
			return last.Finished.Add(time.Duration(last.Started.Nanosecond()%1000) * time.Microsecond)
		},
	}
}

// TestSteeringUnderLoad has many goroutines steer a running app at random, for less than a second.
func TestSteeringUnderLoad(t *testing.T) {
	t.Parallel()
	const workers, daemons, operators = 3, 40, 8
	var w watched
	specs := func(draw *rand.Rand) []daemonapp.Spec {
		var list []daemonapp.Spec
		for i := range daemons {
			if draw.IntN(10) > 0 {
				digest := fmt.Sprint(draw.IntN(3))
				s := daemonapp.Spec{Name: fmt.Sprint("d", i), Digest: digest, Daemon: w.daemon(uint64(i))}
				s.Terms.Timeout = time.Duration(draw.IntN(3)) * time.Millisecond
				list = append(list, s)
			}
		}
		return list
	}
	app := daemonapp.New(daemonapp.Options{
		Limits: schedule.Limits{Workers: workers}, Remember: newNotebook(),
		Observers: []daemonapp.Observer{daemonapp.ObserverFunc(func(daemonapp.Event) {})},
	})
	if _, err := app.Reconcile(specs(rand.New(rand.NewPCG(0, 0)))); err != nil {
		t.Fatal(err)
	}
	ended := make(chan daemonapp.Stop)
	go func() { // joined below
		stop, err := app.Run(t.Context())
		if err != nil {
			t.Error(err)
		}
		ended <- stop
	}()
	until := time.Now().Add(700 * time.Millisecond)
	var steering sync.WaitGroup
	for seed := range operators {
		steering.Go(func() {
			draw := rand.New(rand.NewPCG(uint64(seed), 2))
			for time.Now().Before(until) {
				steerAtRandom(app, draw, fmt.Sprint("d", draw.IntN(daemons)), specs)
			}
		})
	}
	steering.Wait()
	app.Drain(daemonapp.DrainOptions{Reason: schedule.Asked})
	stop := <-ended
	if len(stop.Abandoned) > 0 || stop.Reason != schedule.Asked {
		t.Errorf("stop = %+v", stop)
	}
	if w.overlaps.Load() > 0 || w.most.Load() > workers || w.inFlight.Load() != 0 || w.runs.Load() == 0 {
		t.Errorf("%d runs, at most %d at once on %d workers, %d overlaps, %d left",
			w.runs.Load(), w.most.Load(), workers, w.overlaps.Load(), w.inFlight.Load())
	}
}

func steerAtRandom(app *daemonapp.App, draw *rand.Rand, name string, specs func(*rand.Rand) []daemonapp.Spec) {
	switch draw.IntN(12) {
	case 0:
		_ = app.Trigger(name, draw.IntN(2) == 0, "")
	case 1:
		_ = app.Pause(name, daemonapp.Pause{})
	case 2:
		_ = app.Pause(name, daemonapp.Pause{Until: time.Now().Add(time.Millisecond)})
	case 3:
		_ = app.Disarm(name, "at random", "")
	case 4, 5:
		_ = app.Resume(name, "")
	case 6, 7:
		_ = app.Arm(name, "")
	case 8:
		_ = app.Cancel(name, draw.IntN(2) == 0, "")
	case 9:
		if draw.IntN(20) == 0 {
			_, _ = app.Reconcile(specs(draw))
		}
	case 10:
		if draw.IntN(20) == 0 {
			app.Every(time.Millisecond, func(time.Time) {})()
			_, _ = app.Status(), app.Vitals()
		}
	default:
		app.Wake(name)
	}
}
