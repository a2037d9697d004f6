package statedb_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/statedb"
)

// disk is a State that records its saves and can be slow or broken.
type disk struct {
	MemoryState
	start time.Time

	mu     sync.Mutex
	broken error
	slow   time.Duration
	saves  []saved
}

// saved is one attempt: when, since the start, and what.
type saved struct {
	at    time.Duration
	names string
}

func newDisk() *disk { return &disk{start: time.Now()} }

func (d *disk) Save(batch []daemonapp.Memory) error {
	var names []string
	for _, m := range batch {
		names = append(names, fmt.Sprint(m.Name, m.Failures))
	}
	d.mu.Lock()
	d.saves = append(d.saves, saved{time.Since(d.start), strings.Join(names, " ")})
	broken, slow := d.broken, d.slow
	d.mu.Unlock()
	time.Sleep(slow)
	if broken != nil {
		return broken
	}
	return d.MemoryState.Save(batch)
}

func (d *disk) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broken = err
}

func (d *disk) wantSaves(t *testing.T, want ...saved) {
	t.Helper()
	synctest.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	if diff := cmp.Diff(want, d.saves, cmp.AllowUnexported(saved{})); diff != "" {
		t.Errorf("saves differ (-want +got):\n%s", diff)
	}
}

var errDisk = errors.New("no space left on device")

func memory(name string, n int) daemonapp.Memory { return daemonapp.Memory{Name: name, Failures: n} }

func TestUrgentIsSavedAtOnceWithTheRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		w := newWriter(t, d, nil)
		w.Put(memory("a", 1), false)
		time.Sleep(300 * time.Millisecond)
		w.Put(memory("b", 1), true)
		d.wantSaves(t, saved{300 * time.Millisecond, "a1 b1"})
		time.Sleep(time.Hour)
		d.wantSaves(t, saved{300 * time.Millisecond, "a1 b1"})
	})
}

func TestOrdinaryWaitsASecondAtMost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		w := newWriter(t, d, nil)
		for n := 1; n <= 25; n++ {
			w.Put(memory("a", n), false)
			w.Put(memory("b", n), false)
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Hour)
		// At the very instant of a save, either side of the put may come first.
		d.mu.Lock()
		defer d.mu.Unlock()
		if len(d.saves) != 3 || d.saves[0].at != time.Second || d.saves[2].names != "a25 b25" {
			t.Errorf("saves are %v, want three, the first after 1s, the last of a25 b25", d.saves)
		}
	})
}

func TestSlowDiskGroupsWhatComesMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		d.slow = 3 * time.Second
		w := newWriter(t, d, nil)
		w.Put(memory("a", 1), true)
		time.Sleep(time.Millisecond)
		for n := 2; n <= 1000; n++ {
			w.Put(memory("a", n), true)
		}
		w.Put(memory("b", 1), false)
		if got := time.Since(d.start); got != time.Millisecond {
			t.Errorf("Put blocked for %v", got)
		}
		time.Sleep(time.Hour)
		d.wantSaves(t, saved{0, "a1"}, saved{3 * time.Second, "a1000 b1"})
	})
}

// What ages during a slow save is saved right after it, not a second later.
func TestAgeCountsDuringASlowSave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		d.slow = 3 * time.Second
		w := newWriter(t, d, nil)
		w.Put(memory("a", 1), true)
		time.Sleep(time.Millisecond)
		w.Put(memory("b", 1), false)
		time.Sleep(time.Hour)
		d.wantSaves(t, saved{0, "a1"}, saved{3 * time.Second, "b1"})
	})
}

func TestBrokenDiskIsToldOnceAndTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		d.fail(errDisk)
		var told []error
		w := newWriter(t, d, func(err error) { told = append(told, err) })
		w.Put(memory("a", 1), true)
		time.Sleep(100 * time.Millisecond)
		w.Put(memory("a", 2), true) // A run on a broken disk does not beat on it.
		w.Put(memory("b", 1), false)
		time.Sleep(time.Second)
		ms := time.Millisecond
		d.wantSaves(t, saved{0, "a1"}, saved{250 * ms, "a2 b1"}, saved{750 * ms, "a2 b1"})
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := len(d.saves); n < 100 || n > 150 || d.saves[n-1].at-d.saves[n-2].at != 30*time.Second {
			t.Errorf("%d attempts in an hour, the last after %v; want one every 30s",
				n, d.saves[n-1].at-d.saves[n-2].at)
		}
		if len(told) != 1 || !errors.Is(told[0], errDisk) {
			t.Fatalf("told %v, want the error once", told)
		}
		d.fail(nil)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if len(told) != 2 || told[1] != nil {
			t.Errorf("told %v, want the error and its end", told)
		}
		wantMemories(t, d, memory("a", 2), memory("b", 1))
		attempts := len(d.saves)
		w.Put(memory("a", 3), true)
		synctest.Wait()
		if len(d.saves) != attempts+1 {
			t.Error("after the recovery, an urgent memory was not saved at once")
		}
		d.fail(errDisk)
		w.Put(memory("a", 4), true)
		synctest.Wait()
		if len(told) != 3 || !errors.Is(told[2], errDisk) {
			t.Errorf("told %v, want the second breakdown too", told)
		}
		d.fail(nil)
	})
}

// What is put while a save goes wrong is newer than what comes back from it.
func TestPutDuringAFailingSave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		d.slow = time.Second
		d.fail(errDisk)
		w := newWriter(t, d, nil)
		w.Put(memory("a", 1), false)
		w.Put(memory("c", 1), true)
		time.Sleep(500 * time.Millisecond)
		w.Put(memory("a", 2), false)
		w.Put(memory("b", 1), false)
		time.Sleep(600 * time.Millisecond)
		d.fail(nil)
		time.Sleep(time.Hour)
		d.wantSaves(t, saved{0, "a1 c1"}, saved{1250 * time.Millisecond, "a2 b1 c1"})
	})
}

// A flush that goes wrong during a rest begins a longer one.
func TestFailedFlushProlongsTheRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		d.fail(errDisk)
		w := newWriter(t, d, nil)
		w.Put(memory("a", 1), true)
		ms := time.Millisecond
		time.Sleep(100 * ms)
		if err := w.Flush(); !errors.Is(err, errDisk) {
			t.Errorf("flush: %v, want %v", err, errDisk)
		}
		d.fail(nil)
		time.Sleep(time.Hour)
		d.wantSaves(t, saved{0, "a1"}, saved{100 * ms, "a1"}, saved{600 * ms, "a1"})
	})
}

func TestFlush(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		w := newWriter(t, d, nil)
		if err := w.Flush(); err != nil || len(d.saves) != 0 {
			t.Errorf("flush of nothing: %v, %v", err, d.saves)
		}
		w.Put(memory("a", 1), false)
		if err := w.Flush(); err != nil {
			t.Errorf("flush: %v", err)
		}
		wantMemories(t, d, memory("a", 1))
		d.fail(errDisk)
		w.Put(memory("a", 2), false)
		for range 2 {
			if err := w.Flush(); !errors.Is(err, errDisk) {
				t.Errorf("flush to a broken disk: %v, want %v", err, errDisk)
			}
		}
		d.fail(nil)
		if err := w.Flush(); err != nil || time.Since(d.start) != 0 {
			t.Errorf("flush after the repair: %v after %v, want success at once", err, time.Since(d.start))
		}
		wantMemories(t, d, memory("a", 2))
	})
}

// The rest of a failure must not outlive it.
func TestFlushEndsTheRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		d.fail(errDisk)
		w := newWriter(t, d, nil)
		w.Put(memory("a", 1), true)
		time.Sleep(time.Minute)
		d.fail(nil)
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		n := len(d.saves)
		w.Put(memory("a", 2), true)
		synctest.Wait()
		if len(d.saves) != n+1 {
			t.Error("an urgent memory waited for the rest of a failure that was over")
		}
	})
}

func TestCloseSavesWhatIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		w := statedb.NewWriter(d, nil)
		w.Put(memory("a", 1), false)
		for range 2 {
			if err := w.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		}
		w.Put(memory("a", 2), true)
		if err := w.Flush(); err != nil {
			t.Errorf("flush after close: %v", err)
		}
		d.wantSaves(t, saved{0, "a1"})
	})
}

func TestCloseTellsWhatIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		d.fail(errDisk)
		w := statedb.NewWriter(d, nil)
		w.Put(memory("a", 1), true)
		w.Put(memory("b", 1), false)
		time.Sleep(time.Minute)
		for range 2 {
			if err := w.Close(); !errors.Is(err, errDisk) || !strings.Contains(err.Error(), "2 daemons") {
				t.Errorf("close: %v, want the error and how many daemons", err)
			}
		}
	})
}

// From many goroutines, over a disk that breaks and mends, the last of each name is what remains.
func TestNothingIsLostWhileTheProcessLives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		d.slow = time.Millisecond
		w := newWriter(t, d, nil)
		var group sync.WaitGroup
		var want []daemonapp.Memory
		for i := range 8 {
			name := fmt.Sprint("d", i)
			want = append(want, memory(name, 200))
			random := rand.New(rand.NewPCG(7, uint64(i)))
			group.Go(func() {
				for n := 1; n <= 200; n++ {
					w.Put(memory(name, n), random.IntN(3) == 0)
					time.Sleep(time.Duration(random.IntN(100)) * time.Millisecond)
					if random.IntN(20) == 0 {
						_ = w.Flush() // Its error is the broken disk's.
					}
				}
			})
		}
		group.Go(func() {
			for n := range 40 {
				d.fail([]error{nil, errDisk}[n%2])
				time.Sleep(300 * time.Millisecond)
			}
			d.fail(nil)
		})
		group.Wait()
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		wantMemories(t, d, want...)
	})
}

func TestDiskFullAndRoomAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := open(t, dir)
	told := make(chan error, 10)
	w := newWriter(t, db, func(err error) { told <- err })
	limit(t, db, 1) // SQLite takes it as: no page more than there are.
	big := daemonapp.Memory{Name: "a", Disarmed: strings.Repeat("x", 100_000)}
	for range 3 {
		w.Put(big, true)
		if err := w.Flush(); err == nil {
			t.Fatal("a flush to a full disk succeeded")
		}
	}
	limit(t, db, 1<<20)
	if err := w.Flush(); err != nil {
		t.Fatalf("flush when there is room again: %v", err)
	}
	if err := <-told; err == nil || !strings.Contains(err.Error(), "full") {
		t.Errorf("told %v, want that the disk is full", err)
	}
	if err := <-told; err != nil || len(told) != 0 {
		t.Errorf("told %v and %d more, want the recovery and no more", err, len(told))
	}
	wantMemories(t, db, big)
}

func limit(t *testing.T, db *statedb.DB, pages int) {
	t.Helper()
	if _, err := db.Pragma(fmt.Sprint("max_page_count = ", pages)); err != nil {
		t.Fatal(err)
	}
}

func newWriter(t *testing.T, state daemonapp.State, onError func(error)) *statedb.Writer {
	t.Helper()
	w := statedb.NewWriter(state, onError)
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Errorf("close writer: %v", err)
		}
	})
	return w
}

func wantMemories(t *testing.T, state daemonapp.State, want ...daemonapp.Memory) {
	t.Helper()
	var got []daemonapp.Memory
	for _, m := range load(t, state) {
		got = append(got, m)
	}
	slices.SortFunc(got, func(a, b daemonapp.Memory) int { return strings.Compare(a.Name, b.Name) })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("memories differ (-want +got):\n%s", diff)
	}
}
