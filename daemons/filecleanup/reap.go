package filecleanup

import (
	"cmp"
	"context"

	"golang.org/x/sys/unix"
)

// reap is the stage that removes what a scan has found, the oldest first, until it is enough.
type reap struct {
	*pass
	scan *scan
	plan *plan
	// dirPath and dir are the directory used last.
	dirPath string
	dir     int
	unit    *unitRemoval
}

func (p *pass) newReap(s *scan) *reap { return &reap{pass: p, scan: s, dir: -1} }

func (r *reap) close() {
	closeFD(r.dir)
	r.dir = -1
	if r.unit != nil {
		r.unit.close()
	}
}

func (r *reap) advance(ctx context.Context, b *budget) (bool, error) {
	if r.plan == nil {
		r.plan = r.scan.ranking.plan(r.settings.KeepNewest, int64(r.settings.MaximumTotalSize))
	}
	for !b.spent(ctx) {
		c, more := r.plan.next(r.old, r.removable)
		if !more {
			r.again = r.plan.cut && len(r.plan.queue) == 0 && r.worked()
			return true, nil
		}
		v := r.take(ctx, b, c)
		if v == unfinished {
			return false, nil
		}
		r.plan.done(v == removed || v == keptGone)
	}
	return false, nil
}

// take removes one candidate, if it is still what the scan saw.
func (r *reap) take(ctx context.Context, b *budget, c candidate) verdict {
	at := place{path: func() string { return c.dir }, name: c.name}
	v, err := r.remove(ctx, b, &at, c)
	r.settle(b, v, at, c.size, err)
	return v
}

func (r *reap) remove(ctx context.Context, b *budget, at *place, c candidate) (verdict, error) {
	dir, err := r.open(c.dir)
	if err != nil {
		return outcomeOf(*at, "open the directory of", err)
	}
	at.dir = dir
	if c.kind == kindDirectory {
		return r.subtree(ctx, b, *at, c)
	}
	st, err := r.rule.stat(dir, c.name)
	if err != nil {
		return outcomeOf(*at, "stat", err)
	}
	if st.id != c.id || r.rule.newest(st.stamps) != c.at || st.size != c.size {
		return keptAltered, nil
	}
	return r.remover.file(ctx, b, *at, st)
}

func (r *reap) open(path string) (int, error) {
	if path == "" {
		return r.root, nil
	}
	if r.dir >= 0 && r.dirPath == path {
		return r.dir, nil
	}
	fd, err := r.opener.open(r.root, path)
	if err != nil {
		return -1, err
	}
	closeFD(r.dir)
	r.dir, r.dirPath = fd, path
	return fd, nil
}

func (r *reap) subtree(ctx context.Context, b *budget, at place, c candidate) (verdict, error) {
	if r.unit == nil {
		unit, err := r.newUnitRemoval(at, c)
		if err != nil {
			return outcomeOf(at, "open", err)
		}
		r.unit = unit
	}
	v, err := r.unit.advance(ctx, b)
	if v != unfinished {
		r.unit.close()
		r.unit = nil
	}
	return v, err
}

// unitRemoval removes one subtree: it looks at all of it again, moves it away with one rename, so that
// it goes as a whole or not at all, and, to verify, looks at it once more where nobody can enter it.
type unitRemoval struct {
	*pass
	at     place
	want   candidate
	st     info
	survey *survey
	// moved is where it is while it is verified.
	moved *place
}

func (p *pass) newUnitRemoval(at place, c candidate) (*unitRemoval, error) {
	st, err := statAt(at.dir, at.name)
	if err != nil {
		return nil, err
	}
	s, err := p.newSurvey(at.dir, at.name, true)
	if err != nil {
		return nil, err
	}
	return &unitRemoval{pass: p, at: at, want: c, st: st, survey: s}, nil
}

func (u *unitRemoval) close() { u.survey.close() }

func (u *unitRemoval) advance(ctx context.Context, b *budget) (verdict, error) {
	if !u.survey.advance(ctx, b) {
		return unfinished, nil
	}
	v, err := u.judge()
	switch {
	case u.moved == nil && v == removed && u.settings.DryRun:
		return removed, nil
	case u.moved == nil && v == removed && u.settings.Verify:
		return u.hold(ctx, b)
	case u.moved == nil && v == removed:
		return u.leave(u.at)
	case u.moved == nil:
		return v, err
	case v == removed:
		return u.leave(*u.moved)
	}
	if back, err := u.remover.putBack(u.moved.dir, u.moved.name, u.at); back == keptFailed {
		return back, err
	}
	return v, err
}

// judge tells by the survey whether the subtree may go: it must be what the scan saw, and unused.
func (u *unitRemoval) judge() (verdict, error) {
	s := u.survey
	switch {
	case s.err != nil:
		return keptFailed, s.err
	case s.busy:
		return keptInUse, nil
	case s.kept, s.id != u.want.id, s.newest != u.want.at:
		return keptAltered, nil
	}
	return removed, nil
}

// hold moves the subtree to the private directory, where it is looked at again.
func (u *unitRemoval) hold(ctx context.Context, b *budget) (verdict, error) {
	to, err := u.remover.into(&u.remover.units, unitsName)
	if err != nil {
		return keptFailed, err
	}
	folder, name, v, err := u.remover.moveIn(u.at, to)
	if v != removed {
		return v, err
	}
	u.moved = &place{dir: folder, path: rootPath, name: name}
	again, err := u.newSurvey(folder, name, true)
	if err != nil {
		_, back := u.remover.putBack(folder, name, u.at)
		return keptFailed, cmp.Or(back, err)
	}
	u.survey.close()
	u.survey = again
	return u.advance(ctx, b)
}

// leave moves the subtree to where it goes, or, to be deleted, to where the purge finds it.
func (u *unitRemoval) leave(from place) (verdict, error) {
	to, err := u.remover.destination()
	if err != nil {
		return keptFailed, err
	}
	st, err := statAt(from.dir, from.name)
	if err != nil || st.id != u.want.id {
		return outcomeOf(u.at, "stat", cmp.Or(err, error(unix.ENOTDIR)))
	}
	return u.remover.move(from, to, st)
}
