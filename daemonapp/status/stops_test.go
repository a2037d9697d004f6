package status_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/status"
)

// TestStops wants the sentence on when the app stops, and then lets the app show that it is true.
func TestStops(t *testing.T) {
	t.Parallel()
	growing := func(wait time.Duration) daemonapp.Task {
		return paced(schedule.Backoff{RunEvery: wait, MinimumIdle: wait, MultiplyIdleBy: 2, MaximumIdle: time.Hour}, ending(idle))
	}
	idleAfter := func(d time.Duration) schedule.Limits { return schedule.Limits{IdleThreshold: d} }
	for _, tt := range []struct {
		name   string
		limits schedule.Limits
		specs  []daemonapp.Spec
		steer  func(l *life)
		want   string
		kept   string
		// stops is the age at which it does; 0: it is not waited for.
		stops time.Duration
	}{
		{
			name: "nothing ends it", specs: []daemonapp.Spec{spec("a", every(time.Minute, ending(idle)))},
			want: "only when it is told to",
		},
		{
			name: "deadlines", limits: schedule.Limits{SoftDeadline: 3 * time.Second, HardDeadline: 26*24*time.Hour + 20*time.Hour + 5*time.Second},
			specs: []daemonapp.Spec{spec("a", every(24*time.Hour, ending(idle)))},
			want:  "soft deadline passed; hard in 26d20h", stops: 26*24*time.Hour + 20*time.Hour + 5*time.Second,
		},
		{
			name: "never", limits: schedule.Limits{IdleThreshold: time.Minute, SoftDeadline: time.Second},
			specs: []daemonapp.Spec{spec("a", every(time.Hour, ending(idle))), spec("in", every(10*time.Second, ending(idle)))},
			want:  "soft deadline passed; idle 1m: never, in is due every 10s", kept: "in",
		},
		{
			name: "background daemons do not count", limits: schedule.Limits{IdleThreshold: time.Minute, SoftDeadline: 8 * time.Second},
			specs: []daemonapp.Spec{with(spec("in", every(10*time.Second, ending(idle))), daemonapp.Terms{Background: true})},
			want:  "soft in 3s; idle 1m: in 3s at the earliest", stops: 8 * time.Second,
		},
		{
			name: "after backing off", limits: idleAfter(time.Minute), specs: []daemonapp.Spec{spec("a", growing(10*time.Second))},
			// 0 (20s), 20s (40s), 1m (80s): then the gap is long enough.
			want: "idle 1m: in 55s at the earliest, after a", kept: "a", stops: time.Minute,
		},
		{
			name: "after the soft deadline", limits: schedule.Limits{IdleThreshold: time.Minute, SoftDeadline: 30 * time.Minute},
			specs: []daemonapp.Spec{spec("a", growing(10*time.Second)), spec("b", every(25*time.Minute, ending(idle)))},
			want:  "soft in 29m55s; idle 1m: in 29m55s at the earliest", stops: 30 * time.Minute,
		},
		{
			name: "several that leave a gap", limits: idleAfter(2 * time.Minute),
			specs: []daemonapp.Spec{spec("a", every(5*time.Minute, ending(idle))), with(spec("b", every(5*time.Minute, ending(idle))), daemonapp.Terms{StartAfter: time.Minute})},
			want:  "idle 2m: in 55s at the earliest, after b", kept: "b", stops: time.Minute,
		},
		{
			name: "several that leave none", limits: idleAfter(2 * time.Minute),
			specs: []daemonapp.Spec{
				spec("a", every(3*time.Minute, ending(idle))), with(spec("b", every(3*time.Minute, ending(idle))), daemonapp.Terms{StartAfter: time.Minute}),
				with(spec("c", every(3*time.Minute, ending(idle))), daemonapp.Terms{StartAfter: 2 * time.Minute}),
			},
			want: "idle 2m: no such gap in sight",
		},
		{
			name: "a window", limits: idleAfter(time.Hour),
			specs: []daemonapp.Spec{with(spec("a", every(40*time.Minute, ending(idle))), daemonapp.Terms{Windows: []daemonapp.Window{window(t, "00:00", "01:00")}})},
			// it runs at 0:00 and 0:40, and is due at 1:20, when the window is closed.
			want: "idle 1h: in 39m55s at the earliest, after a", kept: "a",
		},
		{
			name: "a schedule", limits: idleAfter(3 * time.Hour),
			specs: []daemonapp.Spec{spec("a", cron(t, "0 1,2,23 * * *", ending(idle)))},
			want:  "idle 3h: in 2h at the earliest, after a", kept: "a", stops: 2 * time.Hour,
		},
		{
			name: "paused", limits: schedule.Limits{IdleThreshold: time.Minute, NoWorkTimeout: time.Hour},
			specs: []daemonapp.Spec{spec("a", every(time.Second, ending(idle))), spec("b", every(time.Second, ending(idle)))},
			steer: func(l *life) { _ = l.Pause("a", daemonapp.Pause{}) },
			want:  "idle 1m: not while 1 daemon is paused; no work 1h: not while 1 daemon is paused",
		},
		{
			name: "no work", limits: schedule.Limits{NoWorkTimeout: time.Minute},
			specs: []daemonapp.Spec{spec("a", every(time.Second, ending(idle))), spec("b", daemonapp.Task{Planner: &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Minute}, Once: true}, Do: busy(3 * time.Second)})},
			want:  "no work 1m: in 58s at the earliest", stops: 63 * time.Second,
		},
		{
			name: "no work since a pause", limits: schedule.Limits{NoWorkTimeout: time.Minute},
			specs: []daemonapp.Spec{spec("a", every(time.Second, ending(idle)))},
			steer: func(l *life) {
				_ = l.Pause("a", daemonapp.Pause{Until: time.Now().Add(10 * time.Second)})
				l.at(20 * time.Second)
			},
			want: "no work 1m: in 55s at the earliest", stops: 75 * time.Second,
		},
		{
			name: "held by itself", limits: idleAfter(time.Minute), specs: []daemonapp.Spec{spec("a", holder{every(time.Hour, ending(idle)), "not yet"})},
			want: "idle 1m: a (held) keeps it alive", kept: "a",
		},
		{
			name: "disarmed and held ones are not scheduled", limits: schedule.Limits{IdleThreshold: time.Minute, SoftDeadline: time.Hour},
			specs: []daemonapp.Spec{
				with(spec("a", every(time.Second, failing("no"))), daemonapp.Terms{DisarmAfter: 1}),
				with(spec("b", every(time.Second, ending(idle))), daemonapp.Terms{After: []string{"a"}}),
			},
			want: "soft in 59m55s; idle 1m: in 59m55s at the earliest", stops: time.Hour,
		},
		{
			name: "draining", limits: idleAfter(time.Minute), specs: []daemonapp.Spec{spec("a", every(time.Second, busy(time.Hour)))},
			steer: func(l *life) { l.Drain(daemonapp.DrainOptions{Reason: schedule.Asked, Unlimited: true}) },
			want:  "stopping: nothing starts any more, 1 run in flight",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := begin(t, daemonapp.Options{Limits: tt.limits}, tt.specs...)
				l.at(5 * time.Second)
				if tt.steer != nil {
					tt.steer(l)
				}
				got := l.status().App.Stops
				same(t, "why", got.Why, tt.want)
				same(t, "kept by", got.KeptBy, tt.kept)
				if tt.stops > 0 {
					<-l.ended
					same(t, "stopped at", time.Since(l.start), tt.stops)
				}
			})
		})
	}
}

// TestApp wants the figures of the app as a whole.
func TestApp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := begin(t, daemonapp.Options{Limits: schedule.Limits{Workers: 2, HardDeadline: time.Hour}},
			spec("a", every(time.Hour, busy(time.Hour))), spec("b", every(time.Hour, ending(worked))))
		l.input.Config = status.Config{Digest: "3f9c2a1", AppliedAt: l.start, AppliedBy: "alice"}
		l.at(30 * time.Second)
		a := l.status().App
		same(t, "identity", []any{a.Name, a.Version, a.PID, a.Up.Duration(), a.Started.Equal(l.start), a.Config}, []any{
			"batch7", "0.4.0", 4711, 30 * time.Second, true, status.Config{Digest: "3f9c2a1", AppliedAt: l.start, AppliedBy: "alice"},
		})
		same(t, "floor", []int{a.Busy, a.Workers, a.Ready}, []int{1, 2, 0})
		same(t, "states", a.States, map[status.State]int{status.Running: 1, status.Waiting: 1})
		if a.Load[0] < 0.15 || a.Load[0] > 0.25 {
			t.Errorf("load %v", a.Load)
		}
		if a.Draining || !a.Stops.HardAt.Equal(l.start.Add(time.Hour)) {
			t.Errorf("app %+v", a)
		}
		l.Drain(daemonapp.DrainOptions{Reason: schedule.Asked})
		if !l.status().App.Draining {
			t.Error("it does not say that it is draining")
		}
	})
}

// TestOfKnowingNothing makes a status without a recorder and without daemons.
func TestOfKnowingNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := begin(t, daemonapp.Options{}, spec("a", every(90*time.Second, ending(idle))), spec("b", every(time.Minute, failing("no"))))
		l.input.Daemon, l.input.Recorder = nil, nil
		l.is("a", status.Waiting, "1m30s after the end of its last run")
		l.is("b", status.Retrying, "failure 1")
	})
}
