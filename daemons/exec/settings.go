package exec

import "github.com/peakd/peakd/daemons/exec/process/launch"

// Settings are those of an exec daemon.
type Settings struct {
	Command     []string `hcl:"command" doc:"the program and its arguments, without a shell between; this or script"`
	Script      string   `hcl:"script" doc:"a script, handed to the interpreter as an open file, never on its command line; this or command"`
	Interpreter string   `hcl:"interpreter" doc:"the program that runs script"`
	Stdin       string   `hcl:"stdin" doc:"text for its standard input; /dev/null without"`
	launch.Settings
	SuccessExitCodes []int `hcl:"success_exit_codes" doc:"exit codes of a run that worked"`
	IdleExitCodes    []int `hcl:"idle_exit_codes" doc:"exit codes of a run that found nothing to do; usually 75"`
}

// Limits is the limits block; nil means that peakd's own limit holds.
type Limits = launch.Limits

// DefaultInterpreter runs a script that names none.
const DefaultInterpreter = "/bin/sh"

// Defaults are the settings that a configuration leaves out.
func Defaults() Settings {
	return Settings{Interpreter: DefaultInterpreter, Settings: launch.Defaults(), SuccessExitCodes: []int{0}}
}

// argv is the program and its arguments; script is where the interpreter finds the script.
func (s Settings) argv(script string) []string {
	if len(s.Command) > 0 {
		return s.Command
	}
	return []string{s.Interpreter, script}
}

// program is what must be there to run.
func (s Settings) program() string { return s.argv("")[0] }
