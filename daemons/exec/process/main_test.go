package process_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/daemons/exec/process"
)

// forgetful is the name of a program whose main does not call Trampoline, and knows no such command.
const forgetful = "forgetful"

func TestMain(m *testing.M) {
	self, _ := os.Executable()
	switch forgets := filepath.Base(self) == forgetful; {
	case forgets && os.Args[0] != self:
		os.Exit(2)
	case !forgets && process.Trampoline():
		os.Exit(127)
	}
	os.Exit(m.Run())
}

// shell is a command that runs a script, and collects what it writes.
type shell struct {
	process.Command
	out, err, said bytes.Buffer
}

func sh(script string, args ...string) *shell {
	s := &shell{Command: process.Command{
		Path: "/bin/sh", Argv: append([]string{"sh", "-c", script, "sh"}, args...),
		Env:   []string{"PATH=/usr/bin:/bin", "LANG=C"},
		Grace: 5 * time.Second, Clock: clock.New(),
	}}
	s.Stdout, s.Stderr, s.Report = collect(&s.out), collect(&s.err), collect(&s.said)
	return s
}

func collect(into *bytes.Buffer) func(io.Reader) {
	return func(r io.Reader) { _, _ = io.Copy(into, r) }
}

// text is what it wrote, without the last newline.
func (s *shell) text() string { return strings.TrimSuffix(s.out.String(), "\n") }

// run runs it to its end, which must be without an error.
func (s *shell) run(t *testing.T) process.Exit {
	t.Helper()
	exit, err := s.Run(t.Context())
	if err != nil {
		t.Fatalf("run: %v (stderr: %s)", err, s.err.String())
	}
	return exit
}

// onLines calls what with each line that is written to stdout.
func (s *shell) onLines(what func(line string)) {
	s.Stdout = func(r io.Reader) {
		for lines := bufio.NewScanner(r); lines.Scan(); {
			s.out.WriteString(lines.Text() + "\n")
			what(lines.Text())
		}
	}
}

// stopOnLine makes a context that ends with the first line.
func (s *shell) stopOnLine(t *testing.T, cause error) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	t.Cleanup(func() { cancel(nil) })
	s.onLines(func(string) { cancel(cause) })
	return ctx
}

// pids are the numbers in a text.
func pids(t *testing.T, text string) []int {
	t.Helper()
	var all []int
	for _, field := range strings.Fields(text) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatalf("no process ids in %q", text)
		}
		all = append(all, pid)
	}
	if len(all) == 0 {
		t.Fatalf("no process ids in %q", text)
	}
	return all
}

// running tells whether a process is there and does more than wait to be reaped.
func running(pid int) bool {
	if errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
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
			_ = unix.Kill(pid, syscall.SIGKILL)
		}
	}
}

func asRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
}
