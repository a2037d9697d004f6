//go:build !linux

package history_test

import "errors"

// fillDisk needs a file system of its own in a mount namespace, which only Linux has.
func fillDisk(string) error { return errors.New("a small file system of one's own needs Linux") }
