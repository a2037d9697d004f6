package host

import (
	"context"
	"errors"
	"runtime/debug"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/peakd/peakd/daemonapp"
)

// ErrNoReload: the host was given nothing to load from.
var ErrNoReload = errors.New("this app cannot reload")

// ask is a request to reload.
type ask struct {
	who    string
	answer chan<- answer // of length 1; nil: nobody waits
}

// answer is what became of a reload.
type answer struct {
	change daemonapp.Change
	err    error
}

// Reload reads the configuration anew and takes it over; it returns when that is done. With an error everything is as
// it was: what Load or the app said, ErrNoReload, or daemonapp.ErrRan when the app stops. Any goroutine may call it,
// once Run has been called. Of several requests that come while a configuration is read, one more reading answers all.
func (h *Host) Reload(ctx context.Context, who string) (daemonapp.Change, error) {
	if h.Load == nil {
		return daemonapp.Change{}, ErrNoReload
	}
	done := make(chan answer, 1)
	select {
	case h.asks <- ask{who, done}:
	case <-h.over:
		return daemonapp.Change{}, daemonapp.ErrRan
	case <-ctx.Done():
		return daemonapp.Change{}, context.Cause(ctx)
	}
	select {
	case a := <-done:
		return a.change, a.err
	case <-ctx.Done():
		return daemonapp.Change{}, context.Cause(ctx)
	}
}

// tell answers those who wait.
func tell(asks []ask, a answer) {
	for _, ask := range asks {
		if ask.answer != nil {
			ask.answer <- a
		}
	}
}

// refuse answers those who came too late.
func refuse(asks []ask) { tell(asks, answer{err: daemonapp.ErrRan}) }

// askers names who wanted a reload.
func askers(asks []ask) string {
	names := make([]string, 0, len(asks))
	for _, a := range asks {
		if !slices.Contains(names, a.who) {
			names = append(names, a.who)
		}
	}
	return strings.Join(names, ", ")
}

// loading is how an attempt to load ended.
type loading struct {
	loaded *Loaded
	err    error
}

// load reads the configuration beside the loop: a file on a file system that hangs must not keep the host
// from its signals. It is not waited for when the app ends.
func (h *Host) load(asks []ask, done chan<- loading) {
	who := askers(asks)
	h.aside.do(func() { h.App.Announce(daemonapp.Reloading, daemonapp.Change{}, who, nil) })
	go func() { // received by listen; abandoned with the process if the app ends before
		loaded, err := h.contained()
		done <- loading{loaded, err}
	}()
}

// contained is Load, whose panic refuses the configuration: the app runs on by the one it has.
func (h *Host) contained() (loaded *Loaded, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &daemonapp.PanicError{Value: p, Stack: debug.Stack()}
		}
	}()
	return h.Load()
}

// apply puts a configuration into force, or refuses it and leaves everything as it was.
func (h *Host) apply(l loading, asks []ask) {
	who := askers(asks)
	if l.err != nil {
		h.refuse(l.err, who, asks)
		return
	}
	change, err := h.App.Reconcile(l.loaded.Specs)
	switch {
	case errors.Is(err, daemonapp.ErrRan):
		refuse(asks) // the app has stopped meanwhile
		return
	case err != nil:
		h.refuse(err, who, asks)
		return
	}
	h.App.SetLimits(l.loaded.Limits, l.loaded.ShutdownGrace)
	h.aside.do(func() {
		if l.loaded.Applied != nil {
			l.loaded.Applied(who)
		}
		h.App.Announce(daemonapp.Reloaded, change, who, nil)
		h.Log.Info("reloaded", append([]zap.Field{zap.String("daemon", h.Label)}, counts(change, who)...)...)
	})
	tell(asks, answer{change: change})
}

func counts(c daemonapp.Change, who string) []zap.Field {
	return []zap.Field{
		zap.Int("added", len(c.Added)), zap.Int("changed", len(c.Changed)+len(c.Replaced)),
		zap.Int("removed", len(c.Removed)), zap.Int("kept", c.Kept), zap.String("by", who),
	}
}

func (h *Host) refuse(err error, who string, asks []ask) {
	fields := append([]zap.Field{zap.String("daemon", h.Label)}, faults(err)...)
	fields = append(fields, zap.Int("kept", h.App.Vitals().Daemons), zap.String("fix", h.Fix), zap.String("by", who))
	h.aside.do(func() {
		h.App.Announce(daemonapp.ReloadRefused, daemonapp.Change{}, who, err)
		h.Log.Error("refused", fields...)
	})
	tell(asks, answer{err: err})
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
