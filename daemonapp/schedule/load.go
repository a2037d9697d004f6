package schedule

import (
	"math"
	"time"
)

// load is the load indicator: the share of worker time spent in runs, 0 to 1, exponentially averaged
// over one, five and fifteen minutes. It grew from the load indicator proposed for Zope's clock service.
type load struct {
	averages averages
	at       int64 // when averages were right
	changed  int64 // when busy changed, less than loadGrain later
	// area and moment are the integrals of busy and of twice busy times age, from at to changed: what short runs
	// leave behind until it is worth an exponential.
	area, moment int64
	busy         int // runs in flight
	of           int // workers
}

// averages are those over one, five and fifteen minutes.
type averages struct{ one, five, fifteen float64 }

// perMinute is one by a minute, per nanosecond.
const perMinute = 1 / float64(time.Minute)

// loadGrain is the longest time of which only area and moment are kept; what these do not tell is below
// the precision of the averages.
const loadGrain = int64(time.Millisecond)

// change books that a run started (+1) or ended (-1) at t.
func (l *load) change(t int64, by int) {
	if t != l.changed {
		l.pass(t)
	}
	l.busy += by
}

// pass books the time since the last change.
func (l *load) pass(t int64) {
	if t-l.at >= loadGrain {
		l.fold(t)
	} else {
		from, to, busy := l.changed-l.at, t-l.at, int64(l.inUse())
		l.area += busy * (to - from)
		l.moment += busy * (to*to - from*from)
		l.changed = t
	}
}

// workers books that there are n workers from t on.
func (l *load) workers(t int64, n int) {
	if l.of > 0 {
		l.fold(t)
	}
	l.of = n
}

// inUse is how many workers are busy: runs may outnumber them after their number was lowered.
func (l *load) inUse() int { return min(l.busy, l.of) }

// fold brings the averages up to t.
func (l *load) fold(t int64) {
	if l.busy > 0 || l.area > 0 || l.averages != (averages{}) { // or there is nothing to fade
		l.averages = l.all(t)
	}
	l.at, l.changed, l.area, l.moment = t, t, 0, 0
}

// all is the three averages at t.
func (l *load) all(t int64) averages {
	x := l.averages
	if l.changed > l.at {
		fade := fading(l.changed - l.at)
		x.one = (x.one + l.left(perMinute)) * fade.one
		x.five = (x.five + l.left(perMinute/5)) * fade.five
		x.fifteen = (x.fifteen + l.left(perMinute/15)) * fade.fifteen
	}
	if t > l.changed {
		share, fade := l.share(), fading(t-l.changed)
		x.one = share + (x.one-share)*fade.one
		x.five = share + (x.five-share)*fade.five
		x.fifteen = share + (x.fifteen-share)*fade.fifteen
	}
	return x
}

// one is the one-minute average at t.
func (l *load) one(t int64) float64 { return l.all(t).one }

// left is what the busy time since the averages were right adds to the one of that rate.
func (l *load) left(rate float64) float64 {
	return (float64(l.area) + float64(l.moment)*rate/2) * rate / float64(l.of)
}

// share is what part of the workers is busy.
func (l *load) share() float64 { return float64(l.inUse()) / float64(l.of) }

// fading is by what the averages fade in so many nanoseconds: one exponential and its powers.
func fading(ns int64) averages {
	slow := decay(float64(ns) * (perMinute / 15))
	mid := slow * slow * slow
	return averages{mid * mid * mid * mid * mid, mid, slow}
}

// decay is exp(-x); for the small steps of a busy app by the first terms of its series, which are exact there.
func decay(x float64) float64 {
	if x < 1e-3 {
		return 1 - x*(1-x/2*(1-x*(1./3)*(1-x/4)))
	}
	return math.Exp(-x)
}

// below is how many nanoseconds after t the one-minute average falls below the threshold, if nothing
// starts or ends; never if it does not.
func (l *load) below(t int64, threshold float64) int64 {
	current := l.one(t)
	share := l.share()
	switch {
	case current < threshold:
		return 0
	case share >= threshold:
		return never
	}
	ns := float64(time.Minute) * math.Log((current-share)/(threshold-share))
	return int64(math.Floor(ns)) + 1
}
