package observe

import (
	"fmt"
	"sync"
	"time"

	"github.com/benbjohnson/clock"
)

// question is something that is asked whenever somebody wants to know, once at a time: those who come meanwhile wait for
// the same answer. So one that never comes back holds up one goroutine, however many ask.
type question struct {
	about string
	clock clock.Clock
	get   func() error

	mu      sync.Mutex // guards current
	current *asked     // nil: nobody asks
}

// asked is a question under way; err may be read once answered is closed.
type asked struct {
	since    time.Time
	answered chan struct{}
	err      error
}

func newQuestion(about string, c clock.Clock, get func() error) *question {
	return &question{about: about, clock: c, get: get}
}

// begin asks, and answers what is wrong within patience, or so: the channel gets one value.
func (q *question) begin(patience time.Duration) <-chan error {
	answer := make(chan error, 1)
	go func() { answer <- q.ask(patience) }() // ends within patience
	return answer
}

// ask is what is wrong; nil: nothing. It takes no longer than a little more than patience.
func (q *question) ask(patience time.Duration) error {
	a := q.join()
	// The question is itself given patience; what answers by then says more than that nobody does.
	timer := q.clock.Timer(patience + patience/4)
	defer timer.Stop()
	select {
	case <-a.answered:
		return a.err
	case <-timer.C:
		return fmt.Errorf("%s: no answer for %s", q.about, q.clock.Now().Sub(a.since).Round(time.Millisecond))
	}
}

// join asks, unless somebody does already.
func (q *question) join() *asked {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.current != nil {
		return q.current
	}
	a := &asked{since: q.clock.Now(), answered: make(chan struct{})}
	q.current = a
	go func() { // ends when the question is answered; there is at most one
		err := q.contained()
		q.mu.Lock()
		q.current, a.err = nil, err
		q.mu.Unlock()
		close(a.answered)
	}()
	return a
}

// contained is the answer, or that there is none.
func (q *question) contained() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: the question panicked: %v", q.about, p)
		}
	}()
	return q.get()
}
