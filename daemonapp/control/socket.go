package control

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// ErrInUse: another process serves at that socket.
var ErrInUse = errors.New("the socket is in use")

// socket is a unix socket in its place.
type socket struct {
	*net.UnixListener
	path string // without symbolic links
	info fs.FileInfo
	// notes are what a person should know of the place.
	notes []string
}

// rights are those of a socket and of the directory that is made for it.
type rights struct {
	socket, dir fs.FileMode
	gid         int // -1: the own group
}

// rights let those connect who have any: with two groups, that is everybody, as a socket has one group only; whoever
// connects is looked at in any case.
func (a *access) rights() rights {
	switch {
	case a.steer == nil && a.view == nil:
		return rights{0o600, 0o700, -1}
	case a.view == nil:
		return rights{0o660, 0o750, int(a.steer.gid)}
	case a.steer == nil || a.steer.gid == a.view.gid:
		return rights{0o660, 0o750, int(a.view.gid)}
	}
	return rights{0o666, 0o755, -1}
}

// openSocket binds the socket. It is bound in a private directory, given its rights there, and then moved into place:
// at no moment can anybody connect who must not. What a dead process has left in that place is replaced.
//
// With shared, the directory is one of peakd's own, in which several apps have their sockets: its rights are widened if
// this app's are wider.
func openSocket(path string, r rights, shared bool) (*socket, error) {
	s := &socket{}
	if err := s.open(path, r, shared); err != nil {
		return nil, fmt.Errorf("open control socket %s: %w", path, err)
	}
	return s, nil
}

func (s *socket) open(path string, r rights, shared bool) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if err := tooLong(path); err != nil {
		return err
	}
	dir, err := s.openDir(filepath.Dir(path), r, shared)
	if err != nil {
		return err
	}
	s.path = filepath.Join(dir, filepath.Base(path))
	unlock, err := lockBeside(s.path)
	if err != nil {
		return err
	}
	defer unlock()
	if err := vacant(s.path); err != nil {
		return err
	}
	sweep(s.path)
	return s.bind(r)
}

// bind makes the socket and moves it into place, which is known to be vacant and locked.
func (s *socket) bind(r rights) error {
	private, err := os.MkdirTemp(filepath.Dir(s.path), stagePrefix(s.path))
	if err != nil {
		return err
	}
	defer os.RemoveAll(private)
	staged := filepath.Join(private, "s")
	if err := tooLong(staged); err != nil {
		return err
	}
	if s.UnixListener, err = net.ListenUnix("unix", &net.UnixAddr{Name: staged, Net: "unix"}); err != nil {
		return err
	}
	s.SetUnlinkOnClose(false)
	if err := s.furnish(staged, r); err != nil {
		return errors.Join(err, s.UnixListener.Close())
	}
	return nil
}

func (s *socket) furnish(staged string, r rights) (err error) {
	if err := os.Chmod(staged, 0o600); err != nil {
		return err
	}
	if r.gid >= 0 {
		if err := os.Lchown(staged, -1, r.gid); err != nil {
			return fmt.Errorf("give it to the group: %w; the user that the app runs as must be a member", err)
		}
	}
	if err := os.Chmod(staged, r.socket); err != nil {
		return err
	}
	if s.info, err = os.Lstat(staged); err != nil {
		return err
	}
	return os.Rename(staged, s.path)
}

// close removes the socket, unless another has taken its place, and stops listening.
func (s *socket) close() error {
	unlock, err := lockBeside(s.path)
	if err != nil {
		return errors.Join(fmt.Errorf("close control socket: %w", err), s.UnixListener.Close())
	}
	defer unlock()
	if info, err := os.Lstat(s.path); err == nil && os.SameFile(info, s.info) {
		if err := os.Remove(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(fmt.Errorf("close control socket: %w", err), s.UnixListener.Close())
		}
	}
	if err := s.UnixListener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close control socket: %w", err)
	}
	return nil
}

// openDir makes the directory, or checks the one that is there, and tells its real path.
func (s *socket) openDir(dir string, r rights, shared bool) (string, error) {
	above, err := realPath(filepath.Dir(dir))
	if err != nil {
		return "", err
	}
	dir = filepath.Join(above, filepath.Base(dir))
	err = os.Mkdir(dir, 0o700)
	if err == nil {
		return dir, grant(dir, r)
	}
	if !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	if dir, err = realPath(dir); err != nil {
		return "", err
	}
	return dir, s.checkDir(dir, r, shared)
}

// grant gives a directory that was just made, and that nobody else can enter yet, its rights.
func grant(dir string, r rights) error {
	if r.gid >= 0 {
		if err := os.Lchown(dir, -1, r.gid); err != nil {
			return fmt.Errorf("give %s to the group: %w; the user that the app runs as must be a member", dir, err)
		}
	}
	return os.Chmod(dir, r.dir)
}

// checkDir looks at a directory that is there already.
func (s *socket) checkDir(dir string, r rights, shared bool) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	owner, mode := ownerOf(info), info.Mode()
	switch {
	case !info.IsDir():
		return fmt.Errorf("%s is not a directory", dir)
	case shared && owner != 0 && owner != os.Geteuid():
		return fmt.Errorf("%s belongs to %s, who could replace the socket", dir, userName(uint32(owner)))
	case mode.Perm()&0o002 != 0 && mode&fs.ModeSticky == 0:
		return fmt.Errorf("everybody can write into %s, and could replace the socket; choose another directory", dir)
	}
	missing := wanted(info, r) &^ mode.Perm()
	if missing == 0 {
		return nil
	}
	if shared && owner == os.Geteuid() {
		return os.Chmod(dir, mode&(fs.ModePerm|fs.ModeSetgid|fs.ModeSticky)|missing)
	}
	s.notes = append(s.notes, fmt.Sprintf("not everybody who may connect can enter %s: its mode is %#o", dir, mode.Perm()))
	return nil
}

// wanted is what others than the owner must be able to do with a directory that is there. Where it is of another group
// than the socket, that is for everybody to do: the sockets in it have rights of their own.
func wanted(info fs.FileInfo, r rights) fs.FileMode {
	st, ok := info.Sys().(*syscall.Stat_t)
	if r.gid >= 0 && ok && int(st.Gid) != r.gid {
		return r.dir&0o050 | r.dir&0o050>>3
	}
	return r.dir & 0o055
}

// vacant tells whether a socket can have that place: nothing is there, or what a dead process has left.
func vacant(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() == fs.ModeSymlink:
		return errors.New("it is a symbolic link, which is not followed; remove it")
	case info.Mode().Type() != fs.ModeSocket:
		return errors.New("there is a file of that name that is no socket; remove it")
	}
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist):
		return nil // the rename replaces it
	case err != nil && !errors.Is(err, syscall.EAGAIN): // EAGAIN: somebody listens, and is behind
		return fmt.Errorf("there is a socket, and it cannot be told whether it is in use: %w", err)
	case err != nil:
		return ErrInUse
	}
	defer conn.Close()
	if holder, err := peerOf(conn); err == nil && holder.PID > 0 {
		return fmt.Errorf("%w by process %d of %s", ErrInUse, holder.PID, userName(holder.UID))
	}
	return ErrInUse
}

// stagePrefix begins the names of the private directories in which sockets for this path are made.
func stagePrefix(path string) string { return "." + filepath.Base(path) + "-" }

// sweep removes what a process has left that was killed while it made its socket; the lock is held.
func sweep(path string) {
	left, _ := filepath.Glob(quoteGlob(filepath.Join(filepath.Dir(path), stagePrefix(path))) + "*")
	for _, dir := range left {
		if info, err := os.Lstat(dir); err == nil && info.IsDir() && ownerOf(info) == os.Geteuid() {
			_ = os.RemoveAll(dir)
		}
	}
}

// tooLong tells of a path that no socket can have.
func tooLong(path string) error {
	if limit := len(syscall.RawSockaddrUnix{}.Path) - 1; len(path) > limit {
		return fmt.Errorf("the path %s has %d bytes, and the system allows %d; say a shorter one in control { socket = PATH }", path, len(path), limit)
	}
	return nil
}

// lockBeside keeps other processes that want the same place away until unlock. It waits for them: none needs long.
func lockBeside(path string) (unlock func(), err error) {
	name := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".lock")
	for {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR|unix.O_NOFOLLOW, 0o600)
		if err != nil {
			return nil, fmt.Errorf("lock: %w", err)
		}
		if held, err := lockFile(f, name); err != nil || !held {
			_ = f.Close()
			if err != nil {
				return nil, fmt.Errorf("lock %s: %w", name, err)
			}
			continue // whoever had it has removed it
		}
		return func() {
			_ = os.Remove(name)
			_ = f.Close() // gives the lock back
		}, nil
	}
}

// lockFile locks f, and tells whether that is still the file of that name.
func lockFile(f *os.File, name string) (bool, error) {
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	if owner := ownerOf(info); owner != 0 && owner != os.Geteuid() {
		return false, fmt.Errorf("it belongs to %s", userName(uint32(owner)))
	}
	for err = unix.EINTR; errors.Is(err, unix.EINTR); {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX)
	}
	if err != nil {
		return false, err
	}
	there, err := os.Lstat(name)
	return err == nil && os.SameFile(there, info), nil
}
