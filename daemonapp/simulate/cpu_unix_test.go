//go:build unix

package simulate_test

import (
	"syscall"
	"time"
)

// cpuTime is what this process has used so far: on a busy machine the only steady measure.
func cpuTime() time.Duration {
	var use syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &use) != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
