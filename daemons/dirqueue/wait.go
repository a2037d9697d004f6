package dirqueue

import (
	"math"
	"time"

	"github.com/peakd/peakd/daemons/dirqueue/deliver"
)

// wait is how long a file waits after its n-th attempt. chance, from 0 to 1, is the jitter's.
func (f *FileRetry) wait(n int, chance float64) time.Duration {
	wait := min(float64(f.Every)*math.Pow(f.MultiplyBy, float64(n-1)), float64(f.Maximum))
	return time.Duration(wait * (1 - f.Jitter*chance))
}

// breaker holds a queue whose destination is bad: after so many failures in a row it trips, and after the cooldown
// one file is tried before the others.
type breaker struct {
	settings Trip
	failures int
	until    time.Time
	reason   string
}

// note takes a result to the count.
func (b *breaker) note(now time.Time, r deliver.Result) {
	switch r.Verdict {
	case deliver.Done, deliver.Permanent: // the destination answers
		b.failures, b.until = 0, time.Time{}
		return
	case deliver.Retry, deliver.Trip:
	}
	b.failures++
	if b.settings.Failures > 0 && b.failures >= b.settings.Failures {
		b.until, b.reason = now.Add(b.settings.Cooldown), r.Reason
	}
}

// hold tells why the queue rests, and for how long.
func (b *breaker) hold(now time.Time) (reason string, wait time.Duration) {
	if b.until.IsZero() || !now.Before(b.until) {
		return "", 0
	}
	return "its destination is bad: " + b.reason, b.until.Sub(now)
}

// most is how many files may be tried: after a trip one.
func (b *breaker) most(n int) int {
	if b.settings.Failures > 0 && b.failures >= b.settings.Failures {
		return min(n, 1)
	}
	return n
}

// bucket bounds how many files a second are begun: it fills at the rate, up to a second's worth.
type bucket struct {
	rate   float64
	tokens float64
	filled time.Time
}

// take takes up to n tokens; all of them if there is no rate.
func (b *bucket) take(now time.Time, n int) int {
	if b.rate <= 0 {
		return n
	}
	if b.filled.IsZero() {
		b.tokens = b.size()
	} else {
		b.tokens = min(b.tokens+b.rate*now.Sub(b.filled).Seconds(), b.size())
	}
	b.filled = now
	got := min(n, int(b.tokens))
	b.tokens -= float64(got)
	return got
}

func (b *bucket) size() float64 { return max(b.rate, 1) }

// giveBack returns tokens that were not used.
func (b *bucket) giveBack(n int) {
	if b.rate > 0 {
		b.tokens += float64(n)
	}
}

// when is when there will be a token.
func (b *bucket) when(now time.Time) time.Time {
	missing := 1 - b.tokens
	return now.Add(time.Duration(missing / b.rate * float64(time.Second)))
}
