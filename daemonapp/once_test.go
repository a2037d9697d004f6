package daemonapp_test

import (
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

func TestOnceRunsEachDaemonOnceInPriorityOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		child := daemonapp.Spec{Name: "child", Digest: "1", Daemon: every(time.Second, ending(schedule.More))}
		later := spec("later", ranked(5, time.Second, busy(time.Second)))
		later.Terms = daemonapp.Terms{
			StartAfter: time.Hour, Offset: time.Minute, LoadBelow: 0.1, After: []string{"low"},
			Windows: []daemonapp.Window{{Window: hours{5 * time.Hour, 6 * time.Hour}}},
		}
		notes := newNotebook()
		l := begin(t, daemonapp.Options{
			Once: true, Remember: notes,
			Limits:   schedule.Limits{SoftDeadline: time.Hour, NoWorkTimeout: time.Second},
			Memories: map[string]daemonapp.Memory{"low": {Name: "low", Digest: "1", Next: time.Now().Add(time.Hour)}},
		},
			spec("low", ranked(-1, time.Second, ending(schedule.Idle))),
			spec("minutely", daemonapp.Task{Planner: clocked{prio: 7}, Do: ending(schedule.Worked)}),
			spec("seed", nursery(list(child))), later)
		stop := l.stopped()
		same(t, "runs", l.ends(), []string{
			"0s minutely worked", "0s seed worked", "0s seed/child more", "0s low idle", "1s later worked", // after low
		})
		if stop.Reason != schedule.IdleGap || stop.Age != time.Second {
			t.Errorf("stop = %+v", stop)
		}
		same(t, "memories", notes.puts, 0) // the next ordinary life must not find "never again"
	})
}

func TestOnceKeepsWorkersAndTheHardDeadline(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := begin(t, daemonapp.Options{Once: true, Limits: schedule.Limits{Workers: 2, HardDeadline: time.Minute}},
			spec("a", every(time.Second, busy(time.Hour))), spec("b", every(time.Second, busy(time.Second))))
		stop := l.stopped()
		same(t, "reason", stop.Reason, schedule.HardDeadline)
		same(t, "runs", l.ends(), []string{"1s b worked", "1m20s a cancelled"})
	})
}
