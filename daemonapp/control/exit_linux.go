package control

import (
	"context"
	"errors"

	"golang.org/x/sys/unix"
)

// awaitHandle waits by a handle of the process, which no other process takes over, and which tells of one that has ended
// and whose parent has not noticed; nil where the kernel, older than 5.3, has none.
func awaitHandle(pid int) func(context.Context) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return func(context.Context) error { return nil }
	}
	if err != nil {
		return nil
	}
	return func(ctx context.Context) error {
		defer unix.Close(fd)
		return until(ctx, func() bool {
			n, _ := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, pollEvery)
			return n > 0
		})
	}
}
