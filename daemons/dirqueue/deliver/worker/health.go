package worker

import (
	"fmt"
	"sync"
	"time"

	"github.com/peakd/peakd/daemons/dirqueue/deliver"
)

// The pause before a worker is started again doubles from the first to the last. Workers that died at their first job
// are allowed a few: it may have been the job.
const (
	firstPause = time.Second
	lastPause  = time.Minute
	allowed    = 3
)

// health is how the starts of a deliverer's workers went.
type health struct {
	mu     sync.Mutex
	vain   int // workers in a row that answered nothing
	pause  time.Duration
	until  time.Time
	reason deliver.Result
}

// mayStart tells whether a worker may be started now, and what to answer if not. Nobody waits: the queue
// can rest, and others can use the time.
func (h *health) mayStart(now time.Time) (deliver.Result, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	left := h.until.Sub(now)
	if left <= 0 {
		return deliver.Result{}, true
	}
	r := h.reason
	r.Verdict, r.After = deliver.Trip, left
	r.Reason = deliver.Sentence(fmt.Sprintf("no worker before %s have passed: %s", left.Round(time.Millisecond), r.Reason))
	return r, false
}

// failed notes a worker that could not even start.
func (h *health) failed(now time.Time, why deliver.Result) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.vain++
	return h.rest(now, why)
}

// died notes a worker that answered nothing.
func (h *health) died(now time.Time, why deliver.Result) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.vain++; h.vain >= allowed {
		h.rest(now, why)
	}
}

func (h *health) rest(now time.Time, why deliver.Result) time.Duration {
	h.pause = min(max(firstPause, 2*h.pause), lastPause)
	h.until, h.reason = now.Add(h.pause), why
	return h.pause
}

// recovered notes a worker that answered.
func (h *health) recovered() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.vain, h.pause, h.until = 0, 0, time.Time{}
}
