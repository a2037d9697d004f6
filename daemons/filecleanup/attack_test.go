package filecleanup_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/daemons/filecleanup"
)

// An attacker who may write in the cleaned tree exchanges its directories for links to a tree outside
// that has files of the same names, and back, as fast as the kernel lets him, while the cleaner runs
// again and again. Not one file outside may go.
func TestAnAttackerWhoSwapsDirectoriesForLinks(t *testing.T) {
	t.Parallel()
	modes := map[string]func(*filecleanup.Settings){
		"by age":   func(*filecleanup.Settings) {},
		"empty":    func(s *filecleanup.Settings) { s.EmptyDirectories = true },
		"newest":   func(s *filecleanup.Settings) { s.KeepNewest = 1 },
		"verified": func(s *filecleanup.Settings) { s.Verify = true },
		"trash":    func(s *filecleanup.Settings) { s.Action, s.TrashFor = "trash", 0 },
		"archive":  func(s *filecleanup.Settings) { s.Action = "archive" },
		"subtree":  func(s *filecleanup.Settings) { s.Unit, s.Verify = "subtree", true },
		"sliced":   func(s *filecleanup.Settings) { s.Slice = 100 * time.Microsecond },
	}
	for name, set := range modes {
		for _, steps := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, steps %v", name, steps), func(t *testing.T) {
				t.Parallel()
				underAttack(t, steps, set)
			})
		}
	}
}

func underAttack(t *testing.T, steps bool, set func(*filecleanup.Settings)) {
	t.Helper()
	outside, dir, archive := t.TempDir(), t.TempDir(), t.TempDir()
	for i := range filesOfAttacker {
		write(t, outside, fmt.Sprint("d/f", i), fmt.Sprint("f", i))
	}
	before := left(t, outside)
	r := newRig(t, dir, func(s *filecleanup.Settings) {
		s.Recursive, s.InUse, s.ArchiveDirectory = true, "none", configPath(archive)
		set(s)
	})
	if steps {
		filecleanup.ForbidOpenat2(r.Cleaner)
	}
	swaps := startAttack(t, dir, outside)
	removed, n := 0, 0
	for n == 0 {
		removed += r.pass(t).count
		select {
		case n = <-swaps:
		default:
		}
	}
	if n < roundsOfAttacker || removed == 0 {
		t.Errorf("no contest: %d swaps, %d removed", n, removed)
	}
	if after := left(t, outside); !slices.Equal(after, before) {
		t.Errorf("outside:\n%q was left of\n%q", after, before)
	}
}

// The attack is worth something: it beats the find and rm of a crontab, at one of a few tries.
func TestTheAttackerBeatsAWalkByPaths(t *testing.T) {
	t.Parallel()
	for range 20 {
		outside, dir := t.TempDir(), t.TempDir()
		for i := range filesOfAttacker {
			write(t, outside, fmt.Sprint("d/f", i), fmt.Sprint("f", i))
		}
		before := left(t, outside)
		swaps := startAttack(t, dir, outside)
		for n := 0; n == 0; {
			findAndRemove(dir)
			select {
			case n = <-swaps:
			default:
			}
		}
		if !slices.Equal(left(t, outside), before) {
			return
		}
	}
	t.Error("nothing outside was removed: this attack proves nothing of the cleaner")
}

func findAndRemove(dir string) {
	var found []string
	_ = filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			found = append(found, p)
		}
		return nil
	})
	for _, p := range found {
		_ = os.Remove(p)
	}
}

const (
	filesOfAttacker  = 5
	roundsOfAttacker = 40
)

// startAttack starts the attacker, and answers how often he exchanged something when he is done.
func startAttack(t *testing.T, dir, outside string) <-chan int {
	t.Helper()
	swaps := make(chan int, 1)
	a := &attacker{attic: t.TempDir(), outside: outside, dice: rand.New(rand.NewPCG(1, 2))}
	var err error
	a.dir, err = unix.Open(dir, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	must(t, err)
	go func() { // joined by swaps
		defer unix.Close(a.dir)
		for range roundsOfAttacker {
			a.round()
		}
		swaps <- a.swaps
	}()
	return swaps
}

// attacker acts on held directories only, so that he does not walk into his own trap.
type attacker struct {
	dir            int
	attic, outside string
	dice           *rand.Rand
	made, swaps    int
}

// round puts a directory with old files where the cleaner finds it, and then exchanges it, or the one
// in it, for a link, again and again.
func (a *attacker) round() {
	a.made++
	name, link := fmt.Sprint("x", a.made), fmt.Sprint(".l", a.made)
	bait := filepath.Join(a.attic, name)
	_ = os.MkdirAll(filepath.Join(bait, "d"), 0o700)
	for i := range filesOfAttacker {
		_ = os.WriteFile(filepath.Join(bait, fmt.Sprint("f", i)), nil, 0o600)
		_ = os.WriteFile(filepath.Join(bait, "d", fmt.Sprint("f", i)), nil, 0o600)
	}
	in, err := unix.Open(bait, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(in)
	_ = unix.Renameat(unix.AT_FDCWD, bait, a.dir, name)
	_ = unix.Symlinkat(a.outside, a.dir, link)
	_ = unix.Symlinkat(filepath.Join(a.outside, "d"), in, "link")
	for range 20 + a.dice.IntN(20) {
		if a.dice.IntN(2) == 0 {
			a.swap(a.dir, name, link)
		} else {
			a.swap(in, "d", "link")
		}
	}
}

func (a *attacker) swap(dir int, x, y string) {
	if exchange(dir, x, y) == nil {
		a.swaps++
	}
}

// A private directory made by somebody else is not used, and a link in its place is not followed.
func TestAPlantedPrivateDirectoryIsNotUsed(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for _, plant := range []struct {
		name string
		make func(t *testing.T, path, outside string)
	}{
		{"a link", func(t *testing.T, path, outside string) { must(t, os.Symlink(outside, path)) }},
		{"of another user", func(t *testing.T, path, _ string) {
			must(t, os.Mkdir(path, 0o700))
			must(t, os.Chown(path, 12345, 12345))
		}},
		{"open to others", func(t *testing.T, path, _ string) {
			must(t, os.Mkdir(path, 0o700))
			must(t, os.Chmod(path, 0o770))
		}},
	} {
		t.Run(plant.name, func(t *testing.T) {
			t.Parallel()
			dir, outside := t.TempDir(), t.TempDir()
			write(t, dir, "a")
			plant.make(t, filepath.Join(dir, ".peakd-cleanup"), outside)
			r := newRig(t, dir, func(s *filecleanup.Settings) { s.Verify = true })
			r.pass(t)
			if !exists(t, filepath.Join(dir, "a")) || r.logs.FilterMessage("cannot clean").Len() != 1 {
				t.Errorf("left %q, logged %v", left(t, dir), r.logs.All())
			}
			if got := left(t, outside); len(got) != 0 {
				t.Errorf("outside: %q", got)
			}
		})
	}
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: sudo -E go test ./daemons/filecleanup")
	}
}

func TestUnsafeDirectoriesAreRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sticky := filepath.Join(dir, "sticky")
	must(t, os.Mkdir(sticky, 0o700))
	must(t, os.Chmod(sticky, 0o777|os.ModeSticky))
	write(t, sticky, "a")
	open := filepath.Join(dir, "open")
	must(t, os.Mkdir(open, 0o700))
	must(t, os.Chmod(open, 0o777))
	write(t, dir, "victim/a")
	must(t, os.Symlink("../victim", filepath.Join(open, "link")))
	cases := map[string]string{"shared": sticky, "a link that others can change": filepath.Join(open, "link")}
	for name, path := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, path, nil)
			if _, err := r.Run(t.Context()); !errors.Is(err, filecleanup.ErrUnsafeDirectory) {
				t.Fatalf("error: got %v, want ErrUnsafeDirectory", err)
			}
			if !exists(t, filepath.Join(path, "a")) {
				t.Fatal("it was cleaned")
			}
			allowed := newRig(t, path, func(s *filecleanup.Settings) { s.AllowUnsafeDirectory = true })
			if got := allowed.pass(t); got.count != 1 {
				t.Errorf("allowed: removed %d, want 1", got.count)
			}
		})
	}
}

func TestRootsAreRefused(t *testing.T) {
	t.Parallel()
	s := filecleanup.Defaults()
	s.Directory = "/../"
	if faults := s.Validate(); len(faults) != 1 || faults[0].Field != "directory" {
		t.Errorf("faults of /: %v", faults)
	}
	for _, path := range []string{"/dev", "/proc"} {
		_, err := newRig(t, path, func(s *filecleanup.Settings) { s.DryRun = true }).Run(t.Context())
		if !errors.Is(err, filecleanup.ErrUnsafeDirectory) {
			t.Errorf("%s: got %v, want ErrUnsafeDirectory", path, err)
		}
	}
	root := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink("/", root))
	_, err := newRig(t, root, func(s *filecleanup.Settings) { s.DryRun = true }).Run(t.Context())
	if !errors.Is(err, filecleanup.ErrUnsafeDirectory) {
		t.Errorf("a link to /: got %v, want ErrUnsafeDirectory", err)
	}
}

// A link of the owner's own is an ordinary way to name a directory.
func TestALinkOfOnesOwnIsFollowed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "releases/5/old")
	must(t, os.Symlink("releases/../releases/5", filepath.Join(dir, "current")))
	must(t, os.Symlink("loop", filepath.Join(dir, "loop")))
	if got := newRig(t, filepath.Join(dir, "current"), nil).pass(t); got.count != 1 {
		t.Errorf("removed %d, want 1", got.count)
	}
	if _, err := newRig(t, filepath.Join(dir, "loop"), nil).Run(t.Context()); !errors.Is(err, unix.ELOOP) {
		t.Errorf("a loop of links: got %v, want ELOOP", err)
	}
}
