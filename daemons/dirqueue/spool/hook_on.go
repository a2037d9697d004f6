//go:build faultinject

package spool

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// crash is when this process kills itself: PEAKD_CRASH is "STEP:N", the N-th pass of a step, or "*:N", the N-th pass of
// any.
var crash = sync.OnceValue(func() *plan {
	step, n, _ := strings.Cut(os.Getenv("PEAKD_CRASH"), ":")
	left, _ := strconv.Atoi(n)
	return &plan{step: step, left: left}
})

type plan struct {
	mu   sync.Mutex
	step string
	left int
}

// hook marks a step between two system calls, where the crash tests kill the process.
func hook(step string) {
	p := crash()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.step != "*" && p.step != step || p.left == 0 {
		return
	}
	if p.left--; p.left == 0 {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

// Hook is a step of the tests' own.
func Hook(step string) { hook(step) }
