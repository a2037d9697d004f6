// Package launch is what a program is started with besides its arguments: where, with which environment, as whom and
// within which limits. The exec daemon and the deliverers of queues that run programs share it, so that one setting
// means the same in all of them.
package launch

import (
	"cmp"
	"time"

	"github.com/peakd/peakd/config"
)

// Settings say how a program is started. They are meant to be embedded; [Defaults] has what a configuration leaves out.
type Settings struct {
	Dir        config.Path       `hcl:"dir" doc:"where it starts"`
	Env        map[string]string `hcl:"env" doc:"variables added to the clean environment"`
	EnvInherit []string          `hcl:"env_inherit" doc:"names of peakd's own variables that it gets too, where they are set"`
	User       string            `hcl:"user" doc:"the user it runs as, a name or a number; only root may change it" default:"peakd's own"`
	Group      string            `hcl:"group" doc:"its primary group, a name or a number" default:"that of the user"`
	Nice       *int              `hcl:"nice" doc:"scheduling priority: -20 goes first, 19 last" default:"peakd's own"`
	Umask      *config.Mode      `hcl:"umask" doc:"file mode creation mask, in octal" default:"peakd's own"`
	Limits     *Limits           `hcl:"limits,block" doc:"resource limits of each of its processes"`
}

// Limits is the limits block; nil means that peakd's own limit holds.
type Limits struct {
	NoFile  *int           `hcl:"nofile" doc:"open files" default:"peakd's own"`
	NProc   *int           `hcl:"nproc" doc:"processes of the user, all of them together" default:"peakd's own"`
	CPU     *time.Duration `hcl:"cpu" doc:"processor time, in whole seconds: XCPU at the limit, KILL a second later" default:"peakd's own"`
	AS      *config.Size   `hcl:"as" doc:"address space" default:"peakd's own"`
	Data    *config.Size   `hcl:"data" doc:"data segment and heap" default:"peakd's own"`
	RSS     *config.Size   `hcl:"rss" doc:"resident memory; Linux ignores it" default:"peakd's own"`
	Stack   *config.Size   `hcl:"stack" doc:"stack" default:"peakd's own"`
	MemLock *config.Size   `hcl:"memlock" doc:"memory locked into RAM" default:"peakd's own"`
	FSize   *config.Size   `hcl:"fsize" doc:"size of a file it writes" default:"peakd's own"`
	Core    *config.Size   `hcl:"core" doc:"size of a core dump; 0 for none" default:"peakd's own"`
}

// Defaults are the settings that a configuration leaves out.
func Defaults() Settings { return Settings{Dir: "/"} }

// dir is where the program starts.
func (s *Settings) dir() string { return cmp.Or(string(s.Dir), "/") }
