package spool_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

// link makes many names of one empty file, which is the fastest way to have many.
func link(t testing.TB, dir string, n int) {
	t.Helper()
	first := filepath.Join(dir, name(0))
	write(t, first, "")
	from := first
	for i := 1; i < n; i++ {
		if i%60000 == 0 { // a file has 65,000 names at most
			from = filepath.Join(dir, name(i))
			write(t, from, "")
			continue
		}
		must(t, os.Link(from, filepath.Join(dir, name(i))))
	}
}

// name scatters the numbers, so that no file system lists them in order.
func name(i int) string { return fmt.Sprintf("%08x-%d", uint32(i)*2654435761, i) }

// A directory of many files is worked on in order, with little memory. PEAKD_FILES is how many there are.
func TestManyFiles(t *testing.T) {
	files := 100_000
	if n, err := strconv.Atoi(os.Getenv("PEAKD_FILES")); err == nil {
		files = n
	}
	dir := memoryDir(t)
	link(t, dir, files)
	q := openQueue(t, dir, spool.Options{Ready: spool.ReadyRenamed, Delete: true, Durable: spool.DurableNone})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start, got, last := time.Now(), 0, ""
	for {
		b := claim(t, q, 64, time.Now())
		if got == 0 {
			runtime.GC()
			runtime.ReadMemStats(&after)
			t.Logf("first of %d files after %v, with %d KiB", files, time.Since(start), (int64(after.HeapAlloc)-int64(before.HeapAlloc))>>10)
		}
		for _, c := range b.Claimed {
			if c.Name <= last {
				t.Fatalf("%s came after %s", c.Name, last)
			}
			last = c.Name
			must(t, q.Done(c, time.Now()))
		}
		if got += len(b.Claimed); len(b.Claimed) == 0 && !b.More {
			break
		}
	}
	took := time.Since(start)
	t.Logf("all after %v, %v each", took, took/time.Duration(files))
	if got != files {
		t.Errorf("%d of %d files were claimed", got, files)
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 16<<20 {
		t.Errorf("%d MiB are held for a window of names", grown>>20)
	}
}

// A million files are no burden: the first thousands come in order, without the memory that all names would take.
func TestMillionFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds to make a million files")
	}
	const files, some = 1_000_000, 2_000
	dir := memoryDir(t)
	link(t, dir, files)
	want := make([]string, files)
	for i := range want {
		want[i] = name(i)
	}
	slices.Sort(want)
	want = slices.Clone(want[:some])
	q := openQueue(t, dir, spool.Options{Ready: spool.ReadyRenamed, Delete: true, Durable: spool.DurableNone})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var got []string
	for len(got) < some {
		b := claim(t, q, some-len(got), time.Now())
		got = append(got, names(b.Claimed)...)
		for _, c := range b.Claimed {
			must(t, q.Done(c, time.Now()))
		}
		if len(b.Claimed) == 0 {
			t.Fatalf("after %d files there are no more: %+v", len(got), b)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("claimed (-want +got):\n%s", diff)
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 16<<20 {
		t.Errorf("%d MiB are held for a window of names", grown>>20)
	}
	if d, err := q.Depth(spool.StateReady, false); err != nil || d.Files != files-some {
		t.Errorf("%d are ready (%v), want %d", d.Files, err, files-some)
	}
}
