package dirqueue_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
	"github.com/peakd/peakd/daemons/dirqueue/watch"
)

// TestNothingIsMissedWhenEventsAreLost hands in 50,000 files while nobody reads the kernel's events, so that it drops
// most of them, and counts what comes out: events are hints, scans are truth.
func TestNothingIsMissedWhenEventsAreLost(t *testing.T) {
	t.Parallel()
	const files = 50_000
	limit, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events")
	must(t, err)
	if n, err := strconv.Atoi(strings.TrimSpace(string(limit))); err != nil || n >= files {
		t.Fatalf("the kernel keeps %q events (%v), so that none would be lost: lower fs.inotify.max_queued_events", limit, err)
	}
	dir, outside := t.TempDir(), t.TempDir()
	q, err := spool.Open(dir, spool.Options{Ready: spool.ReadyRenamed, Delete: true, Durable: spool.DurableNone})
	must(t, err)
	defer q.Close()

	var shared watch.Shared
	stall, hints := make(chan struct{}), make(chan struct{}, 1)
	var once sync.Once
	w, err := shared.Add(q.FD(), watch.Arrivals, func(watch.Mask) {
		once.Do(func() { <-stall })
		select {
		case hints <- struct{}{}:
		default:
		}
	})
	must(t, err)
	defer w.Close()

	for i := range files {
		name := fmt.Sprint(i)
		must(t, os.WriteFile(filepath.Join(outside, name), nil, 0o600))
		must(t, os.Rename(filepath.Join(outside, name), filepath.Join(dir, name)))
	}
	close(stall)
	seen := map[string]int{}
	patience := time.After(2 * time.Minute)
	for len(seen) < files {
		select {
		case <-hints:
		case <-patience:
			t.Fatalf("%d of %d files came out", len(seen), files)
		}
		for more := true; more; {
			b, err := q.Claim(spool.Request{Now: time.Now(), N: 1000})
			must(t, err)
			for _, c := range b.Claimed {
				seen[c.Name]++
				must(t, q.Done(c, time.Now()))
			}
			more = b.More
		}
	}
	for name, times := range seen {
		if times != 1 {
			t.Errorf("%s came out %d times", name, times)
		}
	}
}
