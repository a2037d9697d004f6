package examples_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// operated is an app that runs, and a shell beside it.
type operated struct {
	t       *testing.T
	env     []string
	process *exec.Cmd
	log     *lockedBuffer
	port    string
	ended   chan error
}

// lockedBuffer is what a process writes while a test reads.
type lockedBuffer struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// operate runs the example with a state, a socket and a port of its own.
func operate(t *testing.T) *operated {
	t.Helper()
	text, err := os.ReadFile("operate/peakd.hcl")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "peakd") // a short path: that of a socket is bounded
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	o := &operated{t: t, port: freePort(t), log: &lockedBuffer{}, ended: make(chan error, 1)}
	o.env = append(os.Environ(), "STATE_DIRECTORY="+dir, "PEAKD_SOCKET="+filepath.Join(dir, "s"), "PEAKD_CONFIG="+filepath.Join(dir, "peakd.hcl"))
	config := strings.Replace(string(text), "9464", o.port, -1)
	config = strings.Replace(config, "  observe {", fmt.Sprintf("  control {\n    socket = %q\n  }\n\n  observe {", filepath.Join(dir, "s")), 1)
	if err := os.WriteFile(filepath.Join(dir, "peakd.hcl"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	o.process = exec.Command(filepath.Join(programs, "peakd"), "run")
	o.process.Env, o.process.Stderr = o.env, o.log
	if err := o.process.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { o.ended <- o.process.Wait() }() // received at the end of the test
	t.Cleanup(func() {
		_ = o.process.Process.Signal(syscall.SIGKILL)
		t.Log(o.log.String())
	})
	return o
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// peakd runs a command, which must end with that code.
func (o *operated) peakd(code int, args ...string) string {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(programs, "peakd"), args...)
	cmd.Env = o.env
	out, _ := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != code {
		o.t.Errorf("peakd %s: exit %d, want %d", strings.Join(args, " "), got, code)
	}
	o.t.Logf("$ peakd %s\n%s", strings.Join(args, " "), out)
	return string(out)
}

// await runs a command until its output has the text.
func (o *operated) await(text string, args ...string) {
	o.t.Helper()
	for begun := time.Now(); time.Since(begun) < 20*time.Second; time.Sleep(100 * time.Millisecond) {
		cmd := exec.Command(filepath.Join(programs, "peakd"), args...)
		cmd.Env = o.env
		if out, _ := cmd.CombinedOutput(); strings.Contains(string(out), text) {
			return
		}
	}
	o.t.Fatalf("peakd %q never says %q", args, text)
}

func (o *operated) get(path string) (int, string) {
	o.t.Helper()
	answer, err := http.Get("http://127.0.0.1:" + o.port + path)
	if err != nil {
		o.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// TestOperate is the session at the head of the example, on the real program.
func TestOperate(t *testing.T) {
	t.Parallel()
	o := operate(t)
	o.await("disarmed", "status")
	status := o.peakd(0, "status")
	want(t, "status", status, `^operate +up `, `^import +disarmed .*3 failures, last exit 1: no such table: orders`, `peakd arm import`, `^poll +backoff`)
	o.peakd(1, "status", "--check")
	want(t, "trigger", o.peakd(0, "trigger", "report", "--wait"), `report.*worked`)
	want(t, "pause", o.peakd(0, "pause", "report", "--until", "2h", "--why", "DB migration"), `paused report until .*DB migration`)
	want(t, "status", o.peakd(0, "status", "report"), `DB migration`)
	o.peakd(1, "trigger", "report") // it is paused
	want(t, "arm", o.peakd(0, "arm", "import"), `armed import`)
	want(t, "reload", o.peakd(0, "reload"), `kept`)
	want(t, "history", o.peakd(0, "history", "--outcome", "failed"), `import +failed`)
	want(t, "history", o.peakd(0, "history", "--format", "json", "report"), `"trigger":"operator"`)
	want(t, "logs", o.peakd(0, "logs", "report"), `^12 rows`)
	code, page := o.get("/metrics")
	if want(t, "metrics", page, `^peakd_runs_total\{.*daemon="report".*outcome="worked".*\} [1-9]`, `^peakd_paused\{.*daemon="report".*\} 1`); code != http.StatusOK {
		t.Errorf("/metrics answers %d", code)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if code, page := o.get(path); code != http.StatusOK {
			t.Errorf("%s answers %d %s", path, code, page)
		}
	}
	o.peakd(0, "stop")
	if err := <-o.ended; err != nil {
		t.Errorf("run ended with %v", err)
	}
	o.peakd(4, "status")
	want(t, "history afterwards", o.peakd(0, "history"), `stop`)
	want(t, "the log", o.log.String(), `report +paused +by=root|by=`)
}
