package filecleanup

import (
	"cmp"
	"errors"
	"slices"

	"golang.org/x/sys/unix"
)

// walker goes through a tree step by step. Between two steps it stands still, for as long as one
// likes: it holds the directories it is in, and never looks them up again by a path that others may
// have changed meanwhile.
//
// A directory is read to its end, its files being handed out on the way in the order of their inodes
// (in which most file systems store them), before the walk goes down into the directories found.
type walker struct {
	opener    *opener
	recursive bool
	// enter is asked before a directory, open as fd, is entered; its parent is on top of the walk.
	enter func(fd int, name string, st info) bool

	stack []*frame
	held  int
	buf   []byte
	batch []dirent
	// dirPath is the path of dirOf, once somebody has asked for it.
	dirPath string
	dirOf   *frame
}

// frame is a directory that the walk is in.
type frame struct {
	name string
	// fd is -1 while the frame is closed, to stay within maxHeld.
	fd int
	st info
	// entries are those to be handed out, from pos on, once filling is over.
	entries []dirent
	pos     int
	filling bool
	read    bool
	dirs    []dirent
	// kept counts what stays in the directory.
	kept int
}

// dirent is an entry as the directory tells it.
type dirent struct {
	name string
	ino  uint64
	kind kind
}

const (
	// maxHeld is how many descriptors a walk holds at most, however deep the tree.
	maxHeld = 24
	// batchSize is after how many entries a large directory is handed out in parts.
	batchSize = 16 << 10
	readSize  = 64 << 10
)

// event is what a step of a walk met.
type event uint8

const (
	// onTheWay: nothing to be told; step again.
	onTheWay event = iota
	// atFiles: the top frame has entries; take them by advancing pos.
	atFiles
	// left: all of a directory has been seen; it is no longer on the stack.
	left
	// passed: a directory has vanished or been replaced under the walk, or another file system is
	// mounted there; the walk goes on without it.
	passed
	// trouble: a directory cannot be read; the walk goes on without it.
	trouble
	// done: the walk is over.
	done
)

// step is the answer of one step.
type step struct {
	event event
	// frame is the top frame atFiles, the one left otherwise.
	frame *frame
	path  string
	err   error
}

// newWalker starts a walk at the directory rel below dir.
func newWalker(o *opener, dir int, rel string, recursive bool) (*walker, error) {
	fd, err := o.open(dir, rel)
	if err != nil {
		return nil, err
	}
	st, err := statFD(fd)
	if err != nil {
		closeFD(fd)
		return nil, err
	}
	return &walker{
		opener: o, recursive: recursive, buf: make([]byte, readSize),
		enter: func(int, string, info) bool { return true },
		stack: []*frame{{fd: fd, st: st}}, held: 1,
	}, nil
}

func (w *walker) close() {
	for _, f := range w.stack {
		closeFD(f.fd)
	}
	w.stack = nil
}

func (w *walker) top() *frame {
	if len(w.stack) == 0 {
		return nil
	}
	return w.stack[len(w.stack)-1]
}

// depth is how far below its start the walk is.
func (w *walker) depth() int { return len(w.stack) - 1 }

// dir is the path of the top frame below the start of the walk.
func (w *walker) dir() string {
	if w.dirOf == w.top() {
		return w.dirPath
	}
	w.dirOf, w.dirPath = w.top(), w.path(1, len(w.stack))
	return w.dirPath
}

func (w *walker) path(from, to int) string {
	var text []byte
	for i := from; i < to; i++ {
		if i > from {
			text = append(text, '/')
		}
		text = append(text, w.stack[i].name...)
	}
	return string(text)
}

// step goes on by a bounded amount of work.
func (w *walker) step() step {
	f := w.top()
	switch {
	case f == nil:
		return step{event: done}
	case !f.filling && f.pos < len(f.entries):
		return step{event: atFiles, frame: f}
	case !f.read:
		return w.read(f)
	case len(f.dirs) > 0:
		return w.descend(f)
	}
	return w.leave(f)
}

func (w *walker) read(f *frame) step {
	if !f.filling {
		f.entries, f.pos, f.filling = f.entries[:0], 0, true
	}
	list, last, err := readEntries(f.fd, w.buf, w.batch[:0])
	w.batch = list
	for _, e := range list {
		w.sort(f, e)
	}
	f.read = last || err != nil
	if f.read || len(f.entries) >= batchSize {
		f.filling = false
		slices.SortFunc(f.entries, byInode)
	}
	if f.read {
		slices.SortFunc(f.dirs, byInode)
	}
	if !w.recursive {
		f.kept += len(f.dirs)
		f.dirs = f.dirs[:0]
	}
	if err != nil {
		f.kept++
		return step{event: trouble, frame: f, path: w.dir(), err: err}
	}
	return step{event: onTheWay}
}

// sort puts an entry where it belongs; not every file system tells the kind.
func (w *walker) sort(f *frame, e dirent) {
	if e.kind == kindUnknown {
		st, err := statAt(f.fd, e.name)
		if err != nil {
			f.kept++
			return
		}
		e.kind, e.ino = st.kind, st.id.ino
	}
	if e.kind == kindDirectory {
		f.dirs = append(f.dirs, e)
		return
	}
	f.entries = append(f.entries, e)
}

func byInode(a, b dirent) int {
	return cmp.Or(cmp.Compare(a.ino, b.ino), cmp.Compare(a.name, b.name))
}

func (w *walker) descend(f *frame) step {
	name := f.dirs[0].name
	f.dirs = f.dirs[1:]
	if err := w.reopen(); err != nil {
		f.kept++
		f.dirs = nil
		return w.failed(w.dir(), err)
	}
	fd, st, err := w.openDir(f.fd, name)
	if err != nil {
		f.kept++
		return w.failed(join(w.dir(), name), err)
	}
	if !w.enter(fd, name, st) {
		f.kept++
		closeFD(fd)
		return step{event: onTheWay}
	}
	w.stack = append(w.stack, &frame{name: name, fd: fd, st: st})
	w.held++
	w.shrink()
	return step{event: onTheWay}
}

func (w *walker) openDir(dir int, name string) (int, info, error) {
	fd, err := w.opener.open(dir, name)
	if err != nil {
		return -1, info{}, err
	}
	st, err := statFD(fd)
	if err != nil {
		closeFD(fd)
		return -1, info{}, err
	}
	return fd, st, nil
}

// failed is the step that met an error below. What has changed under the walk, or lies on another
// file system, is not the walk's trouble.
func (w *walker) failed(path string, err error) step {
	if isChanged(err) || errors.Is(err, unix.EXDEV) {
		return step{event: passed, path: path, err: err}
	}
	return step{event: trouble, path: path, err: err}
}

func (w *walker) leave(f *frame) step {
	w.stack = w.stack[:len(w.stack)-1]
	if f.fd >= 0 {
		closeFD(f.fd)
		w.held--
	}
	return step{event: left, frame: f}
}

// shrink closes the upper directories, which are needed last, but never the first.
func (w *walker) shrink() {
	for i := 1; i < len(w.stack)-1 && w.held > maxHeld; i++ {
		if f := w.stack[i]; f.fd >= 0 {
			closeFD(f.fd)
			f.fd = -1
			w.held--
		}
	}
}

// reopen makes sure that the top frame is open. It is looked up from the first directory, which is
// always held, and must be the very directory that it was; those just above it are opened as well,
// as the walk will need them next.
func (w *walker) reopen() error {
	last := len(w.stack) - 1
	if w.stack[last].fd >= 0 {
		return nil
	}
	from := max(1, last-maxHeld/2)
	at, err := w.opener.open(w.stack[0].fd, w.path(1, from+1))
	for i := from; err == nil; i++ {
		if err = w.adopt(w.stack[i], at); err != nil || i == last {
			break
		}
		at, err = w.opener.open(at, w.stack[i+1].name)
	}
	return err
}

// adopt gives a frame its descriptor back, if that is still the same directory.
func (w *walker) adopt(f *frame, fd int) error {
	st, err := statFD(fd)
	if err == nil && st.id != f.st.id {
		err = unix.ENOENT
	}
	if err != nil {
		closeFD(fd)
		return err
	}
	if f.fd >= 0 {
		closeFD(f.fd)
		w.held--
	}
	f.fd = fd
	w.held++
	return nil
}
