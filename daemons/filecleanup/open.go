package filecleanup

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"
)

// opener opens directories below a held one. Whatever happens to the tree meanwhile, it follows no
// symbolic link, and leaves the file system only if it may.
type opener struct {
	// steps means that paths are opened component by component, for want of openat2.
	steps bool
	oneFS bool
	dev   uint64
	mount uint64
}

func newOpener(root int, oneFS, steps bool) (*opener, error) {
	st, err := statFD(root)
	if err != nil {
		return nil, err
	}
	return &opener{
		steps: steps || !canOpenBeneath(root),
		oneFS: oneFS, dev: st.id.dev, mount: mountOf(root),
	}, nil
}

// open opens the directory rel ("" is dir itself) below dir. EXDEV means that another file system
// is mounted there; ELOOP and ENOTDIR that something else than a directory is there now.
func (o *opener) open(dir int, rel string) (int, error) {
	if rel == "" {
		rel = "."
	}
	if o.steps {
		return o.openSteps(dir, rel)
	}
	return o.openChunks(dir, rel)
}

// maxChunk is how much of a path one call may resolve; the kernel's limit is 4,096 bytes.
const maxChunk = 3500

func (o *opener) openChunks(dir int, rel string) (int, error) {
	at := dir
	for {
		chunk, rest := cutPath(rel, maxChunk)
		fd, err := openBeneath(at, chunk, o.oneFS)
		if at != dir {
			closeFD(at)
		}
		if err != nil || rest == "" {
			return fd, err
		}
		at, rel = fd, rest
	}
}

// cutPath cuts a path in front of the component that would make it longer than limit.
func cutPath(rel string, limit int) (chunk, rest string) {
	if len(rel) <= limit {
		return rel, ""
	}
	i := strings.LastIndexByte(rel[:limit], '/')
	if i < 0 {
		return rel, ""
	}
	return rel[:i], rel[i+1:]
}

func (o *opener) openSteps(dir int, rel string) (int, error) {
	at := dir
	for {
		name, rest, more := strings.Cut(rel, "/")
		fd, err := o.openStep(at, name)
		if at != dir {
			closeFD(at)
		}
		if err != nil || !more {
			return fd, err
		}
		at, rel = fd, rest
	}
}

func (o *opener) openStep(dir int, name string) (int, error) {
	fd, err := retry(func() (int, error) {
		return unix.Openat(dir, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	})
	if err != nil {
		return -1, err
	}
	if !o.oneFS {
		return fd, nil
	}
	st, err := statFD(fd)
	if err == nil && (st.id.dev != o.dev || mountOf(fd) != o.mount) {
		err = unix.EXDEV
	}
	if err != nil {
		closeFD(fd)
		return -1, err
	}
	return fd, nil
}

// isChanged tells whether an error means that the entry is no longer what it was when its directory
// was read: gone, or replaced by something of another type.
func isChanged(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENOTDIR)
}

// linkAndUnlink moves a file without replacing anything where the file system cannot do it in one step.
func linkAndUnlink(fromDir int, from string, toDir int, to string) error {
	if err := unix.Linkat(fromDir, from, toDir, to, 0); err != nil {
		return err
	}
	return unix.Unlinkat(fromDir, from, 0)
}
