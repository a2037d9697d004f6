package daemonapp_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// ordering is an app and the runs that it has until that age.
type ordering struct {
	name    string
	workers int
	specs   []daemonapp.Spec
	until   time.Duration
	want    []string
}

func orderings() []ordering {
	more, work := schedule.More, schedule.Worked
	return []ordering{
		{
			name: "the highest priority goes first",
			specs: []daemonapp.Spec{
				spec("low", ranked(-1, time.Hour, busy(time.Second))),
				spec("high", ranked(10, time.Hour, busy(time.Second))),
				spec("mid", ranked(0, time.Hour, busy(time.Second))),
			},
			until: time.Minute,
			want:  []string{"1s high worked", "2s mid worked", "3s low worked"},
		},
		{
			name: "equals take turns",
			specs: []daemonapp.Spec{
				spec("a", every(time.Nanosecond, busy(time.Second))),
				spec("b", every(time.Nanosecond, busy(time.Second))),
				spec("c", every(time.Nanosecond, busy(time.Second))),
			},
			until: 6500 * time.Millisecond,
			want: []string{
				"1s a worked", "2s b worked", "3s c worked", "4s a worked", "5s b worked", "6s c worked",
			},
		},
		{
			name: "who becomes due never interrupts who runs",
			specs: []daemonapp.Spec{
				spec("slow", ranked(0, time.Hour, busy(10*time.Second))),
				{Name: "urgent", Daemon: ranked(9, time.Hour, busy(time.Second)), Terms: daemonapp.Terms{StartAfter: time.Second}},
			},
			until: time.Minute,
			want:  []string{"10s slow worked", "11s urgent worked"},
		},
		{
			name:    "two workers run two at a time",
			workers: 2,
			specs: []daemonapp.Spec{
				spec("a", every(time.Hour, busy(2*time.Second))),
				spec("b", every(time.Hour, busy(3*time.Second))),
				spec("c", every(time.Hour, busy(2*time.Second))),
			},
			until: time.Minute,
			want:  []string{"2s a worked", "3s b worked", "4s c worked"},
		},
		{
			name: "more goes on behind its equals",
			specs: []daemonapp.Spec{
				spec("backlog", every(time.Hour, times(3, more, work))),
				spec("other", every(time.Hour, busy(time.Second))),
			},
			until: time.Minute,
			want: []string{
				"0s backlog more", "1s other worked", "1s backlog more", "1s backlog more", "1s backlog worked",
			},
		},
		{
			name: "idle runs come further and further apart, and work brings them back",
			specs: []daemonapp.Spec{spec("poller", daemonapp.Task{
				Planner: &schedule.Interval{Backoff: schedule.Backoff{
					RunEvery: 30 * time.Second, MinimumIdle: 30 * time.Second,
					IncreaseIdleBy: 10 * time.Second, MaximumIdle: 50 * time.Second,
				}},
				Do: times(4, schedule.Idle, work),
			})},
			until: 4 * time.Minute,
			want: []string{
				"0s poller idle", "40s poller idle", "1m30s poller idle", "2m20s poller idle", "3m10s poller worked", "3m40s poller worked",
			},
		},
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	for _, tt := range orderings() {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				l := begin(t, daemonapp.Options{Limits: schedule.Limits{Workers: tt.workers}}, tt.specs...)
				l.until(tt.until)
				same(t, "runs", l.ends(), tt.want)
			})
		})
	}
}

// times is a run that ends so n times, and afterwards in another way.
func times(n int, first, then schedule.Outcome) daemonapp.RunFunc {
	runs := 0
	return func(context.Context) (schedule.Result, error) {
		if runs++; runs <= n {
			return schedule.Result{Outcome: first}, nil
		}
		return schedule.Result{Outcome: then}, nil
	}
}

func TestOneDaemonNeverOverlapsItself(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var inside, overlaps, runs atomic.Int32
		run := func(context.Context) (schedule.Result, error) {
			if inside.Add(1) > 1 {
				overlaps.Add(1)
			}
			runs.Add(1)
			time.Sleep(time.Second)
			inside.Add(-1)
			return schedule.Result{Outcome: schedule.More}, nil
		}
		l := begin(t, daemonapp.Options{Limits: schedule.Limits{Workers: 8}}, spec("eager", every(time.Second, run)))
		for range 100 {
			l.Wake("eager")
			time.Sleep(100 * time.Millisecond)
		}
		l.drain()
		if overlaps.Load() != 0 || runs.Load() < 9 {
			t.Errorf("%d of %d runs overlapped", overlaps.Load(), runs.Load())
		}
	})
}

func TestEventsTellTheStoryInOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var second []daemonapp.Kind
		l := begin(t, daemonapp.Options{
			Limits:    schedule.Limits{SoftDeadline: 3 * time.Second, IdleThreshold: time.Minute},
			Observers: []daemonapp.Observer{daemonapp.ObserverFunc(func(e daemonapp.Event) { second = append(second, e.Kind) })},
		}, spec("a", every(time.Hour, busy(time.Second))))
		l.stopped()
		want := []string{"0s started", "0s added a", "0s run_started a", "1s run_ended a", "3s soft", "3s stopped"}
		same(t, "events", l.lines(), want)
		var kinds []daemonapp.Kind
		for _, e := range l.told() {
			kinds = append(kinds, e.Kind)
		}
		if !slices.Equal(kinds, second) {
			t.Errorf("the observers were told %v and %v", kinds, second)
		}
		last := l.told(daemonapp.AppStopped)[0]
		if last.NextDaemon != "a" || last.Next.Sub(l.start) != time.Hour+time.Second || last.Stop != schedule.IdleGap {
			t.Errorf("AppStopped = next %s at %s for %s", last.NextDaemon, last.Next.Sub(l.start), last.Stop)
		}
	})
}

func TestEndOfARunTellsWhetherTheWaitWasStretched(t *testing.T) {
	bubble(t, func(t *testing.T) {
		pace := schedule.Backoff{RunEvery: time.Second, IncreaseIdleBy: time.Second, MaximumIdle: 3 * time.Second}
		l := begin(t, daemonapp.Options{}, spec("a", daemonapp.Task{
			Planner: &schedule.Interval{Backoff: pace}, Do: ending(schedule.Idle),
		}))
		l.until(12 * time.Second)
		var got []bool
		for _, e := range l.told(daemonapp.RunEnded) {
			got = append(got, e.Stretched)
		}
		same(t, "stretched", got, []bool{true, true, false, false, false}) // 2s, 3s, 3s, 3s
	})
}
