// Package exec delivers each file by a program that is started for it.
package exec

import (
	"slices"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/program"
)

// Settings are those of a deliver "exec" block.
//
// The program gets the file's absolute path as its last argument, or the file as its standard input, the variables
// PEAKD_QUEUE, PEAKD_FILE (the path), PEAKD_NAME, PEAKD_ATTEMPT (1 for the first) and PEAKD_ID (the same in every
// attempt, for recognizing repeats), and nothing else but a clean environment. Its exit code decides. What it
// writes to stderr is kept with a file that is not done, the last 4 KiB.
//
// Claimed files lie in a folder that only peakd's own user may enter. A program that runs as another one (user) must
// therefore take its file as standard input; that is open already, whatever the file's mode.
type Settings struct {
	program.Settings
	Input              string `hcl:"input" doc:"how the program gets the file: its path as the last argument, or its content as standard input, which a program of another user needs: the path is closed to it" enum:"argument|stdin"`
	DoneExitCodes      []int  `hcl:"done_exit_codes" doc:"exit codes of a file that is delivered"`
	PermanentExitCodes []int  `hcl:"permanent_exit_codes" doc:"exit codes of a file that never will be; those of sysexits.h for bad data, no input, no user, no permission"`
	TripExitCodes      []int  `hcl:"trip_exit_codes" doc:"exit codes that tell that the destination is bad, not the file; the attempt does not count. All other codes (75 by convention), and signals, mean a retry" default:"none"`
}

// The values of Settings.Input.
const (
	InputArgument = "argument"
	InputStdin    = "stdin"
)

// Defaults are the settings that a configuration leaves out.
func Defaults() Settings {
	return Settings{
		Settings: program.Defaults(), Input: InputArgument,
		DoneExitCodes: []int{0}, PermanentExitCodes: []int{64, 65, 66, 77},
	}
}

// Validate tells what is wrong with the settings by themselves; it does not look at the system.
func (s *Settings) Validate() []*daemonapp.FieldError {
	var f program.Faults
	s.Check(&f)
	if s.Input != InputArgument && s.Input != InputStdin {
		f.Add("input", `write "argument" or "stdin"`, "%q is no way to give a file", s.Input)
	}
	if len(s.DoneExitCodes) == 0 {
		f.Add("done_exit_codes", "leave it out for [0]", "without an exit code that means success no file would ever be done")
	}
	seen := make(map[int]string)
	for _, list := range s.codes() {
		for _, code := range list.codes {
			if code < 0 || code > 255 {
				f.Add(list.field, "", "an exit code is from 0 to 255, not %d", code)
			}
			if before := seen[code]; before != "" && before != list.field {
				f.Add(list.field, "take it out of one of them", "exit code %d stands in %s too", code, before)
			}
			seen[code] = list.field
		}
	}
	return f
}

// Warnings tell what would make each delivery fail as the system is now.
func (s *Settings) Warnings() []*daemonapp.FieldError {
	var f program.Faults
	s.Look(&f)
	if s.Input == InputArgument && s.ChangesUser() {
		f.Add("input", `write input = "stdin"`, "the path of a file leads through a folder that only peakd's own user may enter, not %s", s.User)
	}
	return f
}

type exitCodes struct {
	field string
	codes []int
}

func (s *Settings) codes() []exitCodes {
	return []exitCodes{
		{"done_exit_codes", s.DoneExitCodes},
		{"permanent_exit_codes", s.PermanentExitCodes},
		{"trip_exit_codes", s.TripExitCodes},
	}
}

// has tells whether a code that is not a signal's -1 is in the list.
func has(codes []int, code int) bool { return code >= 0 && slices.Contains(codes, code) }

// SetDefaults sets what a configuration leaves out.
func (s *Settings) SetDefaults() { *s = Defaults() }
