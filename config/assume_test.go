package config_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/simulate"
)

// assumed is the configuration for these tests.
func assumed(t testing.TB) *config.Config {
	t.Helper()
	cfg, diags := config.Load(options(t, "testdata/assume/config.hcl"))
	if diags.HasErrors() {
		t.Fatal(shown(t, diags))
	}
	return cfg
}

func assumptions(t testing.TB, src string) (*config.Assumptions, *config.Diagnostics) {
	t.Helper()
	o := options(t, "-")
	o.Stdin = strings.NewReader(src)
	return config.LoadAssumptions(o)
}

// TestBadAssumptions compares what is said of files of assumptions with the file beside each.
func TestBadAssumptions(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"bad", "nobody", "undecodable"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join("testdata", "assume", name+".hcl")
			a, diags := config.LoadAssumptions(options(t, path))
			if !diags.HasErrors() {
				_, diags = assumed(t).Simulation(a)
			}
			if !diags.HasErrors() {
				t.Error("there are no errors")
			}
			golden(t, path+".txt", shown(t, diags))
		})
	}
}

// inputs flattens the daemons of a simulation: a line each.
func inputs(all []simulate.Daemon) string {
	var lines []string
	for _, d := range all {
		line := d.Entry.Name
		for _, o := range d.Assume.Outcomes {
			line += " " + o.String()
		}
		if d.Assume.Duration > 0 {
			line += " " + d.Assume.Duration.String()
		}
		if d.Timeout > 0 {
			line += " timeout " + d.Timeout.String()
		}
		if wait := d.Entry.Planner.NextRun(schedule.Run{Result: schedule.Result{Outcome: schedule.Worked}, Finished: time.Unix(0, 0)}); !wait.IsZero() {
			line += " every " + wait.Sub(time.Unix(0, 0)).String()
		}
		lines = append(lines, line)
		if inner := inputs(d.Children); inner != "" {
			lines = append(lines, inner)
		}
	}
	return strings.Join(lines, "\n")
}

func TestAssumptionsReachTheSimulation(t *testing.T) {
	t.Parallel()
	a, diags := assumptions(t, `
assume "collective" {
  outcomes = ["worked", "more", "idle", "failed"]
  duration = "250ms"
}
assume "seed" {
  children = ["in", "a b/c"]
}
assume "seed/in" {
  children = ["xyz", "x"]
  duration = "1s"
}
assume "seed/a%20b%2Fc" {
  outcomes = ["idle"]
}
assume "seed/in/x" {
  duration = "2s"
}`)
	if diags.HasErrors() {
		t.Fatal(shown(t, diags))
	}
	in, diags := assumed(t).Simulation(a)
	if diags.HasErrors() {
		t.Fatal(shown(t, diags))
	}
	want := `collective worked more idle failed 250ms timeout 1m0s every 5m0s
seed every 5m0s
seed/in 1s every 1m0s
seed/in/xyz every 3s
seed/in/x 2s every 1s
seed/a%20b%2Fc idle every 1m0s
no-queue every 5m0s`
	if diff := cmp.Diff(want, inputs(in.Daemons)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := simulate.Run(in, nil); err != nil {
		t.Error(err)
	}
}

func TestAssumptionsOfSeveralFiles(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{
		"a.hcl":      `assume "collective" { duration = "1s" }`,
		"b.hcl.json": `{"assume": {"seed": {"children": ["in"]}}}`,
		"c.hcl":      `assume "seed" {}`,
	})
	a, diags := config.LoadAssumptions(options(t, filepath.Join(dir, "a.hcl"), filepath.Join(dir, "b.hcl.json")))
	if diags.HasErrors() || diags.Files() != 2 {
		t.Fatal(shown(t, diags))
	}
	in, _ := assumed(t).Simulation(a)
	if got := inputs(in.Daemons); !strings.Contains(got, "collective 1s") || !strings.Contains(got, "seed/in") {
		t.Errorf("got %s", got)
	}
	_, diags = config.LoadAssumptions(options(t, dir))
	if got := shown(t, diags); !strings.Contains(got, `c.hcl:1:8: error: there are two assumptions for "seed"`) ||
		!strings.Contains(got, "the first is at "+filepath.Join(dir, "b.hcl.json")+":1") {
		t.Errorf("got\n%s", got)
	}
}

func TestNoAssumptionsAreNeeded(t *testing.T) {
	t.Parallel()
	a, diags := config.LoadAssumptions(options(t))
	if len(diags.All()) > 0 {
		t.Fatal(shown(t, diags))
	}
	in, diags := assumed(t).Simulation(a)
	if len(diags.All()) > 0 || len(in.Daemons) != 3 {
		t.Errorf("got %d daemons and\n%s", len(in.Daemons), shown(t, diags))
	}
	_, diags = config.LoadAssumptions(options(t, filepath.Join(t.TempDir(), "none.hcl")))
	if got := shown(t, diags); !diags.HasErrors() || !strings.Contains(got, "none.hcl: error: it cannot be read") {
		t.Errorf("got\n%s", got)
	}
}
