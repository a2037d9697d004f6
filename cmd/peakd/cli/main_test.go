package cli_test

import (
	"bytes"
	"context"
	"os"
	osexec "os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/peakd/peakd/cmd/peakd/cli"
	"github.com/peakd/peakd/daemons"
	"github.com/peakd/peakd/daemons/exec"
)

// asPeakd makes the test binary behave as peakd.
const asPeakd = "PEAKD_TEST_AS_PEAKD"

func TestMain(m *testing.M) {
	if exec.Trampoline() {
		os.Exit(127)
	}
	if os.Getenv(asPeakd) != "" {
		os.Exit(host().Main(context.Background(), os.Args[1:]))
	}
	os.Exit(m.Run())
}

func host() cli.Host { return cli.Host{Name: "peakd", Version: "1.2.3", Types: daemons.Types()} }

// result is what a command did.
type result struct {
	out, err string
	code     int
}

// command runs a command in this process. env adds to an empty environment.
func command(t *testing.T, stdin string, env []string, args ...string) result {
	t.Helper()
	var out, err bytes.Buffer
	env = append([]string{"HOME=" + t.TempDir(), "STATE_DIRECTORY=" + filepath.Join(t.TempDir(), "state"), "RUNTIME_DIRECTORY=" + socketDir(t), "PATH=" + os.Getenv("PATH")}, env...)
	code := host().Run(t.Context(), args, cli.Streams{In: strings.NewReader(stdin), Out: &out, Err: &err, Environ: env})
	return result{out.String(), err.String(), code}
}

// file writes a file in a folder of its own and returns its path.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func want(t *testing.T, what, text string, patterns ...string) {
	t.Helper()
	for _, p := range patterns {
		if !regexp.MustCompile(`(?m)` + p).MatchString(text) {
			t.Errorf("%s has no line like %q:\n%s", what, p, text)
		}
	}
}

// peakd is a process of its own.
type peakd struct {
	t     *testing.T
	cmd   *osexec.Cmd
	state string
	out   bytes.Buffer

	mu   sync.Mutex // guards log, which the process and await share
	log  bytes.Buffer
	news chan struct{} // of length 1: Write tells await that there is more
}

// Write takes what the process logs.
func (p *peakd) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case p.news <- struct{}{}:
	default:
	}
	return p.log.Write(b)
}

// start runs peakd with a state directory; empty: one of its own.
func start(t *testing.T, state string, args ...string) *peakd {
	t.Helper()
	if state == "" {
		state = filepath.Join(t.TempDir(), "state")
	}
	p := &peakd{t: t, state: state, news: make(chan struct{}, 1)}
	p.cmd = osexec.CommandContext(t.Context(), os.Args[0], args...)
	p.cmd.Env = append(os.Environ(), asPeakd+"=1", "STATE_DIRECTORY="+state, "RUNTIME_DIRECTORY="+socketDir(t))
	p.cmd.Stdout, p.cmd.Stderr = &p.out, p
	p.cmd.WaitDelay = 10 * time.Second
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		if t.Failed() {
			t.Logf("peakd %q logged:\n%s%s", args, p.logged(), p.out.String())
		}
	})
	return p
}

func (p *peakd) logged() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// await waits until the log has a line like the pattern, so many times.
func (p *peakd) await(pattern string, times int) {
	p.t.Helper()
	re := regexp.MustCompile(`(?m)` + pattern)
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	for len(re.FindAllString(p.logged(), -1)) < times {
		select {
		case <-p.news:
		case <-deadline.C:
			p.t.Fatalf("the log has no line like %q %d times", pattern, times)
		}
	}
}

func (p *peakd) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// ends waits for the end and wants this exit code.
func (p *peakd) ends(code int) {
	p.t.Helper()
	_ = p.cmd.Wait()
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		p.t.Errorf("exit code %d, want %d", got, code)
	}
}
