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
	on       bool // until is not zero
	failures int
	until    time.Time
	settings Trip
	reason   string
}

// note takes a result to the count.
func (b *breaker) note(now time.Time, r deliver.Result) {
	switch r.Verdict {
	case deliver.Done, deliver.Permanent: // the destination answers
		b.failures, b.until, b.on = 0, time.Time{}, false
		return
	case deliver.Retry, deliver.Trip:
	}
	b.failures++
	if b.tripped() {
		b.until, b.reason, b.on = now.Add(b.settings.Cooldown), r.Reason, true
	}
}

func (b *breaker) tripped() bool {
	return b.settings.Failures > 0 && b.failures >= b.settings.Failures
}

// hold tells why the queue rests, and for how long.
func (b *breaker) hold(now time.Time) (reason string, wait time.Duration) {
	if !b.on || !now.Before(b.until) {
		return "", 0
	}
	return "its destination is bad: " + b.reason, b.until.Sub(now)
}

// most is how many files may be tried: after a trip one, and after a failure no more than it takes to trip.
func (b *breaker) most(n int) int {
	switch {
	case b.settings.Failures == 0 || b.failures == 0:
		return n
	case b.tripped():
		return min(n, 1)
	}
	return min(n, b.settings.Failures-b.failures)
}

// bucket bounds how many files a second are begun: at most a second's worth at once, and then no more than the rate.
type bucket struct {
	every time.Duration // from one file to the next; 0: no limit
	burst int
	// spent is the time up to which all that may be begun has been.
	spent time.Time
}

func newBucket(rate float64) bucket {
	if rate <= 0 {
		return bucket{}
	}
	return bucket{every: max(time.Duration(float64(time.Second)/rate), 1), burst: int(max(rate, 1))}
}

// take takes up to n; all of them if there is no limit.
func (b *bucket) take(now time.Time, n int) int {
	if b.every == 0 {
		return n
	}
	b.spent = laterOf(b.spent, now.Add(-b.every*time.Duration(b.burst)))
	got := max(min(n, int(now.Sub(b.spent)/b.every)), 0)
	b.spent = b.spent.Add(b.every * time.Duration(got))
	return got
}

// giveBack returns what was not used.
func (b *bucket) giveBack(n int) { b.spent = b.spent.Add(-b.every * time.Duration(n)) }

// when is from when on there is one to take.
func (b *bucket) when() time.Time { return b.spent.Add(b.every) }
