package daemonapp

import (
	"errors"
	"fmt"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
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
	stuck := fmt.Errorf("%w: nothing has been decided for %s", ErrDispatcherStuck, patience)
	select {
	case a.probing <- struct{}{}: // one at a time, so that who asks often while it is stuck leaves one goroutine behind
	case <-timer.C:
		return stuck
	}
	answer := make(chan error, 1)
	go func() { // ends when the lock is free
		a.lock()
		err := a.late()
		a.unlock()
		<-a.probing
		answer <- err
	}()
	select {
	case err := <-answer:
		return err
	case <-timer.C:
		return stuck
	}
}

// late tells how late the loop is, if it is.
func (a *App) late() error {
	late := a.sched.Age(a.clock.Now()) - a.armed
	if a.state == building || a.state == stopped || a.armed == schedule.NeverAge || late < lateLimit {
		return nil
	}
	return fmt.Errorf("%w: it should have looked at its schedule %s ago", ErrDispatcherStuck, late.Round(time.Second))
}
