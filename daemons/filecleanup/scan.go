package filecleanup

import "context"

// scan is the stage that only looks, so that the next one knows the oldest.
type scan struct {
	*pass
	walk    *walker
	ranking *ranking
	// units are the directories to look at as a whole, unit the one under way.
	units []string
	unit  *survey
}

func (p *pass) newScan() (*scan, error) {
	subtrees := p.settings.Unit == unitSubtree
	w, err := newWalker(p.opener, p.root, "", subtrees || p.settings.Recursive)
	if err != nil {
		return nil, p.rootError(err)
	}
	s := &scan{pass: p, walk: w, ranking: &ranking{limit: p.settings.limit()}}
	w.enter = func(fd int, name string, st info) bool {
		if !subtrees {
			return p.enters(w, fd, name, st)
		}
		if !p.barred[st.id] && p.choice.name(w.dir, name) {
			s.units = append(s.units, name)
		}
		return false
	}
	return s, nil
}

func (s *scan) close() {
	s.walk.close()
	if s.unit != nil {
		s.unit.close()
	}
}

func (s *scan) advance(ctx context.Context, b *budget) (bool, error) {
	for !b.spent(ctx) {
		switch st := s.walk.step(); st.event {
		case atFiles:
			s.files(ctx, b, st.frame)
		case trouble:
			if s.walk.depth() == 0 && st.frame != nil {
				return false, s.rootError(st.err)
			}
			s.trouble(st.path, st.err)
		case done:
			return s.subtrees(ctx, b), nil
		case onTheWay, passed, left:
		}
	}
	return false, nil
}

func (s *scan) files(ctx context.Context, b *budget, f *frame) {
	for {
		e := f.entries[f.pos]
		at := place{dir: f.fd, path: s.walk.dir, name: e.name}
		st, selected, err := s.look(at, e)
		if err != nil {
			s.trouble(at.String(), err)
		}
		if selected {
			s.ranking.add(candidate{
				dir: s.walk.dir(), name: e.name, id: st.id, kind: st.kind,
				at: s.rule.newest(st.stamps), size: st.size,
			})
		}
		f.pos++
		if f.pos == len(f.entries) || b.spent(ctx) {
			return
		}
	}
}

// subtrees looks at the units found, and tells whether that is over.
func (s *scan) subtrees(ctx context.Context, b *budget) bool {
	for len(s.units) > 0 {
		if s.unit == nil && !s.begin(s.units[0]) {
			s.units = s.units[1:]
			continue
		}
		if !s.unit.advance(ctx, b) {
			return false
		}
		s.add(s.unit)
		s.unit.close()
		s.unit, s.units = nil, s.units[1:]
	}
	return true
}

func (s *scan) begin(name string) bool {
	unit, err := s.newSurvey(s.root, name, false)
	if err != nil {
		if !isChanged(err) {
			s.trouble(name, err)
		}
		return false
	}
	s.unit = unit
	return true
}

func (s *scan) add(u *survey) {
	switch {
	case u.err != nil:
		s.trouble(u.name, u.err)
	case !u.stays():
		s.ranking.add(candidate{name: u.name, id: u.id, kind: kindDirectory, at: u.newest, size: u.size})
	}
}
