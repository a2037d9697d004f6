package history_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/history"
	"github.com/peakd/peakd/daemonapp/schedule"
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
		t.Skip("this host forbids mount namespaces; TestFilesThatCannotBeUsed covers the rest")
	}
	if err != nil {
		t.Error(err)
	}
}

// fillDisk is the test proper, in the child: the disk fills under a recorder, which goes on when there is room again.
func fillDisk(dir string) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2m,mode=0700"); err != nil {
		return fmt.Errorf("mount tmpfs: %w", err)
	}
	told := make(chan error, 100)
	state := filepath.Join(dir, "state")
	rec, err := history.Open(state, history.Options{Buffer: 1000, OnError: func(err error) { told <- err }})
	if err != nil {
		return err
	}
	n := 0
	put := func() error {
		n++
		for i := range 20 {
			e := ended(fmt.Sprint("d", i), start().Add(time.Duration(n)*time.Second), schedule.Failed)
			e.Report = &daemonapp.Report{Head: fmt.Appendf(nil, "%d %d", i, n)}
			rec.Observe(e)
		}
		return rec.Flush()
	}
	if err := put(); err != nil {
		return err
	}
	if err := fill(filepath.Join(dir, "ballast")); err != nil {
		return err
	}
	for put() == nil { // the log has room of its own for a while
		continue
	}
	for range 100 {
		if put() == nil {
			return errors.New("a flush on a full disk succeeded")
		}
	}
	if err := os.Remove(filepath.Join(dir, "ballast")); err != nil {
		return err
	}
	if err := errors.Join(rec.Flush(), rec.Close(patience)); err != nil {
		return err
	}
	if first, second := <-told, <-told; first == nil || second != nil || len(told) > 0 {
		return fmt.Errorf("told %w, %w and %d more, want one error and its end", first, second, len(told))
	}
	return checkAfterFull(state, 20*n, int(rec.Dropped()))
}

func checkAfterFull(dir string, observed, dropped int) error {
	r, err := history.OpenReader(dir)
	if err != nil {
		return err
	}
	defer r.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	list, err := r.Entries(ctx, history.Query{Kinds: []history.Kind{history.Run}})
	if err != nil {
		return err
	}
	if dropped == 0 || len(list)+dropped != observed {
		return fmt.Errorf("%d runs observed, %d recorded, %d dropped", observed, len(list), dropped)
	}
	missing := 0
	told, err := r.Entries(ctx, history.Query{Kinds: []history.Kind{history.Dropped}})
	for _, e := range told {
		missing += e.Times
	}
	if err != nil || missing != dropped {
		return fmt.Errorf("%d are said to be missing, %d are (%w)", missing, dropped, err)
	}
	return nil
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
