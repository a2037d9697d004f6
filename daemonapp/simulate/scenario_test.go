package simulate_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/simulate"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	s = time.Second
	m = time.Minute
)

// short forms of the outcomes.
const (
	worked = schedule.Worked
	more   = schedule.More
	idle   = schedule.Idle
	failed = schedule.Failed
)

// daemon makes one that waits that long after work; options change it.
func daemon(name string, every time.Duration, options ...func(*simulate.Daemon)) simulate.Daemon {
	d := simulate.Daemon{Entry: schedule.Entry{
		Name:    name,
		Planner: &schedule.Interval{Backoff: schedule.Backoff{RunEvery: every, MinimumIdle: every}},
	}}
	for _, option := range options {
		option(&d)
	}
	return d
}

func takes(t time.Duration) func(*simulate.Daemon) {
	return func(d *simulate.Daemon) { d.Assume.Duration = t }
}

func ends(outcomes ...schedule.Outcome) func(*simulate.Daemon) {
	return func(d *simulate.Daemon) { d.Assume.Outcomes = outcomes }
}

func pace(change func(*schedule.Interval)) func(*simulate.Daemon) {
	return func(d *simulate.Daemon) { change(d.Entry.Planner.(*schedule.Interval)) }
}

func priority(p int) func(*simulate.Daemon) {
	return pace(func(i *schedule.Interval) { i.Prio = p })
}

func entry(change func(*schedule.Entry)) func(*simulate.Daemon) {
	return func(d *simulate.Daemon) { change(&d.Entry) }
}

func children(daemons ...simulate.Daemon) func(*simulate.Daemon) {
	return func(d *simulate.Daemon) { d.Children = daemons }
}

func lengthen(by, maximum time.Duration) func(*simulate.Daemon) {
	return pace(func(i *schedule.Interval) { i.IncreaseIdleBy, i.MaximumIdle = by, maximum })
}

// mail is the app of the drawings: queues, a clean-up and a replicator on one worker.
func mail() simulate.Input {
	return simulate.Input{
		App: "mail-host",
		Limits: schedule.Limits{
			SoftDeadline: 15 * m, HardDeadline: 30 * m, IdleThreshold: m,
		},
		Daemons: []simulate.Daemon{
			daemon("mail-queues", 5*m, takes(1500*time.Millisecond), children(
				daemon("mail-queues/in", 10*s, priority(5), takes(6*s), lengthen(30*s, 4*m),
					ends(more, more, worked, idle, idle, idle, idle, idle, idle, idle, failed, more, worked, idle, idle, idle)),
				daemon("mail-queues/out", 10*s, priority(5), takes(3*s), lengthen(40*s, 4*m),
					ends(worked, idle, idle, idle, idle, idle, idle, idle)),
			)),
			daemon("session-cleanup", 5*m, takes(45*s)),
			daemon("collective", 30*s, takes(4*s), lengthen(10*s, 2*m),
				ends(worked, worked, idle, idle, idle, idle, idle, idle, idle, idle, idle, idle, idle)),
		},
	}
}

// demo is an app of one busy minute.
func demo() simulate.Input {
	ms := time.Millisecond
	child := func(name string, prio int, took time.Duration, outcomes ...schedule.Outcome) simulate.Daemon {
		return daemon("inbox/"+name, 2*s, priority(prio), takes(took),
			pace(func(i *schedule.Interval) { i.MultiplyIdleBy, i.MaximumIdle = 2, 16*s }), ends(outcomes...))
	}
	return simulate.Input{
		App:    "demo",
		Limits: schedule.Limits{SoftDeadline: 15 * s, HardDeadline: 55 * s, IdleThreshold: 3 * s},
		Daemons: []simulate.Daemon{
			daemon("inbox", 3*s, takes(3*ms), ends(worked, worked, idle, idle),
				pace(func(i *schedule.Interval) { i.MultiplyIdleBy, i.MaximumIdle = 2, 12*s }), children(
					child("bulk", 0, 900*ms, more, more, more, more, worked, idle, idle, idle, idle, idle, idle),
					child("news", 0, 850*ms, more, worked, idle, idle, idle, idle, idle, idle),
					child("urgent", 10, 90*ms, idle, idle, idle, idle, more, worked, idle, failed, idle, idle, idle),
				)),
			daemon("feeder", m, takes(39*ms), entry(func(e *schedule.Entry) { e.StartAfter = 3 * s })),
			daemon("sweep", 5*s, priority(-5), takes(40*ms), ends(worked, worked, idle)),
			daemon("poller", 2*s, takes(16*ms), ends(idle),
				pace(func(i *schedule.Interval) { i.MultiplyIdleBy, i.MaximumIdle = 2, 16*s })),
		},
	}
}

// many is an app of sixty daemons for a whole day, with names of any length.
func many() simulate.Input {
	in := simulate.Input{
		App:     "batch-host-7.internal.example.org",
		Limits:  schedule.Limits{Workers: 2, IdleThreshold: 10 * m},
		Horizon: 24 * time.Hour,
	}
	for i := range 60 {
		name := fmt.Sprintf("job-%02d%s", i, strings.Repeat("-of-a-long-name", i%4))
		in.Daemons = append(in.Daemons, daemon(name, time.Duration(i%11+1)*4*m+time.Duration(i)*s,
			takes(time.Duration(i%13+1)*3*s), priority(i%3), ends([][]schedule.Outcome{
				{worked}, {worked, idle, idle}, {idle, idle, idle, worked}, {worked, failed, worked},
			}[i%4]...), lengthen(time.Duration(i%5)*m, time.Hour)))
	}
	return in
}

func simulated(t *testing.T, in simulate.Input) *simulate.Report {
	t.Helper()
	report, err := simulate.Run(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// golden compares with a file of testdata, or writes it with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s differs (-update writes it anew); got:\n%s", path, got)
	}
}
