//go:build !unix

package simulate_test

import "time"

// cpuTime is not known here.
func cpuTime() time.Duration { return 0 }
