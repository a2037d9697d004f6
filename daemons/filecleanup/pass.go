package filecleanup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

// stage is one part of a pass. It does what the budget allows and goes on from there the next time.
type stage interface {
	// advance tells whether the stage is over. An error ends the pass.
	advance(ctx context.Context, b *budget) (over bool, err error)
	close()
}

// pass is one walk over the whole directory, in as many runs as it takes. It holds the directory open:
// what is done is done in the directory that was found at its start, wherever its path leads later.
type pass struct {
	settings Settings
	log      *zap.Logger
	choice   choice
	rule     rule
	// now is the time of the present run.
	now     time.Time
	root    int
	opener  *opener
	private *private
	archive int
	// barred are directories that are not cleaned: the private one and the archive.
	barred  map[fileID]bool
	remover *remover
	stages  []stage
	tally   tally
	// again tells that more could go than the pass could remember.
	again bool
}

// tally counts what a pass did.
type tally struct {
	removed, purged, inUse, altered, failed int
	bytes                                   int64
}

// maxLogged is how many errors of single files a pass logs in full.
const maxLogged = 5

func (p *pass) nanos() int64 { return p.now.UnixNano() }

func (p *pass) old(at int64) bool       { return p.rule.old(at, p.nanos()) }
func (p *pass) removable(at int64) bool { return p.rule.removable(at, p.nanos()) }

// advance goes on with the pass and tells whether it is over.
func (p *pass) advance(ctx context.Context, b *budget) (bool, error) {
	for len(p.stages) > 0 {
		over, err := p.stages[0].advance(ctx, b)
		if err != nil || !over {
			return false, err
		}
		p.stages[0].close()
		p.stages = p.stages[1:]
	}
	return true, nil
}

func (p *pass) close() {
	for _, s := range p.stages {
		s.close()
	}
	p.stages = nil
	p.remover.close()
	p.private.close()
	closeFD(p.archive)
	closeFD(p.root)
	p.archive, p.root = -1, -1
}

// rootPath is the path of what stands in the cleaned directory itself.
func rootPath() string { return "" }

// settle counts what became of something that was to go.
func (p *pass) settle(b *budget, v verdict, at place, size int64, err error) {
	switch v {
	case removed:
		p.tally.bytes += size
		p.tally.removed++
		b.take()
		p.tell(at, size)
	case keptInUse:
		p.tally.inUse++
		p.log.Debug("kept, in use", zap.Stringer("file", at))
	case keptAltered, keptGone:
		p.tally.altered++
	case keptFailed:
		p.trouble(at.String(), err)
	case unfinished, untouched:
	}
}

func (p *pass) tell(at place, size int64) {
	if p.settings.DryRun {
		p.log.Info("would remove", zap.String("file", at.String()), zap.Int64("bytes", size))
		return
	}
	if entry := p.log.Check(zap.DebugLevel, "removed"); entry != nil {
		entry.Write(zap.String("file", at.String()), zap.Int64("bytes", size))
	}
}

// trouble counts the error of one file, and logs the first few.
func (p *pass) trouble(path string, err error) {
	p.tally.failed++
	if p.tally.failed <= maxLogged {
		p.log.Warn("cannot clean", zap.String("file", path), zap.Error(err))
	}
}

// rootError is why the pass ends: the directory itself cannot be read.
func (p *pass) rootError(err error) error {
	if errors.Is(err, unix.ENOENT) {
		err = fmt.Errorf("it was removed meanwhile: %w", err)
	}
	return fmt.Errorf("read directory %q: %w", p.settings.Directory, err)
}

// summary logs the end of a pass.
func (p *pass) summary() {
	fields := []zap.Field{
		zap.Int("removed", p.tally.removed), zap.Int64("bytes", p.tally.bytes), zap.Int("in_use", p.tally.inUse),
		zap.Int("changed_meanwhile", p.tally.altered), zap.Int("purged", p.tally.purged), zap.Int("errors", p.tally.failed),
	}
	switch {
	case p.tally.failed > 0:
		p.log.Warn("cleaned, but for some", fields...)
	case p.settings.DryRun:
		p.log.Info("would have cleaned", fields...)
	default:
		p.log.Debug("cleaned", fields...)
	}
}

// worked tells whether the pass changed anything.
func (p *pass) worked() bool {
	return !p.settings.DryRun && p.tally.removed+p.tally.purged > 0
}
