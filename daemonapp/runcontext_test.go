package daemonapp_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// inRun calls what is to be seen from inside a run, and starts and ends an app for it.
func inRun(t *testing.T, terms daemonapp.Terms, look func(l *life, ctx context.Context)) *life {
	t.Helper()
	var l *life
	ready := make(chan struct{})
	s := spec("a", every(time.Hour, func(ctx context.Context) (schedule.Result, error) {
		<-ready
		look(l, ctx)
		return schedule.Result{Outcome: schedule.Worked}, nil
	}))
	s.Terms = terms
	l = begin(t, daemonapp.Options{}, s)
	close(ready)
	synctest.Wait()
	return l
}

func TestRunContextIsOpenInTheRunAndEndsWithIt(t *testing.T) {
	t.Parallel()
	asks := map[string]func(context.Context){
		"Done":     func(ctx context.Context) { <-time.After(0); _ = ctx.Done() },
		"Err":      func(ctx context.Context) { _ = ctx.Err() },
		"Value":    func(ctx context.Context) { _ = ctx.Value(grace) },
		"Deadline": func(ctx context.Context) { _, _ = ctx.Deadline() },
		"RunFrom":  func(ctx context.Context) { _, _ = daemonapp.RunFrom(ctx) },
		"Cause":    func(ctx context.Context) { _ = context.Cause(ctx) },
	}
	for name, ask := range asks {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				leaked := make(chan context.Context, 1)
				l := inRun(t, daemonapp.Terms{}, func(_ *life, ctx context.Context) {
					ask(ctx)
					if ctx.Err() != nil {
						t.Error("the context has ended in the run")
					}
					select {
					case <-ctx.Done():
						t.Error("the context is done in the run")
					default:
					}
					leaked <- ctx
				})
				ctx := <-leaked
				if ctx.Err() == nil || context.Cause(ctx) == nil {
					t.Error("the context goes on after the run")
				}
				<-ctx.Done()
				l.drain()
			})
		})
	}
}

func TestALeakedContextThatWasAskedNeverSeesALaterRun(t *testing.T) {
	t.Parallel()
	asks := map[string]func(context.Context){
		"Err":      func(ctx context.Context) { _ = ctx.Err() },
		"Value":    func(ctx context.Context) { _ = ctx.Value(grace) },
		"Deadline": func(ctx context.Context) { _, _ = ctx.Deadline() },
		"RunFrom":  func(ctx context.Context) { _, _ = daemonapp.RunFrom(ctx) },
	}
	for name, ask := range asks {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var leaked context.Context
				first := func(ctx context.Context) (schedule.Result, error) {
					ask(ctx)
					leaked = ctx
					return schedule.Result{Outcome: schedule.Worked}, nil
				}
				second := func(ctx context.Context) (schedule.Result, error) {
					if ctx == leaked {
						t.Error("the second run has the context of the first")
					}
					if leaked.Err() == nil {
						t.Error("the context of the first run goes on in the second")
					}
					<-leaked.Done()
					if info, ok := daemonapp.RunFrom(leaked); !ok || info.Daemon != "first" {
						t.Error("the context of the first run tells of the second")
					}
					return schedule.Result{Outcome: schedule.Worked}, ctx.Err()
				}
				l := begin(t, daemonapp.Options{}, spec("first", every(time.Hour, first)), spec("second", every(time.Hour, second)))
				same(t, "runs", l.ends(), []string{"0s first worked", "0s second worked"})
			})
		})
	}
}

func TestRunContextOfManyRunsThatAskNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		leaks := map[context.Context]bool{}
		l := begin(t, daemonapp.Options{}, spec("a", every(time.Second, func(ctx context.Context) (schedule.Result, error) {
			leaks[ctx] = true
			return schedule.Result{Outcome: schedule.Worked}, nil
		})))
		l.until(100 * time.Second)
		l.drain()
		if len(leaks) != 1 {
			t.Errorf("%d contexts for runs that never looked at theirs, want one", len(leaks))
		}
	})
}

func TestRunContextPassesOnDeadlinesAndCauses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := inRun(t, daemonapp.Terms{Timeout: time.Minute}, func(l *life, ctx context.Context) {
			if at, ok := ctx.Deadline(); !ok || at.Sub(l.start) != time.Minute {
				t.Errorf("deadline = %s, %v", at.Sub(l.start), ok)
			}
			child, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			if at, _ := child.Deadline(); at.Sub(l.start) != time.Minute {
				t.Errorf("deadline of the child = %s", at.Sub(l.start))
			}
			short, cancelShort := context.WithTimeout(ctx, time.Second)
			defer cancelShort()
			<-short.Done()
			is(t, "the short child", short.Err(), context.DeadlineExceeded)
			stopped := make(chan time.Duration, 1)
			context.AfterFunc(ctx, func() { stopped <- time.Since(l.start) })
			<-child.Done()
			is(t, "the cause of the child", context.Cause(child), daemonapp.ErrTimeout)
			is(t, "the cause", context.Cause(ctx), daemonapp.ErrTimeout)
			is(t, "the error", ctx.Err(), context.Canceled)
			same(t, "AfterFunc", <-stopped, time.Minute)
		})
		l.until(2 * time.Minute)
		same(t, "runs", l.ends(), []string{"1m0s a failed"})
	})
}

func TestChildContextsEndWithTheRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		leaked := make(chan context.Context, 1)
		inRun(t, daemonapp.Terms{}, func(_ *life, ctx context.Context) {
			child, cancel := context.WithCancel(ctx)
			context.AfterFunc(child, cancel)
			leaked <- child
		})
		<-(<-leaked).Done()
	})
}

func TestRunFrom(t *testing.T) {
	bubble(t, func(t *testing.T) {
		if _, ok := daemonapp.RunFrom(t.Context()); ok {
			t.Error("there is a run outside runs")
		}
		seen := make(chan *daemonapp.RunInfo, 10)
		run := func(ctx context.Context) (schedule.Result, error) {
			info, _ := daemonapp.RunFrom(ctx)
			info.Progress(3, 10)
			time.Sleep(10 * time.Second)
			seen <- info
			if len(seen) < 3 {
				return schedule.Result{Outcome: schedule.Failed}, nil
			}
			return schedule.Result{Outcome: schedule.Worked}, nil
		}
		s := spec("a", every(time.Minute, run))
		s.Terms.Timeout = time.Hour
		l := begin(t, daemonapp.Options{}, s)
		l.until(time.Second)
		st := l.status("a")
		if st.Done != 3 || st.Total != 10 || st.RunID == 0 || st.State != schedule.Running {
			t.Errorf("status: %d of %d, run %s, %s", st.Done, st.Total, st.RunID, st.State)
		}
		l.until(20 * time.Second)
		l.Wake("a")
		l.until(40 * time.Second)
		_ = l.Trigger("a", false, "")
		l.until(3 * time.Minute)
		l.drain()
		close(seen)
		wants := []daemonapp.RunInfo{
			{Daemon: "a", Attempt: 1, Due: l.start, Trigger: "schedule"},
			{Daemon: "a", Attempt: 2, Due: l.start.Add(20 * time.Second), Trigger: "wake"},
			{Daemon: "a", Attempt: 3, Due: l.start.Add(40 * time.Second), Trigger: "operator"},
		}
		for i := range wants {
			got, want := <-seen, &wants[i]
			if got.Daemon != want.Daemon || got.Attempt != want.Attempt || !got.Due.Equal(want.Due) || got.Trigger != want.Trigger {
				t.Errorf("run %d: %s, attempt %d, due %s, by %s", i, got.Daemon, got.Attempt, got.Due, got.Trigger)
			}
			if !got.Deadline.Equal(want.Due.Add(time.Hour)) || got.ID != st.RunID+daemonapp.RunID(i) || got.ID.String() == "" {
				t.Errorf("run %d: deadline %s, id %s", i, got.Deadline, got.ID)
			}
		}
	})
}

// TestRunsOfALaterLifeHaveLaterIDs, though thousands of millions of runs lie between.
func TestRunsOfALaterLifeHaveLaterIDs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		first := func() daemonapp.RunID {
			l := begin(t, daemonapp.Options{}, spec("a", every(time.Hour, ending(schedule.Worked))))
			l.until(time.Second)
			defer l.drain()
			return l.told(daemonapp.RunStarted)[0].RunID
		}
		earlier := first()
		time.Sleep(5 * time.Hour)
		if later := first(); later-earlier < 1<<32 {
			t.Errorf("%s after %s", later, earlier)
		}
	})
}

func TestProgressSaturates(t *testing.T) {
	t.Parallel()
	var info daemonapp.RunInfo
	info.Progress(1<<40, 1<<40)
	if done, total := info.Progressed(); done != 1<<31-1 || total != 1<<31-1 {
		t.Errorf("Progressed = %d of %d", done, total)
	}
	info.Progress(-1, 5)
	if done, total := info.Progressed(); done != -1 || total != 5 {
		t.Errorf("Progressed = %d of %d", done, total)
	}
}
