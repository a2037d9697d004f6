package dirqueue_test

import (
	"testing"

	"github.com/peakd/peakd/daemons/dirqueue"
)

// TestBequest: of a directory that was renamed from name to name, the last queue learns what there is to inherit, or that there is
// nothing, in whichever order the queues between end: it waits until then.
func TestBequest(t *testing.T) {
	t.Parallel()
	type heirs [3]dirqueue.Bequest
	leave := func(h *heirs) { h[0].Leave() }
	first := func(h *heirs) { h[0].Pass(&h[1]) }
	second := func(h *heirs) { h[1].Pass(&h[2]) }
	none := func(h *heirs) { h[0].GiveUp() }
	for name, c := range map[string]struct {
		steps []func(*heirs)
		found bool
	}{
		"in order":                        {[]func(*heirs){leave, first, second}, true},
		"the middle one first":            {[]func(*heirs){second, first, leave}, true},
		"the owner last":                  {[]func(*heirs){first, second, leave}, true},
		"the owner between":               {[]func(*heirs){second, leave, first}, true},
		"nothing to come":                 {[]func(*heirs){none, first, second}, false},
		"nothing to come, told late":      {[]func(*heirs){none, second, first}, false},
		"nothing to come, owner after it": {[]func(*heirs){none, leave, second, first}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var h heirs
			for i, step := range c.steps {
				if _, ok := h[2].Take(); ok {
					t.Fatalf("an heir of nobody after %d steps", i)
				}
				step(&h)
			}
			found, ok := h[2].Take()
			same(t, "it knows", ok, true)
			same(t, "there was something", found, c.found)
		})
	}
}
