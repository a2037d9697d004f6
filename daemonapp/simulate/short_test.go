package simulate_test

import (
	"math"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/simulate"
)

func TestShort(t *testing.T) {
	t.Parallel()
	const ms, h = time.Millisecond, time.Hour
	for want, ds := range map[string][]time.Duration{
		"0s":      {0},
		"1ns":     {1},
		"999ns":   {999},
		"250µs":   {250 * time.Microsecond},
		"1ms":     {ms, ms + 499*time.Microsecond, ms - 1},
		"250ms":   {250 * ms},
		"999ms":   {999 * ms, 999*ms + 400*time.Microsecond},
		"1s":      {s, s - 1, 1040 * ms},
		"1.3s":    {1300 * ms, 1340 * ms},
		"45s":     {45 * s},
		"59.9s":   {59900 * ms},
		"1m":      {m, 59960 * ms, m + 400*ms},
		"1m08s":   {68 * s},
		"15m27s":  {15*m + 27*s, 15*m + 27300*ms},
		"1h":      {h, h - 400*ms, h + 20*s},
		"2h05m":   {2*h + 5*m, 2*h + 5*m + 29*s},
		"24h":     {24 * h},
		"47h59m":  {47*h + 59*m},
		"2d":      {48 * h, 48*h - 20*s},
		"3d04h":   {76 * h},
		"26d20h":  {26*24*h + 20*h},
		"-1m08s":  {-68 * s},
		"106751d": {106751 * 24 * h},
	} {
		for _, d := range ds {
			if got := simulate.Short(d); got != want {
				t.Errorf("Short(%d) = %q, want %q", d, got, want)
			}
		}
	}
	if got := simulate.Short(math.MinInt64); got != "-"+simulate.Short(math.MaxInt64) {
		t.Errorf("Short of the least duration = %q", got)
	}
}
