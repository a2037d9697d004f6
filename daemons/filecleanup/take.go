package filecleanup

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// verdict is what became of something that was to go.
type verdict uint8

const (
	// untouched: it was not to go.
	untouched verdict = iota
	removed
	// keptInUse: somebody has it open or locked.
	keptInUse
	// keptAltered: it is not what was selected any more.
	keptAltered
	// keptGone: somebody else was faster.
	keptGone
	// keptFailed: it could not be removed.
	keptFailed
	// unfinished: the run is over; ask again in the next.
	unfinished
)

// place is where something is: a name in a held directory.
type place struct {
	dir int
	// path is the path of that directory below the cleaned one.
	path func() string
	name string
}

func (p place) String() string { return join(p.path(), p.name) }

// remover takes away what has been selected.
type remover struct {
	action  string
	dryRun  bool
	verify  bool
	probe   *probe
	private *private
	archive *store
	trash   *store
	gone    *store
	held    *store
	units   *store
	copying *copyJob
	// stamp names the folder of this pass in trash and gone.
	stamp string
}

func (r *remover) close() {
	for _, s := range []*store{r.archive, r.trash, r.gone, r.held, r.units} {
		if s != nil {
			s.close()
		}
	}
	r.drop()
}

// file removes one file that has just been seen as want. Right before it goes it is looked at again:
// what has been replaced, opened or written to meanwhile stays.
func (r *remover) file(ctx context.Context, b *budget, at place, want info) (verdict, error) {
	if r.copying != nil && r.copying.source.same(want) {
		return r.resume(ctx, b, at)
	}
	if r.copying != nil {
		r.drop() // what was being copied is no longer there
	}
	fd, used, err := r.probe.look(at.dir, at.name, want)
	defer func() { closeFD(fd) }() // and with it lease and lock, once the file is gone
	probed := fd >= 0
	switch {
	case err != nil:
		return keptFailed, fmt.Errorf("see whether %q is in use: %w", at, err)
	case used == inUse:
		return keptInUse, nil
	case used == altered:
		return keptAltered, nil
	case r.dryRun:
		return removed, nil
	case r.action == actionArchive:
		closeFD(fd) // a copy could not be read under our own lease
		fd = -1
	}
	if probed { // time has passed
		if now, err := statAt(at.dir, at.name); err != nil || !now.same(want) {
			return keptAltered, nil
		}
	}
	return r.act(ctx, b, at, want)
}

func (r *remover) act(ctx context.Context, b *budget, at place, want info) (verdict, error) {
	switch r.action {
	case actionArchive:
		return r.toArchive(ctx, b, at, want)
	case actionTrash:
		to, err := r.destination()
		if err != nil {
			return keptFailed, err
		}
		return r.move(at, to, want)
	}
	if r.verify {
		return r.deleteVerified(at, want)
	}
	return outcomeOf(at, "remove", unix.Unlinkat(at.dir, at.name, 0))
}

// outcomeOf reads the error of a removal: that it is gone already is as good.
func outcomeOf(at place, verb string, err error) (verdict, error) {
	switch {
	case err == nil:
		return removed, nil
	case errors.Is(err, unix.ENOENT):
		return keptGone, nil
	case errors.Is(err, unix.EISDIR), errors.Is(err, unix.ENOTDIR):
		return keptAltered, nil
	}
	return keptFailed, fmt.Errorf("%s %q: %w", verb, at, err)
}

// destination is where a rename takes what goes: a deleted subtree too, until the purge of this pass.
func (r *remover) destination() (*store, error) {
	switch r.action {
	case actionArchive:
		return r.archive, nil
	case actionTrash:
		return r.into(&r.trash, trashName+"/"+r.stamp)
	}
	return r.into(&r.gone, goneName+"/"+r.stamp)
}

// into answers a store below the private directory, opened once.
func (r *remover) into(s **store, rel string) (*store, error) {
	if *s != nil {
		return *s, nil
	}
	fd, err := r.private.folder(rel)
	if err != nil {
		return nil, err
	}
	*s = newStore(fd, r.private.opener)
	return *s, nil
}

// move takes a file into a store. If it was not the wanted one that moved, it is put back.
func (r *remover) move(at place, to *store, want info) (verdict, error) {
	folder, name, v, err := r.moveIn(at, to)
	if v != removed {
		return v, err
	}
	if now, err := statAt(folder, name); err == nil && now.unmoved(want) {
		return removed, nil
	}
	return r.putBack(folder, name, at)
}

func (r *remover) moveIn(at place, to *store) (folder int, name string, v verdict, err error) {
	folder, err = to.folder(at.path())
	if err != nil {
		return -1, "", keptFailed, err
	}
	name, err = put(at.name, func(name string) error {
		return renameNoReplace(at.dir, at.name, folder, name)
	})
	v, err = outcomeOf(at, "move", err)
	return folder, name, v, err
}

// putBack returns a file to its place. Should that be taken by now, nothing is overwritten: the file
// stays in the private directory, and the next pass tries again.
func (r *remover) putBack(folder int, name string, at place) (verdict, error) {
	err := renameNoReplace(folder, name, at.dir, at.name)
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return keptFailed, fmt.Errorf("put %q back from %s: %w", at, privateName, err)
	}
	return keptAltered, nil
}

// deleteVerified moves a file to where nobody else can exchange it, looks again, and deletes it there.
func (r *remover) deleteVerified(at place, want info) (verdict, error) {
	to, err := r.into(&r.held, heldName)
	if err != nil {
		return keptFailed, err
	}
	folder, name, v, err := r.moveIn(at, to)
	if v != removed {
		return v, err
	}
	if now, err := statAt(folder, name); err != nil || !now.unmoved(want) {
		return r.putBack(folder, name, at)
	}
	return outcomeOf(at, "remove", unix.Unlinkat(folder, name, 0))
}
