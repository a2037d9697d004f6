//go:build !linux

package process

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// waitExit waits for the end of a child and reaps it.
func waitExit(proc *os.Process) *os.ProcessState {
	state, err := proc.Wait()
	if err != nil {
		return nil
	}
	return state
}

// living is the number of the group while anybody is in it: only Linux lists a session.
func (s session) living() []int {
	if s.empty() {
		return nil
	}
	return []int{s.id}
}

// signal reaches the group.
func (s session) signal(sig syscall.Signal, _ bool) { _ = unix.Kill(-s.id, sig) }

// Birth identifies a running process beyond the reuse of its number; only Linux tells.
func Birth(int) string { return "" }
