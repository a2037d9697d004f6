package history_test

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/history"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// BenchmarkObserve is what the app's loop pays for a run: its start and its end are handed over.
//
//	go test ./daemonapp/history -run '^$' -bench Observe
func BenchmarkObserve(b *testing.B) {
	rec := record(b, "", history.Options{Buffer: 1 << 20})
	names := benchNames(400)
	start, end := begun("", start()), ended("", start(), schedule.Worked)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		start.Daemon, end.Daemon = names[n%400], names[n%400]
		n++
		rec.Observe(start)
		rec.Observe(end)
	}
	b.StopTimer()
	b.ReportMetric(float64(rec.Dropped())/float64(n), "dropped/run")
	rec.closed()
}

// BenchmarkRecord records runs that all worked, the most costly case, as fast as the disk takes them. What counts is
// runs/s.
//
//	go test ./daemonapp/history -run '^$' -bench Record -benchtime 200000x
func BenchmarkRecord(b *testing.B) {
	rec := record(b, "", history.Options{Buffer: 1 << 16})
	names := benchNames(400)
	n := 0
	for b.Loop() {
		at := start().Add(time.Duration(n) * time.Millisecond)
		rec.Observe(begun(names[n%400], at))
		rec.Observe(ended(names[n%400], at, schedule.Worked))
		if n++; n%20_000 == 0 {
			if err := rec.Flush(); err != nil {
				b.Fatal(err)
			}
		}
	}
	rec.closed()
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "runs/s")
	if rec.Dropped() > 0 {
		b.Errorf("%d entries were dropped", rec.Dropped())
	}
}

// BenchmarkQuery asks a history of a million runs of 400 daemons, one in 50 of them failed, for the last hundred. The
// file is kept in $PEAKD_BENCH_HISTORY if that is set.
//
//	go test ./daemonapp/history -run '^$' -bench 'Query|Durations' -benchtime 20x
func BenchmarkQuery(b *testing.B) {
	r := reader(b, million(b))
	at := start().Add(500_000 * time.Second)
	for _, c := range []struct {
		name string
		q    history.Query
	}{
		{"all", history.Query{}},
		{"one daemon", history.Query{Names: []string{"queue0007"}}},
		{"glob of 100", history.Query{Names: []string{"queue00*"}}},
		{"glob of 400", history.Query{Names: []string{"queue*"}}},
		{"failed", history.Query{Outcomes: []string{"failed"}}},
		{"failed of one", history.Query{Names: []string{"queue0007"}, Outcomes: []string{"failed"}}},
		{"rare outcome", history.Query{Outcomes: []string{"cancelled"}}},
		{"rare outcome of one", history.Query{Names: []string{"queue0007"}, Outcomes: []string{"cancelled"}}},
		{"since", history.Query{Since: at, Until: at.Add(time.Hour)}},
		{"held", history.Query{Kinds: []history.Kind{"held"}}},
		{"run of one", history.Query{Names: []string{"queue0007"}, RunID: daemonapp.RunID(at.Unix())}},
	} {
		b.Run(c.name, func(b *testing.B) {
			c.q.Limit = 100
			for b.Loop() {
				if _, err := r.Entries(b.Context(), c.q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDurations is what a status with percentiles asks: the last 50 runs of each of 400 daemons.
func BenchmarkDurations(b *testing.B) {
	r := reader(b, million(b))
	for b.Loop() {
		if all, err := r.Durations(b.Context(), nil, 50); err != nil || len(all) != 400 {
			b.Fatal(len(all), err)
		}
	}
}

// million is the directory of a history of a million runs.
func million(b *testing.B) string {
	b.Helper()
	dir := os.Getenv("PEAKD_BENCH_HISTORY")
	if dir == "" {
		dir = filepath.Join(b.TempDir(), "state")
	} else if r, err := history.OpenReader(dir); err == nil {
		_ = r.Close()
		return dir
	}
	rec := record(b, dir, history.Options{Buffer: 1 << 17})
	names := benchNames(400)
	runs := 1_000_000
	if testing.Short() {
		runs = 20_000
	}
	for n := range runs {
		o := schedule.Worked
		switch {
		case n%50 == 7:
			o = schedule.Failed
		case n%200_000 == 1:
			o = schedule.Cancelled
		}
		rec.Observe(ended(names[n*7%400], start().Add(time.Duration(n)*time.Second), o))
		if n%50_000 == 0 {
			if err := rec.Flush(); err != nil {
				b.Fatal(err)
			}
		}
	}
	rec.closed()
	return dir
}

func benchNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("queue%04d", i)
	}
	return names
}

// BenchmarkTenThousandASecond records 10,000 runs a second for three seconds, with limits that have as many removed, and
// tells how many entries were dropped, how long a flush at the end takes, and how much of a processor it needs.
//
//	go test ./daemonapp/history -run '^$' -bench TenThousand -benchtime 1x
func BenchmarkTenThousandASecond(b *testing.B) {
	const rate, seconds = 10_000, 3
	names := benchNames(400)
	for b.Loop() {
		rec := record(b, "", history.Options{KeepRuns: 50, MaximumBytes: 4 << 20})
		began, busy := time.Now(), processorTime(b)
		for n := 0; n < rate*seconds; {
			for due := int(time.Since(began).Seconds() * rate); n < min(due, rate*seconds); n++ {
				at := time.Now()
				rec.Observe(begun(names[n%400], at))
				rec.Observe(ended(names[n%400], at, schedule.Worked))
			}
			time.Sleep(time.Millisecond)
		}
		last := time.Now()
		if err := rec.Flush(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(last).Milliseconds()), "ms-to-flush")
		b.ReportMetric((processorTime(b)-busy).Seconds()/time.Since(began).Seconds(), "processors")
		b.ReportMetric(float64(rec.Dropped()), "dropped")
		rec.closed()
	}
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
