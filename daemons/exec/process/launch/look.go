package launch

import "os"

// Look adds what would make each start fail as the system is now. what names those that would fail, "its runs"; field is
// the setting that holds the program.
func (s *Settings) Look(f *Faults, what, field, program string) {
	until := what + " will fail until it is there"
	who, err := lookupAccount(s.User, s.Group)
	if err == nil {
		_, err = who.identity()
	}
	if err != nil {
		f.Add(s.accountField(), until, "%s", err)
	} else if who.changes() && os.Geteuid() != 0 {
		f.Add(s.accountField(), what+" will fail", "only root may run a program as another user or group")
	}
	if dir := s.dir(); !isDir(dir) {
		f.Add("dir", until, "there is no directory %s now", dir)
	} else if _, err := find(program, dir, s.environment(who)["PATH"]); err != nil {
		f.Add(field, until, "%s", err)
	}
	s.lookAtTerms(f, what)
}

func (s *Settings) lookAtTerms(f *Faults, what string) {
	if s.Nice != nil && *s.Nice < 0 && os.Geteuid() != 0 {
		f.Add("nice", what+" will fail where the host does not allow it", "only root may go below nice 0")
	}
	if s.Limits != nil && s.Limits.RSS != nil {
		f.Add("limits.rss", "use as, or a memory limit of the service manager", "Linux ignores this limit")
	}
}

func (s *Settings) accountField() string {
	if s.User == "" {
		return "group"
	}
	return "user"
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
