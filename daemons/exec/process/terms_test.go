package process_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/peakd/peakd/daemons/exec/process"
)

func TestTerms(t *testing.T) {
	t.Parallel()
	nice, umask := 7, 0o027
	tests := map[string]struct {
		terms        process.Terms
		script, want string
	}{
		"nice":  {process.Terms{Nice: &nice}, `nice; awk '{print $19}' /proc/$$/stat`, "7\n7"},
		"umask": {process.Terms{Umask: &umask}, `umask; sh -c umask`, "0027\n0027"},
		"limits": {process.Terms{Limits: []process.Limit{
			{Name: "nofile", Soft: 100, Hard: 200},
			{Name: "core"},
			{Name: "cpu", Soft: 60, Hard: 61},
			{Name: "fsize", Soft: 1 << 20, Hard: 1 << 20},
			{Name: "as", Soft: 64 << 20, Hard: 64 << 20},
		}}, `ulimit -Sn; ulimit -Hn; ulimit -c; ulimit -t; ulimit -f; ulimit -v`, "100\n200\n0\n60\n2048\n65536"},
		"all": {
			process.Terms{Nice: &nice, Umask: &umask, Limits: []process.Limit{{Name: "nofile", Soft: 50, Hard: 50}}},
			`echo $(nice) $(umask) $(ulimit -n)`, "7 0027 50",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sh(tt.script)
			s.Terms = tt.terms
			if s.run(t); s.text() != tt.want {
				t.Errorf("got %q, want %q", s.text(), tt.want)
			}
		})
	}
	for _, name := range process.LimitNames() {
		t.Run("limit "+name, func(t *testing.T) {
			t.Parallel()
			s := sh(`cat /proc/self/limits`)
			s.Terms.Limits = []process.Limit{{Name: name, Soft: 268435456, Hard: 268435457}}
			if name == "nofile" || name == "nproc" || name == "memlock" {
				s.Terms.Limits[0] = process.Limit{Name: name, Soft: 4321, Hard: 4322}
			}
			s.run(t)
			l := s.Terms.Limits[0]
			if want := fmt.Sprintf("%d %d", l.Soft, l.Hard); !strings.Contains(strings.Join(strings.Fields(s.text()), " "), want) {
				t.Errorf("no limit %s in\n%s", want, s.text())
			}
		})
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	asRoot(t)
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	nice := -3
	s := sh(`id -u; id -g; id -G; nice; ulimit -n; grep -E '^(Uid|Gid|CapEff):' /proc/self/status; cat /proc/self/fd/4`)
	script, err := process.Sealed("s", []byte("readable"))
	if err != nil {
		t.Fatal(err)
	}
	defer script.Close()
	s.Extra = []*os.File{script}
	s.Terms = process.Terms{
		Identity: &process.Identity{UID: 65534, GID: 65533, Groups: []int{4, 20}},
		Nice:     &nice, Limits: []process.Limit{{Name: "nofile", Soft: 70, Hard: 70}, {Name: "as", Soft: 64 << 20, Hard: 64 << 20}},
	}
	if exit := s.run(t); exit.Code != 0 {
		t.Errorf("exit = %v, stderr %s", exit, s.err.String())
	}
	want := "65534 65533 65533 4 20 -3 70 " +
		"Uid: 65534 65534 65534 65534 Gid: 65533 65533 65533 65533 CapEff: 0000000000000000 readable"
	if got := strings.Join(strings.Fields(s.text()), " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestTightMemory: a limit far below what the runtime of the trampoline uses hits the program alone.
func TestTightMemory(t *testing.T) {
	t.Parallel()
	for range 20 {
		s := sh("ulimit -v; ulimit -d")
		s.Terms.Limits = []process.Limit{{Name: "as", Soft: 8 << 20, Hard: 8 << 20}, {Name: "data", Soft: 4 << 20, Hard: 4 << 20}}
		if os.Geteuid() == 0 {
			s.Terms.Identity = &process.Identity{UID: 65534, GID: 65534}
		}
		if exit := s.run(t); exit.Code != 0 || s.text() != "8192\n4096" {
			t.Fatalf("exit = %v, output %q, stderr %.300s", exit, s.text(), s.err.String())
		}
	}
}

// TestTermsErrors: a failure says which call failed.
func TestTermsErrors(t *testing.T) {
	t.Parallel()
	asRoot(t)
	nobody := &process.Identity{UID: 65534, GID: 65534}
	closed := filepath.Join(t.TempDir(), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		change func(*process.Command)
		step   string
		is     error
	}{
		"limit": {func(c *process.Command) {
			c.Terms.Limits = []process.Limit{{Name: "nofile", Soft: 1 << 40, Hard: 1 << 40}}
		}, "set limit nofile to 1099511627776", syscall.EPERM},
		"directory": {func(c *process.Command) {
			c.Terms.Identity, c.Dir = nobody, closed
		}, "enter " + closed, syscall.EACCES},
		"program": {func(c *process.Command) {
			c.Terms.Identity, c.Path = nobody, filepath.Join(closed, "x")
		}, "start " + filepath.Join(closed, "x"), syscall.EACCES},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sh("echo never")
			tt.change(&s.Command)
			_, err := s.Run(t.Context())
			var step *process.StepError
			if !errors.As(err, &step) || step.Step != tt.step || !errors.Is(err, tt.is) || s.out.Len() > 0 {
				t.Errorf("error = %v, want step %q and %v", err, tt.step, tt.is)
			}
		})
	}
}

// defaultSignals is a set without any of the 31 signals that programs use; the 32nd and above are the C library's and the
// race detector's own.
var defaultSignals = regexp.MustCompile(`SigIgn: 00000000[08]0000000`)

// TestSignalsAreDefault starts a job from a process that ignores signals, as nohup and service managers
// make it.
func TestSignalsAreDefault(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", `trap "" PIPE HUP INT QUIT USR1; exec "$0" -test.run '^TestIgnoredSet$' -test.v`, self)
	out, err := cmd.CombinedOutput()
	if err != nil || !defaultSignals.Match(out) {
		t.Errorf("error %v, output %s", err, out)
	}
}

// TestIgnoredSet is the process of TestSignalsAreDefault; by itself it tests the same from a process with defaults.
func TestIgnoredSet(t *testing.T) {
	s := sh(`grep SigIgn /proc/$$/status`)
	s.run(t)
	t.Logf("job: %s", strings.Join(strings.Fields(s.text()), " "))
	if got := strings.Join(strings.Fields(s.text()), " "); !defaultSignals.MatchString(got) {
		t.Errorf("the job ignores signals: %s", got)
	}
}

// TestNoTrampoline: a host whose main forgets the call gets an error, and does not start itself for ever.
func TestNoTrampoline(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	host := filepath.Join(t.TempDir(), forgetful)
	// A copy could be written to still, through a descriptor that another test's child has inherited.
	if err := os.Link(self, host); err != nil {
		t.Fatal(err)
	}
	for name, env := range map[string]string{"parent": "A=b", "itself a child": "PEAKD_TRAMPOLINE=1"} {
		cmd := exec.CommandContext(t.Context(), host, "-test.run", "^TestTerms$/^umask$")
		cmd.Env = append(os.Environ(), env)
		out, err := cmd.CombinedOutput()
		if err == nil || strings.Count(string(out), process.ErrNoTrampoline.Error()) != 1 {
			t.Errorf("%s: error %v, output %s", name, err, out)
		}
	}
}
