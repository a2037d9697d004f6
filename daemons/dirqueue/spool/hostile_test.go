package spool_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

// hostileNames are names that have broken other programs.
func hostileNames() []string {
	return []string{
		"new\nline", "\xff\xfe", "-rf", "--", "~", "a b", "'", `"`, "*", "$(reboot)", "%s%n", "{name}", "\x01\x7f", "why.why",
		".why", "a.why.why", "a~1", strings.Repeat("x", 255), strings.Repeat("y", 252), strings.Repeat("z", 251) + ".why",
		strings.Repeat("ä", 127), "\u202egnp.exe", "con", "0-0", "done", "0000000000000000", "back\\slash", "..a", "...",
	}
}

// Whatever files are called, they go through every state and keep their names and contents.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := hostileNames()
	put(t, dir, all...)
	q := openQueue(t, dir, spool.Options{Exclude: []string{}})
	now := soon()
	b := claim(t, q, len(all)+1, now)
	if len(b.Claimed) != len(all) {
		t.Fatalf("claimed %d of %d: %q", len(b.Claimed), len(all), names(b.Claimed))
	}
	for i, c := range b.Claimed {
		switch id := c.ID(); {
		case strings.ContainsAny(id, "\n \x01\x7f") || strings.ToValidUTF8(id, "") != id:
			t.Errorf("the id %q is not plain", id)
		case i%2 == 0:
			must(t, q.Retry(c, now.Add(time.Minute), now))
		default:
			must(t, q.PutBack(c, now, now))
		}
	}
	now = now.Add(time.Hour)
	for _, c := range claim(t, q, len(all)+1, now).Claimed {
		must(t, q.Fail(c, spool.Failure{Reason: c.Name, Detail: []byte(c.Name)}, now))
	}
	failed := list(t, q, spool.StateFailed)
	if len(failed) != len(all) {
		t.Errorf("%d failed, want %d", len(failed), len(all))
	}
	for _, e := range failed {
		if e.Failure.Reason != e.Original || string(e.Failure.Detail) != e.Original || e.Attempts < 1 {
			t.Errorf("%q has the reason %+v", e.Name, e.Failure)
		}
		must(t, q.Release(spool.StateFailed, e.Name, now))
	}
	if left := tree(t, filepath.Join(dir, ".peakd/failed")); len(left) > 0 {
		t.Errorf("left in failed: %q", left)
	}
	for _, c := range claim(t, q, len(all)+1, now).Claimed {
		if c.Attempt != 1 {
			t.Errorf("%q: attempt %d, want a fresh start", c.Name, c.Attempt)
		}
		must(t, q.Done(c, now))
	}
	wantDone(t, q, all)
}

func wantDone(t *testing.T, q *spool.Queue, want []string) {
	t.Helper()
	left := map[string]bool{}
	for _, name := range want {
		left[name] = true
	}
	for _, e := range list(t, q, spool.StateDone) {
		if got, err := os.ReadFile(e.Path); err != nil || string(got) != e.Name || !left[e.Name] {
			t.Errorf("done: %q with %q, %v", e.Name, got, err)
		}
		delete(left, e.Name)
	}
	if len(left) > 0 {
		t.Errorf("not done: %v", left)
	}
}

func TestCheckName(t *testing.T) {
	t.Parallel()
	for _, name := range append(hostileNames(), "a", ".hidden") {
		if err := spool.CheckName(name); err != nil {
			t.Error(err)
		}
	}
	dir := t.TempDir()
	for _, name := range []string{"", ".", "..", "a/b", "/a", "a\x00", strings.Repeat("x", 256), ".peakd", ".peakd-tmp-x"} {
		if err := spool.Enqueue(dir, name, strings.NewReader(""), spool.ProducerOptions{}); !errors.Is(err, spool.ErrName) {
			t.Errorf("%q: got %v, want ErrName", name, err)
		}
	}
	wantTree(t, dir)
}

// A reserved folder that is not this user's own is not used.
func TestForeignFolder(t *testing.T) {
	t.Parallel()
	tests := map[string]func(dir string) error{
		"a link":        func(dir string) error { return os.Symlink(os.TempDir(), filepath.Join(dir, ".peakd")) },
		"a file":        func(dir string) error { return os.WriteFile(filepath.Join(dir, ".peakd"), nil, 0o600) },
		"open to all":   func(dir string) error { return mkdirMode(filepath.Join(dir, ".peakd"), 0o777) },
		"open to group": func(dir string) error { return mkdirMode(filepath.Join(dir, ".peakd"), 0o750) },
		"a link in it": func(dir string) error {
			must(t, os.Mkdir(filepath.Join(dir, ".peakd"), 0o700))
			return os.Symlink(os.TempDir(), filepath.Join(dir, ".peakd/done"))
		},
	}
	if os.Geteuid() == 0 {
		tests["another user's"] = func(dir string) error {
			must(t, os.Mkdir(filepath.Join(dir, ".peakd"), 0o700))
			return os.Chown(filepath.Join(dir, ".peakd"), 65534, 65534)
		}
	}
	for name, prepare := range tests {
		dir := t.TempDir()
		must(t, prepare(dir))
		if _, err := spool.Open(dir, spool.Options{}); !errors.Is(err, spool.ErrForeign) {
			t.Errorf("%s: got %v, want ErrForeign", name, err)
		}
	}
}

func mkdirMode(path string, mode os.FileMode) error {
	if err := os.Mkdir(path, mode); err != nil {
		return err
	}
	return os.Chmod(path, mode)
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, os.Symlink(dir, filepath.Join(dir, "link")))
	write(t, filepath.Join(dir, "file"), "")
	if _, err := spool.Open(filepath.Join(dir, "link"), spool.Options{}); err == nil || !strings.Contains(err.Error(), "symbolic link") {
		t.Errorf("a link: %v", err)
	}
	if _, err := spool.Open(filepath.Join(dir, "file"), spool.Options{}); err == nil {
		t.Error("a file was opened as a queue")
	}
	if _, err := spool.Open(filepath.Join(dir, "none"), spool.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("none: %v", err)
	}
	wantTree(t, dir, "file", "link")
}

// A directory that is removed and made anew is another queue, and one that is renamed is the same.
func TestVanishAndReappear(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	dir := filepath.Join(parent, "q")
	must(t, os.Mkdir(dir, 0o700))
	q := openQueue(t, dir, spool.Options{})
	p, err := spool.OpenProducer(dir, spool.ProducerOptions{})
	must(t, err)
	defer p.Close()
	must(t, os.Rename(dir, dir+"2"))
	must(t, p.Put("a", strings.NewReader("a")))
	c := claimOne(t, q, soon())
	if q.Gone() {
		t.Error("a directory that was renamed is said to be gone")
	}
	must(t, os.RemoveAll(dir+"2"))
	must(t, os.Mkdir(dir, 0o700))
	if !q.Gone() {
		t.Error("a directory that was removed is not said to be gone")
	}
	for name, err := range map[string]error{
		"claim":   func() error { _, err := q.Claim(spool.Request{Now: soon(), N: 1}); return err }(),
		"recover": func() error { _, err := q.Recover(soon()); return err }(),
		"put":     p.Put("b", strings.NewReader("b")),
	} {
		if !errors.Is(err, spool.ErrGone) {
			t.Errorf("%s: %v, want ErrGone", name, err)
		}
	}
	if err := q.Done(c, soon()); err == nil {
		t.Error("a file was finished that is no more")
	}
	again := openQueue(t, dir, spool.Options{})
	if again.Identity() == q.Identity() {
		t.Log("the new directory has the old one's inode, which may happen")
	}
	put(t, dir, "c")
	must(t, again.Done(claimOne(t, again, soon()), soon()))
}

// A file with several names is a file for each of them.
func TestHardLinks(t *testing.T) {
	t.Parallel()
	dir, elsewhere := t.TempDir(), t.TempDir()
	write(t, filepath.Join(elsewhere, "a"), "a")
	must(t, os.Link(filepath.Join(elsewhere, "a"), filepath.Join(dir, "a")))
	must(t, os.Link(filepath.Join(elsewhere, "a"), filepath.Join(dir, "b")))
	q := openQueue(t, dir, spool.Options{})
	b := claim(t, q, 2, soon())
	wantNames(t, b.Claimed, "a", "b")
	if b.Claimed[0].ID() == b.Claimed[1].ID() {
		t.Error("two files have one id")
	}
	must(t, q.Done(b.Claimed[0], soon()))
	must(t, q.Done(b.Claimed[1], soon()))
	must(t, os.Link(filepath.Join(elsewhere, "a"), filepath.Join(dir, "a")))
	must(t, q.Done(claimOne(t, q, soon()), soon()))
	if got := len(list(t, q, spool.StateDone)); got != 3 {
		t.Errorf("%d done, want 3", got)
	}
}

// What is written of a failure can be read again, whatever is in it, within its bounds.
func FuzzFailure(f *testing.F) {
	f.Add("name", "reason", []byte("detail"), 1, 2)
	f.Add("\n\n", "reason: \"x\"\n", []byte("\n\nname: \"y\""), 0, -1)
	f.Fuzz(func(t *testing.T, name, reason string, detail []byte, attempts, crashes int) {
		in := spool.Failure{Name: name, Reason: reason, Detail: detail, Attempts: attempts, Crashes: crashes, Failed: time.Unix(1, 2).UTC()}
		out := spool.DecodeFailure(in.Encode())
		if out.Name != name || out.Attempts != attempts || out.Crashes != crashes || !out.Failed.Equal(in.Failed) {
			t.Errorf("got %+v of %+v", out, in)
		}
		if !strings.HasPrefix(reason, out.Reason) || len(out.Reason) < min(len(reason), 1024) {
			t.Errorf("reason %q of %q", out.Reason, reason)
		}
		if !bytes.HasSuffix(detail, out.Detail) || len(out.Detail) != min(len(detail), 4096) {
			t.Errorf("detail %q of %q", out.Detail, detail)
		}
		spool.DecodeFailure(detail)
	})
}

// Other names of a file fit, are others, and leave what characters are left whole; in failed they leave room for the reason.
func FuzzNames(f *testing.F) {
	f.Add("a", uint64(1), uint8(3))
	f.Add(strings.Repeat("ä", 127), ^uint64(0), uint8(255))
	f.Add("x.why", uint64(7), uint8(0))
	f.Fuzz(func(t *testing.T, name string, ino uint64, n uint8) {
		if spool.CheckName(name) != nil {
			return
		}
		for _, got := range []string{spool.Variant(name, ino, int(n)), spool.FailedName(name, ino, int(n))} {
			if err := spool.CheckName(got); err != nil {
				t.Error(err)
			}
			if n > 1 && got == name {
				t.Errorf("choice %d of %q is itself", n, name)
			}
		}
		failed := spool.FailedName(name, ino, int(n))
		if len(failed)+len(".why") > 255 || strings.HasSuffix(failed, ".why") {
			t.Errorf("%q in failed has no room for a reason or looks like one", failed)
		}
		for _, parse := range []func(string) (string, bool){spool.ParseTally, spool.ParseBucket} {
			if back, ok := parse(name); ok && back != name {
				t.Errorf("%q was read as %q", name, back)
			}
		}
	})
}

// Nothing is due early, or later than an eighth of the delay or a second; and however the delays are spread, the buckets
// are few.
func FuzzDue(f *testing.F) {
	f.Add(int64(1700000000), int64(30e9), int64(0))
	f.Add(int64(0), int64(1), int64(999999999))
	f.Fuzz(func(t *testing.T, unix, delay, nanos int64) {
		now := time.Unix(unix&(1<<33-1), nanos&(1<<29-1))
		wait := time.Duration(delay & (1<<58 - 1))
		due := spool.Due(now.Add(wait), now)
		if wait > 0 && due.Before(now.Add(wait)) {
			t.Errorf("%v after %v is due at %v: early", wait, now, due)
		}
		if late := due.Sub(now.Add(wait)); late > max(time.Second, wait/8) {
			t.Errorf("%v after %v is due %v late", wait, now, late)
		}
	})
}

func TestBucketsAreFew(t *testing.T) {
	t.Parallel()
	now := time.Unix(1700000000, 0)
	buckets := map[time.Time]bool{}
	for delay := time.Second; delay < 5*24*time.Hour; delay += 997 * time.Millisecond {
		buckets[spool.Due(now.Add(delay), now)] = true
	}
	if len(buckets) > 200 {
		t.Errorf("%d buckets for delays up to five days", len(buckets))
	}
}

// The reserved folder of a queue, and what is in it, is not a queue; what only has its name may be one.
func TestReservedFolderIsNoQueue(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	openQueue(t, dir, spool.Options{})
	for _, below := range []string{".peakd", ".peakd/done", ".peakd/tmp/../claim"} {
		for _, o := range []spool.Options{{}, {ReadOnly: true}} {
			if _, err := spool.Open(filepath.Join(dir, below), o); !errors.Is(err, spool.ErrReserved) {
				t.Errorf("open %s: %v, want ErrReserved", below, err)
			}
		}
		if _, err := spool.OpenProducer(filepath.Join(dir, below), spool.ProducerOptions{}); !errors.Is(err, spool.ErrReserved) {
			t.Errorf("produce into %s: %v, want ErrReserved", below, err)
		}
	}
	home := filepath.Join(t.TempDir(), ".peakd", "queues")
	must(t, os.MkdirAll(home, 0o700))
	openQueue(t, home, spool.Options{})
}
