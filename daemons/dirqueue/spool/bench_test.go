package spool_test

import (
	"errors"
	"io/fs"
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

// deferMany has that many files wait for their next attempt, for one to three hours.
func deferMany(b *testing.B, dir string, now time.Time, files int) {
	b.Helper()
	from := filepath.Join(dir, "0")
	for i := range files {
		due := spool.Due(now.Add(time.Hour+time.Duration(i%7200)*time.Second), now)
		path := filepath.Join(dir, retryPath(due, 1, 0, name(i)))
		if i%60000 == 0 { // a file has 65,000 names at most
			must(b, os.MkdirAll(filepath.Dir(path), 0o700))
			write(b, path, "")
			from = path
			continue
		}
		err := os.Link(from, path)
		if errors.Is(err, fs.ErrNotExist) {
			must(b, os.MkdirAll(filepath.Dir(path), 0o700))
			err = os.Link(from, path)
		}
		must(b, err)
	}
}

// Looking for work while a million files wait for their next attempt, beside a thousand; and beside what it takes to stat a
// hundred thousand of them, as queues do that keep the time of a file in its inode.
func BenchmarkDeferred(b *testing.B) {
	now := time.Now()
	poll := func(files int) (dir string, poll func() time.Duration) {
		dir = memoryDir(b)
		q := openQueue(b, dir, spool.Options{Ready: spool.ReadyRenamed, Durable: spool.DurableNone})
		deferMany(b, dir, now, files)
		return dir, func() time.Duration {
			start := time.Now()
			if _, err := q.Claim(spool.Request{Now: now, N: 1, Rescan: true}); err != nil {
				b.Fatal(err)
			}
			return time.Since(start)
		}
	}
	_, few := poll(1_000)
	dir, some := poll(scaled(100_000))
	_, many := poll(scaled(1_000_000))
	var took [3]time.Duration
	for b.Loop() {
		took[0] += few()
		took[1] += some()
		took[2] += many()
	}
	start := time.Now()
	must(b, filepath.Walk(filepath.Join(dir, ".peakd/retry"), func(_ string, _ os.FileInfo, err error) error { return err }))
	each := time.Since(start) * time.Duration(b.N)
	b.ReportMetric(float64(took[2])/float64(took[0]), "million/thousand")
	b.ReportMetric(float64(each)/float64(took[1]), "stat-each/poll")
	b.ReportMetric(float64(took[2].Nanoseconds())/float64(b.N), "ns/poll")
}

// The first file out of a million, beside os.ReadDir of the directory. By name, nearly all of it is the kernel's listing: beside
// ReadDir's sorting that counts for less the more files there are.
func BenchmarkFirstFile(b *testing.B) {
	dir := memoryDir(b)
	link(b, dir, scaled(1_000_000))
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

// Looking into a directory that once held many files, before and after it was replaced by a fresh one, beside one that never
// held any. It is on a disk's file system: in memory no directory stays large.
func BenchmarkIdleAfterBacklog(b *testing.B) {
	open := func(files int) func() time.Duration {
		dir := filepath.Join(b.TempDir(), "q")
		must(b, os.Mkdir(dir, 0o755))
		link(b, dir, max(files, 1))
		names, err := filepath.Glob(dir + "/*")
		must(b, err)
		for _, path := range names {
			must(b, os.Remove(path))
		}
		q := openQueue(b, dir, spool.Options{Own: files%2 == 1})
		_, err = q.Compact()
		must(b, err)
		return func() time.Duration {
			start := time.Now()
			_, err := q.Claim(spool.Request{Now: start, N: 1, Rescan: true})
			must(b, err)
			return time.Since(start)
		}
	}
	looks := [...]func() time.Duration{open(0), open(scaled(200_000)), open(scaled(200_000) + 1)}
	var took [3]time.Duration
	for b.Loop() {
		for i, look := range looks {
			took[i] += look()
		}
	}
	b.ReportMetric(float64(took[1])/float64(took[0]), "bloated/fresh")
	b.ReportMetric(float64(took[2])/float64(took[0]), "replaced/fresh")
}

// scaled is how many files a benchmark makes: a hundredth of n with -short.
func scaled(n int) int {
	if testing.Short() {
		return n / 100
	}
	return n
}
