package schedule

import (
	"math"
	"time"
)

// Backoff is the pace of a daemon that runs at intervals: how long it waits after each outcome.
// It is a value without state: the counts it works on come with each [Run].
//
// The idle half is that of the 2003 proposal (RunEvery, IncreaseIdleBy, MaximumIdle).
type Backoff struct {
	// RunEvery is the ordinary wait between the end of a run and the next; > 0.
	RunEvery time.Duration
	// MinimumIdle is the wait after a run that worked; 0 means run again at once, behind its equals.
	MinimumIdle time.Duration
	// IncreaseIdleBy and MultiplyIdleBy make one increase: step(x) = x*MultiplyIdleBy + IncreaseIdleBy.
	IncreaseIdleBy time.Duration
	// MultiplyIdleBy is at least 1; 0 counts as 1.
	MultiplyIdleBy float64
	// MaximumIdle is the longest wait after idle runs; 0 means three increases of RunEvery.
	MaximumIdle time.Duration
	// Retry is the curve after failures.
	Retry Retry
}

// Retry is the wait after consecutive failures: min(Every * MultiplyBy^(n-1), Maximum) after the n-th.
type Retry struct {
	// Every is the wait after the first failure; 0 means RunEvery.
	Every time.Duration
	// MultiplyBy is at least 1; 0 means 2.
	MultiplyBy float64
	// Maximum bounds the wait; 0 means the largest of RunEvery, Every and an hour.
	Maximum time.Duration
	// Attempts is after how many retries the daemon returns to RunEvery; 0 means never.
	Attempts int
}

// DefaultRetryMaximum is the least bound of a failure curve that states none.
const DefaultRetryMaximum = time.Hour

// Wait is how long to wait after a run with these counts.
func (b Backoff) Wait(r Run) time.Duration { return b.wait(r.counts()) }

func (b *Backoff) wait(c counts) time.Duration {
	switch c.outcome {
	case Worked:
		return b.MinimumIdle
	case More:
		return 0
	case Idle:
		return b.AfterIdle(c.idle)
	case Failed:
		return b.AfterFailure(c.failures)
	case Cancelled: // counted nowhere
	}
	if c.failures > 0 {
		return b.AfterFailure(c.failures)
	}
	return b.AfterIdle(c.idle)
}

// AfterIdle is the wait after the n-th consecutive idle run; n <= 0 gives RunEvery.
func (b Backoff) AfterIdle(n int) time.Duration {
	if n <= 0 {
		return b.RunEvery
	}
	maximum := b.MaximumIdle
	if maximum == 0 {
		maximum = b.increased(3)
	}
	return min(b.increased(n), maximum)
}

// AfterFailure is the wait after the n-th consecutive failure; n <= 0 gives RunEvery.
func (b Backoff) AfterFailure(n int) time.Duration {
	if n <= 0 {
		return b.RunEvery
	}
	if wait, ok := b.Retry.wait(n, b.RunEvery); ok {
		return wait
	}
	return b.RunEvery
}

// Wait is the wait after the n-th consecutive failure, and whether the curve still holds: after
// Attempts retries it does not. Every must be set.
func (r Retry) Wait(n int) (time.Duration, bool) { return r.wait(n, 0) }

func (r Retry) wait(n int, runEvery time.Duration) (time.Duration, bool) {
	if r.Attempts > 0 && n > r.Attempts {
		return 0, false
	}
	every, multiply, maximum := r.Every, r.MultiplyBy, r.Maximum
	if every == 0 {
		every = runEvery
	}
	if multiply == 0 {
		multiply = 2
	}
	if maximum == 0 {
		maximum = max(runEvery, every, DefaultRetryMaximum)
	}
	return min(rounded(float64(every)*math.Pow(multiply, float64(n-1))), maximum), true
}

// increased applies n increases to RunEvery, in closed form so that n may be anything.
func (b Backoff) increased(n int) time.Duration {
	x, a, m := float64(b.RunEvery), float64(b.IncreaseIdleBy), b.MultiplyIdleBy
	if m <= 1 {
		return rounded(x + a*float64(n))
	}
	power := math.Pow(m, float64(n))
	sum := x * power
	if a > 0 {
		sum += a * geometric(m, power, n)
	}
	return rounded(sum)
}

// geometric is 1 + m + m^2 ... + m^(n-1), without losing digits where m is close to 1.
func geometric(m, power float64, n int) float64 {
	if m < 1.001 {
		return math.Expm1(float64(n)*math.Log1p(m-1)) / (m - 1)
	}
	return (power - 1) / (m - 1)
}

// rounded turns nanoseconds into a Duration, to the nearest, saturating.
func rounded(ns float64) time.Duration {
	if ns >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(math.Round(ns))
}
