package daemonapp_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

const grace = 10 * time.Second

func TestDrain(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		run       daemonapp.RunFunc
		drain     daemonapp.DrainOptions
		force     time.Duration // 0: nobody does
		want      []string
		ended     time.Duration // the age at which Run returns
		abandoned []string
	}{
		{
			name: "a run that ends within the grace", run: busy(5 * time.Second),
			want: []string{"5s a worked"}, ended: 5 * time.Second,
		},
		{
			name: "a run that takes longer is cancelled", run: busy(time.Minute),
			want: []string{"11s a cancelled"}, ended: 11 * time.Second,
		},
		{
			name: "a run that does not return is named", run: stubborn(time.Minute),
			ended: 16 * time.Second, abandoned: []string{"a"},
		},
		{
			name: "without limit it waits", run: stubborn(time.Hour), drain: daemonapp.DrainOptions{Unlimited: true},
			want: []string{"1h0m0s a worked"}, ended: time.Hour,
		},
		{
			name: "force cancels at once", run: busy(time.Minute), force: 3 * time.Second,
			want: []string{"3s a cancelled"}, ended: 3 * time.Second,
		},
		{
			name: "force ends a wait without limit", run: busy(time.Hour), force: 3 * time.Second,
			drain: daemonapp.DrainOptions{Unlimited: true}, want: []string{"3s a cancelled"}, ended: 3 * time.Second,
		},
		{
			name: "force gives what does not return 3 s", run: stubborn(time.Minute), force: 3 * time.Second,
			ended: 6 * time.Second, abandoned: []string{"a"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				l := begin(t, daemonapp.Options{ShutdownGrace: grace},
					spec("a", every(time.Hour, tt.run)), spec("never", every(time.Hour, busy(time.Hour))))
				l.until(time.Second)
				tt.drain.Reason = schedule.Asked
				l.Drain(tt.drain)
				if tt.force > 0 {
					l.until(tt.force)
					l.Force()
				}
				stop := l.stopped()
				same(t, "runs", l.ends(), tt.want)
				same(t, "age", time.Since(l.start), tt.ended)
				same(t, "stop", stop, daemonapp.Stop{
					Reason: schedule.Asked, At: l.start.Add(time.Second), Age: time.Second,
					Abandoned: tt.abandoned, Forced: tt.force > 0,
				})
				same(t, "starts of another", l.starts("never"), nil)
			})
		})
	}
}

func TestDrainTellsEachStep(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := begin(t, daemonapp.Options{ShutdownGrace: grace}, spec("a", every(time.Hour, stubborn(time.Minute))))
		l.Drain(daemonapp.DrainOptions{Reason: schedule.Asked, Who: "alice"})
		l.Drain(daemonapp.DrainOptions{Reason: schedule.Signalled}) // the first counts
		l.stopped()
		kinds := []daemonapp.Kind{daemonapp.Draining, daemonapp.Cancelling, daemonapp.Stuck, daemonapp.AppStopped}
		same(t, "events", l.lines(kinds...), []string{"0s draining", "10s cancelling", "15s stuck a", "15s stopped"})
		if e := l.told(daemonapp.Draining)[0]; e.Who != "alice" || e.Running != 1 || e.Grace != grace || e.Stop != schedule.Asked {
			t.Errorf("draining: %+v", e)
		}
		events := len(l.told())
		time.Sleep(time.Hour) // the run returns into an app that has stopped
		same(t, "events after the end", len(l.told())-events, 0)
	})
}

func TestContextOfRunIsASignal(t *testing.T) {
	bubble(t, func(t *testing.T) {
		values := context.WithValue(t.Context(), grace, "kept")
		ctx, cancel := context.WithCancel(values)
		got := make(chan any, 1)
		app := daemonapp.New(daemonapp.Options{})
		_, _ = app.Reconcile([]daemonapp.Spec{spec("a", every(time.Hour, func(ctx context.Context) (schedule.Result, error) {
			time.Sleep(time.Second)
			got <- ctx.Value(grace)
			return schedule.Result{Outcome: schedule.Worked}, ctx.Err()
		}))})
		go func() {
			time.Sleep(time.Second / 2)
			cancel()
		}()
		stop, err := app.Run(ctx)
		if err != nil || stop.Reason != schedule.Signalled || stop.Age != time.Second/2 {
			t.Errorf("Run = %+v, %v", stop, err)
		}
		same(t, "the value that the run found", <-got, any("kept"))
		_, err = app.Run(ctx)
		is(t, "a second life", err, daemonapp.ErrRan)
		_, err = app.Reconcile(nil)
		is(t, "reload of an app that has ended", err, daemonapp.ErrRan)
		is(t, "steering an app that has ended", app.Trigger("a", false, ""), daemonapp.ErrRan)
	})
}

func TestAnAppDrainedBeforeItRunsStopsAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		closed := make(chan struct{})
		app := daemonapp.New(daemonapp.Options{})
		_, _ = app.Reconcile([]daemonapp.Spec{spec("a", &quirky{close: func() error { close(closed); return nil }})})
		app.Drain(daemonapp.DrainOptions{Reason: schedule.Asked})
		app.Drain(daemonapp.DrainOptions{Reason: schedule.Signalled})
		stop, err := app.Run(t.Context())
		if err != nil || stop.Reason != schedule.Asked {
			t.Errorf("Run = %+v, %v", stop, err)
		}
		<-closed
	})
}

func TestDeadlines(t *testing.T) {
	t.Parallel()
	idle, work := every(time.Hour, ending(schedule.Idle)), every(20*time.Second, ending(schedule.Worked))
	tests := []struct {
		name   string
		limits schedule.Limits
		daemon daemonapp.Daemon
		reason schedule.Reason
		age    time.Duration // of the decision
		ended  time.Duration
		last   string
	}{
		{
			"hard, with a run in flight",
			schedule.Limits{HardDeadline: time.Minute},
			every(time.Hour, busy(65*time.Second)), schedule.HardDeadline, time.Minute, 65 * time.Second, "1m5s a worked",
		},
		{
			"hard, with a run that has to be cancelled",
			schedule.Limits{HardDeadline: time.Minute},
			every(time.Hour, busy(time.Hour)), schedule.HardDeadline, time.Minute, 70 * time.Second, "1m10s a cancelled",
		},
		{
			"hard, at the instant at which a run is due",
			schedule.Limits{HardDeadline: time.Minute},
			work, schedule.HardDeadline, time.Minute, time.Minute, "40s a worked",
		},
		{
			"idle",
			schedule.Limits{IdleThreshold: time.Minute},
			idle, schedule.IdleGap, 0, 0, "0s a idle",
		},
		{
			"idle, not before the soft deadline",
			schedule.Limits{IdleThreshold: time.Minute, SoftDeadline: 90 * time.Second},
			idle, schedule.IdleGap, 90 * time.Second, 90 * time.Second, "0s a idle",
		},
		{
			"no work",
			schedule.Limits{NoWorkTimeout: time.Minute},
			every(25*time.Second, times(2, schedule.Worked, schedule.Idle)), schedule.NoWork, 85 * time.Second, 85 * time.Second, "1m15s a idle",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				l := begin(t, daemonapp.Options{Limits: tt.limits, ShutdownGrace: grace}, spec("a", tt.daemon))
				stop := l.stopped()
				same(t, "stop", stop, daemonapp.Stop{Reason: tt.reason, At: l.start.Add(tt.age), Age: tt.age})
				same(t, "age", time.Since(l.start), tt.ended)
				ends := l.ends()
				same(t, "last run", ends[len(ends)-1], tt.last)
			})
		})
	}
}

func TestSetLimits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := begin(t, daemonapp.Options{}, spec("a", every(time.Hour, busy(time.Hour))), spec("b", every(time.Hour, busy(time.Minute))))
		l.until(time.Second)
		l.SetLimits(schedule.Limits{Workers: 2, HardDeadline: time.Minute}, 0)
		synctest.Wait()
		same(t, "starts of b", l.starts("b"), []string{"1s"})
		stop := l.stopped()
		if stop.Age != time.Minute || stop.Reason != schedule.HardDeadline {
			t.Errorf("stop = %+v", stop)
		}
		same(t, "runs", l.ends(), []string{"1m1s b worked", "1m20s a cancelled"}) // a grace of 0 means 20 s
	})
}

func TestDaemonsAreClosedAtTheEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		closed := make(chan string, 10)
		closing := func(name string) daemonapp.Spec {
			return spec(name, &quirky{close: func() error { closed <- name; return nil }})
		}
		seed := &quirky{children: func() []daemonapp.Spec { return []daemonapp.Spec{closing("child")} }}
		l := begin(t, daemonapp.Options{}, closing("a"), closing("b"), spec("s", seed))
		l.until(time.Second / 2)
		l.drain()
		close(closed)
		got := map[string]int{}
		for name := range closed {
			got[name]++
		}
		same(t, "closed", got, map[string]int{"a": 1, "b": 1, "child": 1})
	})
}

func TestACloseThatHangsHoldsUpNobodyForEver(t *testing.T) {
	bubble(t, func(t *testing.T) {
		hang := func() error { time.Sleep(30 * time.Minute); return nil }
		l := begin(t, daemonapp.Options{}, spec("hangs", &quirky{close: hang}), spec("good", every(time.Second, ending(schedule.Worked))))
		l.until(500 * time.Millisecond)
		if _, err := l.Reconcile([]daemonapp.Spec{spec("good", every(time.Second, ending(schedule.Worked)))}); err != nil {
			t.Fatal(err)
		}
		l.until(9500 * time.Millisecond)
		same(t, "starts of the other", len(l.starts("good")), 10)
		same(t, "abandoned", l.drain().Abandoned, []string{"close of hangs"})
		same(t, "age", time.Since(l.start), 14500*time.Millisecond)
	})
}

func TestCancelIsGivenUpDuringAnUnlimitedDrain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := begin(t, daemonapp.Options{}, spec("deaf", every(time.Hour, stubborn(time.Hour))))
		l.Drain(daemonapp.DrainOptions{Reason: schedule.Asked, Unlimited: true})
		l.until(time.Minute)
		if err := l.Cancel("deaf", false, ""); err != nil {
			t.Fatal(err)
		}
		same(t, "abandoned", l.stopped().Abandoned, []string{"deaf"})
		same(t, "age", time.Since(l.start), 65*time.Second)
	})
}
