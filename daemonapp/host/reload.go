package host

import (
	"errors"
	"runtime/debug"

	"go.uber.org/zap"

	"github.com/peakd/peakd/daemonapp"
)

// loading is how an attempt to load ended.
type loading struct {
	loaded *Loaded
	err    error
}

// load reads the configuration beside the loop: a file on a file system that hangs must not keep the host
// from its signals. It is not waited for when the app ends.
func (h *host) load(done chan<- loading) {
	go func() { // received by listen; abandoned with the process if the app ends before
		loaded, err := h.contained()
		done <- loading{loaded, err}
	}()
}

// contained is Load, whose panic refuses the configuration: the app runs on by the one it has.
func (h *host) contained() (loaded *Loaded, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &daemonapp.PanicError{Value: p, Stack: debug.Stack()}
		}
	}()
	return h.Load()
}

// apply puts a configuration into force, or refuses it and leaves everything as it was.
func (h *host) apply(l loading) {
	if l.err != nil {
		h.refuse(l.err)
		return
	}
	change, err := h.App.Reconcile(l.loaded.Specs)
	switch {
	case errors.Is(err, daemonapp.ErrRan):
		return // the app has stopped meanwhile
	case err != nil:
		h.refuse(err)
		return
	}
	h.App.SetLimits(l.loaded.Limits, l.loaded.ShutdownGrace)
	h.aside.do(func() {
		if l.loaded.Applied != nil {
			l.loaded.Applied("SIGHUP")
		}
		h.Log.Info("reloaded", append([]zap.Field{zap.String("daemon", h.Label)}, counts(change)...)...)
	})
}

func counts(c daemonapp.Change) []zap.Field {
	return []zap.Field{
		zap.Int("added", len(c.Added)), zap.Int("changed", len(c.Changed)+len(c.Replaced)),
		zap.Int("removed", len(c.Removed)), zap.Int("kept", c.Kept), zap.String("by", "SIGHUP"),
	}
}

func (h *host) refuse(err error) {
	fields := append([]zap.Field{zap.String("daemon", h.Label)}, faults(err)...)
	fields = append(fields, zap.Int("kept", h.App.Vitals().Daemons), zap.String("fix", h.Fix))
	h.aside.do(func() { h.Log.Error("refused", fields...) })
}

// faults are how many there are where an error counts them, else what it says.
func faults(err error) []zap.Field {
	var counted interface{ Errors() int }
	if errors.As(err, &counted) {
		return []zap.Field{zap.Int("errors", counted.Errors())}
	}
	fields := []zap.Field{zap.String("error", err.Error())}
	var panicked *daemonapp.PanicError
	if errors.As(err, &panicked) {
		fields = append(fields, zap.String("stack", string(panicked.Stack)))
	}
	return fields
}
