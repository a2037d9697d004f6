package launch

import (
	"maps"
	"slices"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemons/exec/process"
)

// Prepare makes the command that starts a program, with the variables added to its environment; arguments, streams,
// grace and clock are left to the caller. Account and program are looked up each time, so that a change on the
// host needs no reload.
func (s *Settings) Prepare(program string, vars map[string]string) (*process.Command, error) {
	who, err := lookupAccount(s.User, s.Group)
	if err != nil {
		return nil, err
	}
	identity, err := who.identity()
	if err != nil {
		return nil, err
	}
	env := s.environment(who)
	maps.Copy(env, vars)
	path, err := find(program, s.dir(), env["PATH"])
	if err != nil {
		return nil, err
	}
	return &process.Command{
		Path: path, Env: pairs(env), Dir: s.dir(),
		Terms: process.Terms{Identity: identity, Nice: s.Nice, Umask: umask(s.Umask), Limits: s.Limits.limits()},
	}, nil
}

// ChangesUser tells that the program runs as a user who is neither root nor peakd's own, so that what only
// peakd may open is closed to it. It looks at the user database; a user who is not in there changes nothing.
func (s *Settings) ChangesUser() bool {
	who, err := lookupAccount(s.User, s.Group)
	return err == nil && who.changesUser()
}

// pairs is the environment as a program gets it, in a fixed order.
func pairs(env map[string]string) []string {
	list := make([]string, 0, len(env))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list
}

func umask(mode *config.Mode) *int {
	if mode == nil {
		return nil
	}
	mask := int(*mode)
	return &mask
}
