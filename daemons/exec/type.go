// Package exec is the daemon type that runs a program or a script: cron's work, with an end to it.
package exec

import (
	_ "embed"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemons/exec/process"
)

//go:embed doc.md
var doc string

// Type is the daemon type "exec". A program that has it must call [Trampoline] first in main.
func Type() config.Type {
	return config.NewType("exec", doc, Defaults(), func(env config.Env, s Settings) (daemonapp.Daemon, error) {
		return New(env, s), nil
	})
}

// Trampoline must be the first call of main, and of TestMain in tests that run jobs:
//
//	if exec.Trampoline() {
//		os.Exit(127)
//	}
//
// A job that runs as another user, or with limits, a umask or a nice value of its own, starts as this same
// binary, which sets them and then becomes the job. In every other process it returns false at once.
func Trampoline() bool { return process.Trampoline() }
