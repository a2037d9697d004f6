package filecleanup

import (
	"context"

	"golang.org/x/sys/unix"
)

// restore is the first stage of a pass: what an earlier one had moved to the private directory to
// look at, and could not bring to an end, returns to its place.
type restore struct {
	*pass
	walk *walker
}

func (s *restore) close() {
	if s.walk != nil {
		s.walk.close()
	}
}

func (s *restore) advance(ctx context.Context, b *budget) (bool, error) {
	if s.walk == nil && !s.begin() {
		return true, nil
	}
	for !b.spent(ctx) {
		switch st := s.walk.step(); st.event {
		case atFiles:
			s.back(st.frame.fd, s.walk.dir(), st.frame.entries[st.frame.pos].name)
			st.frame.pos++
		case trouble:
			s.trouble(join(heldName, st.path), st.err)
		case done:
			return true, nil
		case onTheWay, passed, left:
		}
	}
	return false, nil
}

func (s *restore) begin() bool {
	if !s.private.exists() {
		return false
	}
	s.units()
	w, err := newWalker(s.opener, s.private.fd, heldName, true)
	if err != nil {
		if !isChanged(err) {
			s.trouble(heldName, err)
		}
		return false
	}
	s.walk = w
	return true
}

// units brings subtrees back; after a crash there is one at most.
func (s *restore) units() {
	w, err := newWalker(s.opener, s.private.fd, unitsName, true)
	if err != nil {
		return
	}
	defer w.close()
	w.enter = func(_ int, name string, _ info) bool {
		s.back(w.top().fd, "", name)
		return false
	}
	for w.step().event != done {
		if f := w.top(); f != nil {
			f.pos = len(f.entries)
		}
	}
}

func (s *restore) back(from int, dir, name string) {
	to := s.root
	if dir != "" {
		fd, err := s.opener.open(s.root, dir)
		if err != nil {
			s.trouble(join(dir, name), err)
			return
		}
		defer closeFD(fd)
		to = fd
	}
	if err := renameNoReplace(from, name, to, name); err != nil {
		s.trouble(join(dir, name), err)
	}
}

// purge is the last stage of a pass: it deletes, in the private directory, subtrees that are to go
// and trash that has been kept for long enough, and folders that are empty.
type purge struct {
	*pass
	walk *walker
}

func (s *purge) close() {
	if s.walk != nil {
		s.walk.close()
	}
}

func (s *purge) advance(ctx context.Context, b *budget) (bool, error) {
	if !s.private.exists() {
		return true, nil
	}
	if s.walk == nil {
		if err := s.begin(); err != nil {
			s.trouble(privateName, err)
			return true, nil
		}
	}
	for !b.spent(ctx) {
		switch st := s.walk.step(); st.event {
		case atFiles:
			s.file(st.frame, st.frame.entries[st.frame.pos])
			st.frame.pos++
		case left:
			s.directory(st.frame)
		case trouble:
			s.trouble(join(privateName, st.path), st.err)
		case done:
			s.private.remove()
			return true, nil
		case onTheWay, passed:
		}
	}
	return false, nil
}

func (s *purge) begin() error {
	w, err := newWalker(s.opener, s.private.fd, "", true)
	if err != nil {
		return err
	}
	s.walk = w
	w.enter = func(_ int, name string, _ info) bool {
		switch {
		case w.depth() == 0 || w.depth() > 1:
			return true
		case w.stack[1].name == trashName:
			return expired(name, s.now, s.settings.TrashFor)
		}
		return w.stack[1].name != unitsName
	}
	return nil
}

// deletes tells whether what stands in the present directory is to be deleted.
func (s *purge) deletes() bool {
	if s.walk.depth() < 2 {
		return false
	}
	area := s.walk.stack[1].name
	return area == goneName || area == trashName
}

func (s *purge) file(f *frame, e dirent) {
	if !s.deletes() {
		f.kept++
		return
	}
	at := place{dir: f.fd, path: s.walk.dir, name: e.name}
	v, err := outcomeOf(at, "remove", unix.Unlinkat(at.dir, at.name, 0))
	if v == removed {
		s.tally.purged++
		return
	}
	if v != keptGone {
		f.kept++
		s.trouble(join(privateName, at.String()), err)
	}
}

// directory removes a folder of which nothing is left.
func (s *purge) directory(f *frame) {
	parent := s.walk.top()
	if parent == nil {
		return
	}
	if f.kept > 0 || s.walk.reopen() != nil {
		parent.kept++
		return
	}
	if err := unix.Unlinkat(parent.fd, f.name, unix.AT_REMOVEDIR); err != nil {
		parent.kept++
		return
	}
	if s.deletes() {
		s.tally.purged++
	}
}
