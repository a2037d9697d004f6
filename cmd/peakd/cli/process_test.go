package cli_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/statedb"
)

const ticking = `
app "ticking" {
  workers        = 2
  shutdown_grace = "300ms"
}
daemon "exec" "tick" {
  run_every = "100ms"
  timeout   = "10s"
  command   = ["true"]
}
`

// deaf is a job that neither ends nor listens.
const deaf = `
daemon "exec" "deaf" {
  run_every  = "1s"
  timeout    = "1h"
  kill_grace = "200ms"
  script     = "trap '' TERM; echo up; while :; do sleep 0.1; done"
}
`

func TestTermDrains(t *testing.T) {
	t.Parallel()
	p := start(t, "", "run", "-c", file(t, "a.hcl", ticking))
	p.await(`tick +worked`, 2)
	p.signal(syscall.SIGTERM)
	p.ends(0)
	want(t, "the log", p.logged(), `ticking +stopped +reason=signal`)
	want(t, "the report", p.out.String(), `^tick `, `^stopped after .*: a signal asked for it`)
}

func TestTermKillsWhatDoesNotEnd(t *testing.T) {
	t.Parallel()
	p := start(t, "", "run", "-c", file(t, "a.hcl", ticking+deaf))
	p.await(`line=up`, 1)
	p.signal(syscall.SIGINT)
	p.ends(0)
	want(t, "the log", p.logged(), `draining running=\d grace=300ms reason=signal by=SIGINT`, `cancelling`, `deaf +cancelled`)
	if out, err := os.ReadFile("/proc/self/mounts"); err == nil && len(out) > 0 {
		assertNoProcess(t, "echo up; while")
	}
}

// assertNoProcess looks through /proc for a process whose command line has this text.
func assertNoProcess(t *testing.T, text string) {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		if content, err := os.ReadFile(line); err == nil && strings.Contains(string(content), text) {
			t.Errorf("%s is still there: %q", line, content)
		}
	}
}

func TestSecondTermForces(t *testing.T) {
	t.Parallel()
	config := strings.Replace(ticking, "300ms", "1h", 1) + deaf
	p := start(t, "", "run", "-c", file(t, "a.hcl", config))
	p.await(`line=up`, 1)
	p.signal(syscall.SIGTERM)
	p.await(`draining`, 1)
	p.signal(syscall.SIGTERM)
	p.ends(3)
	want(t, "the log", p.logged(), `forced +by=SIGTERM`)
}

func TestQuitDumpsAndStops(t *testing.T) {
	t.Parallel()
	p := start(t, "", "run", "-c", file(t, "a.hcl", ticking))
	p.await(`tick +worked`, 1)
	p.signal(syscall.SIGQUIT)
	p.ends(1)
	want(t, "standard error", p.logged(), `^goroutine \d+ `, `^NAME +STATE`, `^tick `)
}

func TestUsr1DumpsAndGoesOn(t *testing.T) {
	t.Parallel()
	p := start(t, "", "run", "-c", file(t, "a.hcl", ticking))
	p.await(`tick +worked`, 1)
	p.signal(syscall.SIGUSR1)
	p.await(`^ticking +up .*, pid \d+`, 1)
	p.signal(syscall.SIGPIPE) // is dropped
	p.await(`tick +worked`, 5)
	p.signal(syscall.SIGTERM)
	p.ends(0)
}

// TestHupTouchesOnlyWhatChanged reloads while a job runs: it goes on, what changed is replaced, and a broken
// configuration changes nothing.
func TestHupTouchesOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	path := file(t, "a.hcl", ticking+`
daemon "exec" "long" {
  run_every = "1h"
  timeout   = "1h"
  script    = "echo begun; sleep 3; echo done"
}
`)
	rewrite := func(from, to string) {
		t.Helper()
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(text), from, to, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := start(t, "", "run", "-c", path)
	p.await(`line=begun`, 1)
	rewrite(`command   = ["true"]`, `command = ["echo", "changed"]`)
	p.signal(syscall.SIGHUP)
	p.await(`reloaded added=0 changed=1 removed=0 kept=1`, 1)
	p.await(`line=changed`, 1)
	rewrite(`run_every`, `run_evry`)
	p.signal(syscall.SIGHUP)
	p.await(`ERROR .*refused +errors=\d kept=2 fix="peakd validate -c `, 1)
	p.await(`line=done`, 1)
	p.await(`long +worked`, 1)
	p.signal(syscall.SIGTERM)
	p.ends(0)
	if n := strings.Count(p.logged(), "line=begun"); n != 1 {
		t.Errorf("the long job began %d times, want once", n)
	}
}

func TestSecondAppOnOneStateIsRefused(t *testing.T) {
	t.Parallel()
	path := file(t, "a.hcl", ticking)
	p := start(t, "", "run", "-c", path)
	p.await(`tick +worked`, 1)
	second := start(t, p.state, "run", "-c", path)
	second.ends(1)
	want(t, "standard error", second.logged(), `another peakd app uses .*\(pid `+strconv.Itoa(p.cmd.Process.Pid)+`\)`)
}

// TestRunWithoutMemory: a state directory that cannot be made is told of, and the app runs all the same.
// TestLockOfTheDeadIsWaitedFor: one that was killed while it started a job leaves its lock to that job for a moment.
func TestLockOfTheDeadIsWaitedFor(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "state")
	db, err := statedb.Open(filepath.Join(state, "ticking"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(state, "ticking", "lock"), nil, 0o600); err != nil { // no live process
		t.Fatal(err)
	}
	p := start(t, state, "run", "-c", file(t, "a.hcl", ticking))
	time.AfterFunc(200*time.Millisecond, func() { _ = db.Close() })
	p.await(`tick +worked`, 1)
	p.signal(syscall.SIGTERM)
	p.ends(0)
}

func TestRunWithoutMemory(t *testing.T) {
	t.Parallel()
	p := start(t, file(t, "not-a-directory", ""), "run", "-c", file(t, "a.hcl", ticking))
	p.await(`WARN .*forgetful`, 1)
	p.await(`tick +worked`, 2)
	p.signal(syscall.SIGTERM)
	p.ends(0)
}

// TestNothingIsRepeatedAfterKill kills peakd -9 after jobs have finished, and starts it again: what was done is not
// done again, what was not due yet is not due earlier, and what was disarmed stays so.
func TestNothingIsRepeatedAfterKill(t *testing.T) {
	t.Parallel()
	done := filepath.Join(t.TempDir(), "done")
	path := file(t, "a.hcl", `
app "mem" { workers = 3 }
defaults "exec" { timeout = "10s" }
daemon "exec" "hourly" {
  run_every = "1h"
  command   = ["/bin/sh", "-c", "echo x >> `+done+`"]
}
daemon "exec" "once" {
  run_every = "1s"
  run_once  = true
  command   = ["/bin/sh", "-c", "echo y >> `+done+`"]
}
daemon "exec" "broken" {
  run_every    = "50ms"
  disarm_after = 2
  command      = ["false"]
}
daemon "exec" "tick" {
  run_every = "50ms"
  command   = ["true"]
}
`)
	p := start(t, "", "run", "-c", path)
	p.await(`hourly +worked`, 1)
	p.await(`once +worked`, 1)
	p.await(`broken +disarmed`, 1)
	p.await(`tick +worked`, 5) // by then the memory of the others is on disk
	p.signal(syscall.SIGKILL)
	_ = p.cmd.Wait()

	again := start(t, p.state, "run", "-c", path)
	again.await(`WARN +broken +disarmed since="an earlier life" reason="2 failures`, 1)
	again.await(`tick +worked`, 10)
	again.signal(syscall.SIGUSR1)
	again.await(`^broken +disarmed .*never .*2 failures`, 1)
	again.signal(syscall.SIGTERM)
	again.ends(0)
	if text, err := os.ReadFile(done); err != nil || strings.Count(string(text), "x") != 1 || strings.Count(string(text), "y") != 1 {
		t.Errorf("the jobs wrote %q (%v), want one x and one y", text, err)
	}
}

// TestOrphanIsNotStartedTwice kills peakd -9 while a job runs. The job lives on; the next peakd holds the daemon
// until the job is gone, and then runs it.
func TestOrphanIsNotStartedTwice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := file(t, "a.hcl", `
app "orphan" { workers = 2 }
daemon "exec" "job" {
  run_every = "100ms"
  timeout   = "1h"
  env       = { DIR = "`+dir+`" }
  script    = <<-EOT
    mkdir "$DIR/running" || { echo overlap; exit 1; }
    echo begun
    while [ ! -e "$DIR/go" ]; do sleep 0.05; done
    rmdir "$DIR/running"
  EOT
}
daemon "exec" "tick" {
  run_every = "100ms"
  timeout   = "10s"
  command   = ["true"]
}
`)
	p := start(t, "", "run", "-c", path)
	p.await(`line=begun`, 1)
	p.signal(syscall.SIGKILL)
	_, _ = p.cmd.Process.Wait()

	again := start(t, p.state, "run", "-c", path)
	again.await(`tick +worked`, 5)
	again.signal(syscall.SIGUSR1)
	again.await(`^job +held .*previous run, pid \d+, is still alive`, 1)
	if strings.Contains(again.logged(), "line=begun") || strings.Contains(again.logged(), "overlap") {
		t.Error("the job was started beside its previous run")
	}
	if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	again.await(`job +worked`, 1)
	again.signal(syscall.SIGTERM)
	again.ends(0)
}

func TestRunOnce(t *testing.T) {
	t.Parallel()
	inbox := t.TempDir()
	for _, name := range []string{"one", "two"} {
		if err := os.Mkdir(filepath.Join(inbox, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	path := file(t, "a.hcl", `
defaults "exec" { timeout = "10s" }
daemon "exec" "night" {
  schedule = "0 2 29 2 *"
  window {
    from = "02:00"
    to   = "03:00"
  }
  priority = 9
  command  = ["echo", "night"]
}
daemon "exec" "low" {
  run_every   = "1h"
  start_after = "2h"
  priority    = -9
  command     = ["echo", "low"]
}
daemon "for_each_directory" "inbox" {
  run_every = "1h"
  directory = "`+inbox+`"
  child "exec" {
    run_every = "1h"
    command   = ["echo", each.name]
  }
}
`)
	start1 := time.Now()
	p := start(t, "", "run", "--once", "-c", path)
	p.ends(0)
	if took := time.Since(start1); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
	log := p.logged()
	want(t, "the log", log, `started +.*once=true`, `night +worked .*next=never`, `inbox/one +worked`, `inbox/two +worked`)
	if night, low := strings.Index(log, "line=night"), strings.Index(log, "line=low"); night < 0 || low < night {
		t.Errorf("the order of priority was not kept:\n%s", log)
	}
}

// TestRunOnceKeepsAfter: a daemon does not run when one that it comes after has failed, and the report says so.
func TestRunOnceKeepsAfter(t *testing.T) {
	t.Parallel()
	p := start(t, "", "run", "--once", "-c", file(t, "a.hcl", `
defaults "exec" { timeout = "10s" }
daemon "exec" "report" {
  run_every = "1h"
  priority  = 5
  after     = ["load"]
  command   = ["true"]
}
daemon "exec" "load" {
  run_every = "1h"
  command   = ["true"]
}
daemon "exec" "lost" {
  run_every = "1h"
  after     = ["bad"]
  command   = ["true"]
}
daemon "exec" "bad" {
  run_every = "1h"
  command   = ["false"]
}
`))
	p.ends(1)
	log := p.logged()
	if load, report := strings.Index(log, "load   worked"), strings.Index(log, "report worked"); load < 0 || report < load {
		t.Errorf("report did not come after load:\n%s", log)
	}
	want(t, "the report", p.out.String(), `^lost did not run: it comes after bad$`)
}

// TestBackgroundJobGetsNoIgnoredSignals: what peakd catches or drops, its jobs get as usual.
func TestJobsStartWithDefaultSignals(t *testing.T) {
	t.Parallel()
	p := start(t, "", "run", "--once", "-c", file(t, "a.hcl", `
daemon "exec" "look" {
  run_every = "1h"
  timeout   = "10s"
  script    = "grep SigIgn /proc/self/status"
}
`))
	p.ends(0)
	// Of the 31 signals that programs use; beyond them are the C library's own.
	want(t, "the log", p.logged(), `line="SigIgn:\\t00000000[08]0000000"`)
}
