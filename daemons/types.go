// Package daemons is the list of daemon types that peakd comes with. Each type lives in a folder below; adding
// one is one line here.
package daemons

import (
	"slices"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemons/dirqueue"
	"github.com/peakd/peakd/daemons/exec"
	"github.com/peakd/peakd/daemons/filecleanup"
	"github.com/peakd/peakd/daemons/foreachdir"
)

// Types are the built-in daemon types.
func Types() []config.Type {
	return slices.Concat([]config.Type{
		exec.Type(),
		filecleanup.Type(),
		foreachdir.Type(),
	}, dirqueue.Types(nil))
}
