package history_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peakd/peakd/daemonapp/history"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// A day of 40 queues that look every 10 seconds and find something once an hour: 345,600 runs, of which the history
// keeps some 1900 entries. For 400 queues, as in docs/history.md, it is ten times that.
func TestQueuesThatFindNothingDoNotDrownTheHistory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	synctest.Test(t, func(t *testing.T) {
		rec := record(t, dir, history.Options{})
		for range 24 * 360 {
			now := time.Now()
			for q := range 40 {
				o := schedule.Idle
				if now.Second() == 0 && now.Minute() == q {
					o = schedule.Worked
				}
				e := ended(fmt.Sprint("queue", q), now.Add(-time.Second), o)
				rec.Observe(begun(e.Daemon, e.Run.Started))
				rec.Observe(e)
			}
			time.Sleep(10 * time.Second)
		}
		rec.closed()
		if rec.Dropped() != 0 {
			t.Errorf("%d entries were dropped", rec.Dropped())
		}
	})
	runs := 0
	list := entries(t, dir, history.Query{})
	for _, e := range list {
		runs += e.Times
	}
	info, err := os.Stat(filepath.Join(dir, history.FileName))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d runs in %d entries and %d bytes", runs, len(list), info.Size())
	if runs != 24*360*40 || len(list) > 40*(24*2+1) || info.Size() > 400<<10 {
		t.Errorf("%d runs in %d entries and %d bytes", runs, len(list), info.Size())
	}
}
