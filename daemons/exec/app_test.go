package exec_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/exec"
)

// load decodes a configuration.
func load(t *testing.T, text string) (*config.Config, *config.Diagnostics) {
	t.Helper()
	registry, err := config.NewRegistry(exec.Type())
	if err != nil {
		t.Fatal(err)
	}
	return config.Load(config.Options{Paths: []string{"-"}, Stdin: strings.NewReader(text), Registry: registry})
}

// host is a configuration that runs in an app.
type host struct {
	*daemonapp.App
	dir  string
	logs *observer.ObservedLogs
	ends chan daemonapp.Event // of runs; the app sends, the test receives
}

func newHost(t *testing.T, text string, once bool) host {
	t.Helper()
	cfg, found := load(t, text)
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	core, logs := observer.New(zapcore.InfoLevel)
	h := host{dir: t.TempDir(), logs: logs, ends: make(chan daemonapp.Event, 100)}
	specs, err := cfg.Specs(config.BuildEnv{Log: zap.New(core), StateDir: h.dir})
	if err != nil {
		t.Fatal(err)
	}
	h.App = daemonapp.New(daemonapp.Options{
		Name: "test", Limits: cfg.App.Limits(), Once: once,
		Observers: []daemonapp.Observer{daemonapp.ObserverFunc(func(e daemonapp.Event) {
			if e.Kind == daemonapp.RunEnded {
				h.ends <- e
			}
		})},
	})
	if _, err := h.Reconcile(specs); err != nil {
		t.Fatal(err)
	}
	return h
}

// start runs the app until the test ends.
func (h host) start(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = h.Run(ctx)
	}()
	t.Cleanup(func() { cancel(); <-done })
}

// TestFromConfigurationToJob takes every setting from its text to what the job sees.
func TestFromConfigurationToJob(t *testing.T) {
	t.Parallel()
	h := newHost(t, `
		app "test" { state_dir = "/nowhere" }
		daemon "exec" "everything" {
			run_every          = "1h"
			timeout            = "10m"
			script             = <<-EOT
				echo "$PWD $A $${B} $(cat) $(nice) $(umask) $(ulimit -n) $(ulimit -c)"
				env | grep '^PEAKD_' | sort
				echo 'worked 3' >&"$PEAKD_REPORT_FD"
				exit 4
			EOT
			interpreter        = "sh"
			dir                = "/usr"
			stdin              = "input"
			env                = { A = "a", B = "b" }
			nice               = 3
			umask              = "0027"
			success_exit_codes = [0, 4]
			idle_exit_codes    = [75]
			limits {
				nofile = 99
				core   = "0"
				cpu    = "1m"
				fsize  = "10MiB"
			}
		}`, true)
	if _, err := h.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	end := <-h.ends
	if end.Run.Result != result(schedule.Worked, 3) || end.Run.Err != nil {
		t.Errorf("result = %+v, %v", end.Run.Result, end.Run.Err)
	}
	got := strings.Join(bench{logs: h.logs}.lines("out"), "\n")
	stamp := `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)`
	want := `^/usr a b input 3 0027 99 0
PEAKD_ATTEMPT=1
PEAKD_DAEMON=everything
PEAKD_DEADLINE=` + stamp + `
PEAKD_DUE=` + stamp + `
PEAKD_REPORT_FD=3
PEAKD_RUN=` + end.RunID.String() + `
PEAKD_TRIGGER=schedule$`
	if !regexp.MustCompile(want).MatchString(got) {
		t.Errorf("the job saw\n%s\nwant\n%s", got, want)
	}
}

func TestTimeoutInApp(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pids")
	h := newHost(t, fmt.Sprintf(`
		daemon "exec" "endless" {
			run_every  = "1h"
			timeout    = "300ms"
			kill_grace = "200ms"
			command    = ["sh", "-c", "trap '' TERM; sh -c 'echo $0 $$ >\"$F\"; while :; do sleep 600; done' $$ & wait"]
			env        = { F = %q }
		}`, file), true)
	stop, err := h.Run(t.Context())
	if err != nil || len(stop.Abandoned) > 0 {
		t.Fatalf("stop = %+v, %v", stop, err)
	}
	end := <-h.ends
	if end.Run.Result.Outcome != schedule.Failed || !errors.Is(end.Run.Err, daemonapp.ErrTimeout) {
		t.Errorf("run = %+v", end.Run)
	}
	mustBeGone(t, pidsIn(t, file))
}

// TestOperator follows a run's progress, and then kills what would take an hour to end.
func TestOperator(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pids")
	h := newHost(t, fmt.Sprintf(`
		daemon "exec" "polite" {
			run_every  = "1h"
			kill_grace = "1h"
			script     = <<-EOT
				trap "" TERM
				echo 'progress 7/9' >&"$PEAKD_REPORT_FD"
				echo $$ >%s
				while :; do sleep 600; done
			EOT
		}`, file), false)
	h.start(t)
	if !awaitFile(t.Context(), file) {
		t.Fatal("the job did not start")
	}
	until(t, "progress", func() bool { st := h.Status(); return len(st) == 1 && st[0].Done == 7 && st[0].Total == 9 })
	if err := h.Cancel("polite", false, ""); err != nil {
		t.Fatal(err)
	}
	if err := h.Cancel("polite", true, ""); err != nil {
		t.Fatal(err)
	}
	if end := <-h.ends; end.Run.Result.Outcome != schedule.Cancelled {
		t.Errorf("run = %+v", end.Run)
	}
	mustBeGone(t, pidsIn(t, file))
}

// TestHeldInApp keeps the daemon held while the job of an earlier life is there.
func TestHeldInApp(t *testing.T) {
	t.Parallel()
	const text = `daemon "exec" "job" {
		run_every = "1h"
		command   = ["true"]
	}`
	h := newHost(t, text, false)
	if err := os.MkdirAll(filepath.Join(h.dir, "locks"), 0o700); err != nil {
		t.Fatal(err)
	}
	record := fmt.Sprintf("%d %s\n", os.Getpid(), exec.Birth(os.Getpid()))
	lock := filepath.Join(h.dir, "locks", "job.lock")
	if err := os.WriteFile(lock, []byte(record), 0o600); err != nil {
		t.Fatal(err)
	}
	h.start(t)
	want := fmt.Sprintf("previous run, pid %d, is still alive", os.Getpid())
	until(t, "the hold", func() bool { return strings.Contains(fmt.Sprintf("%+v", h.Status()), want) })
	if err := os.Truncate(lock, 0); err != nil {
		t.Fatal(err)
	}
	if end := <-h.ends; end.Run.Result.Outcome != schedule.Worked {
		t.Errorf("run = %+v", end.Run)
	}
}

func TestDiagnosticsOfConfiguration(t *testing.T) {
	t.Parallel()
	_, found := load(t, `daemon "exec" "a" {
  run_every = "1m"
  script    = "true"
  command   = ["true"]
  umask     = "1000"
  idle_exit_codes = [0]
  limits {
    nofile = -1
  }
}
`)
	var got []string
	for _, d := range found.All() {
		got = append(got, fmt.Sprintf("%d:%s", d.Line, d.Summary))
	}
	text := strings.Join(got, "\n")
	for _, want := range []string{
		"3:command and script exclude each other", "5:umask is from 0000 to 0777", "6:exit code 0 cannot mean both",
		"8:a limit cannot be negative",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// TestSnippetsOfTheDoc loads what the page of the type shows.
func TestSnippetsOfTheDoc(t *testing.T) {
	t.Parallel()
	snippets := regexp.MustCompile("(?s)```hcl\n(.*?)```").FindAllStringSubmatch(exec.Type().Doc(), -1)
	if len(snippets) == 0 {
		t.Fatal("the page shows nothing")
	}
	for _, snippet := range snippets {
		if _, found := load(t, snippet[1]); found.HasErrors() {
			t.Errorf("%v\nin\n%s", found.All(), snippet[1])
		}
	}
}
