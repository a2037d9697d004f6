package status

import (
	"math"
	"slices"
	"time"
)

// most is how many runs the percentiles are of.
const most = 64

// samples are how long the latest runs took, in seconds. Seven digits are enough for people, at half the memory.
type samples struct {
	took []float32
	next uint8 // the oldest, once there are as many as are kept
}

func (s *samples) add(d time.Duration) {
	seconds := float32(max(d, 0).Seconds())
	if len(s.took) < most {
		s.took = append(s.took, seconds)
		return
	}
	s.took[s.next] = seconds
	s.next = (s.next + 1) % most
}

// percentiles are how long half, and nineteen of twenty, of the runs took at most. It sorts the samples.
func (s *samples) percentiles() (p50, p95 time.Duration) {
	if len(s.took) == 0 {
		return 0, 0
	}
	slices.Sort(s.took)
	return s.rank(0.50), s.rank(0.95)
}

// rank is the least sample that so large a part does not exceed.
func (s *samples) rank(part float64) time.Duration {
	i := int(math.Ceil(part*float64(len(s.took)))) - 1
	// A float32 tells a microsecond from its neighbours only up to some seconds; what it does not tell is rounded off.
	seconds := float64(s.took[i])
	grain := math.Pow(10, math.Floor(math.Log10(max(seconds, 1e-9)))-6)
	return time.Duration(math.Round(math.Round(seconds/grain) * grain * float64(time.Second)))
}
