//go:build !linux

package smtp

import "golang.org/x/sys/unix"

// noAttribute: the file has none of that name.
const noAttribute = unix.ENOATTR
