package dirqueue

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

// errNoDirectory is the error of what is no directory, a symbolic link to one included.
var errNoDirectory = errors.New("it is not a directory")

// identity tells which directory is called that now.
func identity(path string) (spool.Identity, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return spool.Identity{}, err
	}
	id, _, err := identityOf(info)
	return id, err
}

// identityOf tells which directory it is, and whose.
func identityOf(info fs.FileInfo) (id spool.Identity, owner int, err error) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() {
		return spool.Identity{}, 0, errNoDirectory
	}
	return spool.Identity{Dev: device(st), Ino: st.Ino}, int(st.Uid), nil
}

// device is the number of a file's file system; its type differs between systems.
func device(st *syscall.Stat_t) uint64 { return uint64(st.Dev) } //nolint:unconvert // not on all of them
