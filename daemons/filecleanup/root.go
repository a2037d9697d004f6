package filecleanup

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// ErrUnsafeDirectory is why a directory is not cleaned unless allow_unsafe_directory is set.
var ErrUnsafeDirectory = errors.New("unsafe directory")

// maxLinks is how many symbolic links a configured path may go through, as in the kernel.
const maxLinks = 40

// openTrusted opens a configured directory, going down component by component on held descriptors.
// A symbolic link on the way is followed only if it belongs to root or to this process and stands in
// a directory that only they can change: else whoever owns a folder of the path could send the
// cleaner elsewhere.
func openTrusted(name string, anyLink bool) (int, error) {
	fd, err := descend(name, anyLink)
	if err != nil {
		return -1, fmt.Errorf("open directory %q: %w", name, err)
	}
	defer closeFD(fd)
	held, err := retry(func() (int, error) {
		return unix.Openat(fd, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return -1, fmt.Errorf("open directory %q: %w", name, err)
	}
	return held, nil
}

func descend(name string, anyLink bool) (int, error) {
	name = path.Clean(name)
	at, err := openStart(name)
	if err != nil {
		return -1, err
	}
	rest := components(name)
	for links := 0; len(rest) > 0; {
		next, target, err := stepDown(at, rest[0], anyLink)
		if err != nil {
			closeFD(at)
			return -1, err
		}
		rest = rest[1:]
		if target == "" {
			closeFD(at)
			at = next
			continue
		}
		if links++; links > maxLinks {
			closeFD(at)
			return -1, unix.ELOOP
		}
		rest = append(components(target), rest...)
		if path.IsAbs(target) {
			closeFD(at)
			if at, err = openStart(target); err != nil {
				return -1, err
			}
		}
	}
	return at, nil
}

// stepDown opens one component; if it is a symbolic link, it answers the link's target instead.
func stepDown(at int, name string, anyLink bool) (next int, target string, err error) {
	st, err := statAt(at, name)
	if err != nil {
		return -1, "", err
	}
	if st.kind != kindSymlink {
		next, err = unix.Openat(at, name, pathOnly|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		return next, "", err
	}
	if !anyLink && !trustedLink(at, st) {
		return -1, "", fmt.Errorf("%w: the symbolic link %q on the way can be changed by others", ErrUnsafeDirectory, name)
	}
	buf := make([]byte, 4096)
	n, err := unix.Readlinkat(at, name, buf)
	if err != nil {
		return -1, "", err
	}
	if n == 0 || n == len(buf) {
		return -1, "", unix.ENAMETOOLONG
	}
	return -1, string(buf[:n]), nil
}

func trustedLink(dir int, link info) bool {
	parent, err := statFD(dir)
	if err != nil {
		return false
	}
	shared := parent.perm&0o002 != 0 && parent.perm&unix.S_ISVTX == 0
	return trustedOwner(link.uid) && trustedOwner(parent.uid) && !shared
}

func trustedOwner(uid int) bool { return uid == 0 || uid == os.Geteuid() }

func openStart(name string) (int, error) {
	start := "."
	if path.IsAbs(name) {
		start = "/"
	}
	return unix.Open(start, pathOnly|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
}

// components are the names of a path, without the empty ones and ".".
func components(name string) []string {
	var parts []string
	for p := range strings.SplitSeq(name, "/") {
		if p != "" && p != "." {
			parts = append(parts, p)
		}
	}
	return parts
}

// refuseUnsafe tells why a directory should not be cleaned: a mistake there would cost too much, or
// others can put names into it that still belong to a running program.
func refuseUnsafe(fd int, name string) error {
	st, err := statFD(fd)
	if err != nil {
		return fmt.Errorf("stat directory %q: %w", name, err)
	}
	if up, err := statAt(fd, ".."); err == nil && up.id == st.id {
		return fmt.Errorf("%w: %q is the root of the file system", ErrUnsafeDirectory, name)
	}
	mounted, err := isMountRoot(fd)
	if err != nil {
		return fmt.Errorf("stat directory %q: %w", name, err)
	}
	if mounted {
		return fmt.Errorf("%w: %q is the root of a mount", ErrUnsafeDirectory, name)
	}
	if st.perm&unix.S_ISVTX != 0 && st.perm&0o002 != 0 {
		return fmt.Errorf("%w: %q is shared by all users (sticky and world-writable)", ErrUnsafeDirectory, name)
	}
	return nil
}

// differsFromParent tells whether a directory lies on another device than the one above it.
func differsFromParent(fd int) (bool, error) {
	st, err := statFD(fd)
	if err != nil {
		return false, err
	}
	up, err := statAt(fd, "..")
	if err != nil {
		return false, err
	}
	return st.id.dev != up.id.dev, nil
}
