package filecleanup

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

const (
	haveLeases = false
	// pathOnly opens a directory for nothing but going on from there.
	pathOnly = unix.O_SEARCH
)

func infoOf(st *unix.Stat_t) info {
	return info{
		stamps: stamps{
			modified: nanos(st.Mtim.Sec, st.Mtim.Nsec),
			changed:  nanos(st.Ctim.Sec, st.Ctim.Nsec),
			accessed: nanos(st.Atim.Sec, st.Atim.Nsec),
			born:     nanos(st.Btim.Sec, st.Btim.Nsec),
		},
		id:   fileID{dev: uint64(uint32(st.Dev)), ino: st.Ino},
		kind: kindOf(uint32(st.Mode)), perm: uint32(st.Mode) & 0o7777,
		uid: int(st.Uid), gid: int(st.Gid), size: st.Size,
	}
}

// birth is when an entry was made, and whether the file system knows.
func birth(dir int, name string) (int64, bool) {
	st, err := statAt(dir, name)
	return st.born, err == nil && st.born > 0
}

// mountOf would tell mounts of one file system apart; there is but one here.
func mountOf(int) uint64 { return 0 }

// openBeneath is for Linux; see canOpenBeneath.
func openBeneath(int, string, bool) (int, error) { return -1, unix.ENOSYS }

// canOpenBeneath tells that this system has no openat2: paths are opened component by component.
func canOpenBeneath(int) bool { return false }

// isMountRoot tells whether a directory is where something is mounted.
func isMountRoot(fd int) (bool, error) { return differsFromParent(fd) }

// readEntries appends all entries of a directory: reading it in parts while entries go may skip some.
func readEntries(fd int, _ []byte, into []dirent) ([]dirent, bool, error) {
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return into, true, err
	}
	file := os.NewFile(uintptr(own), "directory")
	defer file.Close()
	names, err := file.Readdirnames(-1)
	for _, name := range names {
		into = append(into, dirent{name: name})
	}
	return into, true, err
}

// renameNoReplace moves an entry, or answers EEXIST.
func renameNoReplace(fromDir int, from string, toDir int, to string) error {
	err := unix.RenameatxNp(fromDir, from, toDir, to, unix.RENAME_EXCL)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		return linkAndUnlink(fromDir, from, toDir, to)
	}
	return err
}

// lease is for Linux; locks are looked at instead.
func lease(int) (bool, error) { return false, unix.ENOTSUP }
