package daemonapp_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

func TestTimeout(t *testing.T) {
	t.Parallel()
	late := errors.New("the database was slow")
	tests := []struct {
		name string
		run  daemonapp.RunFunc
		want []error
	}{
		{"a run that obeys", busy(time.Minute), nil},
		{"a run that tells why", func(ctx context.Context) (schedule.Result, error) {
			<-ctx.Done()
			return schedule.Result{}, context.Cause(ctx)
		}, nil},
		{"a run that ends well all the same", func(ctx context.Context) (schedule.Result, error) {
			<-ctx.Done()
			return schedule.Result{Outcome: schedule.Worked}, nil
		}, nil},
		{"a run that has more to say", func(ctx context.Context) (schedule.Result, error) {
			<-ctx.Done()
			return schedule.Result{}, late
		}, []error{late}},
		{"a run whose error breaks when it is asked", func(ctx context.Context) (schedule.Result, error) {
			<-ctx.Done()
			return schedule.Result{}, (*brittle)(nil)
		}, nil},
		{"a seed, whose children then do not count", func(ctx context.Context) (schedule.Result, error) {
			<-ctx.Done()
			return schedule.Result{Outcome: schedule.Worked}, nil
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				child := spec("child", every(time.Hour, ending(schedule.Worked)))
				s := spec("a", &quirky{run: tt.run, children: func() []daemonapp.Spec { return []daemonapp.Spec{child} }})
				s.Terms.Timeout = 10 * time.Second
				l := begin(t, daemonapp.Options{}, s)
				l.until(10 * time.Second)
				same(t, "runs", l.ends(), []string{"10s a failed"})
				err := l.told(daemonapp.RunEnded)[0].Run.Err
				for _, want := range append(tt.want, daemonapp.ErrTimeout) {
					is(t, "the end of the run", err, want)
				}
				same(t, "daemons", l.names(), []string{"a"})
			})
		})
	}
}

// brittle is an error that is of no use as a nil pointer.
type brittle struct{ kind error }

func (b *brittle) Error() string        { return b.kind.Error() }
func (b *brittle) Is(target error) bool { return b.kind == target } //nolint:errorlint // it is what Is is made of

// stuckApp is an app whose first daemon ignores its context: its first run takes a minute, and is given
// up after 10 s and 2 s.
func stuckApp(t *testing.T, o daemonapp.Options, d *quirky) *life {
	t.Helper()
	runs := 0
	d.run = func(context.Context) (schedule.Result, error) {
		if runs++; runs == 1 {
			time.Sleep(time.Minute)
		}
		return schedule.Result{Outcome: schedule.Worked}, nil
	}
	s := spec("deaf", d)
	s.Terms.Timeout, s.Terms.KillGrace = 10*time.Second, 2*time.Second
	return begin(t, o, s, spec("good", every(10*time.Second, ending(schedule.Worked))))
}

func TestARunThatIgnoresItsContextIsGivenUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := stuckApp(t, daemonapp.Options{}, &quirky{})
		l.until(30 * time.Second)
		same(t, "the others' starts", l.starts("good"), []string{"12s", "22s"})
		same(t, "events", l.lines(daemonapp.Stuck, daemonapp.DaemonDisarmed), []string{"12s stuck deaf", "12s disarmed deaf"})
		if st := l.status("deaf"); st.State != schedule.Disarmed || !st.Stuck || st.Failures != 1 || st.RunID == 0 {
			t.Errorf("status = %+v", st)
		}
		is(t, "arm", l.Arm("deaf", "alice"), schedule.ErrStuck)
		is(t, "trigger", l.Trigger("deaf", false, ""), schedule.ErrStuck)
		is(t, "cancel", l.Cancel("deaf", false, ""), daemonapp.ErrNotRunning)

		l.until(61 * time.Second)
		same(t, "its return", l.lines(daemonapp.Unstuck), []string{"1m0s unstuck deaf"})
		same(t, "disarmed", len(l.told(daemonapp.DaemonDisarmed)), 1)
		if st := l.status("deaf"); st.State != schedule.Disarmed || st.Stuck || st.RunID != 0 {
			t.Errorf("status = %+v", st)
		}
		if err := l.Arm("deaf", "alice"); err != nil {
			t.Fatal(err)
		}
		l.until(61500 * time.Millisecond)
		same(t, "its starts", l.starts("deaf"), []string{"0s", "1m1s"})
		same(t, "abandoned", len(l.drain().Abandoned), 0)
	})
}

func TestAStuckDaemonIsClosedWhenItsRunReturns(t *testing.T) {
	t.Parallel()
	next := daemonapp.Spec{Name: "deaf", Digest: "2", Daemon: every(10*time.Second, ending(schedule.Worked))}
	tests := []struct {
		name  string
		specs []daemonapp.Spec
		want  string
	}{
		{"removed", nil, "1m0s removed deaf"},
		{"replaced", []daemonapp.Spec{next}, "1m0s run_started deaf"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				start := time.Now()
				closed := make(chan time.Duration, 2)
				l := stuckApp(t, daemonapp.Options{}, &quirky{close: func() error { closed <- time.Since(start); return nil }})
				l.until(20 * time.Second)
				if _, err := l.Reconcile(tt.specs); err != nil {
					t.Fatal(err)
				}
				l.until(65 * time.Second)
				if got := <-closed; got != time.Minute {
					t.Errorf("closed after %s, want when its run returned, after 1m", got)
				}
				if lines := l.lines(); !slices.Contains(lines, tt.want) {
					t.Errorf("events %q, want %q among them", lines, tt.want)
				}
				l.drain()
				if len(closed) > 0 {
					t.Error("closed twice")
				}
			})
		})
	}
}

func TestASuccessorThatWaitedForAStuckRunTakesItsPlace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		start := time.Now()
		closed := make(chan time.Duration, 2)
		l := stuckApp(t, daemonapp.Options{}, &quirky{close: func() error { closed <- time.Since(start); return nil }})
		l.until(5 * time.Second)
		next := daemonapp.Spec{Name: "deaf", Digest: "2", Daemon: every(10*time.Second, ending(schedule.Worked))}
		if _, err := l.Reconcile([]daemonapp.Spec{next}); err != nil {
			t.Fatal(err)
		}
		l.until(65 * time.Second)
		same(t, "its starts", l.starts("deaf"), []string{"0s", "1m0s"})
		if got := <-closed; got != time.Minute || len(closed) > 0 {
			t.Errorf("closed after %s, %d more times", got, len(closed))
		}
	})
}

// graceful asks for more time to return than the kill grace.
type graceful struct{ *quirky }

func (graceful) ReturnGrace() time.Duration { return 4 * time.Second }

func TestReturnGraceIsAddedToTheKillGrace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := spec("a", graceful{&quirky{run: stubborn(time.Minute)}})
		s.Terms.Timeout, s.Terms.KillGrace = 10*time.Second, 2*time.Second
		l := begin(t, daemonapp.Options{}, s)
		l.until(2 * time.Minute)
		same(t, "events", l.lines(daemonapp.Stuck), []string{"16s stuck a"})
		same(t, "grace", l.told(daemonapp.Stuck)[0].Grace, 6*time.Second)
	})
}

func TestCancel(t *testing.T) {
	t.Parallel()
	for _, kill := range []bool{false, true} {
		cause := map[bool]error{false: daemonapp.ErrCancelled, true: daemonapp.ErrKilled}[kill]
		t.Run(cause.Error(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				killed := make(chan bool, 1)
				run := func(ctx context.Context) (schedule.Result, error) {
					<-ctx.Done()
					info, _ := daemonapp.RunFrom(ctx)
					select {
					case <-info.Killed():
						killed <- true
					default:
						killed <- false
					}
					return schedule.Result{}, context.Cause(ctx)
				}
				l := begin(t, daemonapp.Options{}, spec("a", every(time.Hour, run)))
				l.until(time.Second)
				if err := l.Cancel("a", kill, ""); err != nil {
					t.Fatal(err)
				}
				l.until(2 * time.Second)
				same(t, "runs", l.ends(), []string{"1s a cancelled"})
				is(t, "the end of the run", l.told(daemonapp.RunEnded)[0].Run.Err, cause)
				same(t, "killed", <-killed, kill)
				if st := l.status("a"); st.IdleRuns+st.Failures != 0 || st.Stats.Cancelled != 1 {
					t.Errorf("it counts: %+v", st.Status)
				}
				is(t, "cancel again", l.Cancel("a", kill, ""), daemonapp.ErrNotRunning)
				is(t, "cancel another", l.Cancel("b", kill, ""), daemonapp.ErrUnknown)
			})
		})
	}
}

func TestCancellingAgainGivesNoMoreTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := begin(t, daemonapp.Options{}, spec("deaf", every(time.Hour, stubborn(time.Minute))))
		for range 8 { // once a second; the kill grace is 5 s
			_ = l.Cancel("deaf", false, "")
			time.Sleep(time.Second)
		}
		same(t, "events", l.lines(daemonapp.Stuck), []string{"5s stuck deaf"})
	})
}

func TestKillingACancelledRunShortensItsGrace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := spec("deaf", every(time.Hour, stubborn(time.Minute)))
		s.Terms.KillGrace = 20 * time.Second
		l := begin(t, daemonapp.Options{}, s)
		_ = l.Cancel("deaf", false, "")
		l.until(time.Second)
		_ = l.Cancel("deaf", true, "")
		l.until(time.Minute)
		same(t, "events", l.lines(daemonapp.Stuck), []string{"4s stuck deaf"})
	})
}

func TestARunThatPanicsWhenCancelledKeepsItsStack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		run := func(ctx context.Context) (schedule.Result, error) { <-ctx.Done(); panic("cut off") }
		l := begin(t, daemonapp.Options{}, spec("a", every(time.Hour, run)))
		_ = l.Cancel("a", false, "")
		l.until(time.Second)
		err := l.told(daemonapp.RunEnded)[0].Run.Err
		is(t, "the end of the run", err, daemonapp.ErrCancelled)
		if p := (*daemonapp.PanicError)(nil); !errors.As(err, &p) {
			t.Errorf("error %v has no stack", err)
		}
	})
}

func TestWorkDoneDespiteACancelCounts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		run := func(ctx context.Context) (schedule.Result, error) {
			<-ctx.Done()
			return schedule.Result{Outcome: schedule.Worked, Count: 2}, nil
		}
		l := begin(t, daemonapp.Options{}, spec("a", every(time.Hour, run)))
		_ = l.Cancel("a", false, "")
		l.until(time.Second)
		same(t, "runs", l.ends(), []string{"0s a worked"})
	})
}
