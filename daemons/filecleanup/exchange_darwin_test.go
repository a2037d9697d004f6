package filecleanup_test

import "golang.org/x/sys/unix"

// exchange swaps two names of a directory in one step.
func exchange(dir int, a, b string) error {
	return unix.RenameatxNp(dir, a, dir, b, unix.RENAME_SWAP)
}
