package daemontest

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"
)

// watch knows the goroutines that were started under it, by a profiler label, which they inherit.
type watch struct {
	ctx   context.Context
	label string
}

const labelKey = "daemontest"

func newWatch(ctx context.Context) *watch {
	w := new(watch)
	w.ctx, w.label = ctx, fmt.Sprintf("%p", w)
	return w
}

// do calls f under the watch.
func (w *watch) do(f func()) {
	pprof.Do(w.ctx, pprof.Labels(labelKey, w.label), func(context.Context) { f() })
}

// checkGone complains of the goroutines that are still there after a while, but the caller's own.
func (w *watch) checkGone(t T, within time.Duration) {
	t.Helper()
	if left := w.settled(1, within); left.count > 1 {
		t.Errorf("%d goroutines are left behind:\n%s", left.count-1, left.stacks)
	}
}

// goroutines are those of a watch.
type goroutines struct {
	count  int
	stacks string
}

var countLine = regexp.MustCompile(`^(\d+) @`)

// goroutines lists those that carry the label, the caller's own among them.
func (w *watch) goroutines() goroutines {
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		return goroutines{} // a bytes.Buffer takes everything
	}
	var found goroutines
	for block := range strings.SplitSeq(profile.String(), "\n\n") {
		if !strings.Contains(block, `"`+labelKey+`":"`+w.label+`"`) {
			continue
		}
		for line := range strings.SplitSeq(block, "\n") {
			if m := countLine.FindStringSubmatch(line); m != nil {
				n, _ := strconv.Atoi(m[1])
				found.count += n
			}
		}
		found.stacks += block + "\n\n"
	}
	return found
}

// settled waits a while until there are no more than that many, and lists them.
func (w *watch) settled(most int, within time.Duration) goroutines {
	deadline := time.After(within)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		left := w.goroutines()
		if left.count <= most {
			return left
		}
		select {
		case <-tick.C:
		case <-deadline:
			return left
		}
	}
}
