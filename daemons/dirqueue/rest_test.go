package dirqueue_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestWorkerStays: a worker is started once, however often the queue has nothing to do in between.
func TestWorkerStays(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "pid")
	l := begin(t, fmt.Sprintf(`
		daemon "dir_queue" "q" {
		  run_every    = "10ms"
		  directory    = "BASE/q"
		  minimum_free = 0
		  deliver "worker" {
		    command = ["/bin/sh", "-c", "echo $$ >>%s; echo peakd-worker 1; while read -r _ n rest; do echo ok $n; done"]
		  }
		}`, out), "q")
	for i := range 5 {
		put(t, l.base+"/q", fmt.Sprint(i))
		l.await("delivered", func() bool {
			return len(tree(t, l.base+"/q")) == i+1 && strings.HasPrefix(tree(t, l.base+"/q")[i], "done/")
		})
		l.awaitRuns("q", len(l.ends("q"))+3)
	}
	text, err := os.ReadFile(out)
	must(t, err)
	same(t, "workers that were started", len(strings.Fields(string(text))), 1)
}

// TestCompacted: a directory that a backlog has bloated is replaced, and watched again.
func TestCompacted(t *testing.T) {
	t.Parallel()
	d := drive(t, "run_every = \"1h\"\nown = true\ndurable = \"none\"\non_success = \"delete\"")
	const files = 12_000
	for i := range files {
		must(t, os.WriteFile(fmt.Sprintf("%s/%0100d", d.dir, i), nil, 0o600))
	}
	before, err := os.Stat(d.dir)
	must(t, err)
	if before.Size() < 1<<20 {
		t.Skipf("a directory of %d files has %d bytes here: it cannot be bloated", files, before.Size())
	}
	for len(d.taken()) < files {
		if got := d.run(); !strings.HasPrefix(got, "more ") && !strings.HasPrefix(got, "worked ") {
			t.Fatalf("the run: %q", got)
		}
	}
	d.clock.Add(time.Minute)
	d.wants("idle")
	after, err := os.Stat(d.dir)
	must(t, err)
	if os.SameFile(before, after) || after.Size() >= 1<<20 {
		t.Errorf("the directory has %d bytes, it had %d", after.Size(), before.Size())
	}
	woken := d.wakes.Load()
	put(t, d.dir, "a")
	for deadline := time.Now().Add(30 * time.Second); d.wakes.Load() == woken; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the new directory is not watched")
		}
	}
	d.wants("worked 1")
}
