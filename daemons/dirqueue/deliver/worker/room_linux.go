package worker

import "golang.org/x/sys/unix"

// pipeRoom is how many bytes a pipe takes for sure while nobody reads. What is written to a worker and not answered is no
// more, but for a single line with a very long path. A new line may need a page of its own.
func pipeRoom(fd int) int {
	const page = 4 << 10
	size, err := unix.FcntlInt(uintptr(fd), unix.F_GETPIPE_SZ, 0)
	if err != nil {
		return page
	}
	return max(page, size/2-page)
}
