package filecleanup_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/filecleanup"
)

// ahead is a clock that goes ahead of the host's by a span that tests change: for it, what was just
// written is that old, by each of its times.
type ahead struct {
	clock.Clock
	mu sync.Mutex
	by time.Duration
	// each is added whenever somebody asks: so that slices end after a known number of looks.
	each time.Duration
}

func newAhead(by time.Duration) *ahead { return &ahead{Clock: clock.New(), by: by} }

func (a *ahead) Now() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.by += a.each
	return time.Now().Add(a.by)
}

func (a *ahead) add(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.by += d
}

// rig is a cleaner over a directory of the test.
type rig struct {
	*filecleanup.Cleaner
	dir   string
	clock *ahead
	logs  *observer.ObservedLogs
}

// day is how far the clock of a rig goes ahead.
const day = 24 * time.Hour

// newRig makes a cleaner for which everything already there is a day old and goes at one hour.
func newRig(t testing.TB, dir string, change func(*filecleanup.Settings)) *rig {
	t.Helper()
	s := filecleanup.Defaults()
	s.Directory = config.Path(dir)
	s.RemoveOlderThan = time.Hour
	s.Slice = 0
	if change != nil {
		change(&s)
	}
	if faults := s.Validate(); len(faults) > 0 {
		t.Fatalf("settings: %v", faults[0])
	}
	core, logs := observer.New(zapcore.InfoLevel)
	clk := newAhead(day)
	c, err := filecleanup.New(config.Env{Log: zap.New(core), Clock: clk, Planner: &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Hour, MinimumIdle: time.Hour}}}, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return &rig{Cleaner: c, dir: dir, clock: clk, logs: logs}
}

// outcome is how a pass ended.
type outcome struct {
	schedule.Outcome
	count, runs int
}

// goesOn tells whether the pass goes on at once after a run that answered that.
func (r *rig) goesOn(got schedule.Result) bool {
	var end time.Time
	return r.NextRun(schedule.Run{Finished: end, Result: got, IdleRuns: 1}).Equal(end)
}

// pass runs until the pass is over, and answers what was counted.
func (r *rig) pass(t testing.TB) outcome {
	t.Helper()
	var total outcome
	for {
		got, err := r.Run(t.Context())
		if err != nil {
			t.Fatalf("run %d: %v", total.runs, err)
		}
		total.count += got.Count
		total.runs++
		if total.Outcome = got.Outcome; !r.goesOn(got) {
			return total
		}
		if total.runs > 1_000_000 {
			t.Fatal("the pass does not end")
		}
	}
}

// write makes files, with the folders above them; a path that ends in a slash is a folder.
func write(t testing.TB, dir string, paths ...string) {
	t.Helper()
	for _, p := range paths {
		full := filepath.Join(dir, p)
		if strings.HasSuffix(p, "/") {
			must(t, os.MkdirAll(full, 0o700))
			continue
		}
		must(t, os.MkdirAll(filepath.Dir(full), 0o700))
		must(t, os.WriteFile(full, []byte(p), 0o600))
	}
}

// writeSize makes a file of that size, modified so long before now.
func writeSize(t testing.TB, path string, size int64, age time.Duration) {
	t.Helper()
	write(t, filepath.Dir(path), filepath.Base(path))
	must(t, os.Truncate(path, size))
	at := time.Now().Add(-age)
	must(t, os.Chtimes(path, at, at))
}

// left lists all that is below a directory, folders with a slash, sorted.
func left(t testing.TB, dir string) []string {
	t.Helper()
	names := []string{}
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || p == dir {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if e.IsDir() {
			rel += "/"
		}
		names = append(names, rel)
		return err
	})
	must(t, err)
	sort.Strings(names)
	return names
}

func wantLeft(t testing.TB, dir string, want ...string) {
	t.Helper()
	sort.Strings(want)
	if got := left(t, dir); !slices.Equal(got, want) {
		t.Errorf("left in %s:\n got %q\nwant %q", dir, got, want)
	}
}

func wantOutcome(t testing.TB, got outcome, want schedule.Outcome, count int) {
	t.Helper()
	if got.Outcome != want || got.count != count {
		t.Errorf("outcome: got %v with count %d, want %v with %d", got.Outcome, got.count, want, count)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func exists(t testing.TB, path string) bool {
	t.Helper()
	_, err := os.Lstat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	return string(text)
}

func configPath(p string) config.Path { return config.Path(p) }

func writeText(path, text string) error { return os.WriteFile(path, []byte(text), 0o600) }
