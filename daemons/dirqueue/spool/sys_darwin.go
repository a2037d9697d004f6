package spool

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

func statOf(st *unix.Stat_t) stat {
	return stat{
		id:   Identity{Dev: uint64(uint32(st.Dev)), Ino: st.Ino},
		mode: uint32(st.Mode), uid: int(st.Uid), gid: int(st.Gid), links: uint64(st.Nlink), size: st.Size,
		modified: time.Unix(st.Mtim.Sec, st.Mtim.Nsec),
		changed:  time.Unix(st.Ctim.Sec, st.Ctim.Nsec),
	}
}

// fileClock is the clock that the times of files come from.
func fileClock() time.Time {
	var tv unix.Timeval
	if unix.Gettimeofday(&tv) != nil {
		return time.Time{}
	}
	return time.Unix(tv.Unix())
}

// entries reads a directory.
type entries struct{ fd int }

// readEntries starts at the directory's beginning. It uses the descriptor's own position.
func readEntries(fd int) (*entries, error) {
	_, err := unix.Seek(fd, 0, 0)
	return &entries{fd: fd}, err
}

// block reads all at once: in parts, entries that go meanwhile would make it skip others. A directory
// that somebody has removed since it was opened has none.
func (e *entries) block(each func(entry)) (bool, error) {
	own, err := unix.FcntlInt(uintptr(e.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return false, err
	}
	file := os.NewFile(uintptr(own), "directory")
	defer file.Close()
	names, err := file.Readdirnames(-1)
	for _, name := range names {
		each(entry{name: []byte(name)})
	}
	return false, ignoreMissing(err)
}

// move renames, or answers EEXIST.
func move(fromDir int, from string, toDir int, to string) error {
	return again(func() error { return unix.RenameatxNp(fromDir, from, toDir, to, unix.RENAME_EXCL) })
}

// exchange swaps two entries in one step.
func exchange(aDir int, a string, bDir int, b string) error {
	return again(func() error { return unix.RenameatxNp(aDir, a, bDir, b, unix.RENAME_SWAP) })
}

// isWritten needs the leases of Linux: files are taken when they have settled.
func isWritten(int) (bool, error) { return false, errors.ErrUnsupported }

// openNameless is for Linux: files are written under a name of their own first.
func openNameless(int, string, uint32) (int, error) { return -1, unix.EOPNOTSUPP }

func giveName(int, int, string) error { return unix.EOPNOTSUPP }

// syncFD makes the disk write its cache, too, which fsync does not do here.
func syncFD(fd int) error {
	return again(func() error {
		_, err := unix.FcntlInt(uintptr(fd), unix.F_FULLFSYNC, 0)
		return err
	})
}

// syncAll is for Linux: files and directories are synced one by one.
func syncAll(int) error { return errors.ErrUnsupported }

func syncsDirectoriesApart(int) bool { return false }
