package daemonapp_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// quirky is a daemon whose methods are what the test makes of them; nil is harmless.
type quirky struct {
	run      daemonapp.RunFunc
	priority func() int
	next     func(schedule.Run) time.Time
	hold     func() (string, time.Duration)
	children func() []daemonapp.Spec
	close    func() error
}

func (q *quirky) Run(ctx context.Context) (schedule.Result, error) {
	if q.run == nil {
		return schedule.Result{Outcome: schedule.Worked}, nil
	}
	return q.run(ctx)
}

func (q *quirky) Priority() int {
	if q.priority == nil {
		return 0
	}
	return q.priority()
}

func (q *quirky) NextRun(last schedule.Run) time.Time {
	if q.next == nil {
		return last.Finished.Add(time.Second)
	}
	return q.next(last)
}

func (q *quirky) Hold() (string, time.Duration) {
	if q.hold == nil {
		return "", 0
	}
	return q.hold()
}

func (q *quirky) Children() []daemonapp.Spec {
	if q.children == nil {
		return nil
	}
	return q.children()
}

func (q *quirky) Close() error {
	if q.close == nil {
		return nil
	}
	return q.close()
}

func TestPanicsStayWithTheDaemonThatPanics(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		broken *quirky
		failed bool // its runs fail with the stack of the panic
	}{
		{"Run", &quirky{run: func(context.Context) (schedule.Result, error) { panic("in Run") }}, true},
		{"Run, with nil", &quirky{run: func(context.Context) (schedule.Result, error) { panic(nil) }}, true}, //nolint:govet // on purpose
		{"Children", &quirky{children: func() []daemonapp.Spec { panic("in Children") }}, true},
		{"Priority", &quirky{priority: func() int { panic("in Priority") }}, false},
		{"NextRun", &quirky{next: func(schedule.Run) time.Time { panic("in NextRun") }}, false},
		{"Hold", &quirky{hold: func() (string, time.Duration) { panic("in Hold") }}, false},
		{"Close", &quirky{close: func() error { panic("in Close") }}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				good := spec("good", every(time.Second, ending(schedule.Worked)))
				l := begin(t, daemonapp.Options{}, spec("broken", tt.broken), good)
				l.until(9500 * time.Millisecond)
				if _, err := l.Reconcile([]daemonapp.Spec{spec("broken", tt.broken), good}); err != nil {
					t.Error(err)
				}
				l.drain()
				if n := len(l.starts("good")); n != 10 {
					t.Errorf("the other daemon ran %d times, want 10", n)
				}
				if tt.failed {
					checkStack(t, l, tt.name)
				}
			})
		})
	}
}

func checkStack(t *testing.T, l *life, where string) {
	t.Helper()
	for _, e := range l.told(daemonapp.RunEnded) {
		if e.Daemon != "broken" {
			continue
		}
		var p *daemonapp.PanicError
		if !errors.As(e.Run.Err, &p) {
			t.Fatalf("the run ended %s with %v, want a PanicError", e.Run.Result.Outcome, e.Run.Err)
		}
		if !strings.Contains(string(p.Stack), "failure_test.go") {
			t.Errorf("the stack does not lead to %s:\n%s", where, p.Stack)
		}
		if e.Run.Result.Outcome != schedule.Failed || p.Error() == "" {
			t.Errorf("the run ended %s, %q", e.Run.Result.Outcome, p.Error())
		}
		return
	}
	t.Error("the broken daemon had no run")
}

func TestAPlannerThatPanicsNeverRunsAgainAndSaysWhy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := begin(t, daemonapp.Options{}, spec("a", &quirky{next: func(schedule.Run) time.Time { panic("no idea") }}))
		l.until(time.Hour)
		same(t, "runs", l.ends(), []string{"0s a worked"})
		if st := l.status("a"); st.State != schedule.Finished || !strings.Contains(st.Reason, "no idea") {
			t.Errorf("status = %s, %q", st.State, st.Reason)
		}
	})
}

func TestAHoldThatPanicsHoldsAndSaysWhy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		asked := 0
		l := begin(t, daemonapp.Options{}, spec("a", &quirky{hold: func() (string, time.Duration) {
			if asked++; asked == 1 {
				panic("no lock")
			}
			return "", 0
		}}))
		if st := l.status("a"); st.State != schedule.HeldByDaemon || !strings.Contains(st.Reason, "no lock") {
			t.Errorf("status = %s, %q", st.State, st.Reason)
		}
		l.until(time.Minute)
		same(t, "runs", l.ends(), []string{"1m0s a worked"})
	})
}

func TestARunThatEndsItsGoroutineFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		exit := func(context.Context) (schedule.Result, error) { runtime.Goexit(); panic("unreachable") }
		l := begin(t, daemonapp.Options{},
			spec("exits", every(time.Second, exit)), spec("good", every(time.Second, ending(schedule.Worked))))
		l.until(1500 * time.Millisecond)
		stop := l.drain()
		same(t, "runs", l.ends(), []string{"0s exits failed", "0s good worked", "1s exits failed", "1s good worked"})
		is(t, "the end of the run", l.told(daemonapp.RunEnded)[0].Run.Err, daemonapp.ErrExited)
		same(t, "abandoned", len(stop.Abandoned), 0)
	})
}

func TestWhatARunMayAnswer(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	tests := []struct {
		name   string
		result schedule.Result
		err    error
		want   schedule.Outcome
		is     error
	}{
		{"worked", schedule.Result{Outcome: schedule.Worked, Count: 3}, nil, schedule.Worked, nil},
		{"idle", schedule.Result{Outcome: schedule.Idle}, nil, schedule.Idle, nil},
		{"an error fails whatever else it says", schedule.Result{Outcome: schedule.Worked}, boom, schedule.Failed, boom},
		{"an error alone", schedule.Result{}, boom, schedule.Failed, boom},
		{"nothing", schedule.Result{}, nil, schedule.Failed, daemonapp.ErrNoOutcome},
		{"failed without an error", schedule.Result{Outcome: schedule.Failed}, nil, schedule.Failed, daemonapp.ErrFailed},
		{"cancelled, though nobody did", schedule.Result{Outcome: schedule.Cancelled}, nil, schedule.Failed, daemonapp.ErrNoOutcome},
		{"a word that there is not", schedule.Result{Outcome: 99}, nil, schedule.Failed, daemonapp.ErrNoOutcome},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				run := func(context.Context) (schedule.Result, error) { return tt.result, tt.err }
				l := begin(t, daemonapp.Options{}, spec("a", every(time.Hour, run)))
				got := l.told(daemonapp.RunEnded)[0].Run
				if got.Result.Outcome != tt.want || got.Result.Count != tt.result.Count {
					t.Errorf("ended %s with %d, want %s with %d", got.Result.Outcome, got.Result.Count, tt.want, tt.result.Count)
				}
				is(t, "the end of the run", got.Err, tt.is)
			})
		})
	}
}

func TestFailuresDisarm(t *testing.T) {
	bubble(t, func(t *testing.T) {
		boom := errors.New("boom")
		run := func(context.Context) (schedule.Result, error) { return schedule.Result{}, boom }
		s := spec("a", every(time.Second, run))
		s.Terms.DisarmAfter = 3
		l := begin(t, daemonapp.Options{}, s)
		l.until(time.Hour)
		same(t, "runs", l.ends(), []string{"0s a failed", "1s a failed", "3s a failed"})
		e := l.told(daemonapp.DaemonDisarmed)
		if len(e) != 1 || e[0].Reason != "3 failures" || e[0].Run.Failures != 3 {
			t.Fatalf("disarmed: %+v", e)
		}
		is(t, "the cause", e[0].Err, boom)
		if err := l.Arm("a", "alice"); err != nil {
			t.Fatal(err)
		}
		l.until(time.Hour + time.Second/2)
		same(t, "events", l.lines(daemonapp.DaemonDisarmed, daemonapp.DaemonArmed), []string{"3s disarmed a", "1h0m0s armed a"})
		if n := len(l.ends()); n != 4 {
			t.Errorf("%d runs, want one more after arm", n)
		}
	})
}
