package exec_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/exec"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/delivertest"
	"github.com/peakd/peakd/daemons/exec/process/launch"
)

func TestExitCodes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		script string
		change func(*exec.Settings)
		want   deliver.Verdict
		reason string
	}{
		"done":         {"exit 0", nil, deliver.Done, ""},
		"temporary":    {"exit 75", nil, deliver.Retry, "exit 75"},
		"any other":    {"exit 3", nil, deliver.Retry, "exit 3"},
		"usage":        {"exit 64", nil, deliver.Permanent, "exit 64"},
		"bad data":     {"exit 65", nil, deliver.Permanent, "exit 65"},
		"no input":     {"exit 66", nil, deliver.Permanent, "exit 66"},
		"permission":   {"exit 77", nil, deliver.Permanent, "exit 77"},
		"says why":     {"echo first >&2; echo 'it is  full' >&2; echo >&2; exit 75", nil, deliver.Retry, "exit 75: it is full"},
		"a signal":     {"kill -KILL $$", nil, deliver.Retry, "killed by SIGKILL"},
		"chosen done":  {"exit 4", func(s *exec.Settings) { s.DoneExitCodes = []int{0, 4} }, deliver.Done, ""},
		"chosen never": {"exit 4", func(s *exec.Settings) { s.PermanentExitCodes = []int{4} }, deliver.Permanent, "exit 4"},
		"chosen retry": {"exit 65", func(s *exec.Settings) { s.PermanentExitCodes = nil }, deliver.Retry, "exit 65"},
		"chosen trip":  {"exit 69", func(s *exec.Settings) { s.TripExitCodes = []int{69} }, deliver.Trip, "exit 69"},
		"too long": {
			"trap '' TERM; while :; do sleep 600; done", func(s *exec.Settings) { s.Timeout, s.KillGrace = 50*time.Millisecond, 0 },
			deliver.Retry, "sh took longer than 50ms",
		},
		"no program": {"", func(s *exec.Settings) { s.Command = []string{"/nowhere/x"} }, deliver.Trip, "find program: stat /nowhere/x: no such file or directory"},
		"no folder":  {"", func(s *exec.Settings) { s.Dir = "/nowhere" }, deliver.Trip, "enter /nowhere: no such file or directory"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := script(t, tt.script, tt.change, deliver.Env{})
			r := delivertest.Deliver(t.Context(), t, d, delivertest.Jobs(t, delivertest.File{Name: "a"}))[0]
			if r.Verdict != tt.want || r.Reason != tt.reason {
				t.Errorf("result = %v %q, want %v %q", r.Verdict, r.Reason, tt.want, tt.reason)
			}
		})
	}
}

// TestHostileNames: whatever a file is called, its program gets its path, its name and its content.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	for _, input := range []string{exec.InputArgument, exec.InputStdin} {
		t.Run(input, func(t *testing.T) {
			t.Parallel()
			to := t.TempDir()
			text := `[ $# = 1 ] && [ "$1" = "$PEAKD_FILE" ] && exec cp -- "$1" "$TO/$PEAKD_NAME"`
			if input == exec.InputStdin {
				text = `[ $# = 0 ] && exec cat >"$TO/$PEAKD_NAME"`
			}
			d := script(t, text, func(s *exec.Settings) {
				s.Input, s.Env = input, map[string]string{"TO": to}
			}, deliver.Env{Concurrency: 3})
			var files []delivertest.File
			for _, name := range delivertest.HostileNames() {
				files = append(files, delivertest.File{Name: name, Content: "content of " + name})
			}
			for i, r := range delivertest.Deliver(t.Context(), t, d, delivertest.Jobs(t, files...)) {
				got, err := os.ReadFile(filepath.Join(to, files[i].Name))
				if r.Verdict != deliver.Done || err != nil || string(got) != files[i].Content {
					t.Errorf("%q: %+v, content %q, %v", files[i].Name, r, got, err)
				}
			}
		})
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("PEAKD_TEST_SEEN", "yes")
	t.Setenv("PEAKD_TEST_HIDDEN", "no")
	d := script(t, `env >&2; exit 1`, func(s *exec.Settings) {
		s.Env, s.EnvInherit = map[string]string{"MINE": "a b"}, []string{"PEAKD_TEST_SEEN"}
	}, deliver.Env{})
	jobs := delivertest.Jobs(t, delivertest.File{Name: "the name"})
	jobs[0].Attempt = 7
	r := delivertest.Deliver(t.Context(), t, d, jobs)[0]
	for _, want := range []string{
		"PEAKD_QUEUE=queue", "PEAKD_FILE=" + jobs[0].Path, "PEAKD_NAME=the name", "PEAKD_ATTEMPT=7", "PEAKD_ID=1:2:the name",
		"MINE=a b", "PEAKD_TEST_SEEN=yes", "PATH=", "HOME=", "USER=", "LANG=",
	} {
		if !bytes.Contains(append([]byte("\n"), r.Detail...), []byte("\n"+want)) {
			t.Errorf("environment lacks %q: %s", want, r.Detail)
		}
	}
	if bytes.Contains(r.Detail, []byte("HIDDEN")) {
		t.Errorf("environment is not clean: %s", r.Detail)
	}
}

func TestDetailIsTheMaskedEndOfStderr(t *testing.T) {
	t.Parallel()
	mask := func(text string) string { return strings.ReplaceAll(text, "hunter2", "(sensitive)") }
	d := script(t, `i=0; while [ $i -lt 2000 ]; do echo "line $i"; i=$((i+1)); done >&2; echo out; echo "pw hunter2" >&2; exit 1`,
		nil, deliver.Env{Mask: mask})
	r := delivertest.Deliver(t.Context(), t, d, delivertest.Jobs(t, delivertest.File{Name: "a"}))[0]
	if len(r.Detail) < deliver.DetailBytes/2 || !bytes.HasPrefix(r.Detail, []byte("line ")) ||
		!bytes.HasSuffix(r.Detail, []byte("line 1999\npw (sensitive)\n")) {
		t.Errorf("detail of %d bytes: %.30q ... %q", len(r.Detail), r.Detail, r.Detail[max(0, len(r.Detail)-40):])
	}
}

// TestCancel: what is under way ends with all its children, what has not begun does not, and all are told why.
func TestCancel(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	d := script(t, `sleep 600 & echo $! >"$PIPE"; wait`, func(s *exec.Settings) {
		s.Env = map[string]string{"PIPE": pipe}
	}, deliver.Env{})
	ctx, cancel := context.WithCancelCause(t.Context())
	child := make(chan int, 1)
	go func() {
		text, _ := os.ReadFile(pipe)
		pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
		child <- pid
		cancel(errors.New("enough for today"))
	}()
	jobs := delivertest.Jobs(t, delivertest.File{Name: "a"}, delivertest.File{Name: "b"})
	for _, r := range delivertest.Deliver(ctx, t, d, jobs) {
		if r.Verdict != deliver.Retry || r.Reason != "the attempt was ended: enough for today" {
			t.Errorf("result = %+v", r)
		}
	}
	if pid := <-child; pid == 0 || alive(pid) {
		t.Errorf("process %d is still there", pid)
	}
}

// alive tells whether a process is there and is no zombie.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !bytes.Contains(stat, []byte(") Z "))
}

func TestValidate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*exec.Settings)
		field  string
	}{
		"no command":     {func(s *exec.Settings) { s.Command = nil }, "command"},
		"NUL":            {func(s *exec.Settings) { s.Command = []string{"a", "\x00"} }, "command"},
		"relative dir":   {func(s *exec.Settings) { s.Dir = "x" }, "dir"},
		"ours":           {func(s *exec.Settings) { s.Env = map[string]string{"PEAKD_FILE": "x"} }, "env"},
		"bad variable":   {func(s *exec.Settings) { s.EnvInherit = []string{"A=B"} }, "env_inherit"},
		"input":          {func(s *exec.Settings) { s.Input = "file" }, "input"},
		"timeout":        {func(s *exec.Settings) { s.Timeout = 0 }, "timeout"},
		"user":           {func(s *exec.Settings) { s.User = "a:b" }, "user"},
		"group":          {func(s *exec.Settings) { s.Group = "-x" }, "group"},
		"nice":           {func(s *exec.Settings) { s.Nice = ptr(20) }, "nice"},
		"umask":          {func(s *exec.Settings) { s.Umask = ptr(config.Mode(0o1000)) }, "umask"},
		"limits":         {func(s *exec.Settings) { s.Limits = &launch.Limits{NoFile: ptr(-1)} }, "limits.nofile"},
		"grace":          {func(s *exec.Settings) { s.KillGrace = -1 }, "kill_grace"},
		"no success":     {func(s *exec.Settings) { s.DoneExitCodes = nil }, "done_exit_codes"},
		"code too large": {func(s *exec.Settings) { s.TripExitCodes = []int{256} }, "trip_exit_codes"},
		"two meanings":   {func(s *exec.Settings) { s.DoneExitCodes = []int{0, 65} }, "permanent_exit_codes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := exec.Defaults()
			s.Command = []string{"true"}
			if faults := s.Validate(); len(faults) > 0 {
				t.Fatalf("valid settings have a fault: %v", faults[0])
			}
			tt.change(&s)
			faults := s.Validate()
			if len(faults) != 1 || faults[0].Field != tt.field {
				t.Errorf("faults = %v, want one of %s", faults, tt.field)
			}
			if _, err := exec.New(s, deliver.Env{}); err == nil {
				t.Error("New takes invalid settings")
			}
		})
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	s := exec.Defaults()
	s.Command = []string{"/nowhere/x"}
	if w := s.Warnings(); len(w) != 1 || w[0].Field != "command" {
		t.Errorf("warnings = %v", w)
	}
	s.Command, s.Dir = []string{"sh"}, "/nowhere"
	if w := s.Warnings(); len(w) != 1 || w[0].Field != "dir" {
		t.Errorf("warnings = %v", w)
	}
	s.Dir = "/"
	if w := s.Warnings(); len(w) != 0 {
		t.Errorf("warnings = %v", w)
	}
}

// A program that wants the path only is started whether or not the file can be opened; one that wants the content is not.
func TestUnopened(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]deliver.Verdict{exec.InputStdin: deliver.Retry, exec.InputArgument: deliver.Done} {
		s := exec.Defaults()
		s.Command, s.Input = []string{"/bin/true"}, input
		d, err := exec.New(s, deliver.Env{})
		if err != nil {
			t.Fatal(err)
		}
		jobs := delivertest.Jobs(t, delivertest.File{Name: "a"})
		jobs[0].Content = delivertest.Unopened()
		if r := delivertest.Deliver(t.Context(), t, d, jobs)[0]; r.Verdict != want {
			t.Errorf("%s: %+v, want %v", input, r, want)
		}
	}
}
