package simulate_test

import (
	"fmt"
	"os"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/simulate"
)

// A poller that finds something once and then backs off, in an app that stops when nothing is due for 45 seconds.
func Example() {
	poller := simulate.Daemon{
		Entry: schedule.Entry{Name: "poller", Planner: &schedule.Interval{Backoff: schedule.Backoff{
			RunEvery: 20 * time.Second, MinimumIdle: 20 * time.Second, IncreaseIdleBy: 10 * time.Second,
		}}},
		Assume: simulate.Assumption{
			Outcomes: []schedule.Outcome{schedule.Worked, schedule.Idle, schedule.Idle, schedule.Idle},
			Duration: 250 * time.Millisecond,
		},
	}
	out := simulate.NewJSONLines(os.Stdout)
	report, err := simulate.Run(simulate.Input{
		App:     "example",
		Limits:  schedule.Limits{IdleThreshold: 45 * time.Second},
		Daemons: []simulate.Daemon{poller},
	}, out.Write)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := out.Flush(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("stops after", simulate.Short(report.Stop.At))
	// Output:
	// {"event":"run","daemon":"poller","due":0,"start":0,"end":0.25,"outcome":"worked","wait":20}
	// {"event":"run","daemon":"poller","due":20.25,"start":20.25,"end":20.5,"outcome":"idle","wait":30}
	// {"event":"run","daemon":"poller","due":50.5,"start":50.5,"end":50.75,"outcome":"idle","wait":40}
	// {"event":"run","daemon":"poller","due":90.75,"start":90.75,"end":91,"outcome":"idle","wait":50}
	// {"event":"stop","at":91,"reason":"idle"}
	// stops after 1m31s
}
