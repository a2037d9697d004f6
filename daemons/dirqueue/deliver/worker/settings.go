package worker

import (
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/program"
)

// Settings are those of a deliver "worker" block. Timeout is how long a worker that has files may go without
// an answer, and a limit on processor time is for the life of a worker, not for a file.
//
// A worker opens the files itself, in a folder that only peakd's own user may enter. One that runs as another user
// can do so only where it gets that right otherwise.
type Settings struct {
	program.Settings
	InFlight     int           `hcl:"in_flight" doc:"how many files a worker is told of before it has answered; the queue's concurrency is the number of workers"`
	SendID       bool          `hcl:"send_id" doc:"tell the worker each file's ID, for recognizing repeats; a shell that uses read does so byte by byte, so that this costs it a third"`
	StartTimeout time.Duration `hcl:"start_timeout" doc:"how long a worker may take to say that it is ready"`
}

// Defaults are the settings that a configuration leaves out.
func Defaults() Settings {
	return Settings{Settings: program.Defaults(), InFlight: 16, StartTimeout: 30 * time.Second}
}

// Validate tells what is wrong with the settings by themselves; it does not look at the system.
func (s *Settings) Validate() []*daemonapp.FieldError {
	var f program.Faults
	s.Check(&f)
	if s.InFlight < 1 || s.InFlight > 1024 {
		f.Add("in_flight", "leave it out for 16", "in_flight is from 1 to 1024, not %d", s.InFlight)
	}
	if s.StartTimeout <= 0 {
		f.Add("start_timeout", `write "30s"`, "a worker needs some time to start")
	}
	return f
}

// Warnings tell what would make each start fail as the system is now.
func (s *Settings) Warnings() []*daemonapp.FieldError {
	var f program.Faults
	s.Look(&f)
	if s.ChangesUser() {
		f.Add("user", `take deliver "exec" with input = "stdin"`,
			"the path of a file leads through a folder that only peakd's own user may enter, not %s", s.User)
	}
	return f
}

// SetDefaults sets what a configuration leaves out.
func (s *Settings) SetDefaults() { *s = Defaults() }
