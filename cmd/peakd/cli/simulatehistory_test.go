package cli_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// pastConfig is a configuration of which there is a past: "job" took 3 s and worked, then 1 s and failed; the seed
// "boxes" had a child "in box"; of "fresh" nothing was recorded.
func pastConfig(t *testing.T) string {
	t.Helper()
	run := func(name string, ago, took time.Duration, o schedule.Outcome) daemonapp.Event {
		e := recordedRun(name, ago, o, "")
		e.Run.Started = e.Run.Finished.Add(-took)
		return e
	}
	dir := recordedHistory(t,
		run("job", 30*24*time.Hour, time.Hour, schedule.Worked), // too long ago
		run("job", 3*time.Hour, 3*time.Second, schedule.Worked), run("job", 2*time.Hour, time.Second, schedule.Failed),
		run("boxes", time.Hour, 10*time.Millisecond, schedule.Worked),
		run("boxes/in%20box", time.Hour, 5*time.Second, schedule.Idle),
		run("gone/child", time.Hour, time.Second, schedule.Idle),
	)
	return file(t, "app.hcl", fmt.Sprintf(`
app "x" { state_dir = %q }
daemon "exec" "job" {
  run_every = "1h"
  command   = ["true"]
}
daemon "exec" "fresh" {
  run_every = "5h"
  command   = ["true"]
}
daemon "for_each_directory" "boxes" {
  run_every = "2h"
  directory = %q
  child "exec" {
    run_every = "1h"
    command   = ["true", each.path]
  }
}
`, dir, t.TempDir()))
}

func TestSimulateFromHistory(t *testing.T) {
	t.Parallel()
	conf := pastConfig(t)
	r := command(t, "", nil, "simulate", "-c", conf, "--from-history", "--for", "5h", "--start", "2026-11-23T00:00:00Z", "--format", "json")
	want(t, "what is behind it", r.err, `^drawn from the history of the last 7d: 4 runs of 3 daemons; none of fresh, whose runs work in 0s$`)
	var job []string
	for _, line := range strings.Split(r.out, "\n") {
		if strings.Contains(line, `"daemon":"job"`) {
			job = append(job, line)
		}
	}
	for i, outcome := range []string{"worked", "failed", "worked"} {
		if len(job) < 3 || !strings.Contains(job[i], `"outcome":"`+outcome+`"`) {
			t.Fatalf("run %d of job is no %s one:\n%s", i+1, outcome, strings.Join(job, "\n"))
		}
	}
	want(t, "the lines", r.out, `"daemon":"boxes/in%20box","due":[\d.]+,"start":[\d.]+,"end":[\d.]+,"outcome":"idle"`, `"daemon":"job","due":0,"start":0,"end":3,`)

	text := does(t, "simulate", "-c", conf, "--from-history=1d", "--for", "5h")
	want(t, "the text", text, `^drawn from the history of the last 24h: 4 runs of 3 daemons`, `^boxes`, `in%20box`)
}

func TestAssumptionsWinOverTheHistory(t *testing.T) {
	t.Parallel()
	conf := pastConfig(t)
	assume := file(t, "a.hcl", "assume \"job\" {\n  outcomes = [\"idle\"]\n  duration = \"7s\"\n}\n")
	r := command(t, "", nil, "simulate", "-c", conf, "--from-history", "--assume", assume, "--for", "5h", "--format", "json")
	want(t, "the lines", r.out, `"daemon":"job","due":0,"start":0,"end":7,"outcome":"idle"`)
	if strings.Contains(r.out, "in%20box") {
		t.Errorf("a child that --assume does not list:\n%s", r.out)
	}
}

func TestSimulateFromNoHistory(t *testing.T) {
	t.Parallel()
	conf := file(t, "app.hcl", fmt.Sprintf("app \"x\" {\n  state_dir = %q\n}\n", filepath.Join(t.TempDir(), "none")))
	for _, c := range []struct {
		flag string
		code int
		says string
	}{{"--from-history", 1, "nothing was recorded yet"}, {"--from-history=x", 2, "--from-history=x"}} {
		r := command(t, "", nil, "simulate", "-c", conf, c.flag)
		if r.code != c.code || !strings.Contains(r.err, c.says) {
			t.Errorf("%s: exit code %d and %q, want %d and %q", c.flag, r.code, r.err, c.code, c.says)
		}
	}
}
