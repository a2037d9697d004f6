//go:build unix

package schedule_test

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/priorityq"
)

// crowd is a scheduler of n plain daemons that share a planner, due over the span.
func crowd(tb testing.TB, n int, span, wait time.Duration) *schedule.Scheduler {
	tb.Helper()
	s := schedule.New(epoch, schedule.Limits{})
	p := &schedule.Interval{Backoff: schedule.Backoff{RunEvery: sec, MinimumIdle: wait}}
	for i := range n {
		e := schedule.Entry{Name: "daemon-" + strconv.Itoa(i), Planner: p}
		e.StartAfter = time.Duration(int64(i) * int64(span) / int64(n))
		if _, err := s.Add(epoch, e); err != nil {
			tb.Fatal(err)
		}
	}
	return s
}

// dispatch is one start and the end of that run, at the first time there is something to start.
func dispatch(tb testing.TB, s *schedule.Scheduler, now time.Time) time.Time {
	d := s.Next(now)
	if d.Action == schedule.Wait {
		now = d.Until
		d = s.Next(now)
	}
	if d.Action != schedule.Start {
		tb.Fatalf("decided %+v", d)
	}
	s.Done(d.ID, now, schedule.Result{Outcome: schedule.Worked, Count: 1}, nil)
	return now
}

// TestDispatchAllocatesNothing, however many daemons there are, due or waiting.
func TestDispatchAllocatesNothing(t *testing.T) {
	for _, n := range []int{1, 1_000, 100_000} {
		for _, wait := range []time.Duration{0, sec} {
			s, now := crowd(t, n, wait, wait), epoch
			for range n {
				now = dispatch(t, s, now) // each has been everywhere once: the queues have grown
			}
			if got := testing.AllocsPerRun(200, func() { now = dispatch(t, s, now) }); got != 0 {
				t.Errorf("%d daemons, wait %v: %v allocations a run", n, wait, got)
			}
		}
	}
}

// TestRoomAtRest bounds what the core keeps of a daemon that waits: record, place in the waiting set and index, without
// its name and planner. All have been ready at once before, and the room that took is given back.
func TestRoomAtRest(t *testing.T) {
	const n, most = 50_000, 230
	p := &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Hour, MinimumIdle: time.Hour}}
	names := make([]string, n)
	for i := range names {
		names[i] = "daemon-" + strconv.Itoa(i)
	}
	before := heapInUse()
	s := schedule.New(epoch, schedule.Limits{})
	for _, name := range names {
		if _, err := s.Add(epoch, schedule.Entry{Name: name, Planner: p}); err != nil {
			t.Fatal(err)
		}
	}
	for range n {
		dispatch(t, s, epoch)
	}
	if got := (heapInUse() - before) / n; got > most {
		t.Errorf("%d bytes a daemon, want at most %d", got, most)
	}
	runtime.KeepAlive(names)
	runtime.KeepAlive(s)
}

// sizes of the benchmarks. The goal is a ratio to a bare heap, measured in the same run.
var sizes = [...]int{1e2, 1e4, 1e5, 1e6}

// dispatchAt is dispatch for a driver that tells ages, as the app and the simulation do.
func dispatchAt(tb testing.TB, s *schedule.Scheduler, age time.Duration) time.Duration {
	d := s.NextAt(age)
	if d.Action == schedule.Wait {
		age = d.Until
		d = s.NextAt(age)
	}
	if d.Action != schedule.Start {
		tb.Fatalf("decided %+v", d)
	}
	s.DoneAt(d.ID, age, schedule.Result{Outcome: schedule.Worked, Count: 1}, nil)
	return age
}

// BenchmarkDispatch is NextAt and DoneAt, beside a re-key of the bare heaps at the same size: the metric "x" is the
// ratio to that of priorityq, which the goal bounds by 2.
func BenchmarkDispatch(b *testing.B) {
	benchmarkCrowds(b, func(b *testing.B, s *schedule.Scheduler) func() {
		age := time.Duration(0)
		return func() { age = dispatchAt(b, s, age) }
	})
}

// BenchmarkDispatchTimes is the same through Next and Done, which turn ages into points in time and back.
func BenchmarkDispatchTimes(b *testing.B) {
	benchmarkCrowds(b, func(b *testing.B, s *schedule.Scheduler) func() {
		now := epoch
		return func() { now = dispatch(b, s, now) }
	})
}

func benchmarkCrowds(b *testing.B, driver func(*testing.B, *schedule.Scheduler) func()) {
	for _, n := range sizes {
		for _, c := range []struct {
			name       string
			span, wait time.Duration
		}{{"due", 0, 0}, {"spread", sec, sec}} {
			b.Run(fmt.Sprintf("%s/n=%.0e", c.name, float64(n)), func(b *testing.B) {
				once := driver(b, crowd(b, n, c.span, c.wait))
				for range n {
					once()
				}
				bare := rekey(n)
				runtime.GC()
				b.ReportAllocs()
				start := cpu()
				for b.Loop() {
					once()
				}
				per := float64(cpu()-start) / float64(b.N)
				b.ReportMetric(per, "cpu-ns/op")
				b.ReportMetric(per/timed(b.N, bare), "x")
			})
		}
	}
}

func BenchmarkRekey(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("priorityq/n=%.0e", float64(n)), func(b *testing.B) {
			once := rekey(n)
			b.ReportAllocs()
			start := cpu()
			for b.Loop() {
				once()
			}
			b.ReportMetric(float64(cpu()-start)/float64(b.N), "cpu-ns/op")
		})
		b.Run(fmt.Sprintf("container-heap/n=%.0e", float64(n)), func(b *testing.B) {
			h := make(pairs, n)
			for i := range h {
				h[i] = &keyed{key: int64(i)}
			}
			rand.Shuffle(len(h), h.Swap)
			heap.Init(&h)
			b.ReportAllocs()
			start := cpu()
			for b.Loop() {
				h[0].key += int64(n)
				heap.Fix(&h, 0)
			}
			b.ReportMetric(float64(cpu()-start)/float64(b.N), "cpu-ns/op")
		})
	}
}

// rekey moves the first of n spread entries to the end.
func rekey(n int) func() {
	var q priorityq.Queue[int64, priorityq.Handle]
	handles := make([]priorityq.Handle, n)
	for i := range n {
		handles[i] = q.Push(int64(i), priorityq.Handle(i))
	}
	once := func() {
		h, key, _ := q.Peek()
		q.Update(h, key+int64(n))
	}
	for range n {
		once()
	}
	return once
}

// timed is the nanoseconds of CPU that one of n calls takes.
func timed(n int, f func()) float64 {
	n = max(n, 1_000_000) // the clock of the CPU is coarse
	start := cpu()
	for range n {
		f()
	}
	return float64(cpu()-start) / float64(n)
}

// cpu is the CPU time this process has used: unlike the time of day, the same on a busy machine.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

type keyed struct{ key int64 }

type pairs []*keyed

func (p pairs) Len() int           { return len(p) }
func (p pairs) Less(i, j int) bool { return p[i].key < p[j].key }
func (p pairs) Swap(i, j int)      { p[i], p[j] = p[j], p[i] }
func (p *pairs) Push(x any)        { *p = append(*p, x.(*keyed)) }
func (p *pairs) Pop() any          { last := (*p)[len(*p)-1]; *p = (*p)[:len(*p)-1]; return last }

// BenchmarkSteer is each way of changing a scheduler of 100,000 daemons.
func BenchmarkSteer(b *testing.B) {
	const n = 100_000
	entry := every("extra", 0, sec).Entry
	other := every("daemon-5", 0, 2*sec).Entry
	for _, c := range []struct {
		name string
		do   func(s *schedule.Scheduler, id schedule.ID)
	}{
		{"add and remove", func(s *schedule.Scheduler, _ schedule.ID) {
			extra, err := s.Add(epoch, entry)
			if err != nil {
				b.Fatal(err)
			}
			s.Remove(epoch, extra)
		}},
		{"pause and resume", func(s *schedule.Scheduler, id schedule.ID) {
			if err := s.Pause(epoch, id, time.Time{}); err != nil {
				b.Fatal(err)
			}
			s.Resume(epoch, id)
		}},
		{"replace", func(s *schedule.Scheduler, id schedule.ID) { s.Replace(epoch, id, other) }},
		{"wake", func(s *schedule.Scheduler, id schedule.ID) {
			if err := s.Wake(epoch, id, schedule.ByEvent); err != nil {
				b.Fatal(err)
			}
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := crowd(b, n, time.Hour, sec)
			id := schedule.ID(0)
			b.ReportAllocs()
			start := cpu()
			for b.Loop() {
				id = (id + 7919) % n
				c.do(s, id)
			}
			b.ReportMetric(float64(cpu()-start)/float64(b.N), "cpu-ns/op")
		})
	}
}

// BenchmarkRest registers daemons: bytes/daemon is what one costs at rest, its name and planner included;
// cpu-ns/daemon what adding it costs.
func BenchmarkRest(b *testing.B) {
	for _, n := range []int{1e5, 1e6} {
		b.Run(fmt.Sprintf("n=%.0e", float64(n)), func(b *testing.B) {
			for b.Loop() {
				before := heapInUse()
				start := cpu()
				s := schedule.New(epoch, schedule.Limits{})
				for i := range n {
					p := &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Minute, MinimumIdle: sec}}
					if _, err := s.Add(epoch, schedule.Entry{Name: "daemon-" + strconv.Itoa(i), Planner: p}); err != nil {
						b.Fatal(err)
					}
				}
				took := cpu() - start
				b.ReportMetric(float64(heapInUse()-before)/float64(n), "bytes/daemon")
				b.ReportMetric(float64(took)/float64(n), "cpu-ns/daemon")
				runtime.KeepAlive(s)
			}
		})
	}
}

func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
