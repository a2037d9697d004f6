package spool_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

// batch is how many files are claimed and confirmed together, backlog how many there are.
const (
	batch   = 64
	backlog = 20 * batch
)

// spent is the processor's and the wall's time that a call takes.
type spent struct{ cpu, wall time.Duration }

func (s *spent) on(call func()) {
	cpu, wall := cpuTime(), time.Now()
	call()
	s.wall += time.Since(wall)
	s.cpu += cpuTime() - cpu
}

func cpuTime() time.Duration {
	var r unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// bare is what nobody can do without: one rename to claim a file, and one to file it.
func bare(b *testing.B, dir string, s *spent) {
	b.Helper()
	var fds []int
	for _, sub := range []string{".", "claim", "done"} {
		must(b, os.MkdirAll(filepath.Join(dir, sub), 0o700))
		fd, err := unix.Open(filepath.Join(dir, sub), unix.O_RDONLY|unix.O_DIRECTORY, 0)
		must(b, err)
		defer unix.Close(fd)
		fds = append(fds, fd)
	}
	link(b, dir, backlog)
	s.on(func() {
		for i := range backlog {
			name := name(i)
			must(b, rename(fds[0], fds[1], name))
			must(b, rename(fds[1], fds[2], name))
		}
	})
	must(b, os.RemoveAll(filepath.Join(dir, "done")))
}

func whole(b *testing.B, dir string, q *spool.Queue, s *spent) {
	b.Helper()
	link(b, dir, backlog)
	s.on(func() { work(b, q) })
	_, err := q.Purge(spool.PurgeRequest{State: spool.StateDone})
	must(b, err)
}

// work claims and finishes the backlog.
func work(b *testing.B, q *spool.Queue) {
	for done := 0; done < backlog; {
		now := time.Now()
		claimed := claim(b, q, batch, now).Claimed
		for _, c := range claimed {
			must(b, q.Done(c, now))
		}
		must(b, q.Sync())
		done += len(claimed)
	}
}

// Claiming and finishing a file, beside the two renames that are the least: the ratio is what the rest costs.
func BenchmarkClaimAndDone(b *testing.B) {
	for _, ready := range []spool.Ready{spool.ReadyRenamed, spool.ReadyClosed} {
		b.Run(map[spool.Ready]string{spool.ReadyRenamed: "renamed", spool.ReadyClosed: "closed"}[ready], func(b *testing.B) {
			dir, bareDir := b.TempDir(), b.TempDir()
			q := openQueue(b, dir, spool.Options{Ready: ready, Durable: spool.DurableNone})
			var least, all spent
			for b.Loop() {
				bare(b, bareDir, &least)
				whole(b, dir, q, &all)
			}
			b.ReportMetric(float64(all.cpu)/float64(least.cpu), "x-bare-renames-cpu")
			b.ReportMetric(float64(all.wall)/float64(least.wall), "x-bare-renames-wall")
			b.ReportMetric(float64(all.cpu.Nanoseconds())/float64(b.N)/backlog, "cpu-ns/file")
		})
	}
}

// What it costs that the end of 64 files lasts, beside not minding.
func BenchmarkDurability(b *testing.B) {
	for _, durable := range []spool.Durability{spool.DurableGroup, spool.DurableEach} {
		b.Run(map[spool.Durability]string{spool.DurableGroup: "group", spool.DurableEach: "each"}[durable], func(b *testing.B) {
			dir, lightDir := b.TempDir(), b.TempDir()
			heavy := openQueue(b, dir, spool.Options{Ready: spool.ReadyRenamed, Durable: durable})
			light := openQueue(b, lightDir, spool.Options{Ready: spool.ReadyRenamed, Durable: spool.DurableNone})
			var none, some spent
			for b.Loop() {
				whole(b, lightDir, light, &none)
				whole(b, dir, heavy, &some)
			}
			b.ReportMetric(100*float64(none.cpu)/float64(some.cpu), "%-of-undurable-rate-cpu")
			b.ReportMetric(100*float64(none.wall)/float64(some.wall), "%-of-undurable-rate-wall")
		})
	}
}

// Handing in 64 files with shared syncs, beside one by one, and beside not minding whether they last. They stay: where files
// were deleted within the last minute, ext4 looks long for a free inode.
func BenchmarkPutAll(b *testing.B) {
	dir := b.TempDir()
	var syncs [3]int
	var took [3]time.Duration
	var producers [3]*spool.Producer
	for i := range producers {
		p, err := spool.OpenProducer(dir, spool.ProducerOptions{Volatile: i == 2})
		must(b, err)
		defer p.Close()
		p.OnSync(func() error { syncs[i]++; return nil })
		producers[i] = p
	}
	made := 0
	files := func() []spool.File {
		var files []spool.File
		for range batch {
			made++
			files = append(files, spool.File{Name: name(made), From: strings.NewReader(strings.Repeat("x", 1024))})
		}
		return files
	}
	for b.Loop() {
		for i, p := range producers {
			start := time.Now()
			if i == 1 {
				for _, f := range files() {
					must(b, p.Put(f.Name, f.From))
				}
			} else {
				must(b, errors.Join(p.PutAll(files())...))
			}
			took[i] += time.Since(start)
		}
	}
	b.ReportMetric(float64(took[1])/float64(took[0]), "x-faster-than-each")
	b.ReportMetric(float64(syncs[1])/float64(syncs[0]), "x-fewer-syncs")
	b.ReportMetric(100*float64(took[2])/float64(took[0]), "%-of-undurable-rate")
	b.ReportMetric(float64(took[0].Nanoseconds())/float64(b.N)/batch, "ns/file")
}

// Looking for work while many files wait for their next attempt, beside few.
func BenchmarkDeferred(b *testing.B) {
	poll := func(files int) func() time.Duration {
		dir := memoryDir(b)
		q := openQueue(b, dir, spool.Options{Ready: spool.ReadyRenamed, Durable: spool.DurableNone})
		link(b, dir, files)
		now := time.Now()
		for i := 0; i < files; {
			for _, c := range claim(b, q, 1000, now).Claimed {
				i++
				must(b, q.Retry(c, now.Add(time.Hour+time.Duration(i%7200)*time.Second), now))
			}
		}
		return func() time.Duration {
			start := time.Now()
			if _, err := q.Claim(spool.Request{Now: now, N: 1, Rescan: true}); err != nil {
				b.Fatal(err)
			}
			return time.Since(start)
		}
	}
	few, many := poll(1_000), poll(100_000)
	var short, long time.Duration
	for b.Loop() {
		short += few()
		long += many()
	}
	b.ReportMetric(float64(long)/float64(short), "x-of-1000-files")
	b.ReportMetric(float64(long.Nanoseconds())/float64(b.N), "ns/poll")
}

// The first file out of a million, beside os.ReadDir of the directory. By name, nearly all of it is the kernel's listing: beside
// ReadDir's sorting that counts for less the more files there are.
func BenchmarkFirstFile(b *testing.B) {
	dir := memoryDir(b)
	link(b, dir, 1_000_000)
	for _, order := range []spool.Order{spool.OrderNone, spool.OrderName} {
		b.Run(map[spool.Order]string{spool.OrderNone: "none", spool.OrderName: "name"}[order], func(b *testing.B) {
			var first, all time.Duration
			for b.Loop() {
				q := openQueue(b, dir, spool.Options{Ready: spool.ReadyRenamed, Order: order, Durable: spool.DurableNone})
				start := time.Now()
				c := claimOne(b, q, start)
				first += time.Since(start)
				must(b, q.PutBack(c, start, start))
				must(b, q.Close())
				start = time.Now()
				_, err := os.ReadDir(dir)
				must(b, err)
				all += time.Since(start)
			}
			b.ReportMetric(100*float64(first)/float64(all), "%-of-ReadDir")
			b.ReportMetric(float64(first.Microseconds())/float64(b.N), "us/first")
		})
	}
}

// An idle queue, polled.
func BenchmarkIdle(b *testing.B) {
	dir := b.TempDir()
	q := openQueue(b, dir, spool.Options{})
	time.Sleep(50 * time.Millisecond)
	now := soon()
	claim(b, q, 1, now)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := q.Claim(spool.Request{Now: now, N: 1}); err != nil {
			b.Fatal(err)
		}
	}
}
