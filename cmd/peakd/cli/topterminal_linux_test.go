package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/cmd/peakd/cli"
	"github.com/peakd/peakd/daemonapp/status"
)

// watchedConfig is an app with a control socket, and one daemon of each kind that matters here.
const watchedConfig = `
app "watched" {
  workers = 2
  control {
    socket = "%s"
  }
}
daemon "exec" "broken" {
  run_every    = "1h"
  disarm_after = 1
  timeout      = "1m"
  command      = ["/bin/sh", "-c", "echo no such table >&2; exit 1"]
}
daemon "exec" "steady" {
  run_every = "1h"
  timeout   = "1m"
  command   = ["/bin/true"]
}
`

// watchedApp starts an app and returns its control socket.
func watchedApp(t *testing.T) (app *peakd, socket string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "peakd-top") // a short path: that of a socket is bounded
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket = filepath.Join(dir, "s.sock")
	app = start(t, "", "run", "-c", file(t, "a.hcl", fmt.Sprintf(watchedConfig, socket)))
	app.await("ERROR broken +disarmed", 1)
	app.await("INFO  steady +worked", 1)
	return app, socket
}

// TestStatusOfARunningApp asks a real app, and then one that has ended.
func TestStatusOfARunningApp(t *testing.T) {
	t.Parallel()
	app, socket := watchedApp(t)
	got := command(t, "", nil, "status", "--socket", socket)
	want(t, "status", got.out, `^watched   up \d.*, pid \d+, peakd 1\.2\.3, config [0-9a-f]{7} applied .* ago$`,
		`^broken +disarmed +failed .* never .* 1 failure, last exit 1: no such table$`, `^steady +waiting +worked `,
		`^2 daemons: 1 waiting, 1 disarmed$`, `^broken needs you: peakd logs broken; when mended, peakd arm broken$`)
	if got.code != 0 {
		t.Errorf("status exits %d: %s", got.code, got.err)
	}
	if got := command(t, "", nil, "status", "--check", "--socket", socket); got.code != 1 || strings.Contains(got.out, "steady") {
		t.Errorf("--check exits %d: %s", got.code, got.out)
	}
	if got := command(t, "", nil, "status", "steady", "--check", "--socket", socket); got.code != 0 || got.out != "" {
		t.Errorf("--check of what is well exits %d: %s", got.code, got.out)
	}
	if got := command(t, "", nil, "top", "--socket", socket); got.code != 2 || !strings.Contains(got.err, "needs a terminal") {
		t.Errorf("top without a terminal exits %d: %s", got.code, got.err)
	}
	app.signal(syscall.SIGTERM)
	app.ends(0)
	for _, verb := range []string{"status", "top"} {
		if got := command(t, "", nil, verb, "--socket", socket); got.code != 4 {
			t.Errorf("%s of an app that has ended exits %d: %s", verb, got.code, got.err)
		}
	}
}

// terminalOf is a pseudo terminal and the process on it.
type terminalOf struct {
	t      *testing.T
	master *os.File
	slave  *os.File
	cmd    *osexec.Cmd
	before *unix.Termios

	mu   sync.Mutex // guards text
	text bytes.Buffer
	news chan struct{} // of length 1: the reader tells await that there is more
	over chan struct{} // closed when the reader has returned
}

// onTerminal starts top on a pseudo terminal of its own.
func onTerminal(t *testing.T, args ...string) *terminalOf {
	t.Helper()
	x := &terminalOf{t: t, news: make(chan struct{}, 1), over: make(chan struct{})}
	x.open()
	x.resize(90, 20)
	var err error
	if x.before, err = unix.IoctlGetTermios(int(x.slave.Fd()), unix.TCGETS); err != nil {
		t.Fatal(err)
	}
	x.cmd = osexec.CommandContext(t.Context(), os.Args[0], args...)
	x.cmd.Env = []string{asPeakd + "=1", "HOME=" + t.TempDir(), "TERM=xterm"}
	x.cmd.Stdin, x.cmd.Stdout, x.cmd.Stderr = x.slave, x.slave, x.slave
	x.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := x.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go x.read() // ends when the master is closed; joined in the cleanup
	t.Cleanup(func() {
		_ = x.cmd.Process.Kill()
		_ = x.cmd.Wait()
		_ = x.slave.Close()
		_ = x.master.Close()
		<-x.over
	})
	return x
}

func (x *terminalOf) open() {
	x.t.Helper()
	master, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		x.t.Skipf("no pseudo terminals here: %v", err)
	}
	if err := unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0); err != nil {
		x.t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(master, unix.TIOCGPTN)
	if err != nil {
		x.t.Fatal(err)
	}
	x.master = os.NewFile(uintptr(master), "ptmx")
	if x.slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0); err != nil {
		x.t.Fatal(err)
	}
}

func (x *terminalOf) resize(columns, lines uint16) {
	x.t.Helper()
	if err := unix.IoctlSetWinsize(int(x.slave.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: lines}); err != nil {
		x.t.Fatal(err)
	}
}

func (x *terminalOf) read() {
	defer close(x.over)
	part := make([]byte, 4096)
	for {
		n, err := x.master.Read(part)
		x.mu.Lock()
		x.text.Write(part[:n])
		x.mu.Unlock()
		select {
		case x.news <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// await waits until what was written since the last call has something like the pattern.
func (x *terminalOf) await(pattern string) string {
	x.t.Helper()
	re := regexp.MustCompile(pattern)
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	for {
		x.mu.Lock()
		text := x.text.String()
		if at := re.FindStringIndex(text); at != nil {
			x.text.Next(at[1])
			x.mu.Unlock()
			return text
		}
		x.mu.Unlock()
		select {
		case <-x.news:
		case <-deadline.C:
			x.t.Fatalf("the terminal shows nothing like %q:\n%q", pattern, text)
		}
	}
}

func (x *terminalOf) press(keys string) {
	x.t.Helper()
	if _, err := x.master.WriteString(keys); err != nil {
		x.t.Fatal(err)
	}
}

// ended wants that exit code, and the terminal to be as it was.
func (x *terminalOf) ended(code int) {
	x.t.Helper()
	x.await(`\x1b\[0m\x1b\[\?7h\x1b\[\?25h\x1b\[\?1049l`)
	_ = x.cmd.Wait()
	if got := x.cmd.ProcessState.ExitCode(); got != code {
		x.t.Errorf("exit code %d, want %d", got, code)
	}
	after, err := unix.IoctlGetTermios(int(x.slave.Fd()), unix.TCGETS)
	if err != nil {
		x.t.Fatal(err)
	}
	if *after != *x.before {
		x.t.Errorf("the terminal is left as\n%+v, and was\n%+v", *after, *x.before)
	}
}

const entered = `\x1b\[\?1049h\x1b\[\?25l`

// TestTopOnATerminal watches and steers a real app on a real terminal.
func TestTopOnATerminal(t *testing.T) {
	t.Parallel()
	app, socket := watchedApp(t)
	x := onTerminal(t, "top", "--socket", socket)
	x.await(entered)
	x.await(`\x1b\[7mbroken +disarmed`)
	x.await(`load +▁`)
	x.resize(60, 12)
	_ = x.cmd.Process.Signal(syscall.SIGWINCH)
	x.await(`1 failure, last[^\r]*…`)
	x.press("j")
	x.await(`\x1b\[7msteady`)
	x.press("p")
	x.await(`pause steady\? y or n`)
	x.press("y")
	x.await(`paused 1 daemon`)
	app.await("INFO  steady +paused +by=", 1)
	x.await(`steady +paused`)
	x.press("ry")
	x.await(`resumed 1 daemon`)
	x.press("q")
	x.ended(0)
}

// TestTopEnds ends it in every way, and wants the terminal back each time.
func TestTopEnds(t *testing.T) {
	t.Parallel()
	app, socket := watchedApp(t)
	for _, tt := range []struct {
		name string
		end  func(x *terminalOf)
		code int
	}{
		{"Ctrl-C", func(x *terminalOf) { x.press("\x03") }, 0},
		{"TERM", func(x *terminalOf) { _ = x.cmd.Process.Signal(syscall.SIGTERM) }, 0},
		{"INT", func(x *terminalOf) { _ = x.cmd.Process.Signal(syscall.SIGINT) }, 0},
		{"HUP", func(x *terminalOf) { _ = x.cmd.Process.Signal(syscall.SIGHUP) }, 0},
		{"QUIT", func(x *terminalOf) { _ = x.cmd.Process.Signal(syscall.SIGQUIT) }, 0},
		{"the app ends", func(*terminalOf) { app.signal(syscall.SIGTERM); app.ends(0) }, 4}, // the last
	} {
		x := onTerminal(t, "top", "--socket", socket)
		x.await(entered)
		x.await(`disarmed`)
		tt.end(x)
		x.ended(tt.code)
		if t.Failed() {
			t.Fatalf("after %s", tt.name)
		}
	}
}

// faulty is an app that answers once, and then does that.
type faulty struct {
	cli.TopApp
	asked atomic.Int32
	then  func() error
}

// Status answers as an app does.
func (f *faulty) Status(context.Context) (status.Status, error) {
	if f.asked.Add(1) == 1 {
		return batch7(), nil
	}
	return batch7(), f.then()
}

// TestTopAfterAFault wants the terminal back when what top does beside the terminal fails, panics or never answers.
func TestTopAfterAFault(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		then func(cancel context.CancelFunc) error
		want string
	}{
		{"error", func(context.CancelFunc) error { return errors.New("the socket is gone") }, "the socket is gone"},
		{"panic", func(context.CancelFunc) error { panic("a bug") }, "panic: a bug"},
		{"cancelled", func(cancel context.CancelFunc) error { cancel(); return nil }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x := &terminalOf{t: t, news: make(chan struct{}, 1), over: make(chan struct{})}
			x.open()
			x.resize(80, 24)
			before, err := unix.IoctlGetTermios(int(x.slave.Fd()), unix.TCGETS)
			if err != nil {
				t.Fatal(err)
			}
			go x.read() // ends when the master is closed, below
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			err = cli.RunTop(ctx, host(), x.slave, x.slave, &faulty{then: func() error { return tt.then(cancel) }})
			if got := fmt.Sprint(err); !strings.HasPrefix(got, tt.want) || (tt.want == "") != (err == nil) {
				t.Errorf("error %q, want %q", got, tt.want)
			}
			x.await(entered)
			x.await(`\x1b\[\?25h\x1b\[\?1049l`)
			if after, err := unix.IoctlGetTermios(int(x.slave.Fd()), unix.TCGETS); err != nil || *after != *before {
				t.Errorf("the terminal is left as %+v (%v), and was %+v", after, err, before)
			}
			_ = x.slave.Close()
			_ = x.master.Close()
			<-x.over
		})
	}
}
