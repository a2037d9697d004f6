package launch

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"strings"
)

// The search paths of a clean environment, as Debian's login gives them.
const (
	rootPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	userPath = "/usr/local/bin:/usr/bin:/bin"
)

// environment is the clean one of a user, then what is inherited, then what is configured.
func (s *Settings) environment(who account) map[string]string {
	env := map[string]string{
		"PATH": searchPath(who), "HOME": who.home, "USER": who.name, "LOGNAME": who.name, "SHELL": who.shell,
		"LANG": cmp.Or(os.Getenv("LANG"), "C.UTF-8"), "TZ": cmp.Or(os.Getenv("TZ"), zoneName()),
	}
	for _, name := range s.EnvInherit {
		if value, ok := os.LookupEnv(name); ok {
			env[name] = value
		}
	}
	maps.Copy(env, s.Env)
	return env
}

func searchPath(who account) string {
	if who.uid == 0 {
		return rootPath
	}
	return userPath
}

// zoneName is the host's zone, named so that every C library reads it.
func zoneName() string {
	const zoneinfo, localtime = "zoneinfo/", "/etc/localtime"
	target, err := filepath.EvalSymlinks(localtime)
	if err != nil {
		return "UTC" // what a C library makes of a missing file
	}
	if i := strings.LastIndex(target, zoneinfo); i >= 0 {
		return target[i+len(zoneinfo):]
	}
	return ":" + localtime
}
