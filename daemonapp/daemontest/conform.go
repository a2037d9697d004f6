package daemontest

import (
	"context"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
)

// T is what the suite needs of a *testing.T.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Context() context.Context
}

var _ T = (*testing.T)(nil)

// Options bound the suite. The zero value is right for most daemons.
type Options struct {
	// ReturnWithin is how long a cancelled Run, or Close, may take; 0 means the default kill grace, 5 s.
	ReturnWithin time.Duration
	// AtOnce is how long Priority, NextRun, Hold and Children may take, the best of some calls; 0 means 50 ms.
	AtOnce time.Duration
	// RunFor is how long a run is let go on before it is cancelled; 0 means 20 ms.
	RunFor time.Duration
	// Lives is how many apps the daemon is started and stopped in; 0 means 100.
	Lives int
}

// Conform checks the daemons that fresh makes against all of the contract, with the default options. Each
// is used for one part of the suite; fresh is called often.
func Conform(t *testing.T, fresh func(t *testing.T) daemonapp.Daemon) {
	t.Helper()
	Options{}.Conform(t, fresh)
}

// Conform is the function of that name with these options.
func (o Options) Conform(t *testing.T, fresh func(t *testing.T) daemonapp.Daemon) {
	t.Helper()
	for _, part := range parts() {
		t.Run(part.name, func(t *testing.T) {
			o.check(t, part, func() daemonapp.Daemon { return fresh(t) })
		})
	}
}

// Check is Conform for a T that is not a *testing.T: without subtests, and only as far as the daemon returns.
func (o Options) Check(t T, fresh func() daemonapp.Daemon) {
	t.Helper()
	for _, part := range parts() {
		if !o.check(t, part, fresh) {
			return
		}
	}
}

// part is one promise of the contract and the check of it. What the check returns is false if something
// does not return, so that looking for leaks would only repeat the complaint.
type part struct {
	name  string
	check func(o Options, t T, fresh func() daemonapp.Daemon) bool
}

func parts() []part {
	return []part{
		{"plans at once", checkPlanner},
		{"tells its outcome", checkOutcome},
		{"obeys its context", checkContext},
		{"leaves nothing behind after a run", checkRuns},
		{"lives in an app", checkApp},
		{"starts and stops", checkLives},
	}
}

func (o Options) check(t T, p part, fresh func() daemonapp.Daemon) (returned bool) {
	t.Helper()
	o = o.defaults()
	w := newWatch(t.Context())
	w.do(func() {
		if returned = p.check(o, t, fresh); returned {
			w.checkGone(t, o.ReturnWithin)
		}
	})
	return returned
}

func (o Options) defaults() Options {
	if o.ReturnWithin == 0 {
		o.ReturnWithin = daemonapp.DefaultKillGrace
	}
	if o.AtOnce == 0 {
		o.AtOnce = 50 * time.Millisecond
	}
	if o.RunFor == 0 {
		o.RunFor = 20 * time.Millisecond
	}
	if o.Lives == 0 {
		o.Lives = 100
	}
	return o
}
