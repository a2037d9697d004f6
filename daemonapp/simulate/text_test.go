package simulate_test

import (
	"os"
	"testing"

	"github.com/peakd/peakd/daemonapp/simulate"
)

func TestZ(t *testing.T) {
	for name, in := range map[string]simulate.Input{"mail": mail(), "demo": demo(), "many": many()} {
		f, _ := os.Create("/tmp/sim-" + name + ".html")
		if err := simulate.WriteHTML(f, simulated(t, in)); err != nil {
			t.Fatal(err)
		}
	}
}
