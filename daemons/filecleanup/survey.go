package filecleanup

import (
	"context"
	"math"
)

// survey looks at a subtree as a whole.
type survey struct {
	*pass
	walk *walker
	// name is that of the directory at the top.
	name string
	// use means to look whether anything is in use, too.
	use bool
	// id is the directory at the top.
	id fileID
	// newest is the youngest time of anything in it, size that of its files together.
	newest, size int64
	// kept tells that it holds something that must stay: an excluded name, another file system.
	kept bool
	// busy tells that something in it is in use.
	busy bool
	// err is why something in it could not be looked at.
	err error
}

// newSurvey starts at the directory name in dir.
func (p *pass) newSurvey(dir int, name string, use bool) (*survey, error) {
	w, err := newWalker(p.opener, dir, name, true)
	if err != nil {
		return nil, err
	}
	s := &survey{pass: p, walk: w, name: name, use: use, id: w.top().st.id, newest: math.MinInt64}
	s.see(w.top().st)
	w.enter = func(fd int, entry string, st info) bool {
		if p.barred[st.id] || p.choice.exclude.match(s.dir, entry) {
			s.kept = true
			return false
		}
		if use && p.remover.probe.directory(fd) {
			s.busy = true
			return false
		}
		s.see(st)
		return true
	}
	return s, nil
}

// dir is the path of the directory the survey is in.
func (s *survey) dir() string {
	if below := s.walk.dir(); below != "" {
		return join(s.name, below)
	}
	return s.name
}

func (s *survey) close() { s.walk.close() }

func (s *survey) see(st info) {
	at := s.rule.newest(st.stamps)
	if st.kind == kindDirectory {
		at = s.rule.ofDirectory(st.stamps)
	} else {
		s.size += st.size
	}
	s.newest = max(s.newest, at)
}

// stays tells whether the subtree cannot go, whatever its age.
func (s *survey) stays() bool { return s.kept || s.busy || s.err != nil }

// advance tells whether the survey is over; it ends early once it is clear that the subtree stays.
func (s *survey) advance(ctx context.Context, b *budget) bool {
	for !b.spent(ctx) {
		if s.stays() {
			return true
		}
		switch st := s.walk.step(); st.event {
		case atFiles:
			s.file(st.frame, st.frame.entries[st.frame.pos])
			st.frame.pos++
		case trouble:
			s.err = st.err
		case passed:
			s.kept = true
		case done:
			return true
		case onTheWay, left:
		}
	}
	return false
}

func (s *survey) file(f *frame, e dirent) {
	if s.choice.exclude.match(s.dir, e.name) {
		s.kept = true
		return
	}
	st, err := s.rule.stat(f.fd, e.name)
	if isChanged(err) {
		return
	}
	if err != nil {
		s.err = err
		return
	}
	s.see(st)
	if !s.use {
		return
	}
	fd, used, err := s.remover.probe.look(f.fd, e.name, st)
	closeFD(fd)
	s.busy, s.err = used == inUse && err == nil, err
}
