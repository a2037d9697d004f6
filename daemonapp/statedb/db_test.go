package statedb_test

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/statedb"
	"github.com/peakd/peakd/daemonapp/statedb/statetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	statetest.Run(t, func(t *testing.T) (daemonapp.State, func() daemonapp.State) {
		dir := filepath.Join(t.TempDir(), "state")
		db := open(t, dir)
		return db, func() daemonapp.State {
			if err := db.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
			db = open(t, dir)
			return db
		}
	})
}

// MemoryState is a State for tests that need no disk.
type MemoryState struct {
	mu  sync.Mutex
	all map[string]daemonapp.Memory
}

func (s *MemoryState) Load() (map[string]daemonapp.Memory, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]daemonapp.Memory, len(s.all))
	maps.Copy(all, s.all)
	return all, nil
}

func (s *MemoryState) Save(batch []daemonapp.Memory) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = make(map[string]daemonapp.Memory)
	}
	for _, m := range batch {
		for _, at := range []*time.Time{&m.Next, &m.LastStart, &m.LastEnd, &m.LastSuccess, &m.Gone, &m.Pause.Since, &m.Pause.Until} {
			*at = at.UTC()
		}
		s.all[m.Name] = m
	}
	return nil
}

func (s *MemoryState) Forget(before time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.all, func(_ string, m daemonapp.Memory) bool {
		return !m.Gone.IsZero() && m.Gone.Before(before)
	})
	return nil
}

func TestConformanceInMemory(t *testing.T) {
	t.Parallel()
	statetest.Run(t, func(*testing.T) (daemonapp.State, func() daemonapp.State) {
		state := &MemoryState{}
		return state, func() daemonapp.State { return state }
	})
}

// A saturated wait leads past what 64 bits of nanoseconds hold.
func TestTimesBeyondRangeAreClipped(t *testing.T) {
	t.Parallel()
	db := open(t, t.TempDir())
	for _, c := range []struct{ at, want time.Time }{
		{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(math.MaxInt64), time.Unix(0, math.MaxInt64)},
		{time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(0, math.MaxInt64)},
		{time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC), time.Unix(0, math.MinInt64)},
	} {
		save(t, db, daemonapp.Memory{Name: "a", Next: c.at})
		if got := load(t, db)["a"].Next; !got.Equal(c.want) {
			t.Errorf("%v came back as %v, want %v", c.at, got, c.want)
		}
	}
}

func TestCommitsAreDurable(t *testing.T) {
	t.Parallel()
	db := open(t, t.TempDir())
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2"} {
		if got, err := db.Pragma(pragma); err != nil || got != want {
			t.Errorf("%s is %s (%v), want %s", pragma, got, err, want)
		}
	}
}

func TestCloseTwice(t *testing.T) {
	t.Parallel()
	db := open(t, t.TempDir())
	for range 2 {
		if err := db.Close(); err != nil {
			t.Fatalf("close: %v", err)
		}
	}
	if err := db.Save([]daemonapp.Memory{{Name: "a"}}); err == nil {
		t.Error("save on a closed state succeeded")
	}
}

func TestOddDirectoryNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b", "q?mode=memory", "h#x", "50%25", "ü", "a&b=c;d", "x:y", "'\""} {
		dir := filepath.Join(t.TempDir(), name)
		db := open(t, dir)
		save(t, db, daemonapp.Memory{Name: "a"})
		if err := db.Close(); err != nil {
			t.Fatalf("%q: close: %v", name, err)
		}
		exists(t, filepath.Join(dir, "state.db"))
		if got := len(load(t, open(t, dir))); got != 1 {
			t.Errorf("%q: %d memories after reopening, want 1", name, got)
		}
	}
}

func TestApplied(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := open(t, dir)
	if _, ok, err := db.LoadApplied(); ok || err != nil {
		t.Fatalf("a new state has an applied configuration (%v, %v)", ok, err)
	}
	want := applied("1")
	for _, digest := range []string{"0", "1"} {
		if err := db.SaveApplied(applied(digest)); err != nil {
			t.Fatalf("save applied: %v", err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	got, ok, err := open(t, dir).LoadApplied()
	if err != nil || !ok {
		t.Fatalf("load applied: %v, %v", ok, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("applied configuration differs (-want +got):\n%s", diff)
	}
}

func TestAppliedWithoutDaemons(t *testing.T) {
	t.Parallel()
	db := open(t, t.TempDir())
	want := statedb.Applied{App: "empty"}
	if err := db.SaveApplied(want); err != nil {
		t.Fatalf("save applied: %v", err)
	}
	got, ok, err := db.LoadApplied()
	if diff := cmp.Diff(want, got); !ok || err != nil || diff != "" {
		t.Errorf("%v, %v, (-want +got):\n%s", ok, err, diff)
	}
}

func applied(digest string) statedb.Applied {
	a := statedb.Applied{
		App: "mail-host", Digest: digest, By: "alice",
		At: time.Date(2026, 11, 23, 6, 0, 0, 7, time.UTC),
	}
	for n := range 3 {
		a.Daemons = append(a.Daemons, statedb.AppliedDaemon{
			Name: fmt.Sprintf("d%d", n), Type: "exec", Digest: digest, Where: "jobs.hcl:5",
			Settings: map[string]string{"run_every": `"5m"`, "retry.every": "<10s> & ${é}\n"},
		})
	}
	return a
}

func open(t *testing.T, dir string) *statedb.DB {
	t.Helper()
	db, err := statedb.Open(dir)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

func save(t *testing.T, state daemonapp.State, batch ...daemonapp.Memory) {
	t.Helper()
	if err := state.Save(batch); err != nil {
		t.Fatalf("save: %v", err)
	}
}

func load(t *testing.T, from interface {
	Load() (map[string]daemonapp.Memory, error)
},
) map[string]daemonapp.Memory {
	t.Helper()
	all, err := from.Load()
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	return all
}

// wantError checks that err is the sentinel and not one of the others.
func wantError(t *testing.T, err, want error) {
	t.Helper()
	for _, sentinel := range []error{
		statedb.ErrLocked, statedb.ErrUnsafe, statedb.ErrNewer, statedb.ErrDamaged,
	} {
		if errors.Is(err, sentinel) != (sentinel == want) { //nolint:errorlint // the sentinels themselves are compared
			t.Errorf("got %v, want %v", err, want)
		}
	}
}
