package process

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// child is a started program. All but watch and the readers is the goroutine of Run.
type child struct {
	cmd     *Command
	session session
	pipes   []*os.File
	read    <-chan struct{} // closed once every reader has returned
	status  <-chan error    // one value, at the latest when the program has ended
	exited  chan struct{}   // closed by watch: ended, perhaps not yet reaped
	release chan struct{}   // closed by reap: watch may reap
	reaped  chan struct{}   // closed by watch, after state is set
	state   *os.ProcessState
}

func newChild(c *Command, proc *os.Process, l *launch, status *os.File) *child {
	ch := &child{
		cmd: c, session: session{id: proc.Pid}, pipes: l.pipes, read: l.read(), status: readStatus(status),
		exited: make(chan struct{}), release: make(chan struct{}), reaped: make(chan struct{}),
	}
	go ch.watch(proc) // joined by reap, or, for a program that cannot be killed, when it ends after all
	return ch
}

// watch waits for the end and reaps when told to: as long as the program is not reaped its number
// cannot be another's, so that a signal sent before cannot hit a stranger.
func (ch *child) watch(proc *os.Process) {
	state := waitExit(proc)
	close(ch.exited)
	<-ch.release
	if state == nil {
		state, _ = proc.Wait() // of a child that is known to have ended
	}
	ch.state = state
	close(ch.reaped)
}

func (ch *child) wait(ctx context.Context) (Exit, error) {
	var exit Exit
	select {
	case <-ch.exited:
	case <-ctx.Done():
		exit.Stopped = !closed(ch.exited)
	}
	if !exit.Stopped {
		ch.reap()
		exit.Left = ch.settle()
	}
	var alive []int
	if exit.Stopped || exit.Left > 0 {
		exit.Killed, alive = ch.end()
	}
	exit.Held = ch.drain()
	return ch.result(exit, alive)
}

// settle waits for the rest of the session to end by itself, and counts who did not.
func (ch *child) settle() int {
	if ch.until(settleLimit, func() bool { return closed(ch.read) && ch.session.empty() }) {
		return 0
	}
	return len(ch.session.living())
}

// end ends the session; alive are those whom nothing could end.
func (ch *child) end() (killed bool, alive []int) {
	if ch.terminate() {
		return false, nil
	}
	kill := func() bool {
		ch.session.signal(syscall.SIGKILL, ch.pinned()) // again each time: a forking one may slip through
		return ch.gone()
	}
	if !ch.until(EndLimit, kill) {
		return true, ch.session.living()
	}
	return true, nil
}

// terminate asks politely, unless it is too late for that, and tells whether that was enough.
func (ch *child) terminate() bool {
	if closed(ch.cmd.Kill) {
		return false
	}
	ch.session.signal(syscall.SIGTERM, ch.pinned())
	ch.session.signal(syscall.SIGCONT, ch.pinned()) // a stopped process takes no TERM
	ended := false
	ch.until(ch.cmd.Grace, func() bool {
		ended = ch.gone()
		return ended || closed(ch.cmd.Kill)
	})
	return ended
}

func (ch *child) gone() bool {
	if !closed(ch.exited) {
		return false
	}
	ch.reap()
	return ch.session.empty() && closed(ch.read) || len(ch.session.living()) == 0
}

// pinned tells that the session's number is still that of the program.
func (ch *child) pinned() bool { return !closed(ch.release) }

// reap collects the program, which has ended.
func (ch *child) reap() {
	if ch.pinned() {
		close(ch.release)
		<-ch.reaped
	}
}

// drain waits for what is left in the pipes and then cuts them off; it tells whether it had to.
func (ch *child) drain() bool {
	ended := ch.until(DrainLimit, func() bool { return closed(ch.read) })
	for _, pipe := range ch.pipes {
		_ = pipe.SetReadDeadline(time.Unix(1, 0)) // closed already, if its reader has returned
	}
	<-ch.read
	return !ended
}

func (ch *child) result(exit Exit, alive []int) (Exit, error) {
	if !closed(ch.exited) {
		close(ch.release) // reaped whenever it ends
		exit.Code = -1
		return exit, &AliveError{PIDs: alive}
	}
	ch.reap()
	if status, ok := ch.state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		exit.Signal = status.Signal()
	}
	exit.Code = ch.state.ExitCode()
	exit.User, exit.System, exit.PeakBytes = ch.state.UserTime(), ch.state.SystemTime(), peakBytes(ch.state)
	if len(alive) > 0 {
		return exit, &AliveError{PIDs: alive}
	}
	err := <-ch.status
	if errors.Is(err, ErrNoTrampoline) && exit.Signal != 0 {
		err = nil // ended before it could say a word
	}
	return exit, err
}

// until asks, ever more slowly, until the answer is yes or the limit is over.
func (ch *child) until(limit time.Duration, done func() bool) bool {
	deadline := ch.cmd.Clock.Now().Add(limit)
	for pause := 200 * time.Microsecond; ; pause = min(2*pause, 50*time.Millisecond) {
		if done() {
			return true
		}
		left := deadline.Sub(ch.cmd.Clock.Now())
		if left <= 0 {
			return false
		}
		timer := ch.cmd.Clock.Timer(min(pause, left))
		<-timer.C
		timer.Stop()
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// session is the processes that the program started and that did not leave it on purpose. Its number
// is that of the program, which is also its process group.
type session struct{ id int }

// empty tells that the group has no process at all, at the price of one system call. It knows nothing of
// those in the session that made groups of their own.
func (s session) empty() bool { return errors.Is(unix.Kill(-s.id, 0), unix.ESRCH) }
