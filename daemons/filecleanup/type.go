package filecleanup

import (
	_ "embed"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
)

//go:embed doc.md
var doc string

// Type is the daemon type file_cleanup.
func Type() config.Type {
	return config.NewType("file_cleanup", doc, Defaults(), build)
}

func build(env config.Env, s Settings) (daemonapp.Daemon, error) { return New(env, s) }
