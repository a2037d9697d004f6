package cli

import (
	"context"
	"os"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/control"
	"github.com/peakd/peakd/daemonapp/history"
	"github.com/peakd/peakd/daemonapp/host"
	"github.com/peakd/peakd/daemonapp/metrics"
	"github.com/peakd/peakd/daemonapp/observe"
	"github.com/peakd/peakd/daemonapp/status"
	"github.com/peakd/peakd/daemonapp/systemd"
)

// operation is what shows a running app to people and machines, and lets them steer it. Its parts are made before the
// app, as they observe it; its servers are opened once the app is there, and serve beside it.
type operation struct {
	*process
	feed     control.Feed
	recorder *status.Recorder
	notifier *systemd.Notifier
	history  *history.Recorder // nil: none is kept
	metrics  *metrics.Metrics  // nil: nobody may look
	listener *observe.Server   // likewise
	socket   *control.Server   // nil: there is none

	config       atomic.Pointer[status.Config] // that the app runs by
	stateFault   atomic.Pointer[error]         // why its memory cannot be written; nil: it can
	historyFault atomic.Pointer[error]
}

// operate makes what observes the app.
func (p *process) operate() error {
	o := &operation{process: p, recorder: status.NewRecorder(p.masked)}
	p.op = o
	o.notifier = systemd.Open(p.notifications())
	o.record()
	return o.listen()
}

// masked takes the secrets of the latest configuration out of a text.
func (p *process) masked(text string) string { return p.mask.Load().Mask(text) }

func (p *process) notifications() systemd.Options {
	options := systemd.FromEnvironment(p.getenv)
	options.Log = p.log
	return options
}

// record begins to keep the history of runs.
func (o *operation) record() {
	keep := o.cfg.App.RunHistory()
	if o.dir == "" || !keep.Enabled {
		return
	}
	recorder, err := history.Open(o.dir, history.Options{
		KeepFor: keep.KeepFor, KeepFailedFor: keep.KeepFailedFor, KeepRuns: keep.KeepRuns, MaximumBytes: int64(keep.MaximumSize),
		Mask: o.masked, OnError: o.historyTells,
	})
	if err != nil {
		o.historyTells(err)
		return
	}
	o.history = recorder
}

// historyTells is told when recording begins to go wrong, and with nil when it goes well again.
func (o *operation) historyTells(err error) {
	if err == nil {
		o.historyFault.Store(nil)
		o.log.Info("history", zap.String("daemon", o.label(o.cfg)), zap.String("recorded", "again"))
		return
	}
	o.historyFault.Store(&err)
	o.log.Error("history", zap.String("daemon", o.label(o.cfg)), zap.Error(err), zap.String("so", "runs go on, and are not recorded until it is mended"))
}

// listen opens the listener for monitoring, if the configuration has one.
func (o *operation) listen() error {
	settings := o.cfg.App.Observe
	if settings == nil {
		return nil
	}
	o.metrics = metrics.New(metrics.Options{
		Prefix: o.Name, App: o.label(o.cfg), Version: o.command.build().Version, Dropped: o.dropped(), Refused: o.gaugeRefused,
	})
	listener, err := observe.New(observe.Options{
		Listen: settings.Listen, Metrics: o.metrics.Handler(), Log: o.log,
		Check: func(patience time.Duration) error { return o.app.Check(patience) },
		Ready: []observe.Condition{
			{Name: "state", Holds: func() error { return fault(&o.stateFault) }},
			{Name: "history", Holds: func() error { return fault(&o.historyFault) }},
		},
	})
	if err != nil {
		return &exit{ExitFailure, err}
	}
	o.listener = listener
	return nil
}

func fault(at *atomic.Pointer[error]) error {
	if err := at.Load(); err != nil {
		return *err
	}
	return nil
}

// dropped are what the buffers behind the dispatcher have lost.
func (o *operation) dropped() map[string]func() int64 {
	all := map[string]func() int64{"log": func() int64 { return o.events.Dropped() }}
	if o.history != nil {
		all["history"] = o.history.Dropped
	}
	return all
}

func (o *operation) gaugeRefused(daemon string, g daemonapp.Gauge, err error) {
	o.log.Warn("gauge", zap.String("daemon", daemon), zap.String("name", g.Name), zap.Error(err))
}

// observers are those of the app, besides its log.
func (o *operation) observers() []daemonapp.Observer {
	all := []daemonapp.Observer{o.events, o.recorder, &o.feed, o.notifier}
	if o.history != nil {
		all = append(all, o.history)
	}
	if o.metrics != nil {
		all = append(all, o.metrics)
	}
	if o.listener != nil {
		all = append(all, o.listener)
	}
	return all
}

// open opens the control socket of the app, which is there now but does not run yet. Without a control block an app
// that can have none goes on without being steered, and says so.
func (o *operation) open(reload func(context.Context, string) (daemonapp.Change, error)) error {
	o.notifier.Attach(o.app)
	if o.metrics != nil {
		o.metrics.Attach(o.app)
	}
	settings := config.Control{}
	if o.cfg.App.Control != nil {
		settings = *o.cfg.App.Control
	}
	path, shared, err := o.socketPath(o.cfg, o.dir)
	if err == nil {
		options := control.Options{
			App: o.app, Feed: &o.feed, Path: path, Shared: shared, Group: settings.Group, ViewGroup: settings.ViewGroup,
			About:  control.About{Program: o.Name, Version: o.command.build().Version, App: o.label(o.cfg)},
			Status: o.status, Reload: withDiagnostics(reload), Mask: o.masked, Log: o.log,
		}
		if o.history != nil {
			options.History, options.Logs = o.historyAnswer, o.logsAnswer
		}
		o.socket, err = control.Listen(options)
	}
	switch {
	case err == nil:
		for _, note := range o.socket.Notes() {
			o.log.Warn("control", zap.String("daemon", o.label(o.cfg)), zap.String("note", note))
		}
		return nil
	case o.cfg.App.Control != nil:
		return &exit{ExitFailure, err}
	}
	o.log.Warn("control", zap.String("daemon", o.label(o.cfg)), zap.Error(err), zap.String("so", "nobody can look at this app or steer it, but by signals"))
	return nil
}

// actors serve beside the app.
func (o *operation) actors(ctx context.Context) []host.Actor {
	var all []host.Actor
	if o.socket != nil {
		all = append(all, host.Actor{
			Name: "control socket", Run: func() error { return o.socket.Serve(context.WithoutCancel(ctx)) }, Interrupt: o.socket.Interrupt,
		})
	}
	if o.listener != nil {
		closing := func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), host.Patience)
			defer cancel()
			_ = o.listener.Close(ctx) // what is in flight then is cut off
		}
		all = append(all, host.Actor{
			Name: "monitoring", Interrupt: func() { go closing() }, // Serve returns when it is done
			Run: o.listener.Serve,
		})
	}
	return all
}

// close ends what operate began, and what open opened if nobody served it.
func (o *operation) close(ctx context.Context) {
	if o.socket != nil {
		_ = o.socket.Close() // closed already, if it has served
	}
	if o.listener != nil {
		ctx, cancel := context.WithTimeout(ctx, host.Patience)
		defer cancel()
		_ = o.listener.Close(ctx) // likewise
	}
	o.notifier.Close(host.Patience)
	if o.history != nil {
		if err := o.history.Close(host.Patience); err != nil {
			o.log.Error("history", zap.String("daemon", o.label(o.cfg)), zap.Error(err))
		}
	}
}

// status tells where everything stands.
func (o *operation) status() status.Status {
	in := status.Input{
		App: o.app, Name: o.label(o.cfg), Version: o.command.build().Version, PID: os.Getpid(), Limits: o.app.Vitals().Limits,
		Daemon: o.app.Daemon, Recorder: o.recorder, Now: time.Now(),
	}
	if cfg := o.config.Load(); cfg != nil {
		in.Config = *cfg
	}
	return status.Of(in)
}
