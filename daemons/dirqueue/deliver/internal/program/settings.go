// Package program is what the deliverers have in common that hand files to a program.
package program

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
)

// Settings say which program, and where and how long it runs.
type Settings struct {
	Command    []string          `hcl:"command,required" doc:"the program and its arguments, without a shell between"`
	Dir        config.Path       `hcl:"dir" doc:"where it starts"`
	Env        map[string]string `hcl:"env" doc:"variables added to the clean environment"`
	EnvInherit []string          `hcl:"env_inherit" doc:"names of peakd's own variables that it gets too, where they are set"`
	Timeout    time.Duration     `hcl:"timeout" doc:"how long it may take for a file"`
	KillGrace  time.Duration     `hcl:"kill_grace" doc:"how long it may take to end after TERM, before KILL"`
}

// Defaults are the settings that a configuration leaves out.
func Defaults() Settings {
	return Settings{Dir: "/", Timeout: 10 * time.Minute, KillGrace: 10 * time.Second}
}

// Variables are the names that tell a program of its work; a configuration cannot set them.
func Variables() []string {
	return []string{"PEAKD_QUEUE", "PEAKD_FILE", "PEAKD_NAME", "PEAKD_ATTEMPT", "PEAKD_ID", "PEAKD_WORKER"}
}

// Faults collects what is wrong with settings.
type Faults []*daemonapp.FieldError

// Add adds one.
func (f *Faults) Add(field, hint, format string, args ...any) {
	*f = append(*f, &daemonapp.FieldError{Field: field, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// Err is the first of them, or nil.
func (f Faults) Err() error {
	if len(f) == 0 {
		return nil
	}
	return f[0]
}

// Check tells what is wrong with the settings by themselves; it does not look at the system.
func (s *Settings) Check(f *Faults) {
	if len(s.Command) == 0 || strings.TrimSpace(s.Command[0]) == "" {
		f.Add("command", `write command = ["/path/to/program", "argument"]`, "the command is empty")
	}
	if slices.ContainsFunc(s.Command, hasNUL) {
		f.Add("command", "", "an argument contains a NUL byte, which no program can be given")
	}
	if dir := string(s.Dir); dir != "" && (!filepath.IsAbs(dir) || hasNUL(dir)) {
		f.Add("dir", "write an absolute path", "dir %q is not an absolute path", dir)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Env)) {
		s.checkVariable(f, "env", name)
		if hasNUL(s.Env[name]) {
			f.Add("env", "", "the value of %s contains a NUL byte", name)
		}
	}
	for _, name := range s.EnvInherit {
		s.checkVariable(f, "env_inherit", name)
	}
	if s.Timeout <= 0 {
		f.Add("timeout", `write "10m"`, "a file needs some time")
	}
	if s.KillGrace < 0 {
		f.Add("kill_grace", `"0s" kills at once`, "the grace cannot be negative")
	}
}

func (s *Settings) checkVariable(f *Faults, field, name string) {
	switch {
	case name == "" || strings.Contains(name, "=") || hasNUL(name):
		f.Add(field, "", "%q cannot be the name of a variable", name)
	case slices.Contains(Variables(), name):
		f.Add(field, "", "%s is set by peakd", name)
	}
}

func hasNUL(s string) bool { return strings.ContainsRune(s, 0) }

// Look tells what would make each start fail as the system is now.
func (s *Settings) Look(f *Faults) {
	const until = "deliveries will fail until it is there"
	if info, err := os.Stat(s.dir()); err != nil || !info.IsDir() {
		f.Add("dir", until, "there is no directory %s now", s.dir())
	} else if len(s.Command) > 0 {
		if _, err := s.find(s.Environment()["PATH"]); err != nil {
			f.Add("command", until, "%s", err)
		}
	}
}

func (s *Settings) dir() string { return cmp.Or(string(s.Dir), "/") }

// Environment is a clean one, as a login gives it, then what is inherited, then what is configured.
func (s *Settings) Environment() map[string]string {
	env := map[string]string{
		"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/", "USER": strconv.Itoa(os.Geteuid()),
		"SHELL": "/bin/sh", "LANG": cmp.Or(os.Getenv("LANG"), "C.UTF-8"),
	}
	if os.Geteuid() == 0 {
		env["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	}
	if who, err := user.LookupId(strconv.Itoa(os.Geteuid())); err == nil { // a container's user need not be known
		env["HOME"], env["USER"] = who.HomeDir, who.Username
	}
	env["LOGNAME"] = env["USER"]
	for _, name := range append([]string{"TZ"}, s.EnvInherit...) {
		if value, ok := os.LookupEnv(name); ok {
			env[name] = value
		}
	}
	maps.Copy(env, s.Env)
	return env
}
