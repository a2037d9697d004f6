// Package filecleanup is the daemon type file_cleanup: it removes old files from a directory, so that
// neither what changes under it nor who changes it can make it remove anything else.
//
// # How it stays safe
//
// The directory is opened once a pass, and everything is done relative to descriptors that are held:
// no path is ever resolved twice. Directories are opened without following symbolic links (openat2
// with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS, or one component at a time with O_NOFOLLOW), so
// that one swapped for a link is passed over. Only regular files are ever opened, and only to see
// whether they are in use. Right before a file goes it is looked at again.
package filecleanup

import (
	"context"
	"fmt"
	"time"

	"github.com/benbjohnson/clock"
	"go.uber.org/zap"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// Cleaner is a daemon that cleans one directory.
//
// A run ends with the slice: the next one goes on at once where it was. A run that removed something answers more,
// one that only looked idle; the one that ends a pass over the directory answers worked if the pass removed
// anything, idle if not. The backoff counts passes, not slices, so that a large quiet tree is looked at less and
// less often. With dry_run nothing is removed, so that a pass ends idle. An error of one file is logged and counted; a run fails only
// if the directory itself cannot be read, is not safe to clean, or the clock cannot be believed.
type Cleaner struct {
	daemonapp.Pace
	settings Settings
	choice   choice
	log      *zap.Logger
	clock    clock.Clock
	guard    clockGuard
	pass     *pass
	// quiet counts the passes in a row that removed nothing.
	quiet int
	// steps forbids openat2, as an old kernel would.
	steps bool
}

var (
	_ daemonapp.Daemon = (*Cleaner)(nil)
	_ daemonapp.Closer = (*Cleaner)(nil)
)

// New makes a cleaner. It touches nothing before its first run.
func New(env config.Env, s Settings) (*Cleaner, error) {
	chosen, err := newChoice(s)
	if err != nil {
		return nil, err
	}
	if env.Terms.RunOnce { // a run that ends as more would be its last
		s.Slice, s.MaximumPerRun = 0, 0
	}
	c := &Cleaner{
		Pace: daemonapp.Pace{Planner: env.Planner}, settings: s, choice: chosen, log: env.Log, clock: env.Clock,
	}
	if c.log == nil {
		c.log = zap.NewNop()
	}
	return c, nil
}

// Run implements [daemonapp.Daemon].
func (c *Cleaner) Run(ctx context.Context) (schedule.Result, error) {
	now := c.clock.Now()
	if err := c.guard.check(now); err != nil {
		return schedule.Result{}, fmt.Errorf("clean directory %q: %w", c.settings.Directory, err)
	}
	if c.pass == nil {
		p, err := c.begin(now)
		if err != nil {
			return schedule.Result{}, err
		}
		c.pass = p
	}
	c.pass.now = now
	slice := c.settings.Slice
	if info, ok := daemonapp.RunFrom(ctx); ok && info.Once {
		slice = 0 // there is no next run
	}
	b := newBudget(c.clock, now, slice, c.settings.limit())
	over, err := c.pass.advance(ctx, b)
	if err != nil {
		c.end()
		return schedule.Result{}, err
	}
	if !over && ctx.Err() != nil {
		return schedule.Result{}, fmt.Errorf("clean directory %q: %w", c.settings.Directory, context.Cause(ctx))
	}
	return c.result(over, b), nil
}

func (c *Cleaner) result(over bool, b *budget) schedule.Result {
	count := b.removed
	if c.settings.DryRun {
		count = 0
	}
	outcome := schedule.Idle
	switch {
	case c.pass.again, !over && count > 0:
		outcome = schedule.More
	case over && c.pass.worked():
		outcome = schedule.Worked
	}
	if !over {
		return schedule.Result{Outcome: outcome, Count: count}
	}
	c.quiet++
	if outcome != schedule.Idle {
		c.quiet = 0
	}
	c.pass.summary()
	c.end()
	return schedule.Result{Outcome: outcome, Count: count}
}

// NextRun implements [schedule.Planner]. In the middle of a pass the cleaner is due again at once, also after a run
// that only looked.
func (c *Cleaner) NextRun(last schedule.Run) time.Time {
	if last.Result.Outcome == schedule.Idle {
		if c.pass != nil {
			return last.Finished
		}
		last.IdleRuns = c.quiet
	}
	return c.Pace.NextRun(last)
}

// Close implements [daemonapp.Closer].
func (c *Cleaner) Close() error {
	c.end()
	return nil
}

func (c *Cleaner) end() {
	if c.pass != nil {
		c.pass.close()
		c.pass = nil
	}
}

// begin opens what a pass needs.
func (c *Cleaner) begin(now time.Time) (*pass, error) {
	p := &pass{
		settings: c.settings, log: c.log, choice: c.choice, rule: newRule(c.settings), now: now,
		root: -1, archive: -1, barred: map[fileID]bool{}, private: &private{fd: -1}, remover: &remover{},
	}
	for _, open := range []func(bool) error{p.openRoot, p.openPrivate, p.openArchive, p.openStages} {
		if err := open(c.steps); err != nil {
			p.close()
			return nil, err
		}
	}
	return p, nil
}

func (p *pass) openRoot(steps bool) error {
	name := string(p.settings.Directory)
	var err error
	if p.root, err = openTrusted(name, p.settings.AllowUnsafeDirectory); err != nil {
		return err
	}
	if !p.settings.AllowUnsafeDirectory {
		if err := refuseUnsafe(p.root, name); err != nil {
			return fmt.Errorf("clean directory: %w", err)
		}
	}
	if p.opener, err = newOpener(p.root, p.settings.OneFileSystem, steps); err != nil {
		return fmt.Errorf("open directory %q: %w", name, err)
	}
	return nil
}

func (p *pass) openPrivate(bool) error {
	var err error
	if p.private, err = openPrivate(p.root, p.opener); err != nil {
		return fmt.Errorf("open private directory %s of %q: %w", privateName, p.settings.Directory, err)
	}
	if p.private.exists() {
		p.barred[p.private.id] = true
	}
	p.private.made = func(id fileID) { p.barred[id] = true }
	p.remover = &remover{
		action: p.settings.Action, dryRun: p.settings.DryRun, verify: p.settings.Verify,
		probe: &probe{mode: p.settings.InUse}, private: p.private, stamp: stampOf(p.now),
	}
	return nil
}

func (p *pass) openArchive(steps bool) error {
	if p.settings.Action != actionArchive {
		return nil
	}
	name := string(p.settings.ArchiveDirectory)
	var err error
	if p.archive, err = openTrusted(name, p.settings.AllowUnsafeDirectory); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	st, err := statFD(p.archive)
	if err != nil {
		return fmt.Errorf("stat directory %q: %w", name, err)
	}
	o, err := newOpener(p.archive, false, steps)
	if err != nil {
		return fmt.Errorf("open directory %q: %w", name, err)
	}
	p.barred[st.id] = true
	p.remover.archive = newStore(p.archive, o)
	return nil
}

func (p *pass) openStages(bool) error {
	changing := !p.settings.DryRun
	if changing {
		p.stages = append(p.stages, &restore{pass: p})
	}
	if err := p.addSelection(); err != nil {
		return err
	}
	if changing {
		p.stages = append(p.stages, &purge{pass: p})
	}
	return nil
}

func (p *pass) addSelection() error {
	if p.settings.ranked() {
		s, err := p.newScan()
		if err != nil {
			return err
		}
		p.stages = append(p.stages, s, p.newReap(s))
	}
	if p.settings.ranked() && !p.settings.EmptyDirectories {
		return nil
	}
	s, err := p.newSweep(p.settings.ranked())
	if err != nil {
		return err
	}
	p.stages = append(p.stages, s)
	return nil
}
