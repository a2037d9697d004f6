package dirqueue

import "golang.org/x/sys/unix"

// freePercent is how much of a directory's file system is free for ordinary users.
func freePercent(fd int) (float64, error) {
	var fs unix.Statfs_t
	if err := unix.Fstatfs(fd, &fs); err != nil {
		return 0, err
	}
	if fs.Blocks == 0 {
		return 100, nil // one that does not count
	}
	return 100 * float64(fs.Bavail) / float64(fs.Blocks), nil
}
