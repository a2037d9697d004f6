package host

import (
	"time"

	"github.com/benbjohnson/clock"
)

// aside is a goroutine that does, one after the other, what may block: lines of the log, dumps, what is to
// be kept of a configuration.
type aside struct {
	tasks chan func()   // listen sends, work receives; closed by end
	done  chan struct{} // closed when work has returned
}

// waiting is how many tasks may wait; only a host that can write nothing at all comes there.
const waiting = 64

func newAside() aside {
	a := aside{tasks: make(chan func(), waiting), done: make(chan struct{})}
	go a.work() // joined in end
	return a
}

func (a aside) work() {
	defer close(a.done)
	for task := range a.tasks {
		task()
	}
}

// do hands a task over. It never blocks; a task that finds no room is dropped.
func (a aside) do(task func()) {
	select {
	case a.tasks <- task:
	default:
	}
}

// end waits until all is done, or for its patience to end.
func (a aside) end(c clock.Clock, patience time.Duration) {
	close(a.tasks)
	timer := c.Timer(patience)
	defer timer.Stop()
	select {
	case <-a.done:
	case <-timer.C:
	}
}
