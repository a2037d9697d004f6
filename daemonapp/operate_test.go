package daemonapp_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// kept remembers as a state directory would.
type kept struct {
	mu  sync.Mutex // guards all
	all map[string]daemonapp.Memory
}

func (k *kept) Put(m daemonapp.Memory, _ bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all == nil {
		k.all = map[string]daemonapp.Memory{}
	}
	k.all[m.Name] = m
}

// of is what is remembered of a daemon.
func (k *kept) of(name string) daemonapp.Memory {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.all[name]
}

// lives are an app that is ended and begun again, with what it kept.
func lives(t *testing.T, k *kept, o daemonapp.Options, specs ...daemonapp.Spec) *life {
	t.Helper()
	o.Remember, o.Memories = k, k.all
	return begin(t, o, specs...)
}

func TestPauseSurvives(t *testing.T) {
	bubble(t, func(t *testing.T) {
		k := &kept{}
		a := spec("a", every(10*time.Second, ending(schedule.Worked)))
		first := lives(t, k, daemonapp.Options{}, a, spec("b", every(10*time.Second, ending(schedule.Worked))))
		first.until(5 * time.Second)
		is(t, "pause", first.Pause("a", daemonapp.Pause{Until: first.start.Add(time.Hour), Who: "alice", Why: "DB migration"}), nil)
		is(t, "pause", first.Pause("b", daemonapp.Pause{Who: "bob"}), nil)
		first.drain()

		a.Digest = "2" // the pause is the operator's, whatever became of the settings
		second := lives(t, k, daemonapp.Options{}, a, spec("b", every(10*time.Second, ending(schedule.Worked))))
		second.until(time.Minute)
		st := second.status("a")
		if st.State != schedule.Paused || st.Pause.Who != "alice" || st.Pause.Why != "DB migration" || !st.Until.Equal(first.start.Add(time.Hour)) {
			t.Errorf("a: %+v", st)
		}
		is(t, "resume", second.Resume("b", "bob"), nil)
		is(t, "resume again", second.Resume("b", "bob"), daemonapp.ErrNotPaused)
		same(t, "b runs again", second.starts("b"), []string{"1m0s"})
		second.until(time.Hour)
		if starts := second.starts("a"); len(starts) == 0 || starts[0] != "59m55s" {
			t.Errorf("a starts at %v, want at the end of its pause", starts)
		}
		second.drain()

		third := lives(t, k, daemonapp.Options{}, a, spec("b", every(10*time.Second, ending(schedule.Worked))))
		third.until(time.Minute)
		if st := third.status("a"); st.State == schedule.Paused || st.Pause != (daemonapp.Pause{}) {
			t.Errorf("a pause that is over holds again: %+v", st)
		}
	})
}

func TestSkipNextTells(t *testing.T) {
	bubble(t, func(t *testing.T) {
		k := &kept{}
		l := lives(t, k, daemonapp.Options{}, spec("a", every(10*time.Second, busy(time.Second))))
		l.until(5 * time.Second)
		is(t, "skip", l.SkipNext("a", "alice"), nil)
		l.until(21500 * time.Millisecond) // in its second run
		is(t, "skip", l.SkipNext("a", "bob"), nil)
		is(t, "skip another", l.SkipNext("x", "bob"), daemonapp.ErrUnknown)
		if !k.of("a").SkipNext {
			t.Error("what is asked during a run is not kept")
		}
		l.until(time.Minute)
		var told []string
		for _, e := range l.told(daemonapp.Skipped) {
			due := "later"
			if !e.First.IsZero() {
				due = e.First.Sub(l.start).String()
			}
			told = append(told, fmt.Sprintf("%s: due %s, by %q", e.At.Sub(l.start), due, e.Who))
		}
		same(t, "told", told, []string{`5s: due 11s, by "alice"`, `21.5s: due later, by "bob"`, `22s: due 32s, by ""`})
		same(t, "starts", l.starts("a"), []string{"0s", "21s", "42s", "53s"})
		l.drain()
		if k.of("a").SkipNext {
			t.Error("what was skipped is kept for another time")
		}
	})
}

func TestRunsThatDidNotHappen(t *testing.T) {
	bubble(t, func(t *testing.T) {
		held := spec("a", every(10*time.Second, ending(schedule.Worked)))
		held.Terms.After = []string{"b"}
		l := begin(t, daemonapp.Options{}, held, spec("b", every(time.Hour, busy(5*time.Second))))
		l.until(20 * time.Second)
		told := l.told(daemonapp.Held)
		if len(told) != 1 || told[0].Reason != "after b" || told[0].Daemon != "a" || told[0].Digest.String() != "1" {
			t.Errorf("told %+v", told)
		}
	})
}

// TestWhatARunTells: output and usage go with the end of the run, and lines to those who follow.
func TestWhatARunTells(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var mu sync.Mutex
		var lines []string
		l := begin(t, daemonapp.Options{Lines: func(line daemonapp.Line) {
			mu.Lock()
			defer mu.Unlock()
			lines = append(lines, fmt.Sprintf("%s %s %s", line.Daemon, line.Stream, line.Text))
		}}, spec("a", every(time.Minute, func(ctx context.Context) (schedule.Result, error) {
			info, _ := daemonapp.RunFrom(ctx)
			info.Line(time.Now(), "out", "hello")
			info.Attach(daemonapp.Report{User: time.Second, Head: []byte("hello\n")})
			return schedule.Result{}, errors.New("no luck")
		})), spec("b", every(time.Minute, ending(schedule.Worked))))
		l.until(time.Second)
		mu.Lock()
		same(t, "lines", lines, []string{"a out hello"})
		mu.Unlock()
		for _, e := range l.told(daemonapp.RunEnded) {
			switch {
			case e.Digest.String() != "1" || e.Attempt != 1:
				t.Errorf("%s: digest %q, attempt %d", e.Daemon, e.Digest, e.Attempt)
			case e.Daemon == "b" && e.Report != nil:
				t.Errorf("b tells of what it did not do: %+v", e.Report)
			case e.Daemon == "a" && (e.Report == nil || string(e.Report.Head) != "hello\n" || e.Report.User != time.Second):
				t.Errorf("a: %+v", e.Report)
			}
		}
	})
}

// TestWhoSteers: each act of an operator is told with who it was.
func TestWhoSteers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := begin(t, daemonapp.Options{}, spec("a", every(time.Hour, busy(10*time.Second))))
		l.until(time.Minute)
		is(t, "trigger", l.Trigger("a", false, "alice"), nil)
		l.until(61 * time.Second)
		is(t, "cancel", l.Cancel("a", false, "bob"), nil)
		is(t, "disarm", l.Disarm("a", "for now", "carol"), nil)
		l.until(70 * time.Second)
		is(t, "arm", l.Arm("a", "dave"), nil)
		l.Announce(daemonapp.Reloaded, daemonapp.Change{Kept: 1}, "erin", nil)
		l.Drain(daemonapp.DrainOptions{Reason: schedule.Asked, Who: "frank"})
		l.stopped()
		who := map[daemonapp.Kind]string{}
		for _, e := range l.told() {
			if e.Who != "" {
				who[e.Kind] = e.Who
			}
		}
		same(t, "who", who, map[daemonapp.Kind]string{
			daemonapp.Triggered: "alice", daemonapp.CancelWanted: "bob", daemonapp.DaemonDisarmed: "carol",
			daemonapp.DaemonArmed: "dave", daemonapp.Reloaded: "erin", daemonapp.Draining: "frank", daemonapp.AppStopped: "frank",
		})
	})
}

// TestCheck: an observer that does not return sticks the dispatcher, and whoever asks is told; and that it goes on, too. It
// takes real time, as a lock that is held stops the time of a bubble.
func TestCheck(t *testing.T) {
	t.Parallel()
	var block atomic.Pointer[chan struct{}]
	entered := make(chan struct{}, 1)
	app := daemonapp.New(daemonapp.Options{Observers: []daemonapp.Observer{daemonapp.ObserverFunc(func(daemonapp.Event) {
		if stuck := block.Load(); stuck != nil {
			select {
			case entered <- struct{}{}:
			default:
			}
			<-*stuck
		}
	})}})
	if _, err := app.Reconcile([]daemonapp.Spec{spec("a", every(time.Millisecond, ending(schedule.Worked)))}); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { // joined below
		_, err := app.Run(t.Context())
		ended <- err
	}()
	is(t, "check", app.Check(time.Minute), nil)
	open := make(chan struct{})
	block.Store(&open)
	<-entered
	for range 3 {
		is(t, "check of one that is stuck", app.Check(20*time.Millisecond), daemonapp.ErrDispatcherStuck)
	}
	block.Store(nil)
	close(open)
	is(t, "check of one that goes on", app.Check(time.Minute), nil)
	app.Drain(daemonapp.DrainOptions{})
	is(t, "run", <-ended, nil)
}

// TestStopAfterDrain: what drains without limit gets one when somebody wants the end of it.
func TestStopAfterDrain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := begin(t, daemonapp.Options{ShutdownGrace: 10 * time.Second}, spec("a", every(time.Hour, busy(time.Hour))))
		l.until(time.Second)
		l.Drain(daemonapp.DrainOptions{Reason: schedule.Asked, Unlimited: true, Who: "alice"})
		l.until(30 * time.Minute)
		l.Drain(daemonapp.DrainOptions{Reason: schedule.Asked, Who: "bob"})
		l.stopped()
		if age := time.Since(l.start); age != 30*time.Minute+10*time.Second {
			t.Errorf("it ended after %s", age)
		}
	})
}
