//go:build unix

package bench

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// cpu is the CPU time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// beside runs a sub-benchmark for each peer and reports, beside each figure, what multiple it is of ours.
func beside(b *testing.B, unit string, measure func(b *testing.B, p peer) float64) {
	b.Helper()
	var ours float64
	for _, p := range peers() {
		b.Run(p.name, func(b *testing.B) {
			var sum float64
			for b.Loop() {
				sum += measure(b, p)
			}
			figure := sum / float64(b.N)
			if p.name == "peakd" {
				ours = figure
			}
			b.ReportMetric(0, "ns/op") // of a whole life: says nothing
			b.ReportMetric(figure, unit)
			b.ReportMetric(figure/ours, "times-ours")
		})
	}
}

// BenchmarkDispatch has n jobs that are always due and do nothing: the CPU time of one run.
func BenchmarkDispatch(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		b.Run(fmt.Sprintf("jobs=%d", n), func(b *testing.B) {
			beside(b, "cpu-ns/run", func(b *testing.B, p peer) float64 { return dispatch(b, p, n) })
		})
	}
}

func dispatch(b *testing.B, p peer, n int) float64 {
	b.Helper()
	runs := uint64(200_000)
	if p.name == "gocron" {
		runs = uint64(max(2*n, 5000)) // or it takes minutes
	}
	var count atomic.Uint64
	var before, after time.Duration
	begun, ended := uint64(n), uint64(n)+runs // once round, so that everything has grown
	done := make(chan struct{})
	_, stop := p.start(b, n, 0, func() {
		switch count.Add(1) {
		case begun:
			before = cpu()
		case ended:
			after = cpu()
			close(done)
		}
	})
	<-done
	stop()
	return float64(after-before) / float64(runs)
}

// BenchmarkAdd adds a job to a running scheduler with 100,000 that wait.
func BenchmarkAdd(b *testing.B) {
	const n = 100_000
	beside(b, "cpu-ns/add", func(b *testing.B, p peer) float64 {
		add, stop := p.start(b, n, time.Hour, func() {})
		defer stop()
		adds := 2000
		if p.name == "robfig-cron" {
			adds = 20 // each sorts everything
		}
		add()
		before := cpu()
		for range adds {
			add()
		}
		return float64(cpu()-before) / float64(adds)
	})
}

// BenchmarkAtRest has 100,000 jobs that wait: the live bytes of one.
func BenchmarkAtRest(b *testing.B) {
	const n = 100_000
	beside(b, "bytes/job", func(b *testing.B, p peer) float64 {
		before := live()
		_, stop := p.start(b, n, time.Hour, func() {})
		defer stop()
		return float64(live()-before) / n
	})
}

func live() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) + int64(m.StackInuse)
}
