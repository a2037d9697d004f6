package filecleanup

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// sweep is the stage that removes by age alone: what is old goes as it is met.
type sweep struct {
	*pass
	walk *walker
	// directoriesOnly leaves the files to another stage.
	directoriesOnly bool
	finds           []find
}

func (p *pass) newSweep(directoriesOnly bool) (*sweep, error) {
	w, err := newWalker(p.opener, p.root, "", p.settings.Recursive)
	if err != nil {
		return nil, p.rootError(err)
	}
	w.enter = func(fd int, name string, st info) bool { return p.enters(w, fd, name, st) }
	return &sweep{pass: p, walk: w, directoriesOnly: directoriesOnly}, nil
}

// enters tells whether a directory met on a walk is cleaned too.
func (p *pass) enters(w *walker, fd int, name string, st info) bool {
	return !p.barred[st.id] && !p.choice.exclude.match(w.dir, name) && !p.remover.probe.directory(fd)
}

func (s *sweep) close() { s.walk.close() }

func (s *sweep) advance(ctx context.Context, b *budget) (bool, error) {
	for !b.spent(ctx) {
		switch st := s.walk.step(); st.event {
		case atFiles:
			s.files(ctx, b, st.frame)
		case left:
			s.directory(b, st.frame)
		case trouble:
			if s.walk.depth() == 0 && st.frame != nil {
				return false, s.rootError(st.err)
			}
			s.trouble(st.path, st.err)
		case done:
			return true, nil
		case onTheWay, passed:
		}
	}
	return false, nil
}

func (s *sweep) files(ctx context.Context, b *budget, f *frame) {
	if s.directoriesOnly {
		f.kept += len(f.entries) - f.pos
		f.pos = len(f.entries)
		return
	}
	for {
		chunk := f.entries[f.pos:min(len(f.entries), f.pos+s.together(b))]
		finds := s.examine(ctx, b, f, chunk)
		for i, found := range finds {
			if found.verdict == unfinished {
				return
			}
			s.note(b, f, chunk[i], found)
			f.pos++
		}
		if f.pos == len(f.entries) || b.spent(ctx) {
			return
		}
	}
}

// find is what became of an entry.
type find struct {
	verdict verdict
	size    int64
	err     error
}

// note counts what became of an entry.
func (s *sweep) note(b *budget, f *frame, e dirent, found find) {
	if found.verdict != removed && found.verdict != keptGone {
		f.kept++
	}
	s.settle(b, found.verdict, place{dir: f.fd, path: s.walk.dir, name: e.name}, found.size, found.err)
}

const (
	// chunkSize is how many entries are looked at between two looks at the budget.
	chunkSize = 32
	// hands is how many goroutines remove files of one directory: the kernel takes turns only in a part
	// of it.
	hands = 2
)

// together is how many of the next entries may be dealt with at the same time. Only plain deletions are:
// whatever moves files shares folders and copies.
func (s *sweep) together(b *budget) int {
	r := s.remover
	if r.action != actionDelete || r.verify || r.dryRun {
		return 1
	}
	return min(chunkSize, b.left)
}

// examine deals with the first entries of a chunk, as many as there is time for but one at least, with
// all hands if it is worth it.
func (s *sweep) examine(ctx context.Context, b *budget, f *frame, chunk []dirent) []find {
	s.finds = slices.Grow(s.finds[:0], len(chunk))[:len(chunk)]
	s.walk.dir() // once, before the hands ask for it
	var next atomic.Int64
	work := func() {
		for {
			i := next.Add(1) - 1
			if int(i) >= len(chunk) {
				return
			}
			s.finds[i] = s.file(ctx, b, f, chunk[i])
			if b.late() {
				return
			}
		}
	}
	var others sync.WaitGroup
	if len(chunk) >= 2*hands {
		for range hands - 1 {
			others.Go(work)
		}
	}
	work()
	others.Wait()
	return s.finds[:min(int(next.Load()), len(chunk))]
}

// file deals with one entry. It may be called by several goroutines at once where together says so.
func (s *sweep) file(ctx context.Context, b *budget, f *frame, e dirent) find {
	at := place{dir: f.fd, path: s.walk.dir, name: e.name}
	st, selected, err := s.look(at, e)
	if err != nil {
		return find{verdict: keptFailed, err: err}
	}
	if !selected || !s.old(s.rule.newest(st.stamps)) {
		return find{verdict: untouched}
	}
	v, err := s.remover.file(ctx, b, at, st)
	return find{verdict: v, size: st.size, err: err}
}

// look is a choice by name and type, and what is known of the entry then.
func (p *pass) look(at place, e dirent) (info, bool, error) {
	if !p.choice.kind(e.kind) || !p.choice.name(at.path, e.name) {
		return info{}, false, nil
	}
	st, err := p.rule.stat(at.dir, e.name)
	if isChanged(err) {
		return info{}, false, nil
	}
	return st, err == nil && p.choice.kind(st.kind), err
}

// lostAndFound is where a file system check puts what it finds; fsck wants it there.
const lostAndFound = "lost+found"

// directory deals with a directory of which all has been seen.
func (s *sweep) directory(b *budget, f *frame) {
	parent := s.walk.top()
	if parent == nil {
		return
	}
	if !s.settings.EmptyDirectories || f.kept > 0 || !s.old(s.rule.ofDirectory(f.st.stamps)) || f.name == lostAndFound {
		parent.kept++
		return
	}
	at := place{path: s.walk.dir, name: f.name}
	v, err := s.removeEmpty(&at, f)
	if v != removed && v != keptGone {
		parent.kept++
	}
	s.settle(b, v, at, 0, err)
}

func (s *sweep) removeEmpty(at *place, f *frame) (verdict, error) {
	if s.settings.DryRun {
		return removed, nil
	}
	if err := s.walk.reopen(); err != nil {
		return keptAltered, nil //nolint:nilerr // the directory above has been moved away
	}
	at.dir = s.walk.top().fd
	if st, err := statAt(at.dir, at.name); err != nil || st.id != f.st.id {
		return keptAltered, nil //nolint:nilerr // it is no longer the one that was seen
	}
	err := unix.Unlinkat(at.dir, at.name, unix.AT_REMOVEDIR)
	if errors.Is(err, unix.ENOTEMPTY) || errors.Is(err, unix.EEXIST) {
		return keptAltered, nil
	}
	return outcomeOf(*at, "remove directory", err)
}
