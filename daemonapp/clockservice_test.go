package daemonapp_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// ages notes the age of the app at each call.
func (l *life) ages(into *diary, then func()) func(time.Time) {
	return func(now time.Time) {
		into.add(now.Sub(l.start).Round(time.Millisecond).String())
		then()
	}
}

func TestClockService(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := begin(t, daemonapp.Options{})
		var steady, slow, once, exits, cancelled diary
		l.Every(2*time.Second, l.ages(&steady, func() {}))
		l.Every(2*time.Second, l.ages(&slow, func() { time.Sleep(5 * time.Second) }))
		l.Every(2*time.Second, l.ages(&once, func() { panic("listener") }))
		l.Every(2*time.Second, l.ages(&exits, runtime.Goexit))
		cancel := l.Every(2*time.Second, l.ages(&cancelled, func() {}))
		l.until(5 * time.Second)
		cancel()
		cancel()
		l.until(13500 * time.Millisecond)
		stop := l.drain()
		same(t, "steady", steady.lines()[:4], []string{"2s", "4s", "6s", "8s"})
		same(t, "slow", slow.lines(), []string{"2s", "8s"})
		same(t, "panics", once.lines(), []string{"2s"})
		same(t, "ends its goroutine", exits.lines(), []string{"2s"})
		same(t, "cancelled", cancelled.lines(), []string{"2s", "4s"})
		same(t, "stop", stop.Abandoned, nil)
	})
}

func TestClockServiceNamesWhoDoesNotReturn(t *testing.T) {
	t.Parallel()
	for _, cancelled := range []bool{false, true} {
		name := map[bool]string{true: "cancelled", false: "registered"}[cancelled]
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				l := begin(t, daemonapp.Options{})
				cancel := l.Every(time.Minute, func(time.Time) { time.Sleep(time.Hour) })
				l.until(61 * time.Second)
				if cancelled {
					cancel()
				}
				same(t, "abandoned", l.drain().Abandoned, []string{"clock listener, every 1m0s"})
				same(t, "age", time.Since(l.start), 61*time.Second)
			})
		})
	}
}

func TestClockServiceRestsWhileRunsAreCancelled(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := begin(t, daemonapp.Options{ShutdownGrace: 10 * time.Second}, spec("deaf", every(time.Hour, stubborn(time.Minute))))
		var calls diary
		l.Every(4*time.Second, l.ages(&calls, func() {}))
		l.Drain(daemonapp.DrainOptions{Reason: schedule.Asked})
		same(t, "abandoned", l.stopped().Abandoned, []string{"deaf"})
		same(t, "calls", calls.lines(), []string{"4s", "8s"})
		same(t, "age", time.Since(l.start), 15*time.Second)
	})
}

func TestClockServiceKeepsStepThoughTheAppIsLate(t *testing.T) {
	bubble(t, func(t *testing.T) {
		stall := daemonapp.ObserverFunc(func(e daemonapp.Event) {
			if e.Kind == daemonapp.RunStarted {
				time.Sleep(2500 * time.Millisecond) // an observer that holds everything up
			}
		})
		a := spec("a", every(time.Hour, ending(schedule.Worked)))
		a.Terms.StartAfter = 1500 * time.Millisecond
		l := begin(t, daemonapp.Options{Observers: []daemonapp.Observer{stall}}, a)
		var calls diary
		l.Every(time.Second, l.ages(&calls, func() {}))
		l.until(6500 * time.Millisecond)
		same(t, "calls", calls.lines(), []string{"1s", "4s", "5s", "6s"}) // 2 s and 3 s are not made up for
	})
}

func TestClockServiceBeforeTheAppRuns(t *testing.T) {
	bubble(t, func(t *testing.T) {
		calls := 0
		app := daemonapp.New(daemonapp.Options{Limits: schedule.Limits{HardDeadline: 3500 * time.Millisecond}})
		app.Every(time.Second, func(time.Time) { calls++ })
		if _, err := app.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		same(t, "calls", calls, 3)
	})
}
