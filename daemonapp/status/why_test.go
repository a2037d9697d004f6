package status_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/status"
)

const (
	worked = schedule.Worked
	idle   = schedule.Idle
)

// TestWhy wants the sentence of each state, of a real app.
func TestWhy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		test func(t *testing.T)
	}{
		{"disarmed after failures", func(t *testing.T) {
			t.Helper()
			l := begin(t, daemonapp.Options{},
				with(spec("export", every(time.Minute, failing("exit 1: no such table"))), daemonapp.Terms{DisarmAfter: 5}),
				with(spec("once", every(time.Minute, failing("login hunter2 refused"))), daemonapp.Terms{DisarmAfter: 1}))
			l.at(time.Hour)
			l.is("export", status.Disarmed, "5 failures, last exit 1: no such table")
			l.is("once", status.Disarmed, "1 failure, last login *** refused")
			if d := l.daemon("export"); !d.NeedsYou || !d.Failing() || !d.Next.IsZero() {
				t.Errorf("export does not need you: %+v", d)
			}
		}},
		{"disarmed by an operator", func(t *testing.T) {
			t.Helper()
			l := begin(t, daemonapp.Options{}, spec("a", every(time.Minute, ending(worked))), spec("b", every(time.Minute, ending(worked))))
			_ = l.Disarm("a", "the partner moves", "alice")
			_ = l.Disarm("b", "", "bob")
			l.is("a", status.Disarmed, "by alice: the partner moves")
			l.is("b", status.Disarmed, "by bob")
			if d := l.daemon("a"); d.NeedsYou || !d.Failing() {
				t.Errorf("what alice disarmed needs nobody: %+v", d)
			}
		}},
		{"disarmed in an earlier life", func(t *testing.T) {
			t.Helper()
			memories := map[string]daemonapp.Memory{
				"a": {Name: "a", Digest: "1", Disarmed: "5 failures", Failures: 5, LastOutcome: schedule.Failed, LastEnd: time.Now().Add(-time.Hour)},
				"b": {Name: "b", Digest: "1", Disarmed: "for the holidays"},
			}
			l := begin(t, daemonapp.Options{Memories: memories}, spec("a", every(time.Minute, ending(worked))), spec("b", every(time.Minute, ending(worked))))
			l.is("a", status.Disarmed, "5 failures")
			l.is("b", status.Disarmed, "for the holidays")
			l.observed.SeedFailures(map[string]status.Failure{"a": {Text: "exit 3\nhunter2", At: time.Now().Add(-time.Hour)}})
			l.is("a", status.Disarmed, "5 failures, last exit 3 ***")
		}},
		{"stuck", func(t *testing.T) {
			t.Helper()
			l := begin(t, daemonapp.Options{}, with(spec("a", every(time.Minute, stubborn(time.Hour))),
				daemonapp.Terms{Timeout: time.Minute, KillGrace: time.Second}))
			id := l.daemon("a").Run.ID
			l.at(3 * time.Minute)
			l.is("a", status.Stuck, "run "+id+", begun 3m ago, was given up and has not returned; arm works once it has")
			if d := l.daemon("a"); !d.NeedsYou || d.Run == nil || d.LastError != "the run took longer than its timeout" {
				t.Errorf("stuck: %+v", d)
			}
			l.at(2 * time.Hour)
			l.is("a", status.Disarmed, "a run was stuck; it has returned since")
		}},
		{"retrying", func(t *testing.T) {
			t.Helper()
			retry := schedule.Retry{Every: time.Minute, MultiplyBy: 2}
			l := begin(t, daemonapp.Options{},
				spec("a", paced(schedule.Backoff{RunEvery: 5 * time.Minute, MinimumIdle: 5 * time.Minute, Retry: retry}, failing("exit 12"))),
				with(spec("b", every(5*time.Minute, failing("gone"))), daemonapp.Terms{DisarmAfter: 9}))
			l.at(3*time.Minute + time.Second)
			l.is("a", status.Retrying, "failure 3, exit 12; else every 5m")
			l.is("b", status.Retrying, "failure 1 of 9, gone; else every 5m")
			if d := l.daemon("a"); d.Wait.Duration() != 4*time.Minute || d.Interval.Duration() != 5*time.Minute || d.NeedsYou || !d.Failing() {
				t.Errorf("waits %v of %v", d.Wait.Duration(), d.Interval.Duration())
			}
		}},
		{"a failed run that says nothing of itself", func(t *testing.T) {
			t.Helper()
			bad := func(context.Context) (schedule.Result, error) { return schedule.Result{}, broken{} }
			l := begin(t, daemonapp.Options{}, spec("a", every(5*time.Minute, bad)), spec("b", every(5*time.Minute, failing("one\n\ttwo\x1b[31m three"))))
			l.is("a", status.Retrying, "failure 1, %!v(PANIC=Error method: no text); else every 5m")
			l.is("b", status.Retrying, `failure 1, one two\x1b[31m three; else every 5m`)
		}},
		{"running", func(t *testing.T) {
			t.Helper()
			progress := func(done, total int) daemonapp.RunFunc {
				return func(ctx context.Context) (schedule.Result, error) {
					info, _ := daemonapp.RunFrom(ctx)
					info.Progress(done, total)
					return busy(time.Hour)(ctx)
				}
			}
			l := begin(t, daemonapp.Options{Limits: schedule.Limits{Workers: 4}},
				with(spec("a", every(time.Minute, busy(time.Hour))), daemonapp.Terms{Timeout: 2 * time.Hour}),
				spec("b", every(time.Minute, progress(38, 120))), spec("c", every(time.Minute, progress(7, 0))), spec("d", every(time.Minute, busy(time.Hour))))
			l.at(19 * time.Minute)
			id := func(name string) string { return l.daemon(name).Run.ID }
			l.is("a", status.Running, "19m of 2h, run "+id("a"))
			l.is("b", status.Running, "19m, 38 of 120 done, run "+id("b"))
			l.is("c", status.Running, "19m, 7 done, run "+id("c"))
			_ = l.Pause("d", daemonapp.Pause{Who: "alice", Why: "later"})
			l.is("d", status.Running, "19m, run "+id("d")+"; then paused by alice until resumed: later")
			if d := l.daemon("a"); !d.Run.Deadline.Equal(l.start.Add(2*time.Hour)) || !d.Run.Started.Equal(l.start) {
				t.Errorf("run %+v", d.Run)
			}
		}},
		{"running longer than usual", func(t *testing.T) {
			t.Helper()
			runs := 0
			l := begin(t, daemonapp.Options{}, spec("a", every(time.Minute, func(ctx context.Context) (schedule.Result, error) {
				if runs++; runs <= 10 {
					return busy(4 * time.Second)(ctx)
				}
				return busy(time.Hour)(ctx)
			})))
			l.at(10*64*time.Second + 5*time.Second)
			l.is("a", status.Running, "5s, run "+l.daemon("a").Run.ID)
			l.at(10*64*time.Second + 30*time.Second)
			l.is("a", status.Running, "30s, run "+l.daemon("a").Run.ID+", slow: p95 is 4s")
		}},
		{"running after failures, to be removed", func(t *testing.T) {
			t.Helper()
			runs := 0
			l := begin(t, daemonapp.Options{}, spec("a", every(time.Minute, func(ctx context.Context) (schedule.Result, error) {
				if runs++; runs <= 2 {
					return schedule.Result{}, errors.New("no")
				}
				return busy(time.Hour)(ctx)
			})))
			l.at(4 * time.Minute)
			id := l.daemon("a").Run.ID
			if _, err := l.Reconcile(nil); err != nil {
				t.Fatal(err)
			}
			l.is("a", status.Running, "1m, run "+id+", after 2 failures; removed when its run ends")
		}},
		{"ready", func(t *testing.T) {
			t.Helper()
			ranked := func(priority int) daemonapp.Task {
				return daemonapp.Task{Planner: &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Minute, MinimumIdle: time.Minute}, Prio: priority}, Do: ending(worked)}
			}
			l := begin(t, daemonapp.Options{}, spec("backup", first(busy(time.Hour))), spec("low", ranked(-1)), spec("high", ranked(3)),
				with(spec("late", ranked(9)), daemonapp.Terms{StartAfter: time.Minute}))
			l.at(12 * time.Second)
			l.is("high", status.Ready, "due for 12s, waiting for the floor behind backup (12s)")
			l.is("low", status.Ready, "due for 12s, waiting for the floor behind backup (12s), with 1 before it")
			l.at(61 * time.Second)
			l.is("late", status.Ready, "due for 1s, waiting for the floor behind backup (1m01s)")
			l.is("low", status.Ready, "due for 1m01s, waiting for the floor behind backup (1m01s), with 2 before it")
			if a := l.status().App; a.Ready != 3 || a.Starved.Duration() != 61*time.Second {
				t.Errorf("%d ready, starved %v", a.Ready, a.Starved.Duration())
			}
			l.Drain(daemonapp.DrainOptions{Reason: schedule.Asked, Unlimited: true})
			l.is("low", status.Ready, "due for 1m01s, but the app is stopping and starts nothing")
		}},
		{"ready with aging", func(t *testing.T) {
			t.Helper()
			ranked := func(priority int) daemonapp.Task {
				return daemonapp.Task{Planner: &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Hour, MinimumIdle: time.Hour}, Prio: priority}, Do: ending(worked)}
			}
			l := begin(t, daemonapp.Options{Limits: schedule.Limits{Aging: 10 * time.Second}}, spec("backup", first(busy(time.Hour))),
				spec("old", ranked(0)), with(spec("young", ranked(2)), daemonapp.Terms{StartAfter: 30 * time.Second}))
			l.at(31 * time.Second)
			l.is("old", status.Ready, "due for 31s, waiting for the floor behind backup (31s)")
			l.is("young", status.Ready, "due for 1s, waiting for the floor behind backup (31s), with 1 before it")
		}},
		{"held after others", func(t *testing.T) {
			t.Helper()
			l := begin(t, daemonapp.Options{Limits: schedule.Limits{Workers: 2}},
				spec("backup", every(time.Hour, busy(time.Hour))), spec("bad", every(time.Minute, failing("no"))),
				with(spec("off", every(time.Minute, ending(worked))), daemonapp.Terms{StartAfter: 2 * time.Hour}),
				with(spec("report", every(time.Hour, ending(worked))), daemonapp.Terms{After: []string{"backup", "bad", "off"}}),
				with(spec("orphan", every(time.Hour, ending(worked))), daemonapp.Terms{After: []string{"gone"}}))
			l.at(10 * time.Second)
			l.is("report", status.Held, "due 00:00, after backup (running), bad (retrying, 00:01), off (due 02:00)")
			l.is("orphan", status.Held, "due 00:00, after gone (there is none)")
			if d := l.daemon("report"); !d.Next.IsZero() {
				t.Errorf("nobody knows when it is released, but next is %v", d.Next)
			}
		}},
		{"held by slots", func(t *testing.T) {
			t.Helper()
			slots := &schedule.Slots{Max: 2}
			var specs []daemonapp.Spec
			for _, name := range []string{"a", "b", "c"} {
				specs = append(specs, with(spec(name, every(time.Hour, busy(time.Hour))), daemonapp.Terms{Slots: slots}))
			}
			l := begin(t, daemonapp.Options{Limits: schedule.Limits{Workers: 4}}, specs...)
			l.is("c", status.Held, "due 00:00, all 2 slots are taken by a, b")
		}},
		{"held by load", func(t *testing.T) {
			t.Helper()
			l := begin(t, daemonapp.Options{Limits: schedule.Limits{Workers: 2}}, spec("heavy", every(time.Minute, busy(time.Hour))),
				with(spec("light", every(time.Minute, ending(worked))), daemonapp.Terms{LoadBelow: 0.1}))
			l.at(10 * time.Minute)
			l.is("light", status.Held, "due 00:01, load 0.50, runs below 0.10")
		}},
		{"held by itself", func(t *testing.T) {
			t.Helper()
			l := begin(t, daemonapp.Options{}, spec("a", holder{every(time.Minute, ending(worked)), "process 4711 of an earlier life still runs"}))
			l.is("a", status.Held, "due 00:00, process 4711 of an earlier life still runs")
		}},
		{"paused", func(t *testing.T) {
			t.Helper()
			l := begin(t, daemonapp.Options{}, spec("a", every(time.Minute, ending(worked))), spec("b", every(time.Minute, ending(worked))),
				spec("c", every(time.Minute, ending(worked))))
			_ = l.Pause("a", daemonapp.Pause{Who: "alice", Until: l.start.Add(18 * time.Hour), Why: "DB migration"})
			_ = l.Pause("b", daemonapp.Pause{})
			_ = l.Pause("c", daemonapp.Pause{Who: "bob", Until: l.start.Add(40 * time.Hour)})
			l.is("a", status.Paused, "by alice until 18:00: DB migration")
			l.is("b", status.Paused, "by an operator until resumed")
			l.is("c", status.Paused, "by bob until Sun 16:00")
			if d := l.daemon("a"); !d.Next.Equal(l.start.Add(18*time.Hour)) || d.Pause.Who != "alice" {
				t.Errorf("next %v, %+v", d.Next, d.Pause)
			}
		}},
		{"window", func(t *testing.T) {
			t.Helper()
			l := begin(t, daemonapp.Options{},
				with(spec("a", every(time.Minute, ending(worked))), daemonapp.Terms{Windows: []daemonapp.Window{window(t, "22:00", "06:00", "mon-fri")}}),
				with(spec("b", every(time.Minute, ending(worked))), daemonapp.Terms{Windows: []daemonapp.Window{window(t, "20:00", "21:00"), window(t, "12:30", "13:00")}}))
			l.is("b", status.Window, "opens 12:30, to 13:00")
			l.is("a", status.Waiting, "every 1m")
			l.at(7 * time.Hour)
			l.is("a", status.Window, "opens Mon 22:00, to 06:00 mon-fri")
			if d := l.daemon("b"); !d.Next.Equal(l.start.Add(12*time.Hour + 30*time.Minute)) {
				t.Errorf("next %v", d.Next)
			}
		}},
		{"backoff", func(t *testing.T) {
			t.Helper()
			b := schedule.Backoff{RunEvery: 30 * time.Second, MinimumIdle: 30 * time.Second, IncreaseIdleBy: 10 * time.Second, MaximumIdle: 2 * time.Minute}
			l := begin(t, daemonapp.Options{}, spec("a", paced(b, ending(idle))))
			l.is("a", status.Backoff, "idle once: 40s (30s)")
			l.at(41 * time.Second)
			l.is("a", status.Backoff, "idle 2 times: 50s (30s)")
			l.at(10*time.Minute + 10*time.Second)
			l.is("a", status.Backoff, "idle 9 times: 2m, the maximum (30s)")
		}},
		{"idle, and due sooner than it would be", func(t *testing.T) {
			t.Helper()
			b := schedule.Backoff{RunEvery: 30 * time.Second, MinimumIdle: 30 * time.Second, MultiplyIdleBy: 2, MaximumIdle: time.Hour}
			l := begin(t, daemonapp.Options{}, spec("a", hasty{paced(b, ending(idle)), 45 * time.Second}), spec("b", hasty{paced(b, ending(idle)), 20 * time.Second}))
			l.at(10 * time.Minute)
			l.is("a", status.Backoff, "idle 14 times: 45s (30s)")
			l.is("b", status.Waiting, "every 30s")
		}},
		{"waiting", func(t *testing.T) {
			t.Helper()
			child := func(name string) daemonapp.Spec {
				return spec(name, talker{every(10*time.Second, ending(worked)), "38 files to retry"})
			}
			l := begin(t, daemonapp.Options{},
				spec("queues", seed{Task: every(5*time.Minute, ending(worked)), children: []daemonapp.Spec{child("bulk"), spec("in", every(10*time.Second, ending(idle)))}}),
				spec("mute", talker{every(5*time.Minute, ending(worked)), ""}),
				spec("nightly", cron(t, "0 2 * * *", ending(worked))),
				with(spec("new", every(time.Minute, ending(worked))), daemonapp.Terms{StartAfter: time.Hour}),
				spec("pointer", &own{daemonapp.Pace{Planner: every(7*time.Minute, nil).Planner}}), spec("empty", lost{}),
				spec("own", planner{daemonapp.Task{Planner: &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Hour, MinimumIdle: 90 * time.Second}}, Do: ending(worked)}}))
			l.is("queues", status.Waiting, "seed of 2, every 5m")
			l.is("queues/bulk", status.Waiting, "every 10s; 38 files to retry")
			l.is("queues/in", status.Waiting, "every 10s")
			l.is("mute", status.Waiting, "every 5m")
			l.is("nightly", status.Waiting, "schedule 0 2 * * *, has not run yet")
			l.is("new", status.Waiting, "every 1m, has not run yet")
			l.is("own", status.Waiting, "1m30s after the end of its last run")
			l.is("pointer", status.Waiting, "every 7m")
			l.is("empty", status.Finished, "has run, and is not to run again")
			if d := l.daemon("queues/in"); d.Parent != "queues" || d.IdleRuns != 1 {
				t.Errorf("child %+v", d)
			}
		}},
		{"skipped", func(t *testing.T) {
			t.Helper()
			l := begin(t, daemonapp.Options{}, spec("a", every(10*time.Minute, ending(worked))))
			_ = l.SkipNext("a", "alice")
			l.is("a", status.Waiting, "every 10m; the run of 00:10 is skipped by alice")
			l.at(20*time.Minute + time.Second)
			l.is("a", status.Waiting, "every 10m")
		}},
		{"finished", func(t *testing.T) {
			t.Helper()
			once := func(run daemonapp.RunFunc) daemonapp.Task {
				return daemonapp.Task{Planner: &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Minute}, Once: true}, Do: run}
			}
			l := begin(t, daemonapp.Options{}, spec("a", once(ending(worked))), spec("b", once(failing("no"))), spec("c", daemonapp.Task{Planner: mad{}, Do: ending(worked)}))
			l.is("a", status.Finished, "has run, and is not to run again")
			l.is("b", status.Finished, "failed, and is not to run again")
			l.is("c", status.Finished, "NextRun panicked: out of order")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, tt.test)
		})
	}
}

// first runs before all others.
func first(run daemonapp.RunFunc) daemonapp.Task {
	return daemonapp.Task{Planner: &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Hour, MinimumIdle: time.Hour}, Prio: 100}, Do: run}
}

// planner hides the planner of a task.
type planner struct{ task daemonapp.Task }

func (p planner) Priority() int                                    { return p.task.Priority() }
func (p planner) NextRun(last schedule.Run) time.Time              { return p.task.NextRun(last) }
func (p planner) Run(ctx context.Context) (schedule.Result, error) { return p.task.Run(ctx) }

// hasty waits less than its planner says.
type hasty struct {
	daemonapp.Task
	wait time.Duration
}

func (h hasty) NextRun(last schedule.Run) time.Time { return last.Finished.Add(h.wait) }

// own is a daemon as types are made: a struct with a pace.
type own struct {
	daemonapp.Pace
}

func (*own) Run(context.Context) (schedule.Result, error) {
	return schedule.Result{Outcome: worked}, nil
}

// lost embeds its pace by a pointer to nothing.
type lost struct {
	*own
}

func (lost) Calendar() schedule.Calendar    { return nil }
func (lost) Priority() int                  { return 0 }
func (lost) NextRun(schedule.Run) time.Time { return time.Time{} }
func (lost) Run(context.Context) (schedule.Result, error) {
	return schedule.Result{Outcome: worked}, nil
}

// mad is a planner that panics.
type mad struct{}

func (mad) Priority() int                  { return 0 }
func (mad) NextRun(schedule.Run) time.Time { panic("out of order") }

// broken is an error that panics.
type broken struct{}

func (broken) Error() string { panic("no text") }
