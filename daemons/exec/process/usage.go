package process

import (
	"os"
	"runtime"
	"syscall"
)

// peakBytes is the largest resident set that the kernel tells of; Linux counts it in KiB, macOS in bytes.
func peakBytes(state *os.ProcessState) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	switch {
	case !ok:
		return 0
	case runtime.GOOS == "darwin":
		return usage.Maxrss
	}
	return usage.Maxrss << 10
}
