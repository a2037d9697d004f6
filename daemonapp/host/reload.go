package host

import (
	"errors"
	"time"

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
		loaded, err := h.Load()
		done <- loading{loaded, err}
	}()
}

// apply puts a configuration into force, or refuses it and leaves everything as it was.
func (h *host) apply(l loading) {
	if l.err != nil {
		h.refuse(l.err)
		return
	}
	change, err := h.App.Reconcile(l.loaded.Specs)
	if err != nil {
		h.refuse(err)
		return
	}
	h.App.SetLimits(l.loaded.Limits, l.loaded.ShutdownGrace)
	if l.loaded.Applied != nil {
		l.loaded.Applied("SIGHUP")
	}
	h.Log.Info("reloaded", append([]zap.Field{zap.String("daemon", h.Label)}, counts(change)...)...)
}

func counts(c daemonapp.Change) []zap.Field {
	return []zap.Field{
		zap.Int("added", len(c.Added)), zap.Int("changed", len(c.Changed)+len(c.Replaced)),
		zap.Int("removed", len(c.Removed)), zap.Int("kept", c.Kept), zap.String("by", "SIGHUP"),
	}
}

func (h *host) refuse(err error) {
	fields := []zap.Field{zap.String("daemon", h.Label)}
	var counted interface{ Errors() int }
	if errors.As(err, &counted) {
		fields = append(fields, zap.Int("errors", counted.Errors()))
	} else {
		fields = append(fields, zap.Error(err))
	}
	fields = append(fields, zap.Int("kept", h.App.Vitals().Daemons), zap.String("fix", h.Fix))
	h.Log.Error("refused", fields...)
}

// Patience is how long a host waits at its end for what writes in the background.
const Patience = 5 * time.Second
