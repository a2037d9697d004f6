package status_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/status"
)

var update = flag.Bool("update", false, "write the golden files")

// TestJSON holds the names of the fields, which others rely on, and that all of it can be read back.
func TestJSON(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := begin(t, daemonapp.Options{Limits: schedule.Limits{Workers: 3, SoftDeadline: time.Minute, HardDeadline: time.Hour, IdleThreshold: time.Minute, NoWorkTimeout: time.Hour}},
			spec("queues", seed{Task: every(5*time.Minute, ending(worked)), children: []daemonapp.Spec{spec("in", paced(schedule.Backoff{RunEvery: 30 * time.Second, MultiplyIdleBy: 2}, ending(idle)))}}),
			with(spec("export", every(time.Minute, failing("exit 1: no such table"))), daemonapp.Terms{
				DisarmAfter: 1, Description: "to the partner", Tags: []string{"partner"}, Background: true, LoadBelow: 0.9,
				Windows: []daemonapp.Window{window(t, "00:00", "24:00")},
			}),
			with(spec("backup", every(time.Hour, busy(20*time.Minute))), daemonapp.Terms{Timeout: time.Hour}),
			with(spec("report", every(time.Hour, ending(worked))), daemonapp.Terms{After: []string{"backup"}}),
			spec("reindex", every(time.Hour, ending(worked))), spec("nightly", cron(t, "0 2 * * *", ending(worked))))
		_ = l.Pause("reindex", daemonapp.Pause{Who: "alice", Why: "DB migration", Until: l.start.Add(18 * time.Hour)})
		l.input.Config = status.Config{Digest: "3f9c2a1", AppliedAt: l.start, AppliedBy: "alice"}
		l.at(10 * time.Minute)
		s := l.status()
		for i := range s.Daemons {
			if s.Daemons[i].Run != nil {
				s.Daemons[i].Run.ID = "8f31c2" // counts on from others
				s.Daemons[i].Why = "10m of 1h, run 8f31c2"
			}
		}
		text, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "status.json", append(text, '\n'))
		var back status.Status
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		same(t, "read back", back, s)
	})
}

// golden compares with a file, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	same(t, name, string(got), string(want))
}
