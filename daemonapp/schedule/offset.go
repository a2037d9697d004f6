package schedule

import (
	"hash/fnv"
	"time"
)

// Offset is a stable jitter: a duration from 0 up to but not including below, the same for the same app,
// host and daemon name, and spread evenly over others.
func Offset(app, host, name string, below time.Duration) time.Duration {
	if below <= 0 {
		return 0
	}
	h := fnv.New64a()
	for _, part := range [...]string{app, host, name} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return time.Duration(mix(h.Sum64()) % uint64(below))
}

// mix spreads the last bytes hashed over all bits (the finalizer of splitmix64); FNV alone leaves
// names that differ in their last letter close together.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
