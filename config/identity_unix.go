//go:build unix

package config

import (
	"io/fs"
	"syscall"
)

// identity is what tells whether two paths lead to the same file.
type identity struct {
	device, inode uint64
	path          string // where the system does not tell
}

func identify(info fs.FileInfo, path string) identity {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return identity{device: uint64(st.Dev), inode: st.Ino} //nolint:gosec,unconvert // it has another type on other systems
	}
	return identity{path: path}
}
