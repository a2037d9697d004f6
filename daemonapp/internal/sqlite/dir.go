package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

const (
	dirMode    fs.FileMode = 0o700
	parentMode fs.FileMode = 0o755
	fileMode   fs.FileMode = 0o600
	// othersWrite are the permission bits a private directory must not have.
	othersWrite fs.FileMode = 0o022
)

// PrepareDir makes dir if it is missing, and makes sure that only this user can write it.
func PrepareDir(dir string) error {
	err := os.Mkdir(dir, dirMode)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(dir), parentMode); err != nil {
			return err
		}
		err = os.Mkdir(dir, dirMode)
	}
	switch {
	case err == nil:
		return syncDir(filepath.Dir(dir))
	case errors.Is(err, fs.ErrExist):
		return checkDir(dir, os.Geteuid())
	}
	return err
}

// checkDir refuses a directory that is a symlink, not owner's, or writable by others: whoever can
// put files there would decide what the app believes.
func checkDir(dir string, owner int) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("%w: %s is a symbolic link; name the directory itself", ErrUnsafe, dir)
	case !info.IsDir():
		return fmt.Errorf("%w: %s is not a directory", ErrUnsafe, dir)
	case ownerOf(info) != owner:
		return fmt.Errorf("%w: %s belongs to uid %d, not %d; chown it, or name another",
			ErrUnsafe, dir, ownerOf(info), owner)
	case info.Mode()&othersWrite != 0:
		return fmt.Errorf("%w: others can write %s (mode %04o); chmod 0700 it",
			ErrUnsafe, dir, info.Mode().Perm())
	}
	return nil
}

// prepareFiles makes the database file if it is missing, so that it and what SQLite makes after its
// example are 0600 whatever the umask, and tightens files that were opened up. It opens no existing
// file: closing one would drop the locks SQLite has on it in this process.
func prepareFiles(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
	if err == nil {
		if err := errors.Join(file.Close(), syncDir(filepath.Dir(path))); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return err
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if err := checkFile(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func checkFile(name string) error {
	info, err := os.Lstat(name)
	if err != nil {
		return err
	}
	switch {
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: %s is not a regular file", ErrUnsafe, name)
	case ownerOf(info) != os.Geteuid():
		return fmt.Errorf("%w: %s belongs to uid %d", ErrUnsafe, name, ownerOf(info))
	case info.Mode().Perm()&^fileMode != 0:
		return os.Chmod(name, fileMode)
	}
	return nil
}

func ownerOf(info fs.FileInfo) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid)
	}
	return -1
}

// syncDir makes a new entry of a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// checkReadable refuses to read what others than its owner could have written. Root may read every user's.
func checkReadable(path string) error {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: %s is not a regular file", ErrUnsafe, path)
	}
	owner := os.Geteuid()
	if owner == 0 {
		owner = ownerOf(info)
	}
	return checkDir(filepath.Dir(path), owner)
}
