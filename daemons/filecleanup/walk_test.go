package filecleanup_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/daemons/filecleanup"
)

// While the walk is deep down, the upper directories, which it has closed, are moved out of the tree and
// others take their names. It does not mistake those for its own, nor follow the moved ones out.
func TestDirectoriesThatAreReplacedAboveTheWalk(t *testing.T) {
	t.Parallel()
	const depth = 120
	dir, outside := t.TempDir(), t.TempDir()
	chain := strings.Repeat("d/", depth)
	write(t, dir, chain+"bottom")
	r := newRig(t, dir, func(s *filecleanup.Settings) { s.Recursive, s.EmptyDirectories, s.Slice = true, true, 1 })
	r.clock.each = 1 // each look at the clock ends a slice
	for exists(t, filepath.Join(dir, chain, "bottom")) {
		got, err := r.Run(t.Context())
		must(t, err)
		if !r.goesOn(got) {
			t.Fatalf("the pass is over before the bottom: %v", got)
		}
	}
	must(t, os.Rename(filepath.Join(dir, "d"), filepath.Join(outside, "d")))
	write(t, dir, chain)
	r.pass(t)
	if n := len(left(t, dir)); n != depth {
		t.Errorf("of the new directories %d were left, want all %d", n, depth)
	}
	if n := len(left(t, outside)); n < depth/2 {
		t.Errorf("of those moved out %d were left, want those that the walk had closed", n)
	}
}

func TestLinkAndUnlinkNeverOverwrites(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a", "b")
	fd, err := unix.Open(dir, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	must(t, err)
	defer unix.Close(fd)
	if err := filecleanup.LinkAndUnlink(fd, "a", fd, "b"); !errors.Is(err, unix.EEXIST) {
		t.Errorf("onto a taken name: got %v, want EEXIST", err)
	}
	must(t, filecleanup.LinkAndUnlink(fd, "a", fd, "c"))
	wantLeft(t, dir, "b", "c")
	if read(t, filepath.Join(dir, "c")) != "a" || read(t, filepath.Join(dir, "b")) != "b" {
		t.Error("a file was overwritten")
	}
}

func TestTheRootOfAMountDiffersFromItsParent(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{"/dev": true, t.TempDir(): false} {
		fd, err := unix.Open(path, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		must(t, err)
		defer unix.Close(fd)
		if got, err := filecleanup.DiffersFromParent(fd); got != want || err != nil {
			t.Errorf("%s: got %v, %v, want %v", path, got, err, want)
		}
	}
}
