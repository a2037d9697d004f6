package cli

import (
	"errors"
	"os"
	"time"

	"go.uber.org/zap"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/statedb"
	"github.com/peakd/peakd/daemonapp/status"
)

type signalType = os.Signal

func isLocked(err error) bool { return errors.Is(err, statedb.ErrLocked) }

// remember opens the memory of earlier lives.
func (p *process) remember() error {
	db, told, err := p.memory(p.cfg)
	if err != nil {
		return err
	}
	if told != nil {
		p.log.Warn("forgetful", zap.String("daemon", p.label(p.cfg)), zap.Error(told),
			zap.String("so", "nothing survives a restart, and a job that outlives a kill is not recognized"))
		return nil
	}
	p.db = db
	p.dir, _ = p.stateDir(p.cfg)
	p.writer = statedb.NewWriter(db, func(err error) {
		if err == nil {
			p.op.stateFault.Store(nil)
			p.log.Info("state", zap.String("daemon", p.label(p.cfg)), zap.String("saved", "again"))
			return
		}
		p.op.stateFault.Store(&err)
		p.log.Error("state", zap.String("daemon", p.label(p.cfg)), zap.Error(err),
			zap.String("so", "it is kept in memory and tried again"))
	})
	return nil
}

// recall hands the app what earlier lives left. What has been gone for long is dropped.
func (p *process) recall(o *daemonapp.Options) error {
	if p.db == nil || o.Once {
		return nil
	}
	memories, err := p.db.Load()
	if err != nil {
		p.log.Error("state", zap.String("daemon", p.label(p.cfg)), zap.Error(err), zap.String("so", "it starts as if for the first time"))
	}
	if err := p.db.Forget(time.Now().Add(-daemonapp.KeepGone)); err != nil {
		p.log.Error("state", zap.String("daemon", p.label(p.cfg)), zap.Error(err))
	}
	o.Memories, o.Remember = memories, p.writer
	p.writeGone(memories)
	return nil
}

// writeGone marks what the configuration no longer has, from now on.
func (p *process) writeGone(memories map[string]daemonapp.Memory) {
	there := map[string]bool{}
	for _, d := range p.cfg.Daemons {
		there[d.Name] = true
	}
	for name, m := range memories {
		if root := rootOf(name); !there[root] && m.Gone.IsZero() {
			m.Gone = time.Now()
			p.writer.Put(m, false)
		}
	}
}

// rootOf is the daemon of the configuration that a name, or that of a child of it, belongs to.
func rootOf(name string) string {
	for i := range len(name) {
		if name[i] == '/' {
			return name[:i]
		}
	}
	return name
}

// applied keeps the configuration that the app runs by, for plan to compare with.
func (p *process) applied(cfg *config.Config, by string) {
	p.op.config.Store(&status.Config{Digest: cfg.Digest, AppliedAt: time.Now(), AppliedBy: by})
	if p.db == nil {
		return
	}
	if err := p.db.SaveApplied(appliedForm(p.label(cfg), cfg, by, time.Now())); err != nil {
		p.log.Error("state", zap.String("daemon", p.label(p.cfg)), zap.Error(err), zap.String("so", "plan compares with an older configuration"))
	}
}

// forget ends what remember began, once everything is saved.
func (p *process) forget() error {
	if p.db == nil {
		return nil
	}
	return errors.Join(p.writer.Close(), p.db.Close())
}
