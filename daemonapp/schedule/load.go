package schedule

import (
	"math"
	"time"
)

// load is the load indicator: the share of worker time spent in runs, 0 to 1, exponentially averaged
// over one, five and fifteen minutes. It grew from the load indicator proposed for Zope's clock service.
type load struct {
	averages [3]float64
	at       int64 // when averages were right
	changed  int64 // when busy changed
	busyTime int64 // worker nanoseconds spent in runs from at to changed
	busy     int   // runs in flight
	of       int   // workers
}

var loadSpans = [3]float64{float64(time.Minute), float64(5 * time.Minute), float64(15 * time.Minute)}

// loadGrain is the time over which the busy share counts as spread evenly; the error that this makes is its
// square over that of the span.
const loadGrain = int64(time.Millisecond)

// change books that a run started (+1) or ended (-1) at t.
func (l *load) change(t int64, by int) {
	l.busyTime += int64(l.busy) * (t - l.changed)
	l.changed = t
	if t-l.at >= loadGrain {
		l.fold()
	}
	l.busy += by
}

// workers books that there are n workers from t on.
func (l *load) workers(t int64, n int) {
	l.change(t, 0)
	if l.of > 0 {
		l.fold()
	}
	l.of = n
}

// fold brings the averages up to the last change.
func (l *load) fold() {
	elapsed := l.changed - l.at
	if elapsed <= 0 {
		return
	}
	l.averages = l.decayed(float64(l.busyTime)/float64(elapsed), elapsed)
	l.at, l.busyTime = l.changed, 0
}

// decayed moves the averages over elapsed time in which that many workers were busy.
func (l *load) decayed(busy float64, elapsed int64) [3]float64 {
	averages := l.averages
	share := min(busy/float64(l.of), 1)
	for i := range averages {
		averages[i] = share + (averages[i]-share)*decay(float64(elapsed)/loadSpans[i])
	}
	return averages
}

// decay is exp(-x); for the small steps of a busy app by the first terms of its series, which are exact there.
func decay(x float64) float64 {
	if x < 1e-3 {
		return 1 - x*(1-x/2*(1-x/3*(1-x/4)))
	}
	return math.Exp(-x)
}

// all is the three averages at t.
func (l *load) all(t int64) [3]float64 {
	elapsed := t - l.at
	if elapsed <= 0 {
		return l.averages
	}
	busy := l.busyTime + int64(l.busy)*(t-l.changed)
	return l.decayed(float64(busy)/float64(elapsed), elapsed)
}

// one is the one-minute average at t, folded first so that it is exact.
func (l *load) one(t int64) float64 {
	l.change(t, 0)
	l.fold()
	return l.averages[0]
}

// below is how many nanoseconds after t the one-minute average falls below the threshold, if nothing
// starts or ends; never if it does not.
func (l *load) below(t int64, threshold float64) int64 {
	current := l.one(t)
	share := min(float64(l.busy)/float64(l.of), 1)
	switch {
	case current < threshold:
		return 0
	case share >= threshold:
		return never
	}
	ns := loadSpans[0] * math.Log((current-share)/(threshold-share))
	return int64(math.Floor(ns)) + 1
}
