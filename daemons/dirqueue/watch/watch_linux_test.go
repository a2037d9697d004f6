package watch_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/peakd/peakd/daemons/dirqueue/watch"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// heard collects what a watch has told.
type heard struct {
	*watch.Watch
	mu   sync.Mutex // guards what
	what watch.Mask
	news chan struct{} // of length 1
}

func listen(t *testing.T, s *watch.Shared, dir string, mask watch.Mask) *heard {
	t.Helper()
	h := &heard{news: make(chan struct{}, 1)}
	f, err := os.Open(dir)
	must(t, err)
	t.Cleanup(func() { _ = f.Close() })
	h.Watch, err = s.Add(int(f.Fd()), mask, h.hear)
	must(t, err)
	t.Cleanup(h.Close)
	return h
}

func (h *heard) hear(what watch.Mask) {
	h.mu.Lock()
	h.what |= what
	h.mu.Unlock()
	select {
	case h.news <- struct{}{}:
	default:
	}
}

func (h *heard) so() watch.Mask {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.what
}

// await waits until all of these were told.
func (h *heard) await(t *testing.T, what watch.Mask) {
	t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	for h.so()&what != what {
		select {
		case <-h.news:
		case <-deadline.C:
			t.Fatalf("told of %03b, want %03b", h.so(), what)
		}
	}
}

func write(t *testing.T, path string) {
	t.Helper()
	must(t, os.WriteFile(path, []byte("x"), 0o600))
}

func TestEvents(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		do   func(t *testing.T, dir string)
		want watch.Mask
	}{
		{"written", func(t *testing.T, dir string) { t.Helper(); write(t, dir+"/a") }, watch.Arrivals},
		{"moved in", func(t *testing.T, dir string) {
			t.Helper()
			write(t, dir+".a")
			must(t, os.Rename(dir+".a", dir+"/a"))
		}, watch.Arrivals},
		{"linked", func(t *testing.T, dir string) {
			t.Helper()
			write(t, dir+".a")
			must(t, os.Link(dir+".a", dir+"/a"))
		}, watch.Arrivals},
		{"directory", func(t *testing.T, dir string) { t.Helper(); must(t, os.Mkdir(dir+"/d", 0o755)) }, watch.Directories},
		{"directory gone", func(t *testing.T, dir string) { t.Helper(); must(t, os.Remove(dir+"/old")) }, watch.Directories},
		{"directory renamed", func(t *testing.T, dir string) { t.Helper(); must(t, os.Rename(dir+"/old", dir+".new")) }, watch.Directories},
		{"itself renamed", func(t *testing.T, dir string) { t.Helper(); must(t, os.Rename(dir, dir+".new")) }, watch.Itself},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var s watch.Shared
			dir := filepath.Join(t.TempDir(), "d")
			must(t, os.MkdirAll(dir+"/old", 0o755))
			all := listen(t, &s, dir, watch.Arrivals|watch.Directories)
			arrivals, directories := listen(t, &s, dir, watch.Arrivals), listen(t, &s, dir, watch.Directories)
			tt.do(t, dir)
			all.await(t, tt.want)
			if tt.want&(watch.Arrivals|watch.Itself) != 0 {
				arrivals.await(t, tt.want)
			}
			if tt.want&(watch.Directories|watch.Itself) != 0 {
				directories.await(t, tt.want)
			}
			must(t, os.RemoveAll(dir+"/old"))
			for name, h := range map[string]*heard{"all": all, "arrivals": arrivals, "directories": directories} {
				if got := h.so() &^ (tt.want | watch.Directories); got != 0 {
					t.Errorf("%s was told of %03b, too", name, got)
				}
			}
		})
	}
}

// TestRemoved: a watch ends with its directory, and a new directory of the same name, and perhaps of the same number,
// can be watched anew.
func TestRemoved(t *testing.T) {
	t.Parallel()
	var s watch.Shared
	dir := filepath.Join(t.TempDir(), "d")
	for range 20 {
		must(t, os.Mkdir(dir, 0o755))
		f, err := os.Open(dir)
		must(t, err)
		h := &heard{news: make(chan struct{}, 1)}
		h.Watch, err = s.Add(int(f.Fd()), watch.Arrivals, h.hear)
		must(t, err)
		must(t, f.Close())
		if h.Lost() {
			t.Fatal("it is lost before the directory is")
		}
		must(t, os.Remove(dir))
		h.await(t, watch.Itself)
		for deadline := time.Now().Add(20 * time.Second); !h.Lost(); runtime.Gosched() {
			if time.Now().After(deadline) {
				t.Fatal("the watch does not know that its directory is gone")
			}
		}
		h.Close()
	}
}

func TestCloseAndAddAgain(t *testing.T) {
	t.Parallel()
	var s watch.Shared
	dir := t.TempDir()
	first, second := listen(t, &s, dir, watch.Arrivals), listen(t, &s, dir, watch.Arrivals)
	first.Close()
	first.Close()
	if !first.Lost() || second.Lost() {
		t.Errorf("lost: %v, %v; want the one that was closed", first.Lost(), second.Lost())
	}
	write(t, dir+"/a")
	second.await(t, watch.Arrivals)
	if first.so() != 0 {
		t.Error("the closed one was told")
	}
	second.Close()
	third := listen(t, &s, dir, watch.Arrivals)
	write(t, dir+"/b")
	third.await(t, watch.Arrivals)
}

// TestOverflow: when the kernel has dropped events, everybody is told that something may have happened.
func TestOverflow(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events")
	must(t, err)
	limit, err := strconv.Atoi(strings.TrimSpace(string(text)))
	must(t, err)
	if limit > 100_000 {
		t.Skipf("max_queued_events is %d here, too many to make", limit)
	}
	var s watch.Shared
	busy, quiet := t.TempDir(), t.TempDir()
	stalled, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	f, err := os.Open(busy)
	must(t, err)
	defer f.Close()
	w, err := s.Add(int(f.Fd()), watch.Arrivals, func(watch.Mask) {
		once.Do(func() {
			close(stalled)
			<-goOn // the reader reads no more
		})
	})
	must(t, err)
	defer w.Close()
	other := listen(t, &s, quiet, watch.Arrivals)
	write(t, busy+"/first")
	<-stalled
	for i := range limit { // two events each
		write(t, fmt.Sprint(busy, "/", i%5000))
	}
	write(t, quiet+"/lost")
	close(goOn)
	other.await(t, watch.Arrivals|watch.Itself) // the latter is told of only by an overflow
}

// TestRaces: watches come and go while files arrive, and nothing but the race detector has an opinion.
func TestRaces(t *testing.T) {
	t.Parallel()
	var s watch.Shared
	dirs := make([]string, 4)
	for i := range dirs {
		dirs[i] = t.TempDir()
	}
	var told atomic.Int64
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 200 {
				f, err := os.Open(dirs[(i+n)%len(dirs)])
				if err != nil {
					t.Error(err)
					return
				}
				w, err := s.Add(int(f.Fd()), watch.Arrivals, func(watch.Mask) { told.Add(1) })
				if err != nil {
					t.Error(err)
					return
				}
				_ = os.WriteFile(fmt.Sprint(dirs[n%len(dirs)], "/", i), nil, 0o600)
				w.Lost()
				w.Close()
				_ = f.Close()
			}
		})
	}
	all.Wait()
	h := listen(t, &s, dirs[0], watch.Arrivals)
	write(t, dirs[0]+"/end")
	h.await(t, watch.Arrivals)
}

// TestOneInstance: however many watches there are, the process has one descriptor for them, and none without any.
func TestOneInstance(t *testing.T) { //nolint:paralleltest // it counts the process's descriptors
	var s watch.Shared
	before := instances(t)
	var all []*heard
	for range 50 {
		all = append(all, listen(t, &s, t.TempDir(), watch.Arrivals))
	}
	if got := instances(t) - before; got != 1 {
		t.Errorf("50 watches have %d instances, want 1", got)
	}
	for _, h := range all {
		h.Close()
	}
	if got := instances(t) - before; got != 0 {
		t.Errorf("no watches have %d instances, want 0", got)
	}
}

func instances(t *testing.T) (n int) {
	t.Helper()
	fds, err := filepath.Glob("/proc/self/fd/*")
	must(t, err)
	for _, fd := range fds {
		if to, err := os.Readlink(fd); err == nil && strings.Contains(to, "inotify") {
			n++
		}
	}
	return n
}

func TestNoDirectory(t *testing.T) {
	t.Parallel()
	var s watch.Shared
	path := filepath.Join(t.TempDir(), "file")
	write(t, path)
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	if _, err := s.Add(int(f.Fd()), watch.Arrivals, func(watch.Mask) {}); err == nil {
		t.Error("a file is watched as a directory")
	}
}
