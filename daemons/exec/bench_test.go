package exec_test

import (
	"context"
	osexec "os/exec"
	"testing"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemons/exec"
)

// BenchmarkRun compares a run with what the standard library takes to start the same program and wait for
// it; "terms" is a run that goes over the trampoline, "beside a flood" one while another floods its output.
func BenchmarkRun(b *testing.B) {
	b.Run("os/exec", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := osexec.CommandContext(b.Context(), "/bin/true").Run(); err != nil {
				b.Fatal(err)
			}
		}
	})
	plain := exec.Defaults()
	plain.Command = []string{"/bin/true"}
	terms := plain
	terms.Umask = ptr(config.Mode(0o027))
	b.Run("plain", func(b *testing.B) { benchmark(b, plain) })
	b.Run("terms", func(b *testing.B) { benchmark(b, terms) })
	b.Run("beside a flood", func(b *testing.B) {
		ctx, cancel := context.WithCancelCause(b.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = exec.New(environment(""), script("yes")).Run(ctx)
		}()
		benchmark(b, plain)
		cancel(daemonapp.ErrStopping)
		<-done
	})
}

func benchmark(b *testing.B, s exec.Settings) {
	b.Helper()
	d := exec.New(environment(b.TempDir()), s)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Run(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
