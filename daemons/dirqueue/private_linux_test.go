package dirqueue_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/daemonapp"
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
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
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

// mount makes a queue's directory a file system of its own.
func (d *driven) mount(options string) {
	d.t.Helper()
	must(d.t, unix.Mount("tmpfs", d.dir, "tmpfs", 0, options))
	d.t.Cleanup(func() {
		must(d.t, d.daemon.(daemonapp.Closer).Close())
		must(d.t, unix.Unmount(d.dir, unix.MNT_DETACH))
	})
}

// TestMinimumFree: where there is no room nothing is claimed, and the run says so; it goes on when there is.
func TestMinimumFree(t *testing.T) {
	t.Parallel()
	privately(t, func(t *testing.T) {
		d := drive(t, "run_every = \"1m\"\nminimum_free = 50")
		d.mount("size=1m")
		put(t, d.dir, "a")
		must(t, os.WriteFile(d.dir+"/.filler", make([]byte, 700<<10), 0o600))
		got := d.run()
		if !strings.HasPrefix(got, "failed: the file system of "+d.dir+" has ") || !strings.Contains(got, "minimum_free = 50: nothing is claimed") {
			t.Errorf("the run: %q", got)
		}
		must(t, os.Remove(d.dir+"/.filler"))
		d.wants("worked 1")
	})
}

// TestFullDisk: with not even an inode left a delivery cannot be put on record; it is when there is one, and the
// file is not delivered twice.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	privately(t, func(t *testing.T) {
		d := drive(t, "run_every = \"1m\"\nfile_retry {\n every = \"1s\"\n}")
		d.mount("size=1m,nr_inodes=40")
		put(t, d.dir, "a", "never", "retry")
		d.answers(byName)
		var fillers []string
		fill := func() {
			for len(fillers) < 40 {
				path := d.dir + "/." + strings.Repeat("f", len(fillers)+1)
				if os.WriteFile(path, nil, 0o600) != nil {
					return
				}
				fillers = append(fillers, path)
			}
		}
		d.wants("worked 1") // makes its folders
		put(t, d.dir, "b")
		d.clock.Add(24 * time.Hour) // to another day's folder of done files
		fill()
		for range 3 {
			if got := d.run(); !strings.HasPrefix(got, "failed: ") || !strings.Contains(got, "no space left") {
				t.Errorf("the run: %q", got)
			}
		}
		for _, path := range fillers {
			must(t, os.Remove(path))
		}
		d.run()
		if n := strings.Count(strings.Join(d.taken(), " "), "b"); n != 1 {
			t.Errorf("b was delivered %d times: %q", n, d.taken())
		}
		if files := strings.Join(tree(t, d.dir), " "); !strings.Contains(files, "done/a done/b failed/never failed/never.why retry/") {
			t.Errorf("the files: %s", files)
		}
	})
}

func TestReadOnlyFileSystem(t *testing.T) {
	t.Parallel()
	privately(t, func(t *testing.T) {
		d := drive(t, `run_every = "1m"`)
		d.mount("size=1m")
		put(t, d.dir, "a")
		d.wants("worked 1")
		put(t, d.dir, "b")
		must(t, unix.Mount("", d.dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
		if got := d.run(); !strings.HasPrefix(got, "failed: ") || !strings.Contains(got, "read-only file system") {
			t.Errorf("the run: %q", got)
		}
		must(t, unix.Mount("", d.dir, "", unix.MS_REMOUNT, ""))
		d.wants("worked 1")
		same(t, "the files", tree(t, d.dir), []string{"done/a", "done/b"})
	})
}
