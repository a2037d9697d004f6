//go:build unix

package config

import (
	"io/fs"
	"syscall"
)

// owner is who a file belongs to; -1 if that is not known.
func owner(info fs.FileInfo) (uid, gid int) {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid), int(st.Gid)
	}
	return -1, -1
}
