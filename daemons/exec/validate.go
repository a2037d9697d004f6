package exec

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/peakd/peakd/daemonapp"
)

// faults collects what is wrong.
type faults []*daemonapp.FieldError

func (f *faults) add(field, hint, format string, args ...any) {
	*f = append(*f, &daemonapp.FieldError{Field: field, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// Validate tells what is wrong with the settings by themselves; it does not look at the system.
func (s *Settings) Validate() []*daemonapp.FieldError {
	var f faults
	s.checkProgram(&f)
	s.checkPlace(&f)
	s.checkEnv(&f)
	s.checkAccount(&f)
	s.checkTerms(&f)
	s.checkExitCodes(&f)
	return f
}

func (s *Settings) checkProgram(f *faults) {
	switch {
	case s.Command == nil && s.Script == "":
		f.add("command", `write command = ["/path/to/program", "argument"], or script = file("job.sh")`,
			"exec needs a command or a script")
	case s.Command != nil && s.Script != "":
		f.add("script", "take one of them out", "command and script exclude each other")
	case s.Command != nil && (len(s.Command) == 0 || strings.TrimSpace(s.Command[0]) == ""):
		f.add("command", "its first element is the program", "the command is empty")
	case s.Command == nil && strings.TrimSpace(s.Script) == "":
		f.add("script", "", "the script is empty")
	}
	if s.Script != "" && strings.TrimSpace(s.Interpreter) == "" {
		f.add("interpreter", `leave it out for "/bin/sh"`, "the interpreter is empty")
	}
	if s.Command != nil && s.Interpreter != "" && s.Interpreter != DefaultInterpreter {
		f.add("interpreter", "put it first in command", "interpreter belongs to script, and this daemon has a command")
	}
	if slices.ContainsFunc(s.Command, hasNUL) {
		f.add("command", "", "an argument contains a NUL byte, which no program can be given")
	}
	if hasNUL(s.Interpreter) {
		f.add("interpreter", "", "the interpreter contains a NUL byte")
	}
}

func (s *Settings) checkPlace(f *faults) {
	if dir := string(s.Dir); dir != "" && (!filepath.IsAbs(dir) || hasNUL(dir)) {
		f.add("dir", "write an absolute path", "dir %q is not an absolute path", dir)
	}
}

func (s *Settings) checkEnv(f *faults) {
	for _, name := range sortedKeys(s.Env) {
		if why := badVariable(name); why != "" {
			f.add("env", "", "the variable name %q %s", name, why)
		}
		if hasNUL(s.Env[name]) {
			f.add("env", "", "the value of %s contains a NUL byte", name)
		}
	}
	for _, name := range s.EnvInherit {
		if why := badVariable(name); why != "" {
			f.add("env_inherit", "", "the variable name %q %s", name, why)
		}
	}
}

func badVariable(name string) string {
	switch {
	case name == "":
		return "is empty"
	case strings.Contains(name, "=") || hasNUL(name):
		return "contains a character that none can have"
	case slices.Contains(runVariables(), name):
		return "is one that peakd sets for each run"
	}
	return ""
}

func (s *Settings) checkAccount(f *faults) {
	for _, account := range []struct{ field, name string }{{"user", s.User}, {"group", s.Group}} {
		if strings.ContainsAny(account.name, ":/\n\x00") || strings.HasPrefix(account.name, "-") {
			f.add(account.field, "", "%q cannot be the name of a %s", account.name, account.field)
		}
	}
}

func (s *Settings) checkTerms(f *faults) {
	if s.Nice != nil && (*s.Nice < -20 || *s.Nice > 19) {
		f.add("nice", "-20 goes first, 19 last", "nice is from -20 to 19, not %d", *s.Nice)
	}
	if s.Umask != nil && *s.Umask > 0o777 {
		f.add("umask", `write "0027"`, "umask is from 0000 to 0777, not %04o", *s.Umask)
	}
	if s.Limits == nil {
		return
	}
	if cpu := s.Limits.CPU; cpu != nil && *cpu <= 0 {
		f.add("limits.cpu", `write "30s"`, "no processor time at all would kill every run")
	}
	for _, limit := range s.Limits.limits() {
		if int64(limit.Soft) < 0 && limit.Name != "cpu" {
			f.add("limits."+limit.Name, "leave it out for no limit of its own", "a limit cannot be negative")
		}
	}
}

func (s *Settings) checkExitCodes(f *faults) {
	if len(s.SuccessExitCodes) == 0 {
		f.add("success_exit_codes", "leave it out for [0]", "without an exit code that means success every run would fail")
	}
	check := func(field string, codes []int) {
		for _, code := range codes {
			if code < 0 || code > 255 {
				f.add(field, "", "an exit code is from 0 to 255, not %d", code)
			}
		}
	}
	check("success_exit_codes", s.SuccessExitCodes)
	check("idle_exit_codes", s.IdleExitCodes)
	for _, code := range s.IdleExitCodes {
		if slices.Contains(s.SuccessExitCodes, code) {
			f.add("idle_exit_codes", "take it out of one of them; success_exit_codes is [0] if not given",
				"exit code %d cannot mean both worked and idle", code)
		}
	}
}

func hasNUL(s string) bool { return strings.ContainsRune(s, 0) }
