package worker_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/delivertest"
)

// At rest there is no worker; the next file has a new one.
func TestRest(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "pids")
	d, _ := script(t, "echo $$ >>"+out+"\n"+loop(`echo "ok $number"`), nil, deliver.Env{})
	d.Rest() // there is none yet
	for range 3 {
		for range 2 {
			if got := delivertest.Verdicts(delivertest.Deliver(t.Context(), t, d, delivertest.Jobs(t, delivertest.File{Name: "a"}))); got != "done" {
				t.Errorf("got %s", got)
			}
		}
		d.Rest()
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	pids := strings.Fields(string(text))
	if len(pids) != 3 {
		t.Errorf("%d workers were started, want 3", len(pids))
	}
	for _, pid := range pids {
		if _, err := os.Stat("/proc/" + pid); err == nil {
			t.Errorf("worker %s is still there", pid)
		}
	}
}
