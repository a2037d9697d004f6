package spool

import (
	"bytes"
	"encoding/binary"
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

func statOf(st *unix.Stat_t) stat {
	//nolint:unconvert // the widths differ between architectures
	return stat{
		id:   Identity{Dev: uint64(st.Dev), Ino: uint64(st.Ino)},
		mode: st.Mode, uid: int(st.Uid), gid: int(st.Gid), links: uint64(st.Nlink), size: st.Size,
		modified: time.Unix(int64(st.Mtim.Sec), int64(st.Mtim.Nsec)),
		changed:  time.Unix(int64(st.Ctim.Sec), int64(st.Ctim.Nsec)),
	}
}

// fileClock is the clock that the times of files come from: it lags behind the precise one by up to a tick.
func fileClock() time.Time {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &ts) != nil {
		return time.Time{}
	}
	return time.Unix(ts.Unix())
}

// entries reads a directory in blocks; what is renamed or made meanwhile may or may not be among them.
type entries struct {
	fd  int
	buf []byte
}

// readEntries starts at the directory's beginning. It uses the descriptor's own position.
func readEntries(fd int) (*entries, error) {
	if _, err := unix.Seek(fd, 0, 0); err != nil {
		return nil, err
	}
	return &entries{fd: fd, buf: make([]byte, 16<<10)}, nil
}

// block calls each for the entries of the next block, and tells whether there may be another. A directory that somebody has
// removed since it was opened has none.
func (e *entries) block(each func(entry)) (bool, error) {
	n := 0
	err := again(func() (err error) {
		n, err = unix.ReadDirent(e.fd, e.buf)
		return err
	})
	if err != nil || n <= 0 {
		return false, ignoreMissing(err)
	}
	const nameAt = 19 // of struct linux_dirent64: ino 8, offset 8, length 2, type 1
	for rest := e.buf[:n]; len(rest) > nameAt; {
		length := int(binary.NativeEndian.Uint16(rest[16:]))
		if length <= nameAt || length > len(rest) {
			return false, unix.EBADMSG
		}
		name := rest[nameAt:length]
		if end := bytes.IndexByte(name, 0); end >= 0 {
			name = name[:end]
		}
		if !isDots(name) {
			each(entry{name: name, kind: kindOfDirent(rest[18])})
		}
		rest = rest[length:]
	}
	return true, nil
}

func isDots(name []byte) bool {
	return len(name) == 1 && name[0] == '.' || len(name) == 2 && name[0] == '.' && name[1] == '.'
}

func kindOfDirent(t byte) kind {
	switch t {
	case unix.DT_REG:
		return kindFile
	case unix.DT_DIR:
		return kindDirectory
	case unix.DT_UNKNOWN:
		return kindUnknown
	}
	return kindOther
}

// move renames, or answers EEXIST.
func move(fromDir int, from string, toDir int, to string) error {
	return again(func() error { return unix.Renameat2(fromDir, from, toDir, to, unix.RENAME_NOREPLACE) })
}

// exchange swaps two entries in one step.
func exchange(aDir int, a string, bDir int, b string) error {
	return again(func() error { return unix.Renameat2(aDir, a, bDir, b, unix.RENAME_EXCHANGE) })
}

// isWritten tells whether any process has the file open for writing: the kernel refuses a read lease then. An error
// means that there are no leases here: for files of others without CAP_LEASE, and on some file systems. The lease ends when the
// descriptor is closed; until then, who opens the file for writing waits.
func isWritten(fd int) (bool, error) {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_RDLCK)
	if errors.Is(err, unix.EAGAIN) {
		return true, nil
	}
	return false, err
}

// openNameless makes a file without a name, which is gone with its last descriptor unless it is given one.
func openNameless(dir int, folder string, mode uint32) (int, error) {
	return openAt(dir, folder, unix.O_TMPFILE|unix.O_WRONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, mode)
}

// giveName makes a nameless file visible, or answers EEXIST.
func giveName(fd, dir int, name string) error {
	from := openFilePath(fd)
	return again(func() error { return unix.Linkat(unix.AT_FDCWD, from, dir, name, unix.AT_SYMLINK_FOLLOW) })
}

func syncFD(fd int) error { return again(func() error { return unix.Fsync(fd) }) }

// syncAll writes out everything on the file system of fd.
func syncAll(fd int) error { return again(func() error { return unix.Syncfs(fd) }) }

// syncsDirectoriesApart tells of file systems on which the sync of one directory may make one half of a rename durable.
func syncsDirectoriesApart(fd int) bool {
	var st unix.Statfs_t
	return unix.Fstatfs(fd, &st) == nil && int64(st.Type) == unix.BTRFS_SUPER_MAGIC //nolint:unconvert // the widths differ between architectures
}
