package dirqueue

import (
	"errors"
	"fmt"
	"math"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// crowd is how many descriptors the queues of a process need, and how many it may open. Its methods may be called from
// any goroutine.
type crowd struct {
	limit  int
	queues atomic.Int64 // each has its directory open, or will
	atWork atomic.Int64 // those of them that are not at rest
}

const (
	// workDescriptors is about how many a queue holds between runs while it is not at rest.
	workDescriptors = 8
	// spareDescriptors are for all but the directories of queues: those at work, the app itself, handlers.
	spareDescriptors = 200
)

// newCrowd asks how many descriptors there may be: at the start, as package os has raised the limit as far as it may by then.
func newCrowd() *crowd {
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) != nil {
		return &crowd{limit: math.MaxInt32}
	}
	return &crowd{limit: int(min(uint64(r.Cur), math.MaxInt32))} //nolint:unconvert // the type differs between systems
}

// dense tells whether queues that have no work are to rest at once, rather than after a while.
func (c *crowd) dense() bool {
	return c.queues.Load()+workDescriptors*c.atWork.Load() > int64(c.limit)/4*3
}

// tooMany tells, for people, that there are not enough descriptors for so many queues; empty: there are.
func (c *crowd) tooMany(queues int) string {
	if queues+spareDescriptors <= c.limit {
		return ""
	}
	return fmt.Sprintf("%d queues need about %d file descriptors, and this process may open %d", queues, queues+spareDescriptors, c.limit)
}

// moreDescriptors is the way out.
const moreDescriptors = "raise the limit (`ulimit -Hn`, or LimitNOFILE= of a systemd unit), or lower maximum_queues"

// explain says what to do about an error that is the limit's.
func (c *crowd) explain(err error) error {
	if errors.Is(err, unix.EMFILE) {
		return fmt.Errorf("%w: this process may open %d; %s", err, c.limit, moreDescriptors)
	}
	return err
}
