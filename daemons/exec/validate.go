package exec

import (
	"slices"
	"strings"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemons/exec/process/launch"
)

// Validate tells what is wrong with the settings by themselves; it does not look at the system.
func (s *Settings) Validate() []*daemonapp.FieldError {
	var f launch.Faults
	s.checkProgram(&f)
	s.Check(&f, runVariables())
	s.checkExitCodes(&f)
	return f
}

func (s *Settings) checkProgram(f *launch.Faults) {
	switch {
	case s.Command == nil && s.Script == "":
		f.Add("command", `write command = ["/path/to/program", "argument"], or script = file("job.sh")`,
			"exec needs a command or a script")
	case s.Command != nil && s.Script != "":
		f.Add("script", "take one of them out", "command and script exclude each other")
	case s.Command != nil && (len(s.Command) == 0 || strings.TrimSpace(s.Command[0]) == ""):
		f.Add("command", "its first element is the program", "the command is empty")
	case s.Command == nil && strings.TrimSpace(s.Script) == "":
		f.Add("script", "", "the script is empty")
	}
	if s.Script != "" && strings.TrimSpace(s.Interpreter) == "" {
		f.Add("interpreter", `leave it out for "/bin/sh"`, "the interpreter is empty")
	}
	if s.Command != nil && s.Interpreter != "" && s.Interpreter != DefaultInterpreter {
		f.Add("interpreter", "put it first in command", "interpreter belongs to script, and this daemon has a command")
	}
	if slices.ContainsFunc(s.Command, launch.HasNUL) {
		f.Add("command", "", "an argument contains a NUL byte, which no program can be given")
	}
	if launch.HasNUL(s.Interpreter) {
		f.Add("interpreter", "", "the interpreter contains a NUL byte")
	}
}

func (s *Settings) checkExitCodes(f *launch.Faults) {
	if len(s.SuccessExitCodes) == 0 {
		f.Add("success_exit_codes", "leave it out for [0]", "without an exit code that means success every run would fail")
	}
	check := func(field string, codes []int) {
		for _, code := range codes {
			if code < 0 || code > 255 {
				f.Add(field, "", "an exit code is from 0 to 255, not %d", code)
			}
		}
	}
	check("success_exit_codes", s.SuccessExitCodes)
	check("idle_exit_codes", s.IdleExitCodes)
	for _, code := range s.IdleExitCodes {
		if slices.Contains(s.SuccessExitCodes, code) {
			f.Add("idle_exit_codes", "take it out of one of them; success_exit_codes is [0] if not given",
				"exit code %d cannot mean both worked and idle", code)
		}
	}
}
