package daemonapp_test

import (
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

func TestWake(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		before func(l *life) // done at 5s, just before the wake
		starts []string      // of a daemon that runs 2 s every 10 s: at 0s, 12s, 24s ...
		err    error         // of a trigger there
	}{
		{"while waiting", func(*life) {}, []string{"0s", "5s", "17s"}, nil},
		{"while paused", func(l *life) { _ = l.Pause("a", daemonapp.Pause{}) }, []string{"0s"}, schedule.ErrPaused},
		{"while disarmed", func(l *life) { _ = l.Disarm("a", "by hand", "") }, []string{"0s"}, schedule.ErrDisarmed},
		{"while running", func(l *life) { _ = l.Trigger("a", true, "") }, []string{"0s", "5s", "7s", "19s"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				l := begin(t, daemonapp.Options{}, spec("a", every(10*time.Second, busy(2*time.Second))))
				l.until(5 * time.Second)
				tt.before(l)
				l.Wake("a")
				l.Wake("nobody")
				l.until(20 * time.Second)
				same(t, "starts", l.starts("a"), tt.starts)
				is(t, "trigger", l.Trigger("a", false, ""), tt.err)
				is(t, "trigger another", l.Trigger("nobody", false, ""), daemonapp.ErrUnknown)
			})
		})
	}
}

func TestWakeWhileReadyChangesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := begin(t, daemonapp.Options{},
			spec("busy", ranked(1, time.Hour, busy(5*time.Second))), spec("a", every(10*time.Second, ending(schedule.Worked))))
		l.until(time.Second)
		l.Wake("a")
		l.until(16 * time.Second)
		same(t, "starts", l.starts("a"), []string{"5s", "15s"})
	})
}

func TestTriggerKeepsOrShiftsThePlan(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		shift  bool
		starts []string
	}{{false, []string{"0s", "4s", "10s", "20s"}}, {true, []string{"0s", "4s", "14s"}}} {
		name := map[bool]string{true: "shift", false: "keep"}[tt.shift]
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				l := begin(t, daemonapp.Options{}, spec("a", every(10*time.Second, ending(schedule.Idle))))
				l.until(4 * time.Second)
				if err := l.Trigger("a", tt.shift, ""); err != nil {
					t.Fatal(err)
				}
				l.until(20500 * time.Millisecond)
				same(t, "starts", l.starts("a"), tt.starts)
			})
		})
	}
}

func TestPause(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := begin(t, daemonapp.Options{Limits: schedule.Limits{IdleThreshold: 20 * time.Second}},
			spec("a", every(10*time.Second, ending(schedule.Worked))), spec("b", every(10*time.Second, ending(schedule.Worked))))
		l.until(5 * time.Second)
		if err := l.Pause("a", daemonapp.Pause{Who: "alice"}); err != nil {
			t.Fatal(err)
		}
		if err := l.Pause("b", daemonapp.Pause{Until: l.start.Add(2 * time.Minute), Who: "bob"}); err != nil {
			t.Fatal(err)
		}
		l.until(time.Minute)
		same(t, "b is paused until", l.status("b").Until.Sub(l.start), 2*time.Minute)
		if err := l.Resume("a", "alice"); err != nil {
			t.Fatal(err)
		}
		l.until(125 * time.Second)
		same(t, "starts of a", l.starts("a"), []string{"0s", "1m0s", "1m10s", "1m20s", "1m30s", "1m40s", "1m50s", "2m0s"})
		same(t, "starts of b", l.starts("b"), []string{"0s", "2m0s"})
		same(t, "events", l.lines(daemonapp.DaemonPaused, daemonapp.DaemonResumed),
			[]string{"5s paused a", "5s paused b", "1m0s resumed a"})
		if e := l.told(daemonapp.DaemonPaused)[1]; e.Who != "bob" || e.Next.Sub(l.start) != 2*time.Minute {
			t.Errorf("paused: %+v", e)
		}
		is(t, "pause another", l.Pause("c", daemonapp.Pause{Until: time.Time{}, Who: ""}), daemonapp.ErrUnknown)
		is(t, "resume another", l.Resume("c", ""), daemonapp.ErrUnknown)
	})
}

func TestSteeringARunThatGoesOn(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		steer func(l *life) error
		state schedule.State
	}{
		{"pause", func(l *life) error { return l.Pause("a", daemonapp.Pause{}) }, schedule.Paused},
		{"disarm", func(l *life) error { return l.Disarm("a", "by hand", "alice") }, schedule.Disarmed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				l := begin(t, daemonapp.Options{}, spec("a", every(time.Second, busy(10*time.Second))))
				l.until(time.Second)
				if err := tt.steer(l); err != nil {
					t.Fatal(err)
				}
				same(t, "state", l.status("a").State, schedule.Running)
				l.until(time.Minute)
				same(t, "state", l.status("a").State, tt.state)
				same(t, "runs", l.ends(), []string{"10s a worked"})
			})
		})
	}
}

func TestDisarmAndArm(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := begin(t, daemonapp.Options{}, spec("a", every(10*time.Second, ending(schedule.Worked))))
		l.until(time.Second)
		if err := l.Disarm("a", "the disk is full", "alice"); err != nil {
			t.Fatal(err)
		}
		st := l.status("a")
		if st.State != schedule.Disarmed || st.Reason != "the disk is full" || !st.Due.IsZero() {
			t.Errorf("status: %s, %q, due %s", st.State, st.Reason, st.Due)
		}
		l.until(time.Minute)
		if err := l.Arm("a", "bob"); err != nil {
			t.Fatal(err)
		}
		l.until(65 * time.Second)
		same(t, "starts", l.starts("a"), []string{"0s", "1m0s"})
		who := []string{l.told(daemonapp.DaemonDisarmed)[0].Who, l.told(daemonapp.DaemonArmed)[0].Who}
		same(t, "who", who, []string{"alice", "bob"})
	})
}

func TestVitals(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := begin(t, daemonapp.Options{Limits: schedule.Limits{Workers: 1}},
			spec("a", every(time.Hour, busy(time.Minute))), spec("b", every(time.Hour, busy(2*time.Minute))))
		l.until(30 * time.Second)
		v := l.Vitals()
		if v.Running != 1 || v.Ready != 1 || v.Workers != 1 || v.Daemons != 2 || v.Stopping || v.Starved != 30*time.Second {
			t.Errorf("vitals = %+v", v)
		}
		if v.Load[0] < 0.39 || v.Load[0] > 0.4 || v.Load[1] >= v.Load[0] || v.Load[2] >= v.Load[1] {
			t.Errorf("load = %.3f, want 1 - exp(-1/2) and less", v.Load)
		}
		l.until(2 * time.Minute)
		if v := l.Vitals(); v.LagMax != time.Minute || v.LagP50 > 2*time.Minute || v.LagP95 != time.Minute {
			t.Errorf("lag = %s %s %s", v.LagP50, v.LagP95, v.LagMax)
		}
		l.until(12 * time.Minute)
		if v := l.Vitals(); v.LagMax != 0 {
			t.Errorf("lag = %s, of starts that are more than ten minutes ago", v.LagMax)
		}
		l.Drain(daemonapp.DrainOptions{Reason: schedule.Asked})
		if !l.Vitals().Stopping {
			t.Error("the app is not stopping")
		}
	})
}
