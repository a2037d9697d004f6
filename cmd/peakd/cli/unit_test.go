package cli_test

import (
	"os"
	osexec "os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/peakd/peakd/cmd/peakd/cli"
)

// unit writes the unit that init makes, as of a program that is there.
func unit(t *testing.T) (path, text string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "peakd.service")
	if got := command(t, "", nil, "init", "--systemd", "--output", path); got.code != 0 || !strings.Contains(got.out, path) {
		t.Fatalf("exit code %d, %s%s", got.code, got.out, got.err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text = string(content)
	there := strings.ReplaceAll(text, "=peakd r", "=/bin/true r")
	if err := os.WriteFile(path, []byte(there), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, text
}

func TestInitSystemd(t *testing.T) {
	t.Parallel()
	path, text := unit(t)
	want(t, "the unit", text, `^Type=notify$`, `^ExecStart=peakd run$`, `^ExecReload=peakd reload$`, `^WatchdogSec=`,
		`^KillMode=mixed$`, `^TimeoutStopSec=`, `^StateDirectory=peakd$`, `^RuntimeDirectory=peakd$`,
		`^RestartPreventExitStatus=2 3$`, `^OOMPolicy=continue$`, `^NoNewPrivileges=yes$`, `^#LoadCredential=`)
	analyze(t, "verify", "--man=no", path)
	analyze(t, "security", "--offline=true", "--no-pager", "--threshold=20", path) // 0 is a safe, 100 an exposed service
}

// analyze has systemd judge; it complains by an exit code or a line.
func analyze(t *testing.T, args ...string) string {
	t.Helper()
	out, err := osexec.CommandContext(t.Context(), "systemd-analyze", args...).CombinedOutput()
	if err != nil || (args[0] == "verify" && len(out) > 0) {
		t.Errorf("systemd-analyze %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestUnitOfAnotherHost carries that one's name, and nothing of peakd's.
func TestUnitOfAnotherHost(t *testing.T) {
	t.Parallel()
	var out, errors strings.Builder
	h := host()
	h.Name = "batch"
	if code := h.Run(t.Context(), []string{"init", "--systemd"}, cli.Streams{Out: &out, Err: &errors}); code != 0 {
		t.Fatalf("exit code %d: %s", code, errors.String())
	}
	want(t, "the unit", out.String(), `^ExecStart=batch run$`, `^User=batch$`, `^StateDirectory=batch$`)
	if strings.Contains(out.String(), "peakd") {
		t.Error("it speaks of peakd")
	}
}

// TestUnitRestartsAfterACrash: what kills a peakd that hangs must not end it with an exit code that the unit takes
// for a wrong configuration.
func TestUnitRestartsAfterACrash(t *testing.T) {
	t.Parallel()
	_, text := unit(t)
	environment := regexp.MustCompile(`(?m)^Environment=(.+)$`).FindStringSubmatch(text)
	if environment == nil {
		t.Fatal("the unit sets no environment")
	}
	p := launch(t, osexec.CommandContext(t.Context(), os.Args[0], "run", "-c", file(t, "a.hcl", ticking)), environment[1])
	p.await(`tick +worked`, 1)
	p.signal(syscall.SIGABRT) // the watchdog's
	_ = p.cmd.Wait()
	if status := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGABRT {
		t.Errorf("it ended with %s, want by the signal", p.cmd.ProcessState)
	}
	want(t, "the log", p.logged(), `^goroutine \d+ `)
}

// TestUnitAllowsWhatPeakdCalls holds the unit's list of system calls to those that peakd and its trampoline make.
func TestUnitAllowsWhatPeakdCalls(t *testing.T) {
	t.Parallel()
	_, text := unit(t)
	filter := regexp.MustCompile(`(?m)^SystemCallFilter=(\S+)$`).FindStringSubmatch(text)
	if filter == nil {
		t.Fatal("the unit has no filter")
	}
	allowed := map[string]bool{}
	allow(groups(analyze(t, "syscall-filter", "--no-pager")), filter[1], allowed)
	trace := filepath.Join(t.TempDir(), "trace")
	launch(t, osexec.CommandContext(t.Context(), "strace", "-f", "-qq", "-o", trace,
		os.Args[0], "run", "--once", "-c", file(t, "a.hcl", ticking))).ends(0)
	lines, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	calls := regexp.MustCompile(`(?m)^\d+ +(\w+)\(`).FindAllStringSubmatch(string(lines), -1)
	if len(calls) < 100 {
		t.Fatalf("the trace has %d calls", len(calls))
	}
	refused := map[string]bool{}
	for _, call := range calls {
		if name := call[1]; !allowed[name] && !refused[name] {
			refused[name] = true
			t.Errorf("the unit refuses %s", name)
		}
	}
}

// launch runs a command that runs this program as peakd, with a state directory of its own.
func launch(t *testing.T, cmd *osexec.Cmd, env ...string) *peakd {
	t.Helper()
	p := &peakd{t: t, cmd: cmd, news: make(chan struct{}, 1)}
	cmd.Env = append(append(os.Environ(), asPeakd+"=1", "STATE_DIRECTORY="+filepath.Join(t.TempDir(), "state")), env...)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &p.out, p, 10*time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("it logged:\n%s%s", p.logged(), p.out.String())
		}
	})
	return p
}

// groups are systemd's groups of system calls: their members are calls and other groups.
func groups(text string) map[string][]string {
	all, name := map[string][]string{}, ""
	for line := range strings.Lines(text) {
		entry := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "@"):
			name = entry
		case entry != "" && !strings.HasPrefix(entry, "#"):
			all[name] = append(all[name], entry)
		}
	}
	return all
}

// allow adds what a name stands for.
func allow(all map[string][]string, name string, allowed map[string]bool) {
	if !strings.HasPrefix(name, "@") {
		allowed[name] = true
	}
	for _, member := range all[name] {
		allow(all, member, allowed)
	}
}
