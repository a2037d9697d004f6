package deliver

import (
	"github.com/benbjohnson/clock"
	"go.uber.org/zap"
)

// Env is what a deliverer is built with besides its settings.
type Env struct {
	Clock clock.Clock
	// Log carries the queue's name.
	Log *zap.Logger
	// Mask hides the secrets of the configuration in a text.
	Mask func(string) string
	// Concurrency is how many files may be under way at once: processes, connections, requests. 0 means 1.
	Concurrency int
}

// Filled is the environment with what was left out: the real clock, no log, no mask, one at a time.
func (e Env) Filled() Env {
	if e.Clock == nil {
		e.Clock = clock.New()
	}
	if e.Log == nil {
		e.Log = zap.NewNop()
	}
	if e.Mask == nil {
		e.Mask = func(text string) string { return text }
	}
	e.Concurrency = max(1, e.Concurrency)
	return e
}
