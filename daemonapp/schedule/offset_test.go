package schedule_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
	"pgregory.net/rapid"
)

// TestOffsetIsStable: a release that moved every daemon's offset would be noticed, so the values are fixed.
func TestOffsetIsStable(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]time.Duration{
		"session-cleanup": offsetSession, "collective": offsetCollective, "mail-queues/in": offsetIn,
	} {
		if got := schedule.Offset("mail-host", "mx1", name, 10*sec); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
}

const (
	offsetSession    = time.Duration(6_070_488_353)
	offsetCollective = time.Duration(1_988_562_299)
	offsetIn         = time.Duration(2_557_155_290)
)

func TestOffsetStaysBelow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		app, host, name := rapid.String().Draw(rt, "app"), rapid.String().Draw(rt, "host"), rapid.String().Draw(rt, "name")
		below := time.Duration(rapid.Int64().Draw(rt, "below"))
		got := schedule.Offset(app, host, name, below)
		if got < 0 || (below > 0 && got >= below) || (below <= 0 && got != 0) {
			rt.Fatalf("offset %d below %d", got, below)
		}
		if again := schedule.Offset(app, host, name, below); again != got {
			rt.Fatalf("first %d, then %d", got, again)
		}
	})
	same(t, schedule.Offset("a", "b", "c", 0), 0)
	same(t, schedule.Offset("a", "b", "c", 1), 0)
}

// TestOffsetTellsPartsApart: the parts do not run into each other.
func TestOffsetTellsPartsApart(t *testing.T) {
	t.Parallel()
	a, b := schedule.Offset("ab", "c", "d", 1<<62), schedule.Offset("a", "bc", "d", 1<<62)
	if a == b {
		t.Errorf("both %d", a)
	}
}

// TestOffsetSpreads counts names that differ in a number in a hundred boxes: chi squared with 99 degrees of
// freedom is above 161 once in ten thousand honest draws, and the draw is always the same.
func TestOffsetSpreads(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"daemon-%d", "%d/in", "mail-queues/%05d"} {
		const names, boxes = 20_000, 100
		var count [boxes]int
		for i := range names {
			count[schedule.Offset("app", "host", fmt.Sprintf(pattern, i), boxes*sec)/sec]++
		}
		chi := 0.0
		for _, n := range count {
			d := float64(n) - names/boxes
			chi += d * d / (names / boxes)
		}
		if chi > 161 {
			t.Errorf("%s: chi squared %.0f", pattern, chi)
		}
	}
}
