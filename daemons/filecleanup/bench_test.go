package filecleanup_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/daemons/filecleanup"
)

// benchFiles is how many empty files one removal has; so many fewer for the peer that starts a
// process for each.
const (
	benchFiles  = 10_000
	benchForked = 200
)

// BenchmarkRemove removes old files from one directory: the cleaner in slices with all its checks, then
// what one would write instead. Each peer's "x_slower" is its time for a file over the cleaner's in
// this run, "x_cpu" its processor time over the cleaner's, which other work on the machine disturbs
// less. The cleaner's own metric is its longest run, which is what it holds a worker for.
//
//	go test -run '^$' -bench Remove -benchtime 5x ./daemons/filecleanup
func BenchmarkRemove(b *testing.B) {
	var ours cost
	b.Run("file_cleanup", func(b *testing.B) { ours = benchCleaner(b, "lease") })
	b.Run("file_cleanup in_use none", func(b *testing.B) {
		each := benchCleaner(b, "none")
		b.ReportMetric(each.wall/ours.wall, "x_slower")
		b.ReportMetric(each.cpu/ours.cpu, "x_cpu")
	})
	peers := []struct {
		name  string
		files int
		args  []string
	}{
		{"find -delete", benchFiles, []string{"-mindepth", "1", "-type", "f", "-mmin", "-5", "-delete"}},
		{"find -exec rm +", benchFiles, []string{"-mindepth", "1", "-type", "f", "-mmin", "-5", "-exec", "rm", "{}", "+"}},
		{"find -exec rm one by one", benchForked, []string{"-mindepth", "1", "-type", "f", "-mmin", "-5", "-exec", "rm", "{}", ";"}},
	}
	for _, p := range peers {
		b.Run(p.name, func(b *testing.B) {
			find, err := exec.LookPath("find")
			if err != nil {
				b.Skip("there is no find to compare with: install findutils")
			}
			each := benchEach(b, p.files, func(dir string) {
				if out, err := exec.CommandContext(b.Context(), find, append([]string{dir}, p.args...)...).CombinedOutput(); err != nil {
					b.Fatalf("%v: %s", err, out)
				}
			})
			if ours.wall > 0 {
				b.ReportMetric(each.wall/ours.wall, "x_slower")
				b.ReportMetric(each.cpu/ours.cpu, "x_cpu")
			}
		})
	}
}

func benchCleaner(b *testing.B, use string) cost {
	b.Helper()
	b.ReportAllocs()
	var longest time.Duration
	each := benchEach(b, benchFiles, func(dir string) {
		r := newRig(b, dir, func(s *filecleanup.Settings) { s.Slice, s.InUse = 5*time.Millisecond, use })
		for more := true; more; {
			start := time.Now()
			got, err := r.Run(b.Context())
			must(b, err)
			longest = max(longest, time.Since(start))
			more = r.goesOn(got)
		}
	})
	b.ReportMetric(float64(longest.Microseconds())/1000, "ms/longest_run")
	return each
}

// cost is what the removal of a file costs, in nanoseconds.
type cost struct{ wall, cpu float64 }

// benchEach measures remove on fresh directories.
func benchEach(b *testing.B, files int, remove func(dir string)) cost {
	b.Helper()
	parent := b.TempDir()
	var wall, cpu time.Duration
	rounds := 0
	for b.Loop() {
		b.StopTimer()
		dir := filepath.Join(parent, fmt.Sprint(rounds))
		must(b, os.Mkdir(dir, 0o700))
		for i := range files {
			must(b, os.WriteFile(filepath.Join(dir, fmt.Sprintf("sess_%08x", i*2654435761)), nil, 0o600))
		}
		b.StartTimer()
		start, used := time.Now(), processorTime(b)
		remove(dir)
		wall, cpu = wall+time.Since(start), cpu+processorTime(b)-used
		rounds++
		b.StopTimer()
		if n := len(left(b, dir)); n > 0 {
			b.Fatalf("%d files were left", n)
		}
		b.StartTimer()
	}
	each := cost{float64(wall) / float64(rounds*files), float64(cpu) / float64(rounds*files)}
	b.ReportMetric(each.wall/1000, "us/file")
	b.ReportMetric(each.cpu/1000, "cpu_us/file")
	return each
}

// processorTime is what this process and its ended children have used.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var sum time.Duration
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var u unix.Rusage
		must(b, unix.Getrusage(who, &u))
		sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return sum
}
