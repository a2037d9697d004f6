package exec

import (
	"time"

	"github.com/peakd/peakd/config"
)

// Settings are those of an exec daemon.
type Settings struct {
	Command          []string          `hcl:"command" doc:"the program and its arguments, without a shell between; this or script"`
	Script           string            `hcl:"script" doc:"a script, handed to the interpreter as an open file, never on its command line; this or command"`
	Interpreter      string            `hcl:"interpreter" doc:"the program that runs script"`
	Dir              config.Path       `hcl:"dir" doc:"where it starts"`
	Stdin            string            `hcl:"stdin" doc:"text for its standard input; /dev/null without"`
	Env              map[string]string `hcl:"env" doc:"variables added to the clean environment"`
	EnvInherit       []string          `hcl:"env_inherit" doc:"names of peakd's own variables that it gets too, where they are set"`
	User             string            `hcl:"user" doc:"the user it runs as, a name or a number; only root may change it" default:"peakd's own"`
	Group            string            `hcl:"group" doc:"its primary group, a name or a number" default:"that of the user"`
	Nice             *int              `hcl:"nice" doc:"scheduling priority: -20 goes first, 19 last" default:"peakd's own"`
	Umask            *config.Mode      `hcl:"umask" doc:"file mode creation mask, in octal" default:"peakd's own"`
	Limits           *Limits           `hcl:"limits,block" doc:"resource limits of each of its processes"`
	SuccessExitCodes []int             `hcl:"success_exit_codes" doc:"exit codes of a run that worked"`
	IdleExitCodes    []int             `hcl:"idle_exit_codes" doc:"exit codes of a run that found nothing to do; usually 75"`
}

// Limits is the limits block; nil means that peakd's own limit holds.
type Limits struct {
	NoFile  *int           `hcl:"nofile" doc:"open files" default:"peakd's own"`
	NProc   *int           `hcl:"nproc" doc:"processes of the user, all of them together" default:"peakd's own"`
	CPU     *time.Duration `hcl:"cpu" doc:"processor time, in whole seconds: XCPU at the limit, KILL a second later" default:"peakd's own"`
	AS      *config.Size   `hcl:"as" doc:"address space" default:"peakd's own"`
	Data    *config.Size   `hcl:"data" doc:"data segment and heap" default:"peakd's own"`
	RSS     *config.Size   `hcl:"rss" doc:"resident memory; Linux ignores it" default:"peakd's own"`
	Stack   *config.Size   `hcl:"stack" doc:"stack" default:"peakd's own"`
	MemLock *config.Size   `hcl:"memlock" doc:"memory locked into RAM" default:"peakd's own"`
	FSize   *config.Size   `hcl:"fsize" doc:"size of a file it writes" default:"peakd's own"`
	Core    *config.Size   `hcl:"core" doc:"size of a core dump; 0 for none" default:"peakd's own"`
}

// DefaultInterpreter runs a script that names none.
const DefaultInterpreter = "/bin/sh"

// Defaults are the settings that a configuration leaves out.
func Defaults() Settings {
	return Settings{Interpreter: DefaultInterpreter, Dir: "/", SuccessExitCodes: []int{0}}
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
