package exec

import (
	"os"

	"github.com/peakd/peakd/daemonapp"
)

// Warnings tell what would make each run fail as the system is now; they look at it.
func (s *Settings) Warnings() []*daemonapp.FieldError {
	var f faults
	who, err := lookupAccount(s.User, s.Group)
	if err != nil {
		f.add(s.accountField(), "its runs will fail until it is there", "%s", err)
	} else if who.changes() && os.Geteuid() != 0 {
		f.add(s.accountField(), "its runs will fail", "only root may run a job as another user or group")
	}
	if dir := s.dir(); !isDir(dir) {
		f.add("dir", "its runs will fail until it is there", "there is no directory %s now", dir)
	} else if _, err := findProgram(s.program(), dir, s.path(who)); err != nil {
		f.add(s.programField(), "its runs will fail until it is there", "%s", err)
	}
	if s.Nice != nil && *s.Nice < 0 && os.Geteuid() != 0 {
		f.add("nice", "its runs will fail where the host does not allow it", "only root may go below nice 0")
	}
	if s.Limits != nil && s.Limits.RSS != nil {
		f.add("limits.rss", "use as, or a memory limit of the service manager", "Linux ignores this limit")
	}
	return f
}

func (s *Settings) accountField() string {
	if s.User == "" {
		return "group"
	}
	return "user"
}

func (s *Settings) programField() string {
	if s.Script != "" {
		return "interpreter"
	}
	return "command"
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
