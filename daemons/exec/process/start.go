package process

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
)

// StepError says which step of starting a program went wrong.
type StepError struct {
	// Step is what was tried: "set user 65534", "enter /srv", "start /bin/x".
	Step string
	// Err is why, a syscall.Errno wherever the system answered.
	Err error
}

// Error implements error.
func (e *StepError) Error() string { return e.Step + ": " + e.Err.Error() }

// Unwrap gives the cause.
func (e *StepError) Unwrap() error { return e.Err }

func stepError(step string, err error) *StepError {
	if errno := syscall.Errno(0); errors.As(err, &errno) {
		err = errno
	}
	return &StepError{Step: step, Err: err}
}

// launch is a start under way: what the child gets, and what of it must be closed here.
type launch struct {
	files  []*os.File // by descriptor number in the child
	theirs []*os.File // ours only until the child has them
	pipes  []*os.File // the ends that we read
	reads  []func(io.Reader)
}

func (c *Command) start() (*child, error) {
	var l launch
	defer l.handOver()
	if err := c.checkDir(); err != nil {
		return nil, err
	}
	if err := c.connect(&l); err != nil {
		l.abort()
		return nil, err
	}
	proc, status, err := c.fork(&l)
	if err != nil {
		l.abort()
		return nil, err
	}
	if c.Started != nil {
		c.Started(proc.Pid)
	}
	return newChild(c, proc, &l, status), nil
}

func (c *Command) dir() string {
	if c.Dir == "" {
		return "/"
	}
	return c.Dir
}

// checkDir looks before the fork, for the sake of the message, and so that a dead network mount
// blocks this run only: while a fresh child hangs no other one can be forked.
func (c *Command) checkDir() error {
	info, err := os.Stat(c.dir())
	if err == nil && !info.IsDir() {
		err = syscall.ENOTDIR
	}
	if err != nil && (c.Terms.Identity == nil || !errors.Is(err, os.ErrPermission)) {
		return stepError("enter "+c.dir(), err)
	}
	return nil
}

// connect opens the descriptors of the child, in their order.
func (c *Command) connect(l *launch) error {
	if err := l.input(c.Stdin); err != nil {
		return err
	}
	for _, read := range []func(io.Reader){c.Stdout, c.Stderr} {
		if err := l.output(read, true); err != nil {
			return err
		}
	}
	if err := l.output(c.Report, false); err != nil {
		return err
	}
	l.files = append(l.files, c.Extra...)
	return nil
}

func (l *launch) input(f *os.File) error {
	if f != nil {
		l.files = append(l.files, f)
		return nil
	}
	return l.null(os.O_RDONLY)
}

func (l *launch) null(flag int) error {
	f, err := os.OpenFile(os.DevNull, flag, 0)
	if err != nil {
		return fmt.Errorf("open %s: %w", os.DevNull, err)
	}
	l.files, l.theirs = append(l.files, f), append(l.theirs, f)
	return nil
}

func (l *launch) output(read func(io.Reader), open bool) error {
	if read == nil && open {
		return l.null(os.O_WRONLY)
	}
	if read == nil {
		l.files = append(l.files, nil)
		return nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("open pipe: %w", err)
	}
	l.files, l.theirs = append(l.files, w), append(l.theirs, w)
	l.pipes, l.reads = append(l.pipes, r), append(l.reads, read)
	return nil
}

// handOver closes our copies of what is the child's.
func (l *launch) handOver() {
	for _, f := range l.theirs {
		_ = f.Close()
	}
}

func (l *launch) abort() {
	for _, f := range l.pipes {
		_ = f.Close()
	}
}

// fork starts the program itself, or the trampoline that will become it.
func (c *Command) fork(l *launch) (*os.Process, *os.File, error) {
	if !c.Terms.none() {
		return c.forkTrampoline(l)
	}
	proc, err := os.StartProcess(c.Path, c.Argv, &os.ProcAttr{
		Dir: c.dir(), Env: c.Env, Files: l.files, Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return nil, nil, stepError("start "+c.Path, err)
	}
	return proc, nil, nil
}

// read starts the readers and returns what is closed once all have returned.
func (l *launch) read() <-chan struct{} {
	var readers sync.WaitGroup
	for i, pipe := range l.pipes {
		readers.Go(func() {
			defer pipe.Close()
			l.reads[i](pipe)
		})
	}
	done := make(chan struct{})
	go func() {
		readers.Wait()
		close(done)
	}()
	return done
}
