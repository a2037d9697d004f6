package filecleanup_test

import "golang.org/x/sys/unix"

// exchange swaps two names of a directory in one step.
func exchange(dir int, a, b string) error {
	return unix.Renameat2(dir, a, dir, b, unix.RENAME_EXCHANGE)
}
