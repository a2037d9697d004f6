package filecleanup

import (
	"context"
	"time"

	"github.com/benbjohnson/clock"
)

// budget is how much one run may do.
type budget struct {
	clock clock.Clock
	// until is when the slice ends; the zero time means never.
	until time.Time
	// left is how many removals are left.
	left int
	// removed counts those of this run.
	removed int
	// asked tells that spent has been asked: the first time it has not been, so that each run gets
	// somewhere, however short its slice.
	asked bool
}

func newBudget(clk clock.Clock, now time.Time, slice time.Duration, limit int) *budget {
	b := &budget{clock: clk, left: limit}
	if slice > 0 {
		b.until = now.Add(slice)
	}
	return b
}

// spent tells whether the run must end.
func (b *budget) spent(ctx context.Context) bool {
	if b.left <= 0 || ctx.Err() != nil {
		return true
	}
	if !b.asked {
		b.asked = true
		return false
	}
	return b.late()
}

// late tells whether the slice is over. Any goroutine may ask.
func (b *budget) late() bool {
	return !b.until.IsZero() && !b.clock.Now().Before(b.until)
}

// take counts one removal.
func (b *budget) take() {
	b.left--
	b.removed++
}
