package filecleanup

import (
	"bytes"
	"encoding/binary"
	"errors"

	"golang.org/x/sys/unix"
)

const (
	haveLeases = true
	// pathOnly opens a directory for nothing but going on from there.
	pathOnly = unix.O_PATH
)

func infoOf(st *unix.Stat_t) info {
	//nolint:unconvert // the widths differ between architectures
	return info{
		stamps: stamps{
			modified: nanos(int64(st.Mtim.Sec), int64(st.Mtim.Nsec)),
			changed:  nanos(int64(st.Ctim.Sec), int64(st.Ctim.Nsec)),
			accessed: nanos(int64(st.Atim.Sec), int64(st.Atim.Nsec)),
		},
		id:   fileID{dev: uint64(st.Dev), ino: uint64(st.Ino)},
		kind: kindOf(st.Mode), perm: st.Mode & 0o7777,
		uid: int(st.Uid), gid: int(st.Gid), size: st.Size,
	}
}

// birth is when an entry was made, and whether the file system knows.
func birth(dir int, name string) (int64, bool) {
	var st unix.Statx_t
	err := unix.Statx(dir, name, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_BTIME, &st)
	if err != nil || st.Mask&unix.STATX_BTIME == 0 {
		return 0, false
	}
	return nanos(st.Btime.Sec, int64(st.Btime.Nsec)), true
}

// mountOf tells mounts of one file system apart; 0 where the kernel does not say (before 5.8).
func mountOf(fd int) uint64 {
	var st unix.Statx_t
	err := unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_MNT_ID, &st)
	if err != nil || st.Mask&unix.STATX_MNT_ID == 0 {
		return 0
	}
	return st.Mnt_id
}

// openBeneath opens a directory by a relative path in one call of the kernel, which refuses to
// follow any link and, if wanted, to leave the mount.
func openBeneath(dir int, rel string, oneFS bool) (int, error) {
	how := unix.OpenHow{
		Flags:   unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC | unix.O_NONBLOCK,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	}
	if oneFS {
		how.Resolve |= unix.RESOLVE_NO_XDEV
	}
	for range 8 { // EAGAIN: a rename or mount elsewhere got in the way of the check
		fd, err := unix.Openat2(dir, rel, &how)
		if err != unix.EAGAIN && err != unix.EINTR {
			return fd, err
		}
	}
	return -1, unix.EAGAIN
}

// canOpenBeneath tells whether kernel and sandbox have openat2.
func canOpenBeneath(dir int) bool {
	fd, err := openBeneath(dir, ".", false)
	closeFD(fd)
	return err == nil
}

// isMountRoot tells whether a directory is where something is mounted.
func isMountRoot(fd int) (bool, error) {
	var st unix.Statx_t
	err := unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_BASIC_STATS, &st)
	if err == nil && st.Attributes_mask&unix.STATX_ATTR_MOUNT_ROOT != 0 {
		return st.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0, nil
	}
	return differsFromParent(fd)
}

// readEntries appends the next entries of a directory, as many as fit buf, and tells whether those
// were the last.
func readEntries(fd int, buf []byte, into []dirent) ([]dirent, bool, error) {
	n, err := retry(func() (int, error) { return unix.ReadDirent(fd, buf) })
	if err != nil || n <= 0 {
		return into, true, err
	}
	const nameAt = 19 // of struct linux_dirent64: ino 8, offset 8, length 2, type 1
	for rest := buf[:n]; len(rest) > nameAt; {
		length := int(binary.NativeEndian.Uint16(rest[16:]))
		if length <= nameAt || length > len(rest) {
			return into, true, unix.EBADMSG
		}
		name := rest[nameAt:length]
		if end := bytes.IndexByte(name, 0); end >= 0 {
			name = name[:end]
		}
		if s := string(name); s != "." && s != ".." {
			into = append(into, dirent{name: s, ino: binary.NativeEndian.Uint64(rest), kind: kindOfDirent(rest[18])})
		}
		rest = rest[length:]
	}
	return into, false, nil
}

func kindOfDirent(t byte) kind {
	switch t {
	case unix.DT_REG:
		return kindFile
	case unix.DT_DIR:
		return kindDirectory
	case unix.DT_LNK:
		return kindSymlink
	case unix.DT_SOCK:
		return kindSocket
	case unix.DT_FIFO:
		return kindFIFO
	case unix.DT_UNKNOWN:
		return kindUnknown
	}
	return kindDevice
}

// renameNoReplace moves an entry, or answers EEXIST.
func renameNoReplace(fromDir int, from string, toDir int, to string) error {
	err := unix.Renameat2(fromDir, from, toDir, to, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return linkAndUnlink(fromDir, from, toDir, to)
	}
	return err
}

// lease tells whether any process but this one has the file open: the kernel grants a write lease
// only if none has. It is held until fd is closed, so that who opens the file meanwhile waits.
func lease(fd int) (inUse bool, err error) {
	_, err = unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_WRLCK)
	if errors.Is(err, unix.EAGAIN) {
		return true, nil
	}
	return false, err
}
