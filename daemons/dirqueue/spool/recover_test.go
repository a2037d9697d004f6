package spool_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

func recoverAll(t testing.TB, q *spool.Queue, now time.Time) spool.Recovery {
	t.Helper()
	r, err := q.Recover(now)
	must(t, err)
	return r
}

// As long as a handler lives that has inherited the lock of its slot, its file is nobody else's, and those of other slots
// are free.
func TestOrphanedHandler(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "a", "b")
	now := soon()
	dying := openQueue(t, dir, spool.Options{})
	a := claimOne(t, dying, now)
	b, err := dying.Claim(spool.Request{Now: now, N: 1, Slot: 1})
	must(t, err)
	handler := exec.CommandContext(t.Context(), "sleep", "1000")
	handler.ExtraFiles = []*os.File{a.LockFile()}
	must(t, handler.Start())
	q := openQueue(t, dir, spool.Options{})
	if r := recoverAll(t, q, now); r.Alive != 2 || r.Claims != 0 {
		t.Errorf("with its owner alive: %+v", r)
	}
	dying.Die()
	if r := recoverAll(t, q, now); r.Alive != 1 || len(r.Files) != 1 || r.Files[0].Name != b.Claimed[0].Name {
		t.Errorf("with the handler of %s alive: %+v", a.Name, r)
	}
	must(t, handler.Process.Kill())
	_ = handler.Wait()
	if r := recoverAll(t, q, now); r.Alive != 0 || len(r.Files) != 1 || r.Files[0].Name != a.Name {
		t.Errorf("with the handler dead, too: %+v", r)
	}
	due := now.Add(2 * time.Second)
	wantTree(t, dir, retryPath(spool.Due(now.Add(time.Second), now), 1, 1, "a"), retryPath(spool.Due(now.Add(time.Second), now), 1, 1, "b"))
	c := claimOne(t, q, due)
	if c.Attempt != 2 || c.Crashes != 1 {
		t.Errorf("attempt %d, %d crashes, want 2 and 1", c.Attempt, c.Crashes)
	}
}

// A file that kills its owners is set aside; those that were claimed beside it are not.
func TestPoison(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var innocent []string
	for i := range 20 {
		innocent = append(innocent, fmt.Sprint("innocent", i))
	}
	put(t, dir, append(innocent, "poison")...)
	now, deaths := soon(), 0
	for range 12 {
		q := openQueue(t, dir, spool.Options{CrashAttempts: 3})
		recoverAll(t, q, now)
		deaths += workUntilPoisoned(t, q, now)
		now = now.Add(5 * time.Second)
	}
	q := openQueue(t, dir, spool.Options{})
	failed := list(t, q, spool.StateFailed)
	if len(failed) != 1 || failed[0].Name != "poison" || failed[0].Crashes != 3 || !strings.Contains(failed[0].Failure.Reason, "died 3 times") {
		t.Errorf("set aside: %+v, want poison alone, after 3 crashes", failed)
	}
	if done := list(t, q, spool.StateDone); len(done) != len(innocent) {
		t.Errorf("%d files done, want %d", len(done), len(innocent))
	}
	if deaths != 3 {
		t.Errorf("%d owners died, want 3", deaths)
	}
}

// workUntilPoisoned claims in two slots what can be had before it works on any of it. It returns 1 if it died of it.
func workUntilPoisoned(t *testing.T, q *spool.Queue, now time.Time) int {
	t.Helper()
	for {
		var all []*spool.Claimed
		for slot := range 2 {
			b, err := q.Claim(spool.Request{Now: now, Slot: slot, N: 15})
			must(t, err)
			if len(b.Claimed) > 1 {
				for _, c := range b.Claimed {
					if c.Crashes > 0 {
						t.Errorf("%s, lost once, was claimed among others", c.Name)
					}
				}
			}
			all = append(all, b.Claimed...)
		}
		if len(all) == 0 {
			must(t, q.Close())
			return 0
		}
		for _, c := range all {
			if c.Crashes == 2 && len(all) > 1 {
				t.Errorf("%s has its last chance beside others", c.Name)
			}
			if c.Name == "poison" {
				q.Die()
				return 1
			}
		}
		for _, c := range all {
			must(t, q.Done(c, now))
		}
	}
}

func TestLastChanceIsAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := openQueue(t, dir, spool.Options{CrashAttempts: 2})
	put(t, dir, "suspect")
	now := soon()
	dying := openQueue(t, dir, spool.Options{})
	claimOne(t, dying, now)
	dying.Die()
	put(t, dir, "a", "b")
	recoverAll(t, q, now)
	a := claimOne(t, q, now)
	now = now.Add(2 * time.Second)
	if b := claim(t, q, 1, now); !b.Blocked || len(b.Claimed) > 0 {
		t.Errorf("with %s in flight: %+v, want it blocked", a.Name, b)
	}
	must(t, q.Done(a, now))
	suspect := claimOne(t, q, now)
	if suspect.Name != "suspect" {
		t.Fatalf("claimed %s, want the suspect", suspect.Name)
	}
	if b := claim(t, q, 1, now); !b.Blocked || len(b.Claimed) > 0 {
		t.Errorf("with the suspect in flight: %+v, want it blocked", b)
	}
	must(t, q.Done(suspect, now))
	if b := claimOne(t, q, now); b.Name != "b" {
		t.Errorf("claimed %s, want b", b.Name)
	}
}

// What crashes leave behind at any step is cleared by whoever comes next.
func TestRecoverLeftovers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := openQueue(t, dir, spool.Options{})
	for _, folder := range []string{".1-made.0", "1-visible.0", "1-folder.0/0-0", "1-files.0/0-0", "1-files.0/3-1", "odd.0/strange"} {
		must(t, os.MkdirAll(filepath.Join(dir, ".peakd/claim", folder), 0o700))
	}
	write(t, filepath.Join(dir, ".peakd/claim/1-files.0/0-0/a"), "")
	write(t, filepath.Join(dir, ".peakd/claim/1-files.0/3-1/b"), "")
	write(t, filepath.Join(dir, ".peakd/claim/odd.0/strange/c"), "")
	must(t, os.Symlink("/etc", filepath.Join(dir, ".peakd/claim/link.0")))
	now := soon()
	r, err := q.Recover(now)
	if err == nil {
		t.Error("nothing was said of the directory that is not empty")
	}
	if len(r.Files) != 2 || r.Claims != 4 {
		t.Errorf("got %+v, want 2 files from 4 claims", r)
	}
	due := spool.Due(now.Add(time.Second), now)
	wantTree(t, dir, retryPath(due, 1, 1, "a"), retryPath(due, 4, 2, "b"), ".peakd/claim/odd.0/strange/c", ".peakd/claim/link.0")
	must(t, os.RemoveAll(filepath.Join(dir, ".peakd/claim/odd.0")))
	must(t, os.Remove(filepath.Join(dir, ".peakd/claim/link.0")))
	recoverAll(t, q, now)
	if left, err := os.ReadDir(filepath.Join(dir, ".peakd/claim")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// Temporary files go when their writers are dead, and not before.
func TestSweep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := openQueue(t, dir, spool.Options{})
	dead := []string{".peakd-tmp-dead", ".peakd/tmp/.peakd-tmp-dead"}
	alive := []string{".peakd-tmp-alive", ".peakd/tmp/.peakd-tmp-alive"}
	for _, name := range append(dead, alive...) {
		write(t, filepath.Join(dir, name), "")
	}
	for _, name := range alive {
		lock(t, filepath.Join(dir, name))
	}
	claim(t, q, 1, soon())
	if r := recoverAll(t, q, soon()); r.Swept != 0 {
		t.Errorf("swept %d that are fresh", r.Swept)
	}
	claim(t, q, 1, soon())
	if b, err := q.Claim(spool.Request{Now: soon(), N: 1, Rescan: true}); err != nil || len(b.Claimed) > 0 {
		t.Errorf("claimed %v, %v", b.Claimed, err)
	}
	if r := recoverAll(t, q, time.Now().Add(time.Hour)); r.Swept != 2 {
		t.Errorf("swept %d, want 2", r.Swept)
	}
	wantTree(t, dir, alive...)
}

// A power cut may leave a file in two states on some file systems: the later one counts. Other names of a file are other
// files.
func TestDoubles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := openQueue(t, dir, spool.Options{})
	now := soon()
	for _, name := range []string{"done", "failed", "deferred", "other", "claimed"} {
		put(t, dir, name)
		c := claimOne(t, q, now)
		if name == "failed" {
			must(t, q.Fail(c, spool.Failure{}, now))
		} else {
			must(t, q.Done(c, now))
		}
	}
	must(t, q.Close())
	link := func(from, to string) {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, to)), 0o700))
		must(t, os.Link(filepath.Join(dir, from), filepath.Join(dir, to)))
	}
	link(donePath(now, "done"), "done")
	link(".peakd/failed/failed", "failed")
	link(donePath(now, "deferred"), retryPath(now, 2, 0, "deferred"))
	link(donePath(now, "claimed"), ".peakd/claim/1-dead.0/0-0/claimed")
	link(donePath(now, "other"), "another name")
	put(t, dir, "other")

	q = openQueue(t, dir, spool.Options{})
	if r := recoverAll(t, q, now); r.Doubles != 0 {
		t.Errorf("dropped %d where there cannot be doubles", r.Doubles)
	}
	link(donePath(now, "claimed"), ".peakd/claim/1-dead.0/0-0/claimed")
	q.ExpectDoubles()
	if r := recoverAll(t, q, now); r.Doubles != 5 {
		t.Errorf("dropped %d doubles, want 5", r.Doubles)
	}
	if got := listNames(t, q, spool.StateReady); len(got) != 2 || got[0] != "another name" || got[1] != "other" {
		t.Errorf("ready: %q", got)
	}
}

func TestDegraded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "a", "b")
	q := openQueue(t, dir, spool.Options{})
	c := claimOne(t, q, soon())
	must(t, q.Done(c, soon()))
	broken := errors.New("the disk is bad")
	q.OnSync(func() error { return broken })
	if err := q.Sync(); !errors.Is(err, spool.ErrDegraded) || !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	q.OnSync(func() error { t.Error("a failed sync was tried again"); return nil })
	for name, do := range map[string]func() error{
		"sync":    q.Sync,
		"claim":   func() error { _, err := q.Claim(spool.Request{Now: soon(), N: 1}); return err },
		"recover": func() error { _, err := q.Recover(soon()); return err },
		"state":   q.Degraded,
		"compact": func() error { _, err := q.Compact(); return err },
	} {
		if err := do(); !errors.Is(err, spool.ErrDegraded) {
			t.Errorf("%s: got %v, want ErrDegraded", name, err)
		}
	}
	if q.Pending() != 1 {
		t.Errorf("pending %d, want 1", q.Pending())
	}
}

func TestDegradedProducer(t *testing.T) {
	t.Parallel()
	for failing := range 2 {
		dir := t.TempDir()
		p, err := spool.OpenProducer(dir, spool.ProducerOptions{})
		must(t, err)
		syncs := 0
		p.OnSync(func() error {
			if syncs++; syncs == failing+1 {
				return errors.New("the disk is bad")
			}
			return nil
		})
		if err := p.Put("a", strings.NewReader("a")); !errors.Is(err, spool.ErrDegraded) {
			t.Errorf("sync %d: got %v, want ErrDegraded", failing, err)
		}
		if err := p.Put("b", strings.NewReader("b")); !errors.Is(err, spool.ErrDegraded) {
			t.Errorf("sync %d: afterwards: got %v, want ErrDegraded", failing, err)
		}
		if got := len(tree(t, dir)); got != failing {
			t.Errorf("sync %d: %d files, want %d: contents that may be lost have no name", failing, got, failing)
		}
		must(t, p.Close())
	}
}

// An owner that dies between claiming and looking leaves what nobody has looked at: it reaches no handler all the same.
func TestClaimsOfTheDeadAreLookedAt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := openQueue(t, dir, spool.Options{MaxSizeBytes: 3})
	folder := filepath.Join(dir, ".peakd", "claim", "dead.0", "0-0")
	must(t, os.MkdirAll(folder, 0o700))
	must(t, os.Symlink("/etc/passwd", filepath.Join(folder, "link")))
	must(t, syscall.Mkfifo(filepath.Join(folder, "pipe"), 0o600))
	write(t, filepath.Join(folder, "big"), "1234")
	write(t, filepath.Join(folder, "good"), "123")
	now := soon()
	if r := recoverAll(t, q, now); len(r.Files) != 4 {
		t.Errorf("recovered %+v, want four files", r.Files)
	}
	later := now.Add(time.Minute)
	var claimed, refused []string
	for more := true; more; {
		b := claim(t, q, 10, later)
		for _, c := range b.Claimed {
			claimed = append(claimed, c.Name)
			must(t, q.Done(c, later))
		}
		for _, r := range b.Refused {
			refused = append(refused, r.Name)
			if r.Attempts != 1 {
				t.Errorf("%s was refused after %d attempts, want the one that was cut off", r.Name, r.Attempts)
			}
		}
		more = b.More
	}
	slices.Sort(refused)
	if !slices.Equal(claimed, []string{"good"}) || !slices.Equal(refused, []string{"big", "link", "pipe"}) {
		t.Errorf("claimed %v and refused %v", claimed, refused)
	}
}
