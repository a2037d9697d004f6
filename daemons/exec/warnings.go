package exec

import (
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemons/exec/process/launch"
)

// Warnings tell what would make each run fail as the system is now; they look at it.
func (s *Settings) Warnings() []*daemonapp.FieldError {
	var f launch.Faults
	s.Look(&f, "its runs", s.programField(), s.program())
	return f
}

func (s *Settings) programField() string {
	if s.Script != "" {
		return "interpreter"
	}
	return "command"
}
