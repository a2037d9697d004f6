package spool_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// openQueue opens a queue that the test closes.
func openQueue(t testing.TB, dir string, o spool.Options) *spool.Queue {
	t.Helper()
	q, err := spool.Open(dir, o)
	must(t, err)
	t.Cleanup(func() { _ = q.Close() })
	return q
}

// put hands files in; each holds its own name. A process that another test starts meanwhile would have the files open for
// writing until its exec.
func put(t testing.TB, dir string, names ...string) {
	t.Helper()
	p, err := spool.OpenProducer(dir, spool.ProducerOptions{Volatile: true})
	must(t, err)
	defer p.Close()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	for _, name := range names {
		must(t, p.Put(name, strings.NewReader(name)))
	}
}

// soon is far enough after what the test has done for unchanged directories to be believed.
func soon() time.Time { return time.Now().Add(time.Second) }

func claim(t testing.TB, q *spool.Queue, n int, now time.Time) spool.Batch {
	t.Helper()
	b, err := q.Claim(spool.Request{Now: now, N: n})
	must(t, err)
	return b
}

func claimOne(t testing.TB, q *spool.Queue, now time.Time) *spool.Claimed {
	t.Helper()
	b := claim(t, q, 1, now)
	if len(b.Claimed) != 1 {
		t.Fatalf("claimed %d files, want 1: %+v", len(b.Claimed), b)
	}
	return b.Claimed[0]
}

func names(claimed []*spool.Claimed) []string {
	var got []string
	for _, c := range claimed {
		got = append(got, c.Name)
	}
	return got
}

// tree is every file below a directory, and every directory that is empty but for the queue's own.
func tree(t testing.TB, dir string) []string {
	t.Helper()
	var got []string
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		if !d.IsDir() {
			got = append(got, rel)
		}
		return nil
	}))
	slices.Sort(got)
	return got
}

func wantTree(t testing.TB, dir string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func wantNames(t testing.TB, claimed []*spool.Claimed, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, names(claimed)); diff != "" {
		t.Errorf("claimed (-want +got):\n%s", diff)
	}
}

// list is what a queue has in a state, in order of names.
func list(t testing.TB, q *spool.Queue, state spool.State) []spool.Entry {
	t.Helper()
	var got []spool.Entry
	for e, err := range q.List(state) {
		must(t, err)
		got = append(got, e)
	}
	slices.SortFunc(got, func(a, b spool.Entry) int { return strings.Compare(a.Name, b.Name) })
	return got
}

func listNames(t testing.TB, q *spool.Queue, state spool.State) []string {
	t.Helper()
	var got []string
	for _, e := range list(t, q, state) {
		got = append(got, e.Name)
	}
	return got
}

// retryPath is where a file waits for its next attempt.
func retryPath(due time.Time, tries, crashes int, name string) string {
	return fmt.Sprintf(".peakd/retry/%016x/%d-%d/%s", due.Unix(), tries, crashes, name)
}

func donePath(now time.Time, name string) string {
	return ".peakd/done/" + now.UTC().Format(time.DateOnly) + "/" + name
}

func needRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to be other users and to mount: run as root, in a container with --privileged")
	}
}

// lock holds the lock of a file until the test ends.
func lock(t testing.TB, path string) {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	t.Cleanup(func() { _ = f.Close() })
	must(t, syscall.Flock(int(f.Fd()), syscall.LOCK_EX))
}

// closeFile closes a file when no process that another test starts has it open still.
func closeFile(t testing.TB, f *os.File) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	must(t, f.Close())
}

// write is os.WriteFile, with the same care as put.
func write(t testing.TB, path, content string) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	must(t, os.WriteFile(path, []byte(content), 0o600))
}
