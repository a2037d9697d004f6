// Package program is what the deliverers have in common that hand files to a program.
package program

import (
	"slices"
	"strings"
	"time"

	"github.com/peakd/peakd/daemons/exec/process/launch"
)

// Settings say which program, how it is started, and how long it runs.
type Settings struct {
	Command []string `hcl:"command,required" doc:"the program and its arguments, without a shell between"`
	launch.Settings
	Timeout   time.Duration `hcl:"timeout" doc:"how long it may take for a file"`
	KillGrace time.Duration `hcl:"kill_grace" doc:"how long it may take to end after TERM, before KILL"`
}

// Defaults are the settings that a configuration leaves out.
func Defaults() Settings {
	return Settings{Settings: launch.Defaults(), Timeout: 10 * time.Minute, KillGrace: 10 * time.Second}
}

// Variables are the names that tell a program of its work; a configuration cannot set them.
func Variables() []string {
	return []string{"PEAKD_QUEUE", "PEAKD_FILE", "PEAKD_NAME", "PEAKD_ATTEMPT", "PEAKD_ID", "PEAKD_WORKER"}
}

// Faults collects what is wrong with settings.
type Faults = launch.Faults

// Check tells what is wrong with the settings by themselves; it does not look at the system.
func (s *Settings) Check(f *Faults) {
	if len(s.Command) == 0 || strings.TrimSpace(s.Command[0]) == "" {
		f.Add("command", `write command = ["/path/to/program", "argument"]`, "the command is empty")
	}
	if slices.ContainsFunc(s.Command, launch.HasNUL) {
		f.Add("command", "", "an argument contains a NUL byte, which no program can be given")
	}
	s.Settings.Check(f, Variables())
	if s.Timeout <= 0 {
		f.Add("timeout", `write "10m"`, "a file needs some time")
	}
	if s.KillGrace < 0 {
		f.Add("kill_grace", `"0s" kills at once`, "the grace cannot be negative")
	}
}

// Look tells what would make each start fail as the system is now.
func (s *Settings) Look(f *Faults) {
	if len(s.Command) > 0 {
		s.Settings.Look(f, "deliveries", "command", s.Command[0])
	}
}
