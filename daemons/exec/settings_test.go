package exec_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemons/exec"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*exec.Settings)
		want   []string // fields with a fault
	}{
		"command":                {func(*exec.Settings) {}, nil},
		"script":                 {func(s *exec.Settings) { s.Command, s.Script = nil, "true" }, nil},
		"neither":                {func(s *exec.Settings) { s.Command = nil }, []string{"command"}},
		"both":                   {func(s *exec.Settings) { s.Script = "true" }, []string{"script"}},
		"empty command":          {func(s *exec.Settings) { s.Command = []string{} }, []string{"command"}},
		"blank program":          {func(s *exec.Settings) { s.Command = []string{" "} }, []string{"command"}},
		"blank script":           {func(s *exec.Settings) { s.Command, s.Script = nil, " \n" }, []string{"script"}},
		"no interpreter":         {func(s *exec.Settings) { s.Command, s.Script, s.Interpreter = nil, "x", "" }, []string{"interpreter"}},
		"interpreter of command": {func(s *exec.Settings) { s.Interpreter = "python3" }, []string{"interpreter"}},
		"nul in argument":        {func(s *exec.Settings) { s.Command = []string{"true", "a\x00b"} }, []string{"command"}},
		"relative dir":           {func(s *exec.Settings) { s.Dir = "srv" }, []string{"dir"}},
		"env names":              {func(s *exec.Settings) { s.Env = map[string]string{"": "", "A=": "", "OK": "x"} }, []string{"env", "env"}},
		"env value":              {func(s *exec.Settings) { s.Env = map[string]string{"A": "\x00"} }, []string{"env"}},
		"env of a run":           {func(s *exec.Settings) { s.Env = map[string]string{"PEAKD_REPORT_FD": "9"} }, []string{"env"}},
		"env inherited":          {func(s *exec.Settings) { s.EnvInherit = []string{"PEAKD_RUN", "A", "B=C"} }, []string{"env_inherit", "env_inherit"}},
		"user":                   {func(s *exec.Settings) { s.User, s.Group = "a:b", "-x" }, []string{"user", "group"}},
		"nice":                   {func(s *exec.Settings) { s.Nice = ptr(20) }, []string{"nice"}},
		"umask":                  {func(s *exec.Settings) { s.Umask = ptr(config.Mode(0o1000)) }, []string{"umask"}},
		"limits": {func(s *exec.Settings) {
			s.Limits = &exec.Limits{NoFile: ptr(-1), AS: ptr(config.Size(-1)), Core: ptr(config.Size(0))}
		}, []string{"limits.nofile", "limits.as"}},
		"no cpu":                 {func(s *exec.Settings) { s.Limits = &exec.Limits{CPU: ptr(time.Duration(0))} }, []string{"limits.cpu"}},
		"some cpu":               {func(s *exec.Settings) { s.Limits = &exec.Limits{CPU: ptr(time.Millisecond)} }, nil},
		"codes":                  {func(s *exec.Settings) { s.SuccessExitCodes, s.IdleExitCodes = []int{-1, 255}, []int{256, 0} }, []string{"success_exit_codes", "idle_exit_codes"}},
		"no success":             {func(s *exec.Settings) { s.SuccessExitCodes = []int{} }, []string{"success_exit_codes"}},
		"code with two meanings": {func(s *exec.Settings) { s.IdleExitCodes = []int{75, 0} }, []string{"idle_exit_codes"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := exec.Defaults()
			s.Command = []string{"true"}
			tt.change(&s)
			if got := fields(s.Validate()); !slices.Equal(got, tt.want) {
				t.Errorf("faults at %v, want %v", got, tt.want)
			}
		})
	}
}

func fields(faults []*daemonapp.FieldError) []string {
	var all []string
	for _, fault := range faults {
		all = append(all, fault.Field)
	}
	return all
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		change func(*exec.Settings)
		want   string
	}{
		"all is there":      {func(*exec.Settings) {}, "[]"},
		"relative program":  {func(s *exec.Settings) { s.Dir, s.Command = "/bin", []string{"./sh"} }, "[]"},
		"missing program":   {func(s *exec.Settings) { s.Command = []string{"no-such-program"} }, "[command]"},
		"missing path":      {func(s *exec.Settings) { s.Command = []string{dir + "/x"} }, "[command]"},
		"not executable":    {func(s *exec.Settings) { s.Command = []string{plain} }, "[command]"},
		"path of the job":   {func(s *exec.Settings) { s.Env = map[string]string{"PATH": dir} }, "[command]"},
		"missing dir":       {func(s *exec.Settings) { s.Dir = config.Path(dir + "/x") }, "[dir]"},
		"file for a dir":    {func(s *exec.Settings) { s.Dir = config.Path(plain) }, "[dir]"},
		"no interpreter":    {func(s *exec.Settings) { s.Command, s.Script, s.Interpreter = nil, "x", "/nowhere/sh" }, "[interpreter]"},
		"unknown user":      {func(s *exec.Settings) { s.User = "no-such-user" }, "[user]"},
		"unknown group":     {func(s *exec.Settings) { s.Group = "no-such-group" }, "[group]"},
		"limit of no use":   {func(s *exec.Settings) { s.Limits = &exec.Limits{RSS: ptr(config.Size(1))} }, "[limits.rss]"},
		"nothing is wrong ": {func(s *exec.Settings) { s.Limits = &exec.Limits{Core: ptr(config.Size(0))} }, "[]"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := exec.Defaults()
			s.Command = []string{"true"}
			tt.change(&s)
			if got := fmt.Sprint(fields(s.Warnings())); got != tt.want {
				t.Errorf("warnings at %v, want %v", got, tt.want)
			}
		})
	}
}

func TestType(t *testing.T) {
	t.Parallel()
	typ := exec.Type()
	if typ.Name() != "exec" || !strings.HasPrefix(typ.Doc(), "Runs a program or a script") || !strings.Contains(typ.Doc(), "$${HOME}") {
		t.Errorf("type %q, doc %.60q", typ.Name(), typ.Doc())
	}
}
