package daemonapp

import (
	"errors"
	"fmt"
	"time"
)

// ErrDispatcherStuck: the app does not dispatch, though it should.
var ErrDispatcherStuck = errors.New("the dispatcher is stuck")

// lateLimit is how much later than it wanted the loop may turn before it counts as stuck.
const lateLimit = 10 * time.Second

// Check tells whether the dispatcher does its work: somebody who asks gets its lock within patience, and its loop has
// looked at the schedule when it wanted to. The error is ErrDispatcherStuck with what is wrong.
func (a *App) Check(patience time.Duration) error {
	timer := a.clock.Timer(patience)
	defer timer.Stop()
	select {
	case err := <-a.probe():
		return err
	case <-timer.C:
		return fmt.Errorf("%w: nothing has been decided for %s", ErrDispatcherStuck, patience)
	}
}

// probe takes the lock on a goroutine of its own, one at a time: of several that ask while it is stuck all but the
// first wait for the first to be answered.
func (a *App) probe() <-chan error {
	answer := make(chan error, 1)
	select {
	case a.probing <- struct{}{}:
	default:
		return answer // nobody answers: the one before waits still
	}
	go func() { // ends when the lock is free; there is at most one
		a.lock()
		err := a.late()
		a.unlock()
		<-a.probing
		answer <- err
	}()
	return answer
}

// late tells how late the loop is, if it is.
func (a *App) late() error {
	now := a.clock.Now()
	if a.state == building || a.state == stopped || a.armed.IsZero() || now.Sub(a.armed) < lateLimit {
		return nil
	}
	return fmt.Errorf("%w: it should have looked at its schedule %s ago", ErrDispatcherStuck, now.Sub(a.armed).Round(time.Second))
}
