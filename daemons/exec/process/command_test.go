package process_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/peakd/peakd/daemons/exec/process"
)

func TestExit(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		script string
		want   process.Exit
		text   string
	}{
		"success": {"exit 0", process.Exit{}, "exit 0"},
		"code":    {"exit 12", process.Exit{Code: 12}, "exit 12"},
		"signal":  {"kill -KILL $$", process.Exit{Code: -1, Signal: syscall.SIGKILL}, "killed by SIGKILL"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := sh(tt.script).run(t)
			if ending(got) != tt.want || got.String() != tt.text {
				t.Errorf("exit = %+v, %q; want %+v, %q", got, got, tt.want, tt.text)
			}
		})
	}
}

func TestStreamsAndEnvironment(t *testing.T) {
	t.Parallel()
	stdin, err := process.Sealed("in", []byte("from stdin"))
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	s := sh(`cat; echo; echo bad >&2; echo idle >&3; pwd; env`)
	s.Stdin, s.Dir, s.Env = stdin, t.TempDir(), []string{"PATH=/usr/bin:/bin", "A=a b\xff"}
	s.run(t)
	lines := strings.Split(s.text(), "\n")
	if lines[0] != "from stdin" || s.err.String() != "bad\n" || s.said.String() != "idle\n" || lines[1] != s.Dir {
		t.Errorf("out %q, err %q, said %q", s.out.String(), s.err.String(), s.said.String())
	}
	if !strings.Contains(s.out.String(), "\nA=a b\xff\n") || os.Getenv("HOME") != "" && strings.Contains(s.out.String(), "HOME=") {
		t.Errorf("environment is not the given one: %q", s.out.String())
	}
}

// TestNothingElseIsInherited counts the descriptors a job has: only those it was given.
func TestNothingElseIsInherited(t *testing.T) {
	t.Parallel()
	extra, err := process.Sealed("extra", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = extra.Close() })
	umask := 0o022
	for name, terms := range map[string]process.Terms{"direct": {}, "trampoline": {Umask: &umask}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sh(`for f in /proc/$$/fd/*; do echo "${f##*/}"; done; cat /proc/self/fd/4`)
			s.Extra, s.Terms = []*os.File{extra}, terms
			s.run(t)
			got := strings.Fields(s.text()) // 5 is the listing itself
			if want := "0 1 2 3 4 5 x"; strings.Join(got, " ") != want {
				t.Errorf("descriptors = %v, want %s", got, want)
			}
		})
	}
}

func TestStartErrors(t *testing.T) {
	t.Parallel()
	umask := 0o022
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("no program"), 0o700); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		change func(*process.Command)
		step   string
		is     error
	}{
		"program":           {func(c *process.Command) { c.Path = "/nowhere/x" }, "start /nowhere/x", fs.ErrNotExist},
		"format":            {func(c *process.Command) { c.Path = text }, "start " + text, syscall.ENOEXEC},
		"directory":         {func(c *process.Command) { c.Dir = "/nowhere" }, "enter /nowhere", fs.ErrNotExist},
		"file as directory": {func(c *process.Command) { c.Dir = text }, "enter " + text, syscall.ENOTDIR},
	}
	for name, tt := range tests {
		for how, terms := range map[string]process.Terms{"direct": {}, "trampoline": {Umask: &umask}} {
			t.Run(name+"/"+how, func(t *testing.T) {
				t.Parallel()
				s := sh("echo never")
				s.Terms = terms
				tt.change(&s.Command)
				_, err := s.Run(t.Context())
				var step *process.StepError
				if !errors.As(err, &step) || step.Step != tt.step || !errors.Is(err, tt.is) {
					t.Errorf("error = %v, want step %q and %v", err, tt.step, tt.is)
				}
			})
		}
	}
}

func TestContextThatEndedStartsNothing(t *testing.T) {
	t.Parallel()
	cause := errors.New("too late")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	s := sh("echo started")
	if _, err := s.Run(ctx); !errors.Is(err, cause) || s.out.Len() > 0 {
		t.Errorf("error = %v, output %q", err, s.out.String())
	}
}
