// Package process runs one program to its end in a session of its own, and leaves nothing of it behind.
//
// A child that outlives its parent is the oldest fault of job runners: the program is gone, its
// children run on, hold its output open or do its work a second time. So the end of a run is not the
// end of the program, but that of its whole session: politely first (TERM), then not (KILL), until
// nobody is left.
package process

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/benbjohnson/clock"
)

// Command is a program with everything it is started with. It may be run once.
type Command struct {
	// Path is the program, absolute. Argv are its arguments, its own name first.
	Path string
	Argv []string
	// Env is the whole environment; nothing is inherited.
	Env []string
	// Dir is where it starts, absolute; empty means "/".
	Dir string
	// Stdin is descriptor 0; nil means /dev/null. The caller closes it after Run.
	Stdin *os.File
	// Stdout, Stderr and Report read what is written to the descriptors 1, 2 and 3. Each is called once,
	// on a goroutine of its own, and reads until an error; Run returns after all of them have. Nil
	// means /dev/null for the first two, and a closed descriptor 3.
	Stdout, Stderr, Report func(io.Reader)
	// Extra are inherited as the descriptors from 4 on. The caller closes them after Run.
	Extra []*os.File
	// Terms are applied in the new process before the program starts.
	Terms Terms
	// Grace is how long the session may take to end after TERM, before KILL.
	Grace time.Duration
	// Kill, once closed, cuts Grace short. Nil means never; it means nothing before the context ends.
	Kill <-chan struct{}
	// Started, if any, is told the process id, which is also that of its group and session.
	Started func(pid int)
	Clock   clock.Clock
}

// FirstExtra is the descriptor number of the first of Command.Extra.
const FirstExtra = 4

// ReportFD is the descriptor that Command.Report reads.
const ReportFD = 3

// After KILL, a session has EndLimit to be gone, and DrainLimit is what the output may take after that:
// only a process that left the session on purpose can still hold it.
const (
	EndLimit   = time.Second
	DrainLimit = 250 * time.Millisecond
)

// settleLimit is how long the rest of a session may take to end by itself once the program has
// ended. A shell's ">(tee log)" is such a rest, with the last lines still in its hands.
const settleLimit = 200 * time.Millisecond

// Exit is how a program ended.
type Exit struct {
	// Code is the exit code; -1 if a signal ended it.
	Code int
	// Signal is what ended it, or 0.
	Signal syscall.Signal
	// Stopped tells that the program was still running when the context ended.
	Stopped bool
	// Killed tells that TERM was not enough for the session.
	Killed bool
	// Left is how many processes of the session were running after the program had ended by itself.
	Left int
	// User and System are the processor time of the program and of those that it waited for; PeakBytes is the largest
	// resident set of any of them.
	User, System time.Duration
	PeakBytes    int64
	// Held tells that a process outside the session still had the output open, and was cut off.
	Held bool
}

// String says it for people: "exit 3", "killed by SIGKILL".
func (e Exit) String() string {
	if e.Signal != 0 {
		return "killed by " + signalName(e.Signal)
	}
	return fmt.Sprintf("exit %d", e.Code)
}

// AliveError says that processes of the session survived KILL: they hang in the kernel, or belong to
// a user whom this process may not signal.
type AliveError struct {
	PIDs []int
}

// Error implements error.
func (e *AliveError) Error() string {
	pids := strings.Trim(fmt.Sprint(e.PIDs), "[]")
	return fmt.Sprintf("end session: still alive after KILL: pid %s", pids)
}

// Run starts the program and returns when nothing of its session is left. When the context ends the
// session gets TERM, after Grace KILL; so it does when the program ended by itself and left children
// behind. Run returns at the latest Grace + EndLimit + DrainLimit (and a moment) after
// the end of the context. The errors are [*StepError] for a program that could not be started,
// [*AliveError] for processes that could not be ended, and [ErrNoTrampoline].
func (c *Command) Run(ctx context.Context) (Exit, error) {
	if err := ctx.Err(); err != nil {
		return Exit{}, fmt.Errorf("start %s: %w", c.Path, context.Cause(ctx))
	}
	child, err := c.start()
	if err != nil {
		return Exit{}, err
	}
	return child.wait(ctx)
}
