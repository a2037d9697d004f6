package spool_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

// privateMounts tells a test that it runs in a mount namespace of its own.
const privateMounts = "PEAKD_TEST_PRIVATE_MOUNTS"

// privately runs a test in a process that may mount what it likes, unseen by all others.
func privately(t *testing.T, body func(t *testing.T)) {
	t.Helper()
	if os.Getenv(privateMounts) != "" {
		must(t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
		body(t)
		return
	}
	needRoot(t)
	self := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.v", "-test.run=^"+t.Name()+"$")
	self.Env = append(os.Environ(), privateMounts+"=1")
	self.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	out, err := self.CombinedOutput()
	switch {
	case errors.Is(err, unix.EPERM):
		t.Skip("needs a mount namespace: run in a container with --privileged")
	case err != nil:
		t.Fatalf("%v\n%s", err, out)
	case strings.Contains(string(out), "--- SKIP"):
		t.Skipf("%s", out)
	}
}

func mountTmpfs(t *testing.T, options string) string {
	t.Helper()
	at := t.TempDir()
	must(t, unix.Mount("tmpfs", at, "tmpfs", 0, options))
	t.Cleanup(func() { must(t, unix.Unmount(at, unix.MNT_DETACH)) })
	return at
}

// On a full file system hand-ins fail whole, attempts still end, and nothing is lost.
func TestFull(t *testing.T) {
	t.Parallel()
	privately(t, func(t *testing.T) {
		dir := mountTmpfs(t, "size=256k")
		put(t, dir, "a", "b", "c")
		q := openQueue(t, dir, spool.Options{Ready: spool.ReadyRenamed})
		err := spool.Enqueue(dir, "large", strings.NewReader(strings.Repeat("x", 1<<20)), spool.ProducerOptions{})
		if !errors.Is(err, unix.ENOSPC) {
			t.Errorf("a file too large: %v, want ENOSPC", err)
		}
		filler := fill(t, dir)
		if err := spool.Enqueue(dir, "small", strings.NewReader(strings.Repeat("x", 8192)), spool.ProducerOptions{}); !errors.Is(err, unix.ENOSPC) {
			t.Errorf("on a full file system: %v, want ENOSPC", err)
		}
		now := soon()
		b := claim(t, q, 3, now)
		wantNames(t, b.Claimed, "a", "b", "c")
		must(t, q.Done(b.Claimed[0], now))
		must(t, q.Retry(b.Claimed[1], now.Add(time.Minute), now))
		if err := q.Fail(b.Claimed[2], spool.Failure{Reason: "r"}, now); err != nil && !errors.Is(err, spool.ErrReason) {
			t.Errorf("set aside: %v, want ErrReason at most", err)
		}
		must(t, q.Sync())
		must(t, os.Remove(filler))
		got := fmt.Sprint(tree(t, dir))
		for _, want := range []string{donePath(now, "a"), "/1-0/b", ".peakd/failed/c"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s is not there: %v", want, got)
			}
		}
	})
}

// fill takes all the room there is, but for what a few directories need.
func fill(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, ".filler")
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
	return path
}

// Without an inode left, not even a folder can be made: the claim stays what it is until there is one.
func TestNoInodes(t *testing.T) {
	t.Parallel()
	privately(t, func(t *testing.T) {
		dir := mountTmpfs(t, "size=1m,nr_inodes=14")
		q := openQueue(t, dir, spool.Options{Ready: spool.ReadyRenamed})
		put(t, dir, "a")
		c := claimOne(t, q, soon())
		var fillers []string
		for i := 0; ; i++ {
			path := filepath.Join(dir, fmt.Sprint(".", i))
			if os.WriteFile(path, nil, 0o600) != nil {
				break
			}
			fillers = append(fillers, path)
		}
		now := soon()
		if err := q.Done(c, now); !errors.Is(err, unix.ENOSPC) {
			t.Errorf("done: %v, want ENOSPC", err)
		}
		if err := q.Retry(c, now, now); !errors.Is(err, unix.ENOSPC) {
			t.Errorf("retry: %v, want ENOSPC", err)
		}
		if err := spool.Enqueue(dir, "b", strings.NewReader(""), spool.ProducerOptions{}); !errors.Is(err, unix.ENOSPC) {
			t.Errorf("hand in: %v, want ENOSPC", err)
		}
		if _, err := os.Stat(c.Path); err != nil || q.InFlight() != 1 {
			t.Errorf("the claim did not stay as it was: %v", err)
		}
		for _, path := range fillers {
			must(t, os.Remove(path))
		}
		must(t, q.Done(c, now))
	})
}

func TestReadOnlyFileSystem(t *testing.T) {
	t.Parallel()
	privately(t, func(t *testing.T) {
		dir := mountTmpfs(t, "size=1m")
		q := openQueue(t, dir, spool.Options{Ready: spool.ReadyRenamed})
		put(t, dir, "a", "b")
		c := claimOne(t, q, soon())
		must(t, unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
		for name, do := range map[string]func() error{
			"open":    func() error { _, err := spool.Open(dir, spool.Options{}); return err },
			"claim":   func() error { _, err := q.Claim(spool.Request{Now: soon(), N: 1}); return err },
			"done":    func() error { return q.Done(c, soon()) },
			"retry":   func() error { return q.Retry(c, soon(), soon()) },
			"fail":    func() error { return q.Fail(c, spool.Failure{}, soon()) },
			"hand in": func() error { return spool.Enqueue(dir, "c", strings.NewReader(""), spool.ProducerOptions{}) },
		} {
			if err := do(); !errors.Is(err, unix.EROFS) {
				t.Errorf("%s: %v, want EROFS", name, err)
			}
		}
		looking := openQueue(t, dir, spool.Options{ReadOnly: true})
		if got := list(t, looking, spool.StateClaimed); len(got) != 1 || !got[0].Alive {
			t.Errorf("claimed: %+v", got)
		}
		must(t, unix.Mount("", dir, "", unix.MS_REMOUNT, ""))
		must(t, q.Done(c, soon()))
		must(t, q.Done(claimOne(t, q, soon()), soon()))
	})
}

// Where files cannot be moved into the reserved folder, the queue says so when it is opened.
func TestOtherFileSystem(t *testing.T) {
	t.Parallel()
	privately(t, func(t *testing.T) {
		dir := t.TempDir()
		at := filepath.Join(dir, ".peakd")
		must(t, os.Mkdir(at, 0o700))
		must(t, unix.Mount("tmpfs", at, "tmpfs", 0, "mode=700"))
		_, err := spool.Open(dir, spool.Options{})
		must(t, unix.Unmount(at, unix.MNT_DETACH))
		if !errors.Is(err, unix.EXDEV) {
			t.Errorf("got %v, want EXDEV", err)
		}
		wantTree(t, dir)
	})
}

// The rest is for a user without rights. The test calls itself as that user.
func TestWithoutRights(t *testing.T) {
	t.Parallel()
	const nobody, nobodysDir = 65534, "PEAKD_TEST_NOBODYS_DIRECTORY"
	if dir := os.Getenv(nobodysDir); dir != "" {
		workAsNobody(t, dir)
		return
	}
	needRoot(t)
	dir, err := os.MkdirTemp("", "peakd-spool-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	must(t, os.Chmod(dir, 0o777))
	for name, mode := range map[string]os.FileMode{"drop": 0o777, "closed": 0o755, "foreign": 0o777} {
		must(t, os.Mkdir(filepath.Join(dir, name), 0o700))
		must(t, os.Chmod(filepath.Join(dir, name), mode))
	}
	put(t, filepath.Join(dir, "drop"), "not mine", "secret")
	must(t, os.Chmod(filepath.Join(dir, "drop/not mine"), 0o644))
	must(t, os.Chmod(filepath.Join(dir, "drop/secret"), 0o600))
	openQueue(t, filepath.Join(dir, "foreign"), spool.Options{})

	self := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^TestWithoutRights$", "-test.v")
	self.Env = append(os.Environ(), nobodysDir+"="+dir)
	self.Dir = "/"
	self.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if out, err := self.CombinedOutput(); err != nil {
		t.Fatalf("as nobody: %v\n%s", err, out)
	}
	if _, err := spool.Open(filepath.Join(dir, "drop"), spool.Options{}); !errors.Is(err, spool.ErrForeign) {
		t.Errorf("root opened nobody's queue: %v, want ErrForeign", err)
	}
	if got := listNames(t, openQueue(t, filepath.Join(dir, "drop"), spool.Options{ReadOnly: true}), spool.StateDone); len(got) != 2 {
		t.Errorf("done: %v, want what nobody has done", got)
	}
}

func workAsNobody(t *testing.T, dir string) {
	t.Helper()
	if _, err := spool.Open(filepath.Join(dir, "closed"), spool.Options{}); !errors.Is(err, unix.EACCES) {
		t.Errorf("a directory that is not to be written: %v, want EACCES", err)
	}
	if _, err := spool.Open(filepath.Join(dir, "foreign"), spool.Options{}); !errors.Is(err, spool.ErrForeign) && !errors.Is(err, unix.EACCES) {
		t.Errorf("a queue of root's: %v, want it refused", err)
	}
	drop := filepath.Join(dir, "drop")
	put(t, drop, "mine")
	q := openQueue(t, drop, spool.Options{Settle: time.Second})
	now := soon()
	b := claim(t, q, 10, now)
	wantNames(t, b.Claimed, "mine")
	if len(b.Problems) != 1 || b.Problems[0].Name != "secret" || !errors.Is(b.Problems[0].Err, unix.EACCES) {
		t.Errorf("problems: %+v, want the file that may not be read", b.Problems)
	}
	must(t, q.Done(b.Claimed[0], now))
	// Files of others have no leases for this user: they are taken when they have settled.
	b = claim(t, q, 10, now.Add(2*time.Second))
	wantNames(t, b.Claimed, "not mine")
	must(t, q.Done(b.Claimed[0], now))
	must(t, q.Close())
}
