package metrics

import (
	"sync"
	"time"

	"github.com/benbjohnson/clock"
)

// asker asks the app, one question at a time, however many scrapes want to know: an app that does not answer holds up
// one goroutine, not one a scrape.
type asker[T any] struct {
	get   func() T
	clock clock.Clock

	mu      sync.Mutex // guards current
	current *answer[T] // being waited for; nil: none
}

// answer is one that may yet come: value may be read once came is closed.
type answer[T any] struct {
	came  chan struct{}
	value T
}

// ask is what get answers; false if it has not answered within patience.
func (a *asker[T]) ask(patience time.Duration) (value T, ok bool) {
	answer := a.begin()
	timer := a.clock.Timer(patience)
	defer timer.Stop()
	select {
	case <-answer.came:
		return answer.value, true
	case <-timer.C:
		return value, false
	}
}

// begin asks, unless somebody waits for an answer already: then it is theirs as well.
func (a *asker[T]) begin() *answer[T] {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.current != nil {
		return a.current
	}
	answer := &answer[T]{came: make(chan struct{})}
	a.current = answer
	go func() { // ends when the app answers; there is at most one
		defer func() {
			a.mu.Lock()
			a.current = nil
			a.mu.Unlock()
			close(answer.came)
		}()
		answer.value = a.get()
	}()
	return answer
}
