package launch

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Check adds what is wrong with the settings by themselves; it does not look at the system. The reserved variables
// are those that [Settings.Prepare] is given: a configuration cannot set them.
func (s *Settings) Check(f *Faults, reserved []string) {
	if dir := string(s.Dir); dir != "" && (!filepath.IsAbs(dir) || HasNUL(dir)) {
		f.Add("dir", "write an absolute path", "dir %q is not an absolute path", dir)
	}
	s.checkEnv(f, reserved)
	s.checkAccount(f)
	s.checkTerms(f)
}

func (s *Settings) checkEnv(f *Faults, reserved []string) {
	for _, name := range slices.Sorted(maps.Keys(s.Env)) {
		if why := badVariable(name, reserved); why != "" {
			f.Add("env", "", "the variable name %q %s", name, why)
		}
		if HasNUL(s.Env[name]) {
			f.Add("env", "", "the value of %s contains a NUL byte", name)
		}
	}
	for _, name := range s.EnvInherit {
		if why := badVariable(name, reserved); why != "" {
			f.Add("env_inherit", "", "the variable name %q %s", name, why)
		}
	}
}

func badVariable(name string, reserved []string) string {
	switch {
	case name == "":
		return "is empty"
	case strings.Contains(name, "=") || HasNUL(name):
		return "contains a character that none can have"
	case slices.Contains(reserved, name):
		return "is one that peakd sets itself"
	}
	return ""
}

func (s *Settings) checkAccount(f *Faults) {
	for _, account := range []struct{ field, name string }{{"user", s.User}, {"group", s.Group}} {
		if strings.ContainsAny(account.name, ":/\n\x00") || strings.HasPrefix(account.name, "-") {
			f.Add(account.field, "", "%q cannot be the name of a %s", account.name, account.field)
		}
	}
}

func (s *Settings) checkTerms(f *Faults) {
	if s.Nice != nil && (*s.Nice < -20 || *s.Nice > 19) {
		f.Add("nice", "-20 goes first, 19 last", "nice is from -20 to 19, not %d", *s.Nice)
	}
	if s.Umask != nil && *s.Umask > 0o777 {
		f.Add("umask", `write "0027"`, "umask is from 0000 to 0777, not %04o", *s.Umask)
	}
	if s.Limits == nil {
		return
	}
	if cpu := s.Limits.CPU; cpu != nil && *cpu <= 0 {
		f.Add("limits.cpu", `write "30s"`, "no processor time at all would kill every run")
	}
	for _, limit := range s.Limits.limits() {
		if int64(limit.Soft) < 0 && limit.Name != "cpu" {
			f.Add("limits."+limit.Name, "leave it out for no limit of its own", "a limit cannot be negative")
		}
	}
}

// HasNUL tells that a text cannot be handed to a program: there a NUL byte is the end of it.
func HasNUL(s string) bool { return strings.ContainsRune(s, 0) }
