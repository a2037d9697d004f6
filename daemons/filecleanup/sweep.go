package filecleanup

import (
	"context"
	"errors"

	"golang.org/x/sys/unix"
)

// sweep is the stage that removes by age alone: what is old goes as it is met.
type sweep struct {
	*pass
	walk *walker
	// directoriesOnly leaves the files to another stage.
	directoriesOnly bool
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
	for {
		if !s.file(ctx, b, f, f.entries[f.pos]) {
			return
		}
		f.pos++
		if f.pos == len(f.entries) || b.spent(ctx) {
			return
		}
	}
}

// file deals with one entry; false means that it must be asked again in the next run.
func (s *sweep) file(ctx context.Context, b *budget, f *frame, e dirent) bool {
	at := place{dir: f.fd, path: s.walk.dir, name: e.name}
	st, selected := s.selects(at, e)
	if !selected || !s.old(s.rule.newest(st.stamps)) {
		f.kept++
		return true
	}
	v, err := s.remover.file(ctx, b, at, st)
	if v == unfinished {
		return false
	}
	s.settle(b, v, at, st.size, err)
	if v != removed && v != keptGone {
		f.kept++
	}
	return true
}

// selects looks at an entry, and tells whether its name and type are of those that may go.
func (s *sweep) selects(at place, e dirent) (info, bool) {
	if s.directoriesOnly {
		return info{}, false
	}
	return s.look(at, e)
}

// look is a choice by name and type, and what is known of the entry then.
func (p *pass) look(at place, e dirent) (info, bool) {
	if !p.choice.kind(e.kind) || !p.choice.name(at.path, e.name) {
		return info{}, false
	}
	st, err := p.rule.stat(at.dir, e.name)
	if err != nil {
		if !isChanged(err) {
			p.trouble(at.String(), err)
		}
		return info{}, false
	}
	return st, p.choice.kind(st.kind)
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
