package eventlog_test

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/eventlog"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// exited is the error of a job that ended with a code.
type exited int

func (e exited) Error() string { return fmt.Sprintf("exit status %d", int(e)) }
func (e exited) ExitCode() int { return int(e) }

const ms, sec, minute = time.Millisecond, time.Second, time.Minute

func worked(count int) schedule.Result {
	return schedule.Result{Outcome: schedule.Worked, Count: count}
}

// with changes an event.
func with(e daemonapp.Event, change func(*daemonapp.Event)) daemonapp.Event {
	change(&e)
	return e
}

// TestLines is the table of all lines: levels, event names, fields and their order do not change.
func TestLines(t *testing.T) {
	t.Parallel()
	idle, failed := schedule.Result{Outcome: schedule.Idle}, schedule.Result{Outcome: schedule.Failed}
	tests := []struct {
		name  string
		event daemonapp.Event
		want  string
	}{
		{
			"app started",
			daemonapp.Event{Kind: daemonapp.AppStarted, At: at(0), Daemons: 4, Limits: &schedule.Limits{
				Workers: 1, SoftDeadline: 15 * sec, IdleThreshold: 3 * sec, HardDeadline: 55 * sec,
			}},
			`{"level":"info","ts":"09:00:00.000","event":"started","daemon":"demo","daemons":4,"workers":1,"soft":"15s","idle":"3s","hard":"55s","pid":"PID"}`,
		},
		{
			"app started with the other limits",
			daemonapp.Event{Kind: daemonapp.AppStarted, At: at(0), Limits: &schedule.Limits{Workers: 2, NoWorkTimeout: minute, Aging: sec}},
			`{"level":"info","ts":"09:00:00.000","event":"started","daemon":"demo","daemons":0,"workers":2,"no_work":"1m0s","aging":"1s","pid":"PID"}`,
		},
		{
			"app started once",
			daemonapp.Event{Kind: daemonapp.AppStarted, At: at(0), Daemons: 1, Once: true, Limits: &schedule.Limits{Workers: 1, IdleThreshold: 1}},
			`{"level":"info","ts":"09:00:00.000","event":"started","daemon":"demo","daemons":1,"workers":1,"once":true,"pid":"PID"}`,
		},
		{
			"worked, and is due at once",
			ran("inbox/bulk", 30*ms, 30*ms, 910*ms, schedule.Result{Outcome: schedule.More, Count: 10}),
			`{"level":"info","ts":"09:00:00.910","event":"worked","daemon":"inbox/bulk","count":10,"took":"880ms","next":"0s"}`,
		},
		{
			"worked, and never comes again",
			with(ran("feeder", 0, 0, 39*ms, worked(28)), func(e *daemonapp.Event) { e.Next = time.Time{} }),
			`{"level":"info","ts":"09:00:00.039","event":"worked","daemon":"feeder","count":28,"took":"39ms","next":null}`,
		},
		{
			"a calendar that was stepped over is due now",
			with(ran("report", 0, 0, sec, worked(0)), func(e *daemonapp.Event) { e.Next = at(0) }),
			`{"level":"info","ts":"09:00:01.000","event":"worked","daemon":"report","took":"1s","next":"0s"}`,
		},
		{
			"worked with children",
			with(ran("inbox", 0, 0, 3*ms, worked(4)), func(e *daemonapp.Event) {
				e.Next = at(3*sec + 3*ms)
				e.Children = daemonapp.Change{
					Added: []string{"inbox/bulk", "inbox/news"}, Changed: []string{"inbox/a"},
					Replaced: []string{"inbox/b"}, Removed: []string{"inbox/urgent"}, Kept: 9,
				}
			}),
			`{"level":"info","ts":"09:00:00.003","event":"worked","daemon":"inbox","count":4,"took":"3ms","next":"3s","added":"bulk,news","changed":"a","replaced":"b","removed":"urgent"}`,
		},
		{
			"idle as before",
			ran("poller", 0, 0, 17*ms, idle),
			`{"level":"debug","ts":"09:00:00.017","event":"idle","daemon":"poller","took":"17ms","next":"0s"}`,
		},
		{
			"idle, and waits longer",
			with(ran("poller", 0, 0, 17*ms, idle), func(e *daemonapp.Event) { e.Stretched, e.Next = true, at(2*sec+17*ms) }),
			`{"level":"info","ts":"09:00:00.017","event":"idle","daemon":"poller","took":"17ms","next":"2s"}`,
		},
		{
			"idle with children",
			with(ran("inbox", 0, 0, 3*ms, idle), func(e *daemonapp.Event) { e.Children.Added = []string{"inbox/late"} }),
			`{"level":"info","ts":"09:00:00.003","event":"idle","daemon":"inbox","took":"3ms","next":"0s","added":"late"}`,
		},
		{
			"failed",
			with(ran("partner-sftp", 0, 0, 2100*ms, failed), func(e *daemonapp.Event) {
				e.Run.Err, e.Run.Failures, e.Next = fmt.Errorf("run job: %w", exited(12)), 3, at(4*minute+2100*ms)
			}),
			`{"level":"warn","ts":"09:00:02.100","event":"failed","daemon":"partner-sftp","exit":12,"took":"2.1s","failures":3,"next":"4m0s","run":"8f31c2","error":"run job: exit status 12"}`,
		},
		{
			"failed after it did something",
			with(ran("queue", 0, 0, sec, schedule.Result{Outcome: schedule.Failed, Count: 7}), func(e *daemonapp.Event) {
				e.Run.Err, e.Run.Failures = errors.New("disk full"), 1
			}),
			`{"level":"warn","ts":"09:00:01.000","event":"failed","daemon":"queue","count":7,"took":"1s","failures":1,"next":"0s","run":"8f31c2","error":"disk full"}`,
		},
		{
			"failed with an error of several lines",
			with(ran("a", 0, 0, sec, failed), func(e *daemonapp.Event) { e.Run.Err = errors.Join(errors.New("one"), errors.New("\ttwo\x1b[31m")) }),
			`{"level":"warn","ts":"09:00:01.000","event":"failed","daemon":"a","took":"1s","failures":0,"next":"0s","run":"8f31c2","error":"one\n\ttwo\u001b[31m"}`,
		},
		{
			"panicked",
			with(ran("a", 0, 0, sec, failed), func(e *daemonapp.Event) {
				e.Run.Err, e.Run.Failures = &daemonapp.PanicError{Value: "boom", Stack: []byte("goroutine 7 [running]:\nmain.x()")}, 1
			}),
			`{"level":"warn","ts":"09:00:01.000","event":"failed","daemon":"a","took":"1s","failures":1,"next":"0s","run":"8f31c2","error":"panic: boom","stack":"goroutine 7 [running]:\nmain.x()"}`,
		},
		{
			"cancelled",
			with(ran("a", 0, 0, sec, schedule.Result{Outcome: schedule.Cancelled}), func(e *daemonapp.Event) { e.Run.Err = daemonapp.ErrStopping }),
			`{"level":"info","ts":"09:00:01.000","event":"cancelled","daemon":"a","took":"1s","next":"0s","run":"8f31c2","error":"the app is stopping"}`,
		},
		{
			"woken by an operator",
			with(ran("a", 0, 0, sec, worked(0)), func(e *daemonapp.Event) { e.By = schedule.ByOperator }),
			`{"level":"info","ts":"09:00:01.000","event":"worked","daemon":"a","took":"1s","next":"0s","trigger":"operator"}`,
		},
		{
			"woken by an operator who moves the schedule",
			with(ran("a", 0, 0, sec, worked(0)), func(e *daemonapp.Event) { e.By = schedule.ByOperatorShift }),
			`{"level":"info","ts":"09:00:01.000","event":"worked","daemon":"a","took":"1s","next":"0s","trigger":"operator"}`,
		},
		{
			"woken by an event",
			with(ran("a", 0, 0, sec, worked(0)), func(e *daemonapp.Event) { e.By = schedule.ByEvent }),
			`{"level":"info","ts":"09:00:01.000","event":"worked","daemon":"a","took":"1s","next":"0s","trigger":"wake"}`,
		},
		{
			"waited, but nobody is known to have held the floor",
			ran("a", 0, 100*ms, sec, worked(0)),
			`{"level":"info","ts":"09:00:01.000","event":"worked","daemon":"a","took":"900ms","next":"0s","waited":"100ms"}`,
		},
		{
			"waited too short to tell",
			ran("a", 0, 100*ms-1, sec, worked(0)),
			`{"level":"info","ts":"09:00:01.000","event":"worked","daemon":"a","took":"900.000001ms","next":"0s"}`,
		},
		{
			"disarmed",
			daemonapp.Event{
				Kind: daemonapp.DaemonDisarmed, At: at(sec), Daemon: "partner-export", Reason: "5 failures",
				Run: schedule.Run{Failures: 5}, Err: exited(1),
			},
			`{"level":"error","ts":"09:00:01.000","event":"disarmed","daemon":"partner-export","failures":5,"exit":1,"error":"exit status 1","fix":"peakd arm partner-export"}`,
		},
		{
			"disarmed by somebody",
			daemonapp.Event{Kind: daemonapp.DaemonDisarmed, At: at(sec), Daemon: "a", Reason: "maintenance", Who: "alice"},
			`{"level":"error","ts":"09:00:01.000","event":"disarmed","daemon":"a","reason":"maintenance","fix":"peakd arm a","by":"alice"}`,
		},
		{
			"armed",
			daemonapp.Event{Kind: daemonapp.DaemonArmed, At: at(sec), Daemon: "a", Who: "alice", Next: at(sec)},
			`{"level":"info","ts":"09:00:01.000","event":"armed","daemon":"a","by":"alice","next":"0s"}`,
		},
		{
			"paused",
			daemonapp.Event{Kind: daemonapp.DaemonPaused, At: at(sec), Daemon: "a", Who: "alice"},
			`{"level":"info","ts":"09:00:01.000","event":"paused","daemon":"a","by":"alice","for":null}`,
		},
		{
			"resumed by nobody in particular",
			daemonapp.Event{Kind: daemonapp.DaemonResumed, At: at(sec), Daemon: "a", Next: at(6 * sec)},
			`{"level":"info","ts":"09:00:01.000","event":"resumed","daemon":"a","next":"5s"}`,
		},
		{
			"stuck",
			daemonapp.Event{
				Kind: daemonapp.Stuck, At: at(610 * sec), Daemon: "mail-queues/in", RunID: 0x8f31d0, Grace: 10 * sec,
				Run: schedule.Run{Started: at(0), Finished: at(610 * sec)}, Reason: "the run took longer than its timeout",
			},
			`{"level":"error","ts":"09:10:10.000","event":"stuck","daemon":"mail-queues/in","after":"10m10s","kill_grace":"10s","run":"8f31d0","error":"the run took longer than its timeout"}`,
		},
		{
			"unstuck",
			daemonapp.Event{Kind: daemonapp.Unstuck, At: at(sec), Daemon: "a", RunID: 0x8f31d0},
			`{"level":"warn","ts":"09:00:01.000","event":"unstuck","daemon":"a","run":"8f31d0"}`,
		},
		{
			"children refused",
			daemonapp.Event{Kind: daemonapp.ChildrenRefused, At: at(sec), Daemon: "a", Err: errors.Join(daemonapp.ErrName, errors.New("x"))},
			`{"level":"error","ts":"09:00:01.000","event":"children_refused","daemon":"a","error":"not a daemon's name\nx"}`,
		},
		{
			"soft deadline",
			daemonapp.Event{Kind: daemonapp.SoftDeadlinePassed, At: at(15 * sec), Grace: 15 * sec, Gap: 3 * sec},
			`{"level":"info","ts":"09:00:15.000","event":"soft","daemon":"demo","after":"15s","stops_at_gap":"3s"}`,
		},
		{
			"soft deadline without an idle threshold",
			daemonapp.Event{Kind: daemonapp.SoftDeadlinePassed, At: at(15 * sec), Grace: 15 * sec},
			`{"level":"info","ts":"09:00:15.000","event":"soft","daemon":"demo","after":"15s"}`,
		},
		{
			"draining",
			daemonapp.Event{Kind: daemonapp.Draining, At: at(sec), Running: 2, Grace: 30 * sec, Stop: schedule.Signalled, Who: "SIGTERM"},
			`{"level":"info","ts":"09:00:01.000","event":"draining","daemon":"demo","running":2,"grace":"30s","reason":"signal","by":"SIGTERM"}`,
		},
		{
			"draining without limit",
			daemonapp.Event{Kind: daemonapp.Draining, At: at(sec), Running: 1, Stop: schedule.Asked},
			`{"level":"info","ts":"09:00:01.000","event":"draining","daemon":"demo","running":1,"grace":"unlimited","reason":"stopped"}`,
		},
		{
			"cancelling",
			daemonapp.Event{Kind: daemonapp.Cancelling, At: at(sec), Running: 1},
			`{"level":"warn","ts":"09:00:01.000","event":"cancelling","daemon":"demo","running":1,"cause":"the shutdown grace is over"}`,
		},
		{
			"added",
			daemonapp.Event{Kind: daemonapp.Added, At: at(0), Daemon: "a"},
			`{"level":"debug","ts":"09:00:00.000","event":"added","daemon":"a"}`,
		},
		{
			"changed",
			daemonapp.Event{Kind: daemonapp.Changed, At: at(0), Daemon: "a"},
			`{"level":"debug","ts":"09:00:00.000","event":"changed","daemon":"a"}`,
		},
		{
			"replaced",
			daemonapp.Event{Kind: daemonapp.Replaced, At: at(0), Daemon: "a"},
			`{"level":"debug","ts":"09:00:00.000","event":"replaced","daemon":"a"}`,
		},
		{
			"removed",
			daemonapp.Event{Kind: daemonapp.Removed, At: at(0), Daemon: "a"},
			`{"level":"debug","ts":"09:00:00.000","event":"removed","daemon":"a"}`,
		},
	}
	kinds := map[daemonapp.Kind]bool{daemonapp.RunStarted: true, daemonapp.AppStopped: true} // see TestLife
	for _, tt := range tests {
		kinds[tt.event.Kind] = true
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff([]string{tt.want}, written(t, zapcore.DebugLevel, tt.event)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for k := daemonapp.AppStarted; k <= daemonapp.AppStopped; k++ {
		if !kinds[k] {
			t.Errorf("no line of the table is of the kind %s", k)
		}
	}
}

// TestLife: the last line counts the runs since the start, also those that are not worth a line.
func TestLife(t *testing.T) {
	t.Parallel()
	begun := daemonapp.Event{Kind: daemonapp.AppStarted, At: at(0), Limits: &schedule.Limits{Workers: 1}}
	idle := ran("a", 0, 0, ms, schedule.Result{Outcome: schedule.Idle})
	stopped := daemonapp.Event{Kind: daemonapp.AppStopped, At: at(22800 * ms), Stop: schedule.IdleGap, NextDaemon: "inbox", Next: at(26800 * ms)}
	got := written(t, zapcore.InfoLevel, begun, began("a", 0, 0), idle, began("a", 0, 0), idle, stopped)
	want := []string{
		`{"level":"info","ts":"09:00:00.000","event":"started","daemon":"demo","daemons":0,"workers":1,"pid":"PID"}`,
		`{"level":"info","ts":"09:00:22.800","event":"stopped","daemon":"demo","reason":"idle","age":"22.8s","runs":2,"next":"inbox","in":"4s"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	stopped.NextDaemon, stopped.Stop = "", schedule.HardDeadline
	want[1] = `{"level":"info","ts":"09:00:22.800","event":"stopped","daemon":"demo","reason":"hard_deadline","age":"22.8s","runs":0}`
	if diff := cmp.Diff(want, written(t, zapcore.InfoLevel, begun, stopped)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestManyChildren: a seed with a thousand new children does not make a line of a thousand names.
func TestManyChildren(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{8: `"c0,c1,c2,c3,c4,c5,c6,c7"`, 9: `"c0,c1,c2,c3,c4,c5,c6,c7,…"`, 1000: `"c0,c1,c2,c3,c4,c5,c6,c7,…"`} {
		e := ran("seed", 0, 0, ms, worked(n))
		for i := range n {
			e.Children.Added = append(e.Children.Added, fmt.Sprintf("seed/c%d", i))
		}
		line := written(t, zapcore.InfoLevel, e)[0]
		if !strings.HasSuffix(line, `"added":`+want+`}`) {
			t.Errorf("%d children: %s", n, line)
		}
	}
}

// TestErrorsOfAnyOrigin: what a daemon returns is not to be trusted with the process.
func TestErrorsOfAnyOrigin(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"nil pointer with a code": (*exec.ExitError)(nil),
		"wrapped nil pointer":     errors.Join((*exec.ExitError)(nil)),
		"panics":                  bomb{},
		"panics when unwrapped":   fuse{},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := ran("a", 0, 0, sec, schedule.Result{Outcome: schedule.Failed})
			e.Run.Err = err
			lines := written(t, zapcore.InfoLevel, e, daemonapp.Event{Kind: daemonapp.DaemonDisarmed, Daemon: "a", Err: err}, ran("b", 0, 0, sec, worked(1)))
			if len(lines) != 3 || !strings.Contains(lines[0], `"event":"failed"`) || !strings.Contains(lines[2], `"daemon":"b"`) {
				t.Errorf("got\n%s", strings.Join(lines, "\n"))
			}
		})
	}
}

type bomb struct{}

func (bomb) Error() string { panic("no words") }
func (bomb) ExitCode() int { panic("no code") }

type fuse struct{}

func (fuse) Error() string { return "fuse" }
func (fuse) Unwrap() error { panic("nothing within") }

// TestPanicOfADaemon: the stack of a daemon that panicked is in the log once, and names the place.
func TestPanicOfADaemon(t *testing.T) {
	t.Parallel()
	s := spec("bad", 0, func(context.Context) (schedule.Result, error) { panic("boom") })
	s.Terms.DisarmAfter = 1
	lines := app(t, schedule.Limits{HardDeadline: minute}, s)
	all := strings.Join(lines, "\n")
	if n := strings.Count(all, "TestPanicOfADaemon.func1"); n != 1 || strings.Count(all, `"stack":`) != 1 {
		t.Errorf("the place is there %d times, want once:\n%s", n, all)
	}
}

// slow is a log that takes nothing until it is opened.
type slow struct {
	zapcore.Core
	open chan struct{} // closed by the test
}

func (s *slow) With([]zapcore.Field) zapcore.Core { return s }

func (s *slow) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	return ce.AddCore(e, s)
}

func (s *slow) Write(e zapcore.Entry, fields []zapcore.Field) error {
	<-s.open
	return s.Core.Write(e, fields)
}

// TestSlowLog: an app never waits for its log; what is missing is told, where it is missing, under the app's name.
func TestSlowLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &paper{}
		core := &slow{p.logger(zapcore.DebugLevel).Core(), make(chan struct{})}
		l := eventlog.Open(eventlog.Options{Log: zap.New(core), App: "demo", Buffer: 4})
		l.Observe(ran("first", 0, 0, ms, worked(1)))
		synctest.Wait() // it hangs in the first line
		for range 10 {
			l.Observe(ran("a", 0, 0, ms, worked(1))) // four find room
			l.Observe(began("a", 0, 0))
		}
		close(core.open)
		synctest.Wait()
		l.Observe(daemonapp.Event{Kind: daemonapp.AppStopped, At: at(sec), Stop: schedule.Asked})
		l.Close(minute)
		lines := p.lines()
		told := 0
		for _, line := range lines {
			if strings.Contains(line, `"event":"dropped","daemon":"demo"`) {
				told++
			}
		}
		if told != 1 || !strings.Contains(lines[1], `"cause":"the log is too slow"`) {
			t.Errorf("dropped is told %d times, want once, before the second line:\n%s", told, strings.Join(lines, "\n"))
		}
		if want := 1 + 2 + 1 + 1; len(lines) != want || !strings.Contains(lines[1], `"events":8`) {
			t.Errorf("%d lines, want %d, and 8 told to be dropped:\n%s", len(lines), want, strings.Join(lines, "\n"))
		}
		if last := lines[len(lines)-1]; !strings.Contains(last, `"runs":11`) {
			t.Errorf("the last line counts the runs without a line, too: %s", last)
		}
	})
}

// TestDroppedAtTheEnd: what is dropped last is told even if nothing follows.
func TestDroppedAtTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &paper{}
		core := &slow{p.logger(zapcore.DebugLevel).Core(), make(chan struct{})}
		l := eventlog.Open(eventlog.Options{Log: zap.New(core), App: "demo", Buffer: 1})
		l.Observe(began("a", 0, 0))
		synctest.Wait()
		l.Observe(ran("a", 0, 0, ms, worked(1)))
		synctest.Wait()
		l.Observe(ran("b", 0, 0, ms, worked(1)))
		l.Observe(ran("c", 0, 0, ms, worked(1)))
		time.AfterFunc(sec, func() { close(core.open) })
		l.Close(minute)
		if got := p.lines(); len(got) != 3 || !strings.Contains(strings.Join(got, "\n"), `"events":1`) {
			t.Errorf("got\n%s", strings.Join(got, "\n"))
		}
	})
}

// TestCloseGivesUp: a log that takes nothing does not keep the process from ending, and what is observed
// afterwards harms nobody.
func TestCloseGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		core := &slow{new(paper).logger(zapcore.DebugLevel).Core(), make(chan struct{})}
		l := eventlog.Open(eventlog.Options{Log: zap.New(core), Buffer: 1})
		for range 3 {
			l.Observe(ran("a", 0, 0, ms, worked(1)))
		}
		before := time.Now()
		l.Close(5 * sec)
		if took := time.Since(before); took != 5*sec {
			t.Errorf("it took %s, want 5s", took)
		}
		l.Observe(ran("a", 0, 0, ms, worked(1)))
		close(core.open)
	})
}
