// Package pid1 is what a program is as the first process of a container: a parent that runs the program itself as its
// child, hands on signals and takes in orphans.
//
// A program that waits for its own jobs cannot do that in one process: whoever reaps every process that ends steals
// the exit codes of its jobs.
package pid1

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Wanted tells whether this process is the first one of its namespace, and its command line asks for the verb. Other
// verbs start no jobs and leave no orphans.
func Wanted(args []string, verb string) bool { return os.Getpid() == 1 && slices.Contains(args, verb) }

// Parent runs the program of this process, with the same arguments, as a child, and returns what this process is to
// exit with: the code of the child, or 128 and the number of the signal that ended it. Until then it hands on every
// signal that it gets and reaps every process that ends.
//
// Standard input, output and error are the child's. At a terminal it has the foreground to itself, so that a signal of
// the keyboard reaches it once. That the child ends with its parent needs nothing done: when the first process of a
// namespace ends the kernel kills all others.
//
// An error says why the child could not be started. Parent must not run beside anything else that starts processes.
func Parent() (code int, err error) {
	received := make(chan os.Signal, 64)
	signal.Notify(received, handedOn()...)
	defer signal.Stop(received)
	child, err := start()
	if err != nil {
		return 1, fmt.Errorf("start the child of pid 1: %w", err)
	}
	over := make(chan struct{}) // closed below; handOn receives
	var joined sync.WaitGroup
	joined.Go(func() { handOn(received, child, over) }) // joined two lines below
	status, err := reap(child)
	close(over)
	joined.Wait()
	if err != nil {
		return 1, fmt.Errorf("wait for the child of pid 1: %w", err)
	}
	if status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return status.ExitStatus(), nil
}

// handedOn are all signals but those that mean this process itself: what the kernel says of children, pipes and
// terminals, what cannot be caught, and what Go's runtime sends itself.
func handedOn() []os.Signal {
	return []os.Signal{
		syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
		syscall.SIGALRM, syscall.SIGWINCH, syscall.SIGCONT,
	}
}

// handOn hands signals to the child. One that is gone already is reaped by then, or about to be.
func handOn(received <-chan os.Signal, child int, over <-chan struct{}) {
	for {
		select {
		case <-over:
			return
		case s := <-received:
			if number, ok := s.(syscall.Signal); ok {
				_ = syscall.Kill(child, number)
			}
		}
	}
}

// start starts this program once more.
func start() (pid int, err error) {
	program, err := os.Executable()
	if err != nil {
		return 0, err
	}
	pid, err = syscall.ForkExec(program, os.Args, &syscall.ProcAttr{
		Env: environment(os.Environ()), Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{Setpgid: true},
	})
	if err == nil && foreground(0) {
		// It may have asked for the terminal already, and been stopped for that.
		_ = unix.IoctlSetPointerInt(0, unix.TIOCSPGRP, pid)
		_ = syscall.Kill(pid, syscall.SIGCONT)
	}
	return pid, err
}

// foreground tells whether the descriptor is this process's terminal, and its to give away.
func foreground(fd int) bool {
	group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	return err == nil && group == syscall.Getpgrp()
}

// environment is the child's: a watchdog that waits for this process is the child's to feed.
func environment(own []string) []string {
	return slices.DeleteFunc(slices.Clone(own), func(entry string) bool {
		pid, found := strings.CutPrefix(entry, "WATCHDOG_PID=")
		return found && pid == strconv.Itoa(os.Getpid())
	})
}

// reap waits for every process that ends, until it is the child.
func reap(child int) (syscall.WaitStatus, error) {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return 0, err
		case pid == child:
			return status, nil
		}
	}
}
