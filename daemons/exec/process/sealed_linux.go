package process

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// FDPath is a name under which a process opens its own descriptor.
func FDPath(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

// Sealed returns a file that holds content, has no name anywhere, can be read from its start and never
// be changed, not even by who inherits it. name is for people who look at open files.
func Sealed(name string, content []byte) (*os.File, error) {
	fd, err := memfd(name)
	if err != nil {
		return nil, fmt.Errorf("create memory file %s: %w", name, err)
	}
	f := os.NewFile(uintptr(fd), name)
	if err := fill(f, content); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("fill memory file %s: %w", name, err)
	}
	return f, nil
}

// memfd asks for a file that cannot be executed, which some hosts insist on and old kernels do not know.
func memfd(name string) (int, error) {
	const flags = unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err := unix.MemfdCreate(name, flags|unix.MFD_NOEXEC_SEAL)
	if errors.Is(err, unix.EINVAL) {
		return unix.MemfdCreate(name, flags)
	}
	return fd, err
}

func fill(f *os.File, content []byte) error {
	if _, err := f.Write(content); err != nil {
		return err
	}
	if _, err := f.Seek(0, 0); err != nil {
		return err
	}
	const seals = unix.F_SEAL_WRITE | unix.F_SEAL_GROW | unix.F_SEAL_SHRINK | unix.F_SEAL_SEAL
	_, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, seals)
	return err
}
