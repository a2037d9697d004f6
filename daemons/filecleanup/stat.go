package filecleanup

import (
	"math"

	"golang.org/x/sys/unix"
)

// kind is what a directory entry is.
type kind uint8

const (
	kindUnknown kind = iota
	kindFile
	kindDirectory
	kindSymlink
	kindSocket
	kindFIFO
	kindDevice
)

// kindNamed is the kind that a word of the types attribute stands for.
func kindNamed(word string) (kind, bool) {
	switch word {
	case "file":
		return kindFile, true
	case "symlink":
		return kindSymlink, true
	case "socket":
		return kindSocket, true
	case "fifo":
		return kindFIFO, true
	}
	return kindUnknown, false
}

func kindOf(mode uint32) kind {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return kindFile
	case unix.S_IFDIR:
		return kindDirectory
	case unix.S_IFLNK:
		return kindSymlink
	case unix.S_IFSOCK:
		return kindSocket
	case unix.S_IFIFO:
		return kindFIFO
	}
	return kindDevice
}

// fileID tells one file from all others of the host while it exists.
type fileID struct{ dev, ino uint64 }

// stamps are the times of a file in nanoseconds since 1970, saturated.
type stamps struct{ modified, changed, accessed, born int64 }

// info is what is known of a file.
type info struct {
	stamps
	id   fileID
	kind kind
	// perm is the mode without the type.
	perm     uint32
	uid, gid int
	size     int64
}

// same tells whether both are one file that nobody has written to or changed between.
func (i info) same(other info) bool {
	return i.unmoved(other) && i.changed == other.changed
}

// unmoved is same but for the status change time, which a rename touches.
func (i info) unmoved(other info) bool {
	return i.id == other.id && i.kind == other.kind && i.size == other.size && i.modified == other.modified
}

// nanos saturates where a 64-bit count of nanoseconds ends, in 1677 and 2262.
func nanos(sec, nsec int64) int64 {
	const limit = math.MaxInt64 / 1_000_000_000
	switch {
	case sec >= limit:
		return math.MaxInt64
	case sec <= -limit:
		return math.MinInt64
	}
	return sec*1_000_000_000 + nsec
}

// statAt looks at an entry of a held directory without following it.
func statAt(dir int, name string) (info, error) {
	var st unix.Stat_t
	if err := unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return info{}, err
	}
	return infoOf(&st), nil
}

// statFD looks at an open file.
func statFD(fd int) (info, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return info{}, err
	}
	return infoOf(&st), nil
}

// closeFD closes a descriptor that was only read from, or one of which the loss does not matter.
func closeFD(fd int) {
	if fd >= 0 {
		_ = unix.Close(fd)
	}
}

// retry calls again what a signal interrupted.
func retry[T any](call func() (T, error)) (T, error) {
	for {
		v, err := call()
		if err != unix.EINTR { //nolint:errorlint // a raw errno, on the hot path
			return v, err
		}
	}
}
