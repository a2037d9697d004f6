package exec_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/exec"
)

func TestMain(m *testing.M) {
	if exec.Trampoline() {
		os.Exit(127)
	}
	if dir := os.Getenv(orphanParent); dir != "" {
		runOrphanParent(dir)
	}
	os.Exit(m.Run())
}

// bench is a daemon with a log that can be read.
type bench struct {
	*exec.Daemon
	logs *observer.ObservedLogs
}

// script is the settings of a script.
func script(text string) exec.Settings {
	s := exec.Defaults()
	s.Script = text
	return s
}

func start(t *testing.T, s exec.Settings) bench { return startIn(t, s, t.TempDir()) }

func startIn(t *testing.T, s exec.Settings, state string) bench {
	t.Helper()
	if faults := s.Validate(); len(faults) > 0 {
		t.Fatalf("settings: %v", faults[0])
	}
	core, logs := observer.New(zapcore.InfoLevel)
	env := environment(state)
	env.Log = zap.New(core)
	return bench{exec.New(env, s), logs}
}

func environment(state string) config.Env {
	return config.Env{
		App: "test", Name: "seed/job", Planner: &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Minute}, Prio: 3},
		Terms: daemonapp.Terms{KillGrace: 400 * time.Millisecond}, Log: zap.NewNop(), Clock: clock.New(), StateDir: state,
		Wake: func() {}, Mask: func(s string) string { return strings.ReplaceAll(s, "hunter2", "***") },
	}
}

// ok runs it, which must not fail.
func (b bench) ok(t *testing.T) schedule.Result {
	t.Helper()
	result, err := b.Run(t.Context())
	if err != nil {
		t.Fatalf("run: %v", err)
	}
	return result
}

// text is the whole output of the last run.
func (b bench) text() string {
	kept := b.Captured()
	return string(kept.Head) + string(kept.Tail)
}

// lines are what was logged of a stream.
func (b bench) lines(stream string) []string {
	var all []string
	for _, entry := range b.logs.FilterMessage("output").All() {
		if fields := entry.ContextMap(); fields["stream"] == stream {
			all = append(all, fields["line"].(string))
		}
	}
	return all
}

// stopOnFile makes a context that ends when a job has made a file.
func stopOnFile(t *testing.T, path string, cause error) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if awaitFile(ctx, path) {
			cancel(cause)
		}
	}()
	t.Cleanup(func() { cancel(nil); <-done })
	return ctx
}

// awaitFile polls for a file that another process makes: nothing else tells.
func awaitFile(ctx context.Context, path string) bool {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		if text, err := os.ReadFile(path); err == nil && strings.HasSuffix(string(text), "\n") {
			return true
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
	}
}

// pidsIn reads the process ids that a job wrote into a file.
func pidsIn(t *testing.T, path string) []int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, field := range strings.Fields(string(text)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatalf("no process ids in %q", text)
		}
		pids = append(pids, pid)
	}
	return pids
}

// running tells whether a process is there and does more than wait to be reaped.
func running(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}

func mustBeGone(t *testing.T, pids []int) {
	t.Helper()
	for _, pid := range pids {
		if running(pid) {
			t.Errorf("process %d is still there", pid)
		}
	}
}

func asRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
}

func ptr[T any](v T) *T { return &v }
