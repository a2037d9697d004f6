package filecleanup

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// privateName is the directory inside the cleaned one that only the daemon may enter. In it,
//
//	held/PATH        is a file being verified,
//	units/NAME       a subtree being verified,
//	gone/TIME/NAME   a subtree that is being deleted,
//	trash/TIME/PATH  what action = "trash" took out at that time.
//
// It is on the file system of the cleaned directory, so that one rename moves a file there, and what
// is in it says what to do with it: after a crash, the next pass brings it to its end.
const (
	privateName = ".peakd-cleanup"
	heldName    = "held"
	unitsName   = "units"
	goneName    = "gone"
	trashName   = "trash"
	stampLayout = "20060102T150405Z"
)

// ErrNotPrivate is why the private directory inside a cleaned one is not used.
var ErrNotPrivate = errors.New("not private")

// private is the private directory, as far as it exists.
type private struct {
	root   int
	opener *opener
	fd     int
	id     fileID
	// folders are descriptors of folders in it that stores use as their roots.
	folders []int
	// made is told the identity of the directory when it is made.
	made func(fileID)
}

// openPrivate opens the private directory if it exists and is ours. One that another user has made
// is a directory like any other: it is cleaned, not used.
func openPrivate(root int, o *opener) (*private, error) {
	p := &private{root: root, opener: o, fd: -1}
	err := p.open()
	if isChanged(err) || errors.Is(err, ErrNotPrivate) {
		return p, nil
	}
	return p, err
}

func (p *private) exists() bool { return p.fd >= 0 }

// need makes sure that it exists.
func (p *private) need() error {
	if p.exists() {
		return nil
	}
	if err := unix.Mkdirat(p.root, privateName, 0o700); err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("make private directory %s: %w", privateName, err)
	}
	if err := p.open(); err != nil {
		return fmt.Errorf("open private directory %s: %w", privateName, err)
	}
	p.made(p.id)
	return nil
}

func (p *private) open() error {
	fd, err := p.opener.open(p.root, privateName)
	if err != nil {
		return err
	}
	st, err := statFD(fd)
	if err == nil && (st.uid != os.Geteuid() || st.perm&0o077 != 0) {
		err = fmt.Errorf("%w: it belongs to user %d with mode %04o", ErrNotPrivate, st.uid, st.perm)
	}
	if err != nil {
		closeFD(fd)
		return err
	}
	p.fd, p.id = fd, st.id
	return nil
}

// remove takes the directory away if nothing is left in it.
func (p *private) remove() {
	if p.exists() {
		_ = unix.Unlinkat(p.root, privateName, unix.AT_REMOVEDIR)
	}
}

// folder makes and opens a folder in it; the descriptor is closed with p.
func (p *private) folder(rel string) (int, error) {
	if err := p.need(); err != nil {
		return -1, err
	}
	fd, err := newStore(p.fd, p.opener).folder(rel)
	if err == nil {
		p.folders = append(p.folders, fd)
	}
	return fd, err
}

func (p *private) close() {
	for _, fd := range p.folders {
		closeFD(fd)
	}
	closeFD(p.fd)
	p.folders, p.fd = nil, -1
}

// stampOf is the name of the folder for what goes at that time.
func stampOf(now time.Time) string { return now.UTC().Format(stampLayout) }

// expired tells whether a folder of that name is older than keep; other names never are.
func expired(name string, now time.Time, keep time.Duration) bool {
	at, err := time.Parse(stampLayout, name)
	return err == nil && !at.After(now) && now.Sub(at) >= keep
}
