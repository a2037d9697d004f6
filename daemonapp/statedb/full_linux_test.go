package statedb_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/statedb"
)

// On a disk that is really full: in a mount namespace of its own, so that no mount is left behind
// and root is not needed where user namespaces are allowed.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	child := childCommand(t, "full", t.TempDir())
	child.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if uid := os.Geteuid(); uid != 0 {
		child.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		child.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: uid, Size: 1}}
		child.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	child.Stdout = os.Stdout
	err := child.Run()
	if errors.Is(err, syscall.EPERM) {
		t.Skip("this host forbids mount namespaces; TestDiskFullAndRoomAgain covers the rest")
	}
	if err != nil {
		t.Error(err)
	}
}

// fillDisk is the test proper, in the child.
func fillDisk(dir string) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m,mode=0700"); err != nil {
		return fmt.Errorf("mount tmpfs: %w", err)
	}
	ballast := filepath.Join(dir, "ballast")
	if err := fill(ballast); err != nil {
		return err
	}
	if db, err := statedb.Open(filepath.Join(dir, "new")); err == nil {
		return errors.Join(errors.New("a state was opened on a full disk"), db.Close())
	}
	if err := os.Remove(ballast); err != nil {
		return err
	}
	return fillUnderWriter(filepath.Join(dir, "state"), ballast)
}

// fillUnderWriter fills the disk under an app that goes on and makes room again.
func fillUnderWriter(dir, ballast string) error {
	db, err := statedb.Open(dir)
	if err != nil {
		return err
	}
	var told []error
	w := statedb.NewWriter(db, func(err error) { told = append(told, err) })
	put := func(n int) error {
		for i := range 200 {
			w.Put(daemonapp.Memory{Name: fmt.Sprint("d", i), Failures: n}, i == 199)
		}
		return w.Flush()
	}
	if err := put(1); err != nil {
		return err
	}
	if err := fill(ballast); err != nil {
		return err
	}
	n := 2
	for put(n) == nil { // The log has room of its own for a while.
		n++
	}
	for range 5 {
		n++
		if put(n) == nil {
			return errors.New("a flush on a full disk succeeded")
		}
	}
	if err := os.Remove(ballast); err != nil {
		return err
	}
	if err := errors.Join(w.Flush(), w.Close()); err != nil {
		return err
	}
	if len(told) != 2 || told[0] == nil || told[1] != nil {
		return fmt.Errorf("told %q, want one error and its end", told)
	}
	return checkAfterFull(db, dir, n)
}

func checkAfterFull(db *statedb.DB, dir string, want int) error {
	if verdict, err := db.Pragma("integrity_check"); verdict != "ok" || err != nil {
		return fmt.Errorf("integrity_check says %s (%w)", verdict, err)
	}
	if err := db.Close(); err != nil {
		return err
	}
	db, err := statedb.Open(dir)
	if err != nil {
		return err
	}
	all, err := db.Load()
	if err != nil {
		return err
	}
	for i := range 200 {
		if got := all[fmt.Sprint("d", i)].Failures; got != want {
			return fmt.Errorf("d%d is %d after the disk was full, want %d", i, got, want)
		}
	}
	return db.Close()
}

// fill writes to path until the disk is full.
func fill(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	for {
		if _, err := file.Write(make([]byte, 4096)); errors.Is(err, syscall.ENOSPC) {
			return file.Close()
		} else if err != nil {
			return errors.Join(err, file.Close())
		}
	}
}
