package worker_test

import (
	osexec "os/exec"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/exec"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/worker"
)

// BenchmarkFile is one file that nothing is done with: by a shell worker, by a Python worker, by a program that is started
// for it, and, as what a user would write, by a shell loop that starts the same program. cpu-µs/op is the
// processor time of all processes, which a busy machine changes less than the other.
func BenchmarkFile(b *testing.B) {
	b.Run("worker/dash", func(b *testing.B) {
		d, _ := script(b, sourced(`echo "ok $1"`), func(s *worker.Settings) { s.Command[0] = "dash" }, deliver.Env{})
		deliverAll(b, d)
	})
	b.Run("worker/sh-read", func(b *testing.B) {
		d, _ := script(b, loop(`echo "ok $number"`), nil, deliver.Env{})
		deliverAll(b, d)
	})
	b.Run("worker/python", func(b *testing.B) {
		d, _ := script(b, "", func(s *worker.Settings) {
			s.Command = []string{"python3", "-uc", `
import sys
print("peakd-worker 1")
for line in sys.stdin: print("ok", line.split()[1])`}
		}, deliver.Env{})
		deliverAll(b, d)
	})
	b.Run("exec", func(b *testing.B) {
		s := exec.Defaults()
		s.Command = []string{"/bin/true"}
		d, err := exec.New(s, deliver.Env{})
		if err != nil {
			b.Fatal(err)
		}
		deliverAll(b, d)
	})
	b.Run("shell loop", func(b *testing.B) {
		before := cpu(b)
		cmd := osexec.CommandContext(b.Context(), "sh", "-c", `i=0; while [ $i -lt "$1" ]; do /bin/true "$i"; i=$((i+1)); done`,
			"sh", strconv.Itoa(b.N))
		if err := cmd.Run(); err != nil {
			b.Fatal(err)
		}
		reportCPU(b, before)
	})
}

// deliverAll delivers b.N files in batches, and closes the deliverer.
func deliverAll(b *testing.B, d deliver.Deliverer) {
	b.Helper()
	jobs := make([]deliver.Job, 1000)
	for i := range jobs {
		jobs[i] = deliver.Job{
			Queue: "mail", Name: "1700000000.123456.host", Path: "/srv/queues/mail/.peakd/claim/host-1234.0/1/1700000000.123456.host",
			Attempt: 1, ID: "64769:1234567:1700000000.123456.host",
		}
	}
	b.ReportAllocs()
	before := cpu(b)
	for left := b.N; left > 0; left -= len(jobs) {
		d.Deliver(b.Context(), jobs[:min(left, len(jobs))], func(_ int, r deliver.Result) {
			if r.Verdict != deliver.Done {
				b.Errorf("%+v", r)
			}
		})
	}
	if err := d.Close(); err != nil { // so that its processor time is known
		b.Error(err)
	}
	reportCPU(b, before)
}

// cpu is the processor time of this process and of all its children that have ended.
func cpu(b *testing.B) (used time.Duration) {
	b.Helper()
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var r unix.Rusage
		if err := unix.Getrusage(who, &r); err != nil {
			b.Fatal(err)
		}
		used += time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	return used
}

func reportCPU(b *testing.B, before time.Duration) {
	b.Helper()
	b.ReportMetric(float64((cpu(b)-before).Nanoseconds())/1e3/float64(b.N), "cpu-µs/op")
}
