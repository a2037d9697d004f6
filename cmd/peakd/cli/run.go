package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/eventlog"
	"github.com/peakd/peakd/daemonapp/host"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/statedb"
)

func (c *command) runCommand() *cobra.Command {
	var once bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the daemons in the foreground",
		Long: `Runs in the foreground until a deadline, an idle gap or a signal ends it, and then prints what was done.

TERM and INT drain: nothing starts any more, and runs in flight get shutdown_grace; a second one forces.
HUP reloads the configuration and touches only what changed. USR1 writes the state to standard error;
QUIT does so with all goroutines, and stops.

With --once it runs every daemon once, in order of priority, children of seeds too, whatever their schedules,
windows and load conditions say, and exits: 0 if none failed, 1 if any did. What a daemon comes after still counts:
it does not run if one of these has failed.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context(), once) },
	}
	cmd.Flags().BoolVar(&once, "once", false, "run every daemon once, in order of priority, and exit")
	return cmd
}

// process is a running peakd.
type process struct {
	*command
	cfg    *config.Config
	mask   atomic.Pointer[config.Config] // whose secrets are masked: that of the latest configuration
	log    *zap.Logger
	events *eventlog.Log
	app    *daemonapp.App
	db     *statedb.DB // nil: without memory
	dir    string      // of the state; empty without memory
	writer *statedb.Writer
	op     *operation
}

// run is the whole life of the process. What was begun first ends last.
func (c *command) run(ctx context.Context, once bool) error {
	received := host.Notify()
	defer signal.Stop(received)
	cfg, err := c.loaded()
	if err != nil {
		return err
	}
	p := &process{command: c, cfg: cfg}
	p.mask.Store(cfg)
	if p.log, err = p.newLog(); err != nil {
		return err
	}
	if err := p.remember(); err != nil {
		return err
	}
	p.events = eventlog.Open(eventlog.Options{
		Log: p.log, App: c.label(cfg), Fix: p.disarmedFix(),
	})
	if err := p.operate(); err != nil {
		return errors.Join(err, p.forget())
	}
	stop, err := p.live(ctx, once, received)
	p.op.close(context.WithoutCancel(ctx))
	p.events.Close(host.Patience)
	if err := p.forget(); err != nil {
		p.log.Error("state", zap.String("daemon", c.label(cfg)), zap.Error(err))
	}
	if err != nil {
		return err
	}
	return p.report(stop, once)
}

// disarmedFix is what a person does about a daemon that is disarmed, once its cause is mended.
func (c *command) disarmedFix() string { return c.Name + " arm %s" }

// live builds the app and runs it to its end.
func (p *process) live(ctx context.Context, once bool, received <-chan signalType) (daemonapp.Stop, error) {
	options := daemonapp.Options{
		Name: p.label(p.cfg), Limits: p.cfg.App.Limits(), ShutdownGrace: p.cfg.App.ShutdownGrace,
		Observers: p.op.observers(), Lines: p.op.feed.Line, Once: once,
	}
	if err := p.recall(&options); err != nil {
		return daemonapp.Stop{}, err
	}
	p.app = daemonapp.New(options)
	specs, err := p.build(p.cfg)
	if err != nil {
		return daemonapp.Stop{}, err
	}
	if _, err := p.app.Reconcile(specs); err != nil {
		return daemonapp.Stop{}, err
	}
	p.stillDisarmed(specs, options.Memories)
	p.op.seed(ctx)
	if !once {
		p.applied(p.cfg, "start")
	}
	var h *host.Host
	reload := func(ctx context.Context, who string) (daemonapp.Change, error) { return h.Reload(ctx, who) }
	if err := p.op.open(reload); err != nil {
		return daemonapp.Stop{}, err
	}
	h = host.New(host.Options{
		App: p.app, Label: p.label(p.cfg), Log: p.log, Load: p.reload, Beside: p.op.actors(ctx),
		Fix: p.Name + " validate" + p.configArgs(), Dump: p.dump, Stderr: p.Err,
	})
	stop, err := h.Run(ctx, received)
	if errors.Is(err, host.ErrQuit) {
		return stop, &exit{ExitFailure, nil}
	}
	return stop, err
}

// stillDisarmed tells who was disarmed in an earlier life: nothing else in this one's log would. Of children it cannot
// tell yet whether they will be there.
func (p *process) stillDisarmed(specs []daemonapp.Spec, memories map[string]daemonapp.Memory) {
	for _, spec := range specs {
		if m := memories[spec.Name]; m.Disarmed != "" && m.Digest == spec.Digest && m.Gone.IsZero() {
			p.log.Warn("disarmed", zap.String("daemon", m.Name), zap.String("since", "an earlier life"),
				zap.String("reason", m.Disarmed), zap.String("fix", fmt.Sprintf(p.disarmedFix(), m.Name)))
		}
	}
}

// build makes the daemons of a configuration.
func (p *process) build(cfg *config.Config) ([]daemonapp.Spec, error) {
	specs, err := cfg.Specs(config.BuildEnv{
		Log: p.log, StateDir: p.dir,
		Wake: func(name string) func() { return func() { p.app.Wake(name) } },
	})
	if err != nil {
		return nil, &exit{ExitFailure, err}
	}
	return specs, nil
}

// reload reads the configuration anew.
func (p *process) reload() (*host.Loaded, error) {
	cfg, found := p.load()
	if found.HasErrors() {
		return nil, found
	}
	if before, _ := p.stateDir(p.cfg); before != "" {
		if after, _ := p.stateDir(cfg); after != before {
			p.log.Warn("restart", zap.String("daemon", p.label(p.cfg)), zap.String("needed_for", "state_dir"),
				zap.String("now", before), zap.String("then", after))
		}
	}
	p.mask.Store(cfg)
	specs, err := p.build(cfg)
	if err != nil {
		return nil, err
	}
	return &host.Loaded{
		Limits: cfg.App.Limits(), ShutdownGrace: cfg.App.ShutdownGrace, Specs: specs,
		Applied: func(by string) { p.applied(cfg, by) },
	}, nil
}

// configArgs repeats where the configuration is, for a command that a person can copy.
func (p *process) configArgs() string {
	var b strings.Builder
	for _, path := range p.flags.configs {
		b.WriteString(" -c " + path)
	}
	return b.String()
}

// dump writes the state for people: all of it.
func (p *process) dump(w io.Writer) {
	_ = statusView{width: tableWidth, program: p.Name, whole: true}.write(w, p.op.status())
}

// report prints what was done, and turns it into the exit code.
func (p *process) report(stop daemonapp.Stop, once bool) error {
	status := p.app.Status()
	age := max(stop.Age, time.Since(p.app.Vitals().Started))
	if err := writeRuns(p.Out, status, stop, age, once); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	failed := 0
	for i := range status {
		failed += int(status[i].Stats.Failed)
		if once && status[i].State == schedule.HeldByAfter {
			fmt.Fprintf(p.Out, "%s did not run: it comes %s\n", status[i].Name, status[i].Reason)
		}
	}
	switch {
	case len(stop.Abandoned) > 0:
		return &exit{ExitAbandoned, fmt.Errorf("abandoned: %s", strings.Join(stop.Abandoned, ", "))}
	case stop.Forced:
		return &exit{ExitAbandoned, nil}
	case once && failed > 0:
		return &exit{ExitFailure, nil}
	}
	return nil
}
