package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp/calendar"
	"github.com/peakd/peakd/daemonapp/schedule"
)

func TestSettingsAreDecoded(t *testing.T) {
	t.Parallel()
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	got := only[execSettings](t, good(t, `
daemon "exec" "x" {
  run_every = "5m"
  command   = ["a", 5, true]
  script    = <<-EOT
    echo $HOME
  EOT
  env       = { A = "1", PORT = 8080, "with space" = "x" }
  dir       = "work"
  umask     = "0077"
  output    = "1.5MiB"
  nice      = "-5"
  password  = "p"
  shift     = "-1h"
  codes     = [0, 3]
  mode      = "slow"
  limits {
    memory = "2GB"
  }
  deliver "smtp" {
    server = "a"
  }
  deliver "http" {
    server = "b"
    token  = "t"
  }
}`))
	nice := -5
	want := execSettings{
		Command: []string{"a", "5", "true"}, Script: "echo $HOME\n",
		Env: map[string]string{"A": "1", "PORT": "8080", "with space": "x"}, Dir: config.Path(filepath.Join(wd, "work")),
		Umask: 0o077, Output: 3 << 19, Nice: &nice, Password: "p", Shift: -time.Hour, Codes: []int{0, 3}, Mode: "slow",
		Limits:  &limits{Nofile: 1024, Memory: 2e9},
		Deliver: []deliver{{Kind: "smtp", Server: "a"}, {Kind: "http", Server: "b", Token: "t"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatIsNotGivenKeepsItsDefault(t *testing.T) {
	t.Parallel()
	cfg := good(t, `daemon "exec" "x" {
  run_every = "5m"
  command   = ["true"]
  umask     = null
  nice      = null
  timeout   = null
}`)
	got := only[execSettings](t, cfg)
	if got.Umask != 0o022 || got.Output != 64<<10 || got.Nice != nil || got.Limits != nil {
		t.Errorf("got %+v", got)
	}
	c := cfg.Daemons[0].Common
	if c.Missed != "once" || c.MultiplyIdleBy != 1 || c.KillGrace != 5*time.Second || !c.Enabled || c.Retry != nil ||
		c.MinimumIdle != nil || c.MaximumIdle != nil || c.Timeout != 0 {
		t.Errorf("got %+v", c)
	}
}

func TestTheNearestDefaultWins(t *testing.T) {
	t.Parallel()
	cfg := good(t, `
defaults {
  run_every  = "1m"
  timeout    = "1h"
  jitter     = "1s"
  kill_grace = "1s"
  window {
    from = "1:00"
    to   = "2:00"
  }
  retry {
    every    = "1s"
    attempts = 3
  }
}
defaults "exec" {
  timeout = "2h"
  jitter  = "2s"
  umask   = "0002"
  mode    = "slow"
  limits {
    nofile = 5
    memory = "5B"
  }
}
daemon "exec" "own" {
  jitter  = "3s"
  command = ["true"]
  mode    = "fast"
  limits {
    memory = "6B"
  }
  retry {
    every = "5s"
  }
}
daemon "file_cleanup" "other" {
  directory = "/tmp"
}`)
	own, other := cfg.Daemons[0], cfg.Daemons[1]
	if c := own.Common; c.RunEvery != time.Minute || c.Timeout != 2*time.Hour || c.Jitter != 3*time.Second || c.KillGrace != time.Second || len(c.Windows) != 1 {
		t.Errorf("own: %+v", c)
	}
	if r := own.Common.Retry; *r != (config.Retry{Every: 5 * time.Second, MultiplyBy: 2}) {
		t.Errorf("a block is taken whole, got %+v", r)
	}
	if s := own.Settings.(execSettings); s.Umask != 0o002 || s.Mode != "fast" || *s.Limits != (limits{Nofile: 1024, Memory: 6}) { //nolint:forcetypeassert // it is one
		t.Errorf("own: %+v", s)
	}
	if c := other.Common; c.Timeout != time.Hour || c.Jitter != time.Second || c.Retry.Attempts != 3 || c.Retry.MultiplyBy != 2 {
		t.Errorf("other: %+v", c)
	}
}

func TestAStatedPaceIsNotHurtByADefaultForTheOther(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		src      string
		every    time.Duration
		schedule string
	}{
		"schedule over run_every": {
			`defaults { 
  run_every        = "1m"
  increase_idle_by = "1m"
  multiply_idle_by = 2
  minimum_idle     = "0s"
  maximum_idle     = "1h"
}
daemon "exec" "x" {
  schedule = "0 2 * * *"
  command  = ["true"]
}`, 0, "0 2 * * *",
		},
		"run_every over schedule": {
			`defaults { 
  schedule = "0 2 * * *"
  missed   = "skip"
}
daemon "exec" "x" {
  run_every    = "1m"
  maximum_idle = "5m"
  command      = ["true"]
}`, time.Minute, "",
		},
		"type over all": {
			`defaults { 
  schedule = "0 2 * * *"
}
defaults "exec" { 
  run_every = "2m"
}
daemon "exec" "x" {
  command      = ["true"]
}`, 2 * time.Minute, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := good(t, tt.src).Daemons[0].Common
			if c.RunEvery != tt.every || c.Schedule != tt.schedule || c.Missed != "once" {
				t.Errorf("got %+v", c)
			}
		})
	}
}

func TestPlannerOfAnInterval(t *testing.T) {
	t.Parallel()
	cfg := good(t, `
app "app" {}
daemon "exec" "x" {
  run_every        = "30s"
  increase_idle_by = "10s"
  multiply_idle_by = 1.5
  minimum_idle     = "0s"
  maximum_idle     = "2m"
  priority         = 7
  run_once         = true
  jitter           = "10s"
  command          = ["true"]
  retry {
    every       = "5s"
    multiply_by = 3
    maximum     = "1m"
    attempts    = 4
  }
}
daemon "exec" "plain" {
  run_every = "30s"
  command   = ["true"]
}`)
	want := &schedule.Interval{
		Backoff: schedule.Backoff{
			RunEvery: 30 * time.Second, IncreaseIdleBy: 10 * time.Second, MultiplyIdleBy: 1.5, MaximumIdle: 2 * time.Minute,
			Retry: schedule.Retry{Every: 5 * time.Second, MultiplyBy: 3, Maximum: time.Minute, Attempts: 4},
		},
		Prio: 7, Once: true, OnceRetries: true,
	}
	if diff := cmp.Diff(want, cfg.Daemons[0].Planner()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, want := cfg.Daemons[0].Terms().Offset, schedule.Offset("app", "mailhost", "x", 10*time.Second); got != want || got == 0 {
		t.Errorf("the jitter is %s, want %s", got, want)
	}
	plain := &schedule.Interval{Backoff: schedule.Backoff{RunEvery: 30 * time.Second, MinimumIdle: 30 * time.Second, MultiplyIdleBy: 1}}
	if diff := cmp.Diff(plain, cfg.Daemons[1].Planner()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPlannerOfACalendar(t *testing.T) {
	t.Parallel()
	cfg := good(t, `
app "app" { timezone = "Europe/Vienna" }
daemon "exec" "x" {
  schedule = "30 2 * * mon-fri"
  missed   = "skip"
  priority = -1
  jitter   = "1m"
  command  = ["true"]
  retry {}
}
daemon "exec" "tokyo" {
  schedule = "0 9 * * *"
  timezone = "Asia/Tokyo"
  command  = ["true"]
}`)
	plan, ok := cfg.Daemons[0].Planner().(*calendar.Plan)
	if !ok {
		t.Fatalf("got %T", cfg.Daemons[0].Planner())
	}
	if plan.Schedule.Location().String() != "Europe/Vienna" || plan.Prio != -1 || !plan.Skip || plan.Retry == nil || plan.Retry.MultiplyBy != 2 ||
		plan.Offset != schedule.Offset("app", "mailhost", "x", time.Minute) {
		t.Errorf("got %+v", plan)
	}
	tokyo := cfg.Daemons[1].Planner().(*calendar.Plan) //nolint:forcetypeassert // the one before was
	if tokyo.Schedule.Location().String() != "Asia/Tokyo" || tokyo.Skip || tokyo.Retry != nil {
		t.Errorf("got %+v", tokyo)
	}
}

func TestTerms(t *testing.T) {
	t.Parallel()
	terms := good(t, `
daemon "exec" "other" {
  run_every = "1h"
  command   = ["true"]
}
daemon "exec" "x" {
  run_every         = "30s"
  start_after       = "1s"
  timeout           = "2s"
  kill_grace        = "3s"
  background        = true
  run_once          = true
  after             = ["other"]
  run_if_load_below = 0.7
  disarm_after      = 5
  description       = "what it is"
  tags              = ["a", "b"]
  timezone          = "UTC"
  command           = ["true"]
  window {
    from     = "22:00"
    to       = "06:00"
    days     = ["mon-fri"]
    at_close = "stop"
  }
  window {
    from     = "12:00"
    to       = "13:00"
    timezone = "Asia/Tokyo"
  }
}`).Daemons[1].Terms()
	if terms.StartAfter != time.Second || terms.Timeout != 2*time.Second || terms.KillGrace != 3*time.Second || !terms.Background ||
		!terms.RunOnce || !slices.Equal(terms.After, []string{"other"}) || terms.LoadBelow != 0.7 || terms.DisarmAfter != 5 ||
		terms.Description != "what it is" || !slices.Equal(terms.Tags, []string{"a", "b"}) || terms.Offset != 0 {
		t.Errorf("got %+v", terms)
	}
	if len(terms.Windows) != 2 || !terms.Windows[0].StopAtClose || terms.Windows[1].StopAtClose ||
		terms.Windows[0].Text != "22:00 to 06:00 mon-fri" || !strings.HasSuffix(terms.Windows[1].Text, " Asia/Tokyo") {
		t.Fatalf("got %+v", terms.Windows)
	}
	monday := time.Date(2026, 11, 9, 23, 0, 0, 0, time.UTC)
	if open, _ := terms.Windows[0].Open(monday); !open {
		t.Error("the first window is closed on Monday at 23:00")
	}
	if open, _ := terms.Windows[1].Open(time.Date(2026, 11, 9, 3, 30, 0, 0, time.UTC)); !open {
		t.Error("the second window is closed at 12:30 in Tokyo")
	}
}

func TestDisabledDaemonsAreSetAside(t *testing.T) {
	t.Parallel()
	cfg := good(t, daemonText("a")+strings.Replace(daemonText("b"), "run_every", "enabled = false\n  run_every", 1))
	if names(cfg.Daemons) != "a" || names(cfg.Disabled) != "b" {
		t.Errorf("enabled %s, disabled %s", names(cfg.Daemons), names(cfg.Disabled))
	}
}

func TestDynamicBlocks(t *testing.T) {
	t.Parallel()
	cfg := good(t, `
variable "sites" {
  default = { b = ["x", "y"], a = [] }
}
dynamic "daemon" {
  for_each = var.sites
  iterator = site
  labels   = ["exec", "sync-${site.key}"]
  content {
    run_every = "5m"
    command   = concat(["sync"], site.value)
    dynamic "deliver" {
      for_each = toset(site.value)
      labels   = ["smtp"]
      content {
        server = "${site.key}.${deliver.value}"
      }
    }
    deliver "http" {
      server = "last"
    }
  }
}
daemon "exec" "after" {
  run_every = "5m"
  command   = ["true"]
}
dynamic "daemon" {
  for_each = []
  labels   = ["exec", "none"]
  content {}
}`)
	if got := names(cfg.Daemons); got != "sync-a sync-b after" {
		t.Fatalf("got %s", got)
	}
	want := []deliver{{Kind: "smtp", Server: "b.x"}, {Kind: "smtp", Server: "b.y"}, {Kind: "http", Server: "last"}}
	s := cfg.Daemons[1].Settings.(execSettings) //nolint:forcetypeassert // it is one
	if diff := cmp.Diff(want, s.Deliver); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"sync", "x", "y"}, s.Command); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPlacesOfSettings(t *testing.T) {
	t.Parallel()
	cfg := good(t, `daemon "exec" "x" {
  run_every = "5m"
  command   = ["true"]
  retry {
    every = "5s"
  }
  window {
    from = "1:00"
    to   = "2:00"
  }
  deliver "smtp" {
    server = "a"
  }
}`)
	for path, want := range map[string]struct {
		line  int
		value string
	}{
		"run_every":         {2, `"5m"`},
		"command":           {3, `["true"]`},
		"retry":             {4, "retry"},
		"retry.every":       {5, `"5s"`},
		"window[0].to":      {9, `"2:00"`},
		"deliver[0]":        {11, `deliver "smtp"`},
		"deliver[0].kind":   {11, `"smtp"`},
		"deliver[0].server": {12, `"a"`},
	} {
		line, value, found := config.PlaceOf(cfg.Daemons[0], path)
		if !found || line != want.line || value != want.value {
			t.Errorf("%s is at line %d with %s, want line %d with %s", path, line, value, want.line, want.value)
		}
	}
	if _, _, found := config.PlaceOf(cfg.Daemons[0], "timeout"); found {
		t.Error("timeout is not given, and has a place")
	}
}

// TestDiagnosticsKeepTheirOrder decodes the same mistakes many times: maps must not show.
func TestDiagnosticsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	_, first := config.Load(options(t, "testdata/bad/values.hcl", "testdata/bad/blocks.hcl", "testdata/bad/expressions.hcl"))
	for range 20 {
		_, again := config.Load(options(t, "testdata/bad/values.hcl", "testdata/bad/blocks.hcl", "testdata/bad/expressions.hcl"))
		if diff := cmp.Diff(shown(t, first), shown(t, again)); diff != "" {
			t.Fatal(diff)
		}
	}
}
