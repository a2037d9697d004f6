package schedule_test

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// modelNever stands for no time at all.
const modelNever = int64(math.MaxInt64)

// modelSpec is a daemon as the contract words it. Times are nanoseconds.
type modelSpec struct {
	name                 string
	prio                 int
	runEvery, minIdle    time.Duration
	increase, maxIdle    time.Duration
	multiply             float64
	retryEvery, retryMax time.Duration
	retryMul             float64
	attempts             int
	disarmAfter          int
	once                 bool
	background           bool
	startAfter, offset   time.Duration
	after                []string
	window               *testWindow
	loadBelow            float64
	outcomes             []schedule.Outcome
	durations            []time.Duration
}

type modelState int

const (
	modelWaiting modelState = iota
	modelReady
	modelRunning
	modelHeld
	modelGone
)

type modelDaemon struct {
	modelSpec
	state               modelState
	due                 int64 // the next run time, or the time since which it is ready
	put                 int   // the order it was put in the waiting set, held or released
	heldBy              modelCause
	arrival             int // the order it became ready
	idles, fails        int
	lastStart, lastGood int64 // -1: none
}

// model is the contract once more, as plainly as it can be said: lists, and a look at every daemon
// for every question. It shares nothing with the core.
type model struct {
	limits   schedule.Limits
	base     time.Time
	daemons  []*modelDaemon
	now      int64
	load     float64
	lastWork int64
	counter  int
}

func newModel(base time.Time, limits schedule.Limits, specs []modelSpec) *model {
	m := &model{limits: limits, base: base}
	if m.limits.Workers == 0 {
		m.limits.Workers = 1
	}
	for _, s := range specs {
		d := &modelDaemon{modelSpec: s, lastStart: -1, lastGood: -1}
		d.due = int64(s.startAfter + s.offset)
		d.put = m.tick()
		m.daemons = append(m.daemons, d)
	}
	return m
}

func (m *model) tick() int { m.counter++; return m.counter }

func (m *model) count(state modelState) (n int) {
	for _, d := range m.daemons {
		if d.state == state {
			n++
		}
	}
	return n
}

// busy is the share of the workers that is in use.
func (m *model) busy() float64 {
	return min(1, float64(m.count(modelRunning))/float64(m.limits.Workers))
}

// loadAt is the one-minute load at t, if nothing starts or ends before.
func (m *model) loadAt(t int64) float64 {
	u := m.busy()
	return u + (m.load-u)*math.Exp(-float64(t-m.now)/float64(time.Minute))
}

func (m *model) advance(now int64) { m.load, m.now = m.loadAt(now), now }

// lowFrom is the first nanosecond from t on at which the load is below x.
func (m *model) lowFrom(t int64, x float64) int64 {
	if x == 0 || m.loadAt(t) < x {
		return t
	}
	low, high := t, t+int64(2*time.Hour)
	if m.loadAt(high) >= x {
		return modelNever
	}
	for high-low > 1 {
		if mid := low + (high-low)/2; m.loadAt(mid) < x {
			high = mid
		} else {
			low = mid
		}
	}
	return high
}

func (m *model) succeeded(d *modelDaemon) bool {
	for _, name := range d.after {
		i := slices.IndexFunc(m.daemons, func(o *modelDaemon) bool { return o.name == name })
		if good := m.daemons[i].lastGood; good < 0 || good < d.lastStart {
			return false
		}
	}
	return true
}

// modelCause is the condition that holds a daemon.
type modelCause int

const (
	byNothing modelCause = iota
	byAfter
	byWindow
	byLoad
)

// cause is the first condition that does not hold now.
func (m *model) cause(d *modelDaemon) modelCause {
	for c := byAfter; c <= byLoad; c++ {
		if m.release(d, c) != m.now {
			return c
		}
	}
	return byNothing
}

// release is when that condition will hold, as far as it is known.
func (m *model) release(d *modelDaemon, c modelCause) int64 {
	switch {
	case c == byAfter && !m.succeeded(d):
		return modelNever
	case c == byWindow && d.window != nil:
		return d.window.openFrom(m.now)
	case c == byLoad:
		return m.lowFrom(m.now, d.loadBelow)
	}
	return m.now
}

// arrive lets daemons become ready: those due, and the held ones whose conditions hold by now.
func (m *model) arrive() {
	var list []*modelDaemon
	for _, d := range m.daemons {
		switch {
		case d.state == modelWaiting && d.due <= m.now:
			list = append(list, d)
		case d.state == modelHeld && m.release(d, d.heldBy) == m.now:
			d.due = m.now
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b *modelDaemon) int {
		return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.put, b.put))
	})
	for _, d := range list {
		d.state, d.arrival = modelReady, m.tick()
		m.hold(d)
	}
}

// hold takes a daemon back if a condition does not hold.
func (m *model) hold(d *modelDaemon) (held bool) {
	c := m.cause(d)
	if c != byNothing {
		d.state, d.heldBy, d.put = modelHeld, c, m.tick()
	}
	return c != byNothing
}

// before tells whether a is to start before b.
func (m *model) before(a, b *modelDaemon) bool {
	if age := int64(m.limits.Aging); age > 0 {
		ka, kb := int64(a.prio)*age-a.due, int64(b.prio)*age-b.due
		if ka != kb {
			return ka > kb
		}
	} else if a.prio != b.prio {
		return a.prio > b.prio
	}
	return a.arrival < b.arrival
}

type modelDecision struct {
	start  *modelDaemon
	reason schedule.Reason
	until  int64 // modelNever: none
}

func (m *model) next(now int64) modelDecision {
	m.advance(now)
	if hard := int64(m.limits.HardDeadline); hard > 0 && now >= hard {
		return modelDecision{reason: schedule.HardDeadline}
	}
	old := now >= int64(m.limits.SoftDeadline)
	patience := int64(m.limits.NoWorkTimeout)
	if patience > 0 && old && m.count(modelRunning) == 0 && now-m.lastWork >= patience {
		return modelDecision{reason: schedule.NoWork}
	}
	m.arrive()
	if d := m.pick(); d != nil {
		d.state, d.lastStart = modelRunning, now
		return modelDecision{start: d}
	}
	threshold := int64(m.limits.IdleThreshold)
	if threshold > 0 && old && m.count(modelRunning) == 0 && m.count(modelReady) == 0 && m.gap() >= threshold {
		return modelDecision{reason: schedule.IdleGap}
	}
	return modelDecision{until: m.until()}
}

func (m *model) pick() *modelDaemon {
	for m.count(modelRunning) < m.limits.Workers {
		var best *modelDaemon
		for _, d := range m.daemons {
			if d.state == modelReady && (best == nil || m.before(d, best)) {
				best = d
			}
		}
		if best == nil || !m.hold(best) {
			return best
		}
	}
	return nil
}

// gap is the time to the earliest next run that keeps the app alive.
func (m *model) gap() int64 {
	gap := modelNever
	for _, d := range m.daemons {
		if d.background {
			continue
		}
		if d.state == modelWaiting {
			gap = min(gap, d.due-m.now)
		}
		if d.state == modelHeld {
			if t := m.release(d, d.heldBy); t != modelNever {
				gap = min(gap, t-m.now)
			}
		}
	}
	return gap
}

// until is the next instant at which anything can change by itself.
func (m *model) until() int64 {
	until := modelNever
	look := func(t int64) {
		if t > m.now {
			until = min(until, t)
		}
	}
	for _, d := range m.daemons {
		if d.state == modelWaiting {
			look(d.due)
		}
		if d.state == modelHeld {
			look(m.release(d, d.heldBy))
		}
	}
	look(int64(m.limits.SoftDeadline))
	look(int64(m.limits.HardDeadline))
	if m.limits.NoWorkTimeout > 0 {
		look(m.lastWork + int64(m.limits.NoWorkTimeout))
	}
	return until
}

// done books the end of a run and answers with the wait, or modelNever.
func (m *model) done(d *modelDaemon, now int64, o schedule.Outcome) int64 {
	m.advance(now)
	if o != schedule.Failed {
		d.lastGood = now
	}
	wait := int64(0)
	switch o {
	case schedule.Worked, schedule.More:
		d.idles, d.fails, m.lastWork = 0, 0, now
		if o == schedule.Worked {
			wait = int64(d.minIdle)
		}
	case schedule.Idle:
		d.idles, d.fails = d.idles+1, 0
		wait = d.idleWait(d.idles)
	case schedule.Failed:
		d.fails++
		wait = d.failureWait(d.fails)
	}
	if d.once || (o == schedule.Failed && d.disarmAfter > 0 && d.fails >= d.disarmAfter) {
		d.state = modelGone
		m.releaseAfter()
		return modelNever
	}
	d.state, d.put = modelWaiting, m.tick()
	d.due = now + wait
	m.releaseAfter()
	return wait
}

// releaseAfter puts those that a success has released in the waiting set, due now.
func (m *model) releaseAfter() {
	for _, d := range m.daemons {
		if d.state == modelHeld && d.heldBy == byAfter && m.succeeded(d) {
			d.state, d.due, d.put = modelWaiting, m.now, m.tick()
		}
	}
}

// idleWait applies the increase n times, one by one.
func (d *modelDaemon) idleWait(n int) int64 {
	step := func(x float64) float64 { return x*max(1, d.multiply) + float64(d.increase) }
	highest := float64(d.maxIdle)
	if d.maxIdle == 0 {
		highest = step(step(step(float64(d.runEvery))))
	}
	x := float64(d.runEvery)
	for range n {
		x = min(step(x), highest)
	}
	return int64(math.Round(min(x, highest)))
}

// failureWait multiplies n-1 times, one by one.
func (d *modelDaemon) failureWait(n int) int64 {
	if d.attempts > 0 && n > d.attempts {
		return int64(d.runEvery)
	}
	x, mul, highest := float64(d.retryEvery), d.retryMul, float64(d.retryMax)
	if d.retryEvery == 0 {
		x = float64(d.runEvery)
	}
	if mul == 0 {
		mul = 2
	}
	if highest == 0 {
		highest = max(float64(d.runEvery), x, float64(time.Hour))
	}
	for range n - 1 {
		x = min(x*mul, highest)
	}
	return int64(math.Round(min(x, highest)))
}

// testWindow is open from each multiple of every (shifted) for a while.
type testWindow struct {
	base               time.Time
	every, shift, open time.Duration
}

func (w *testWindow) phase(t int64) int64 {
	p := (t - int64(w.shift)) % int64(w.every)
	if p < 0 {
		p += int64(w.every)
	}
	return p
}

func (w *testWindow) openFrom(t int64) int64 {
	if p := w.phase(t); p >= int64(w.open) {
		return t + int64(w.every) - p
	}
	return t
}

// Open implements schedule.Window.
func (w *testWindow) Open(now time.Time) (bool, time.Time) {
	t := int64(now.Sub(w.base))
	p := w.phase(t)
	if p < int64(w.open) {
		return true, now.Add(w.open - time.Duration(p))
	}
	return false, now.Add(w.every - time.Duration(p))
}
