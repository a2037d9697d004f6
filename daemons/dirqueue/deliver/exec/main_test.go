package exec_test

import (
	"os"
	"testing"

	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/exec"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/delivertest"
	"github.com/peakd/peakd/daemons/exec/process"
)

func TestMain(m *testing.M) {
	if process.Trampoline() {
		os.Exit(127)
	}
	os.Exit(m.Run())
}

// script is a deliverer that runs a shell script.
func script(t *testing.T, text string, change func(*exec.Settings), env deliver.Env) *exec.Deliverer {
	t.Helper()
	s := exec.Defaults()
	s.Command = []string{"sh", "-c", text, "sh"}
	if change != nil {
		change(&s)
	}
	d, err := exec.New(s, env)
	if err != nil {
		t.Fatal(err)
	}
	delivertest.Close(t, d)
	return d
}
