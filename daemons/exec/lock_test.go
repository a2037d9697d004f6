package exec_test

import (
	"context"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/exec"
)

// orphanParent names the state directory of a process that stands for a peakd which is about to be killed.
const orphanParent = "PEAKD_TEST_ORPHAN_PARENT"

// runOrphanParent runs a job for ever. The job begins once its parent has noted it.
func runOrphanParent(dir string) {
	s := script(`until grep -q @ "$L"; do sleep .01; done; ` + os.Getenv("PEAKD_TEST_ORPHAN_SCRIPT"))
	s.Env = map[string]string{"F": filepath.Join(dir, "pids"), "L": filepath.Join(dir, "locks", "seed%2Fjob.lock")}
	_, err := exec.New(environment(dir), s).Run(context.Background())
	fmt.Fprintln(os.Stderr, "the run of the parent ended:", err)
	os.Exit(1)
}

// orphan makes a job whose peakd was killed, and returns the processes it consists of.
func orphan(t *testing.T, dir, text string) []int {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	parent := osexec.CommandContext(t.Context(), self)
	parent.Env = append(os.Environ(), orphanParent+"="+dir, "PEAKD_TEST_ORPHAN_SCRIPT="+text)
	parent.Stderr = os.Stderr
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	if !awaitFile(t.Context(), filepath.Join(dir, "pids")) {
		t.Fatal("the job did not start")
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	pids := pidsIn(t, filepath.Join(dir, "pids"))
	t.Cleanup(func() {
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	return pids
}

// until polls what other processes bring about.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(20 * time.Second); !done(); {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("waited too long for %s", what)
		}
	}
}

func TestJobThatOutlivedPeakd(t *testing.T) {
	t.Parallel()
	const record = `echo $$ >"$F.x"; mv "$F.x" "$F"; `
	tests := map[string]string{
		"it runs on":                  record + `exec sleep 600`,
		"its child runs on":           `sleep 600 & echo $$ $! >"$F.x"; mv "$F.x" "$F"; wait`,
		"it closed what it inherited": `exec 3>&- 4>&- 5>&-; ` + record + `exec sleep 600`,
		"it left the session":         `setsid sh -c 'echo $$ >"$F.x"; mv "$F.x" "$F"; exec sleep 600' & wait`,
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			pids := orphan(t, dir, text)
			b := startIn(t, script("echo second"), dir)
			reason, recheck := b.Hold()
			if !regexp.MustCompile(`^previous run, pid \d+, is still alive$`).MatchString(reason) || recheck != time.Second {
				t.Fatalf("hold = %q, %v", reason, recheck)
			}
			if name != "it left the session" && !strings.Contains(reason, strconv.Itoa(pids[0])) {
				t.Errorf("hold = %q, the job is %v", reason, pids)
			}
			if result, err := b.Run(t.Context()); result.Outcome != schedule.Failed || err == nil || b.text() != "" {
				t.Errorf("it was started a second time: %+v, %v", result, err)
			}
			for _, pid := range pids {
				if !running(pid) {
					t.Errorf("process %d did not live on", pid)
				}
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
			until(t, "the release", func() bool { reason, _ := b.Hold(); return reason == "" })
			if b.ok(t); b.text() != "second\n" {
				t.Errorf("output %q", b.text())
			}
		})
	}
}

// TestEscapedProcessDoesNotHold: what left the session of a run that ended holds nothing.
func TestEscapedProcessDoesNotHold(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := dir + "/pids"
	s := script(`setsid sh -c 'echo $$ >"$F.x"; mv "$F.x" "$F"; exec sleep 600' & while [ ! -e "$F" ]; do sleep .01; done`)
	s.Env = map[string]string{"F": file}
	b := startIn(t, s, dir)
	b.ok(t)
	pids := pidsIn(t, file)
	t.Cleanup(func() { _ = syscall.Kill(pids[0], syscall.SIGKILL) })
	if reason, _ := b.Hold(); reason != "" || !running(pids[0]) {
		t.Errorf("hold = %q, escaped process runs: %v", reason, running(pids[0]))
	}
	if len(b.logs.FilterMessage("output_held").All()) != 1 {
		t.Error("nothing was logged of who holds the output")
	}
	startIn(t, script("exit 0"), dir).ok(t)
}

func TestHoldWhileARunIsInFlight(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := script(`echo $$ >"$F.x"; mv "$F.x" "$F"; exec sleep 600`)
	s.Env = map[string]string{"F": dir + "/pids"}
	b := startIn(t, s, dir)
	ctx := stopOnFile(t, dir+"/pids", daemonapp.ErrStopping)
	if reason, _ := b.Hold(); reason != "" {
		t.Errorf("hold before = %q", reason)
	}
	if _, err := b.Run(ctx); err == nil {
		t.Error("no error")
	}
	if reason, _ := b.Hold(); reason != "" {
		t.Errorf("hold after = %q", reason)
	}
}

func TestLockFile(t *testing.T) {
	t.Parallel()
	plain := func(t *testing.T, path string) {
		t.Helper()
		if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tests := map[string]struct {
		prepare func(t *testing.T, dir string)
		fails   bool
	}{
		"new": {func(*testing.T, string) {}, false},
		"stale": {func(t *testing.T, dir string) {
			_ = os.Mkdir(dir+"/locks", 0o700)
			plain(t, dir+"/locks/seed%2Fjob.lock")
		}, false},
		"a number in use by another": {func(t *testing.T, dir string) {
			_ = os.Mkdir(dir+"/locks", 0o700)
			_ = os.WriteFile(dir+"/locks/seed%2Fjob.lock", []byte("1 12@other boot\n"), 0o600)
		}, false},
		"symlink": {func(t *testing.T, dir string) {
			plain(t, dir+"/victim")
			_ = os.Mkdir(dir+"/locks", 0o700)
			_ = os.Symlink(dir+"/victim", dir+"/locks/seed%2Fjob.lock")
		}, true},
		"symlinked directory": {func(t *testing.T, dir string) {
			_ = os.Mkdir(dir+"/elsewhere", 0o700)
			_ = os.Symlink(dir+"/elsewhere", dir+"/locks")
		}, true},
		"fifo": {func(t *testing.T, dir string) {
			_ = os.Mkdir(dir+"/locks", 0o700)
			if err := syscall.Mkfifo(dir+"/locks/seed%2Fjob.lock", 0o600); err != nil {
				t.Fatal(err)
			}
		}, true},
		"no state directory any more": {func(t *testing.T, dir string) { _ = os.Remove(dir) }, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			tt.prepare(t, dir)
			b := startIn(t, script("exit 0"), dir)
			if reason, _ := b.Hold(); reason != "" {
				t.Errorf("hold = %q", reason)
			}
			_, err := b.Run(t.Context())
			if (err != nil) != tt.fails {
				t.Errorf("error = %v", err)
			}
			if text, err := os.ReadFile(dir + "/victim"); err == nil && string(text) != "precious" {
				t.Errorf("the file behind the link was changed to %q", text)
			}
			if entries, _ := os.ReadDir(dir + "/elsewhere"); len(entries) > 0 {
				t.Errorf("a file was made behind the link: %v", entries)
			}
			info, err := os.Lstat(dir + "/locks/seed%2Fjob.lock")
			if !tt.fails && (err != nil || info.Mode() != 0o600) {
				t.Errorf("lock file: %v, %v", info, err)
			}
		})
	}
}

func TestWithoutStateNothingIsLocked(t *testing.T) {
	t.Parallel()
	b := startIn(t, script(`ls -l /proc/$$/fd | grep -c lock`), "")
	b.Hold()
	_, err := b.Run(t.Context())
	if b.text() != "0\n" {
		t.Errorf("output %q, %v", b.text(), err)
	}
}

// TestJobCannotWriteTheRecord: what a job inherits, as whichever user, is read only.
func TestJobCannotWriteTheRecord(t *testing.T) {
	t.Parallel()
	b := start(t, script(`if (echo 1 >&4) 2>&-; then echo written; else echo refused; fi`))
	if b.ok(t); b.text() != "refused\n" {
		t.Errorf("output %q", b.text())
	}
}
