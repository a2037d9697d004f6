package filecleanup_test

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func mountTmpfs(t *testing.T, at, options string) {
	t.Helper()
	mountAt(t, unix.Mount("tmpfs", at, "tmpfs", 0, options), at)
}

func mountBind(t *testing.T, from, at string) {
	t.Helper()
	mountAt(t, unix.Mount(from, at, "", unix.MS_BIND, ""), at)
}

func mountAt(t *testing.T, err error, at string) {
	t.Helper()
	if os.IsPermission(err) {
		t.Skip("needs the right to mount: run as root, in a container with --privileged")
	}
	must(t, err)
	t.Cleanup(func() { must(t, unix.Unmount(at, unix.MNT_DETACH)) })
}

func remountReadOnly(t *testing.T, at string) {
	t.Helper()
	must(t, unix.Mount("", at, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
}

// makeImmutable forbids even root to remove a file.
func makeImmutable(t *testing.T, path string) {
	t.Helper()
	set := func(flags int) error {
		f, err := os.Open(path)
		must(t, err)
		defer f.Close()
		return unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, flags)
	}
	if err := set(unix.STATX_ATTR_IMMUTABLE); err != nil {
		t.Skipf("this file system has no immutable files: %v", err)
	}
	t.Cleanup(func() { must(t, set(0)) })
}
