package pid1_test

import (
	"bufio"
	"io"
	"os"
	osexec "os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/daemonapp/pid1"
)

// container is this program as the first process of a PID namespace of its own.
type container struct {
	t     *testing.T
	cmd   *osexec.Cmd
	lines *bufio.Scanner // of both outputs
	text  strings.Builder
}

// contain prepares one, with stdin for its input, and env added to the environment.
func contain(t *testing.T, args ...string) *container {
	t.Helper()
	c := &container{t: t, cmd: osexec.CommandContext(t.Context(), os.Args[0], args...)}
	c.cmd.Env = append(os.Environ(), asProgram+"=1", "STATE_DIRECTORY="+filepath.Join(t.TempDir(), "state"))
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	if uid := os.Geteuid(); uid != 0 {
		c.cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		c.cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: uid, Size: 1}}
		c.cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	return c
}

// start runs it; its outputs are a pipe.
func (c *container) start() *container {
	c.t.Helper()
	ours, theirs, err := os.Pipe()
	if err != nil {
		c.t.Fatal(err)
	}
	c.cmd.Stdout, c.cmd.Stderr = theirs, theirs
	c.listen(ours)
	_ = theirs.Close()
	return c
}

// listen starts it, and reads what it writes from there.
func (c *container) listen(from *os.File) {
	c.t.Helper()
	c.lines = bufio.NewScanner(from)
	if err := c.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
		_ = from.Close()
		if c.t.Failed() {
			c.t.Logf("it wrote:\n%s", c.text.String())
		}
	})
	timer := time.AfterFunc(30*time.Second, func() { _ = c.cmd.Process.Kill() }) // ends every wait for a line
	c.t.Cleanup(func() { timer.Stop() })
}

// await reads until there is a line like that.
func (c *container) await(pattern string) {
	c.t.Helper()
	re := regexp.MustCompile(pattern)
	for c.lines.Scan() {
		c.text.WriteString(c.lines.Text() + "\n")
		if re.MatchString(c.lines.Text()) {
			return
		}
	}
	c.t.Fatalf("it ended without a line like %q", pattern)
}

// rest reads until all who could write have ended.
func (c *container) rest() string {
	for c.lines.Scan() {
		c.text.WriteString(c.lines.Text() + "\n")
	}
	return c.text.String()
}

// ends wants that exit code; -1: it was killed.
func (c *container) ends(code int) {
	c.t.Helper()
	c.rest()
	_ = c.cmd.Wait()
	if got := c.cmd.ProcessState.ExitCode(); got != code {
		c.t.Errorf("exit code %d, want %d", got, code)
	}
}

func (c *container) signal(s os.Signal) {
	c.t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		c.t.Fatal(err)
	}
}

// TestExitCode: the first process ends as its child does.
func TestExitCode(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]int{
		"exit 0": 0, "exit 1": 1, "exit 3": 3, "exit 255": 255,
		"kill -TERM $$": 143, "kill -KILL $$": 137, "kill -SEGV $$": 139, // KILL is how the kernel ends what takes too much memory
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			contain(t, "run", script).start().ends(want)
		})
	}
}

// TestOnlyRunHasAParent: other verbs are the first process themselves.
func TestOnlyRunHasAParent(t *testing.T) {
	t.Parallel()
	if pid1.Wanted([]string{"run"}, "run") {
		t.Error("a process that is not the first one wants a parent")
	}
	for args, want := range map[string]string{"validate": "1", "run": "[2-9]|[0-9]{2,}"} {
		c := contain(t, args, "echo i am $$").start()
		c.await("^i am (" + want + ")$")
		c.ends(0)
	}
}

// TestOrphansAreReaped: no process that ended stays as a zombie.
func TestOrphansAreReaped(t *testing.T) {
	t.Parallel()
	contain(t, "run", `
		for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
			sh -c 'sleep 0.0$0 & exit 0' $i
		done
		tries=0
		while sleep 0.05; do
			left=$(cat /proc/[0-9]*/stat 2>/dev/null | grep -c ' (sleep) ')
			[ "$left" -eq 0 ] && exit 42
			tries=$((tries + 1))
			[ "$tries" -lt 200 ] || { cat /proc/[0-9]*/stat; exit 1; }
		done`).start().ends(42)
}

// TestSignalsAreHandedOn, each of them once.
func TestSignalsAreHandedOn(t *testing.T) {
	t.Parallel()
	c := contain(t, "run", `
		for s in HUP INT QUIT USR1 USR2 ALRM WINCH CONT TERM; do trap "echo got $s" $s; done
		echo begun
		while :; do sleep 0.02; done`).start()
	c.await("begun")
	for _, s := range []struct {
		signal syscall.Signal
		name   string
	}{
		{syscall.SIGHUP, "HUP"},
		{syscall.SIGINT, "INT"},
		{syscall.SIGQUIT, "QUIT"},
		{syscall.SIGUSR1, "USR1"},
		{syscall.SIGUSR2, "USR2"},
		{syscall.SIGALRM, "ALRM"},
		{syscall.SIGWINCH, "WINCH"},
		{syscall.SIGCONT, "CONT"},
		{syscall.SIGTERM, "TERM"},
	} {
		c.signal(s.signal)
		c.await("^got " + s.name + "$")
	}
	c.signal(syscall.SIGKILL)
	if text := c.rest(); strings.Count(text, "got") != 9 {
		t.Errorf("signals came more than once:\n%s", text)
	}
}

// TestNobodyOutlivesTheFirstProcess: the end of what they write tells that all of them are gone.
func TestNobodyOutlivesTheFirstProcess(t *testing.T) {
	t.Parallel()
	c := contain(t, "run", `setsid sleep 1000 & echo begun; sleep 1000`).start()
	c.await("begun")
	c.signal(syscall.SIGKILL)
	c.ends(-1)
}

// TestInputAndWatchdogAreTheChilds.
func TestInputAndWatchdogAreTheChilds(t *testing.T) {
	t.Parallel()
	c := contain(t, "run", `cat; echo "pid=$WATCHDOG_PID usec=$WATCHDOG_USEC"`)
	c.cmd.Env = append(c.cmd.Env, "WATCHDOG_PID=1", "WATCHDOG_USEC=5")
	c.cmd.Stdin = strings.NewReader("through\n")
	c.start()
	c.await("^through$")
	c.await("^pid= usec=5$")
	c.ends(0)
}

// TestKeyboardInterruptsOnce: a signal of the terminal goes to the child alone; handed on besides, the second one would
// force what the first one drains.
func TestKeyboardInterruptsOnce(t *testing.T) {
	t.Parallel()
	keyboard, screen := terminal(t)
	c := contain(t, "run", `trap 'echo got INT' INT; read line; echo "read $line"; while :; do sleep 0.02; done`)
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = screen, screen, screen
	c.cmd.SysProcAttr.Setsid, c.cmd.SysProcAttr.Setctty = true, true
	c.listen(keyboard)
	_ = screen.Close()
	write := func(text string) {
		if _, err := io.WriteString(keyboard, text); err != nil {
			t.Fatal(err)
		}
	}
	write("hello\n")
	c.await("^read hello")
	write("\x03")
	c.await("got INT")
	c.signal(syscall.SIGHUP) // not caught: it ends the child, after whatever came before
	if text := c.rest(); strings.Count(text, "got INT") != 1 {
		t.Errorf("one key, and it was interrupted more than once:\n%s", text)
	}
	c.ends(129)
}

// terminal is a pseudo terminal: the side of the person, and that of the program.
func terminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	fd, _, errno := unix.Syscall(unix.SYS_IOCTL, person.Fd(), unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY)
	if errno != 0 {
		t.Fatal(errno)
	}
	return person, os.NewFile(fd, "terminal")
}

// config writes a configuration.
func config(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.hcl")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestExitCodesOfJobsAreNotStolen: the jobs of peakd end as they do elsewhere, and what they leave behind is taken in.
func TestExitCodesOfJobsAreNotStolen(t *testing.T) {
	t.Parallel()
	c := contain(t, "run", "-c", config(t, `
app "x" { workers = 4 }
defaults "exec" {
  run_every = "1h"
  timeout   = "10s"
}
daemon "exec" "a" { script = "sh -c 'setsid sleep 0.01 &'; exit 3" }
daemon "exec" "b" { script = "sh -c 'setsid sleep 0.01 &'; exit 4" }
daemon "exec" "c" { script = "exit 0" }
`), "--once")
	c.start().ends(1)
	for _, pattern := range []string{`a +failed +exit=3`, `b +failed +exit=4`, `c +worked`} {
		if !regexp.MustCompile(pattern).MatchString(c.text.String()) {
			t.Errorf("no line like %q", pattern)
		}
	}
}

// TestTermDrains: what the first process is told, peakd does.
func TestTermDrains(t *testing.T) {
	t.Parallel()
	c := contain(t, "run", "-c", config(t, `
daemon "exec" "job" {
  run_every = "1h"
  timeout   = "1m"
  script    = "echo begun; sleep 0.3; echo done"
}
`)).start()
	c.await(`line=begun`)
	c.signal(syscall.SIGTERM)
	c.await(`draining .*by=SIGTERM`)
	c.await(`line=done`)
	c.await(`stopped +reason=signal`)
	c.ends(0)
}
