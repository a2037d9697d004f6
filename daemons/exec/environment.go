package exec

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemons/exec/process"
)

// The search paths of a clean environment, as Debian's login gives them.
const (
	rootPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	userPath = "/usr/local/bin:/usr/bin:/bin"
)

// runVariables are the names that tell a job about its run.
func runVariables() []string {
	return []string{
		"PEAKD_DAEMON", "PEAKD_RUN", "PEAKD_ATTEMPT", "PEAKD_DUE", "PEAKD_DEADLINE", "PEAKD_TRIGGER", "PEAKD_REPORT_FD",
	}
}

// environment is everything a job gets: the clean one of its user, then what it inherits, then what it is
// configured to have, then what it is told of its run.
func (s *Settings) environment(who account, daemon string, run *daemonapp.RunInfo) map[string]string {
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
	env["PEAKD_DAEMON"] = daemon
	env["PEAKD_REPORT_FD"] = strconv.Itoa(process.ReportFD)
	maps.Copy(env, runText(run))
	return env
}

// runText tells a job about its run; outside a run there is nothing to tell.
func runText(run *daemonapp.RunInfo) map[string]string {
	if run == nil {
		return nil
	}
	env := map[string]string{
		"PEAKD_RUN": run.ID.String(), "PEAKD_ATTEMPT": strconv.Itoa(run.Attempt), "PEAKD_TRIGGER": run.Trigger,
		"PEAKD_DUE": run.Due.Format(time.RFC3339),
	}
	if !run.Deadline.IsZero() {
		env["PEAKD_DEADLINE"] = run.Deadline.Format(time.RFC3339)
	}
	return env
}

func searchPath(who account) string {
	if who.uid == 0 {
		return rootPath
	}
	return userPath
}

// path is the PATH of the job.
func (s *Settings) path(who account) string {
	return s.environment(who, "", nil)["PATH"]
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

// pairs is the environment as a program gets it, in a fixed order.
func pairs(env map[string]string) []string {
	list := make([]string, 0, len(env))
	for _, name := range sortedKeys(env) {
		list = append(list, name+"="+env[name])
	}
	return list
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
