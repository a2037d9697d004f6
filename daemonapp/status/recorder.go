package status

import (
	"sync"
	"time"

	"github.com/peakd/peakd/daemonapp"
)

// Recorder is an observer that keeps, of each daemon, what a status tells of its past runs.
type Recorder struct {
	mask func(string) string

	mu sync.Mutex
}

var _ daemonapp.Observer = (*Recorder)(nil)

// NewRecorder makes a recorder. mask hides the secrets in a text, and may be called from any goroutine; nil hides none.
func NewRecorder(mask func(string) string) *Recorder {
	if mask == nil {
		mask = func(s string) string { return s }
	}
	return &Recorder{mask: mask}
}

// Observe implements [daemonapp.Observer].
func (r *Recorder) Observe(daemonapp.Event) {}

// Seed hands over how long the latest runs took in earlier lives of the app, the oldest first, by the daemon's name.
func (r *Recorder) Seed(map[string][]time.Duration) {}
