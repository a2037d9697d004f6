package dirqueue

import (
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

var _ daemonapp.Gauger = (*Queue)(nil)

// figures are what a queue shows of itself: what its last runs saw, so that nobody who looks reads a directory.
type figures struct {
	latest   atomic.Pointer[depths] // nil: not counted yet, or no longer true
	inFlight atomic.Int64

	// What follows belongs to the runs.
	next   time.Time // when to count again, at the earliest
	behind bool      // what is shown may no longer be true
}

// depths are how much there was when somebody counted.
type depths struct {
	ready, retrying, failed int
	oldest                  time.Time // since when the oldest of the ready ones has been there; zero: there is none
}

const (
	// countShare bounds the time spent counting to this part of all time, however many files there are.
	countShare = 50
	// oldestOf is among how many files the oldest is looked for: each costs a system call.
	oldestOf = 1000
)

// Gauges implements [daemonapp.Gauger].
func (q *Queue) Gauges() []daemonapp.Gauge {
	d := q.figures.latest.Load()
	if d == nil {
		return nil
	}
	var oldest time.Duration
	if !d.oldest.IsZero() {
		oldest = max(q.env.Clock.Now().Sub(d.oldest), 0)
	}
	return []daemonapp.Gauge{
		{Name: "queue_files", Help: "Files that wait for their first attempt.", Value: float64(d.ready)},
		{Name: "queue_retrying", Help: "Files that wait for another attempt.", Value: float64(d.retrying)},
		{Name: "queue_failed", Help: "Files that were set aside.", Value: float64(d.failed)},
		{Name: "queue_inflight", Help: "Files that are being delivered.", Value: float64(q.figures.inFlight.Load())},
		{Name: "queue_oldest_seconds", Help: "How long the oldest file has waited for its first attempt.", Value: oldest.Seconds()},
	}
}

// count takes note of how much there is if that may have changed, unless it was done so recently that it would cost too
// much: then the next run does it, which is not quiet.
func (q *Queue) count(changed bool) {
	f, now := &q.figures, q.env.Clock.Now()
	f.behind = f.behind || changed || f.latest.Load() == nil
	if !f.behind || now.Before(f.next) {
		return
	}
	f.behind = false
	if d, err := q.depths(); err == nil { // else the run itself will tell, and the figures stay
		f.latest.Store(d)
	}
	after := q.env.Clock.Now()
	f.next = after.Add(countShare * after.Sub(now))
}

// catchUp counts what the last run has left, before the queue rests: for long nobody will.
func (q *Queue) catchUp() {
	if q.figures.behind {
		q.figures.next = time.Time{}
		q.count(false)
	}
}

func (q *Queue) depths() (*depths, error) {
	var d depths
	for state, count := range map[spool.State]*int{
		spool.StateReady: &d.ready, spool.StateRetry: &d.retrying, spool.StateFailed: &d.failed,
	} {
		depth, err := q.spool.Depth(state, false)
		if err != nil {
			return nil, err
		}
		*count = depth.Files
	}
	if d.ready == 0 {
		return &d, nil
	}
	seen := 0
	for e, err := range q.spool.List(spool.StateReady) {
		if err != nil {
			return nil, err
		}
		if d.oldest.IsZero() || e.Changed.Before(d.oldest) {
			d.oldest = e.Changed
		}
		if seen++; seen == oldestOf {
			break
		}
	}
	return &d, nil
}

// Explain says what there is in the queue, for the status of the app: "12 files ready, 38 to retry, 1 set aside". It says
// nothing of an empty one.
func (q *Queue) Explain() string {
	d := q.figures.latest.Load()
	if d == nil {
		return ""
	}
	var parts []string
	for _, part := range []struct {
		files int
		what  string
	}{{d.ready, "ready"}, {d.retrying, "to retry"}, {d.failed, "set aside"}} {
		if part.files > 0 {
			parts = append(parts, strconv.Itoa(part.files)+" "+part.what)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	first, rest, _ := strings.Cut(parts[0], " ")
	unit := "files"
	if first == "1" {
		unit = "file"
	}
	parts[0] = first + " " + unit + " " + rest
	return strings.Join(parts, ", ")
}
