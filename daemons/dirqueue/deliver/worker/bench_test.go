package worker_test

import (
	"context"
	osexec "os/exec"
	"strconv"
	"testing"

	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/exec"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/delivertest"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/worker"
)

// BenchmarkFile is one file that nothing is done with: by a shell worker, by a Python worker, by a program that is started
// for it, and, as what a user would write, by a shell loop that starts the same program.
func BenchmarkFile(b *testing.B) {
	const batch = 1000
	sh, _ := script(b, loop(`echo "ok $number"`), nil, deliver.Env{})
	python, _ := script(b, "", func(s *worker.Settings) {
		s.Command = []string{"python3", "-uc", `
import sys
print("peakd-worker 1")
for line in sys.stdin: print("ok", line.split()[1])`}
	}, deliver.Env{})
	s := exec.Defaults()
	s.Command = []string{"/bin/true"}
	program, err := exec.New(s, deliver.Env{})
	if err != nil {
		b.Fatal(err)
	}
	jobs := make([]deliver.Job, batch)
	for i := range jobs {
		jobs[i] = deliver.Job{
			Queue: "mail", Name: "1700000000.123456.host", Path: "/srv/queues/mail/.peakd/claim/host-1234.0/1/1700000000.123456.host",
			Attempt: 1, ID: "64769:1234567:1700000000.123456.host",
		}
	}
	for _, d := range []struct {
		name string
		deliver.Deliverer
	}{{"worker/sh", sh}, {"worker/python", python}, {"exec", program}} {
		b.Run(d.name, func(b *testing.B) {
			delivertest.Deliver(b.Context(), b, d, jobs[:1]) // it has started
			b.ReportAllocs()
			left := b.N
			b.ResetTimer()
			for left > 0 {
				n := min(left, batch)
				d.Deliver(b.Context(), jobs[:n], func(_ int, r deliver.Result) {
					if r.Verdict != deliver.Done {
						b.Errorf("%+v", r)
					}
				})
				left -= n
			}
		})
	}
	b.Run("shell loop", func(b *testing.B) {
		shellLoop(b.Context(), b, b.N)
	})
}

func shellLoop(ctx context.Context, b *testing.B, n int) {
	b.Helper()
	cmd := osexec.CommandContext(ctx, "sh", "-c", `i=0; while [ $i -lt "$1" ]; do /bin/true "$i"; i=$((i+1)); done`, "sh", strconv.Itoa(n))
	if err := cmd.Run(); err != nil {
		b.Fatal(err)
	}
}
