package daemonapp

import (
	"math/bits"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// Vitals are the figures of an app as a whole.
type Vitals struct {
	// Load is the share of worker time spent in runs, 0 to 1, averaged over one, five and fifteen minutes.
	Load [3]float64
	// LagP50, LagP95 and LagMax are the dispatch lag, start minus due time, of the starts in the last
	// five to ten minutes; the percentiles are upper bounds, within a factor of two.
	LagP50, LagP95, LagMax time.Duration
	// Starved is how long the longest-ready daemon has waited for the floor.
	Starved        time.Duration
	Running, Ready int
	Workers        int
	Daemons        int
	// Limits are those in force.
	Limits   schedule.Limits
	Started  time.Time
	Stopping bool
}

// Vitals are the app's figures now.
func (a *App) Vitals() Vitals {
	a.lock()
	defer a.unlock()
	now := a.clock.Now()
	age := a.sched.Look(now)
	v := Vitals{
		Load: a.sched.Load(), Starved: a.sched.Starved(),
		Running: a.sched.Running(), Ready: a.sched.Ready(), Workers: a.sched.Limits().Workers, Limits: a.sched.Limits(),
		Daemons: a.sched.Len(), Started: a.sched.Started(),
		Stopping: a.state != building && a.state != dispatching,
	}
	v.LagP50, v.LagP95, v.LagMax = a.lags.percentiles(age)
	return v
}

// DaemonStatus is where a daemon stands.
type DaemonStatus struct {
	schedule.Status
	Type, Digest string
	Terms        Terms
	// Seed tells that it is one; Parent is the name of the seed that it is a child of.
	Seed   bool
	Parent string
	// RunID and Done, Total tell of a run in flight: how far it has come, as it told.
	RunID       RunID
	Done, Total int
	// Pause is why it is paused, or will be when its run ends.
	Pause Pause
}

// Status lists where each daemon stands now, in the order of their ids.
func (a *App) Status() []DaemonStatus {
	a.lock()
	defer a.unlock()
	a.sched.Look(a.clock.Now())
	list := make([]DaemonStatus, 0, a.sched.Len())
	for id := range a.sched.All() {
		list = append(list, a.status(id))
	}
	return list
}

// Daemon is the daemon of that name; nil if there is none.
func (a *App) Daemon(name string) Daemon {
	a.lock()
	defer a.unlock()
	id, there := a.sched.Lookup(name)
	if !there || int(id) >= len(a.units) {
		return nil
	}
	return a.units[id].daemon
}

func (a *App) status(id schedule.ID) DaemonStatus {
	u := &a.units[id]
	st := DaemonStatus{Status: a.sched.Status(id), Type: u.typ, Digest: a.digest(id)}
	if u.terms != nil {
		st.Terms = *u.terms
	}
	_, st.Seed = u.daemon.(Seed)
	st.Pause = a.pause(id)
	if u.parent != noParent {
		st.Parent = a.sched.Name(u.parent)
	}
	if w := u.worker; w != nil {
		st.RunID = w.ctx.info.ID
		st.Done, st.Total = w.ctx.info.Progressed()
	}
	return st
}

// lags is a histogram of dispatch lag by powers of two, over two spans that take turns.
type lags struct {
	spans   [2][64]uint32
	maxima  [2]time.Duration
	started time.Duration
}

const lagSpan = 5 * time.Minute

// note books a lag at that age of the app.
func (l *lags) note(age, lag time.Duration) {
	l.turn(age)
	l.spans[0][bits.Len64(uint64(max(lag, 0)))]++
	l.maxima[0] = max(l.maxima[0], lag)
}

// turn begins a new span when one is over.
func (l *lags) turn(age time.Duration) {
	switch since := age - l.started; {
	case since >= 2*lagSpan:
		*l = lags{started: age}
	case since >= lagSpan:
		l.spans[1], l.maxima[1] = l.spans[0], l.maxima[0]
		l.spans[0], l.maxima[0] = [64]uint32{}, 0
		l.started = age
	}
}

func (l *lags) percentiles(age time.Duration) (p50, p95, maximum time.Duration) {
	l.turn(age)
	maximum = max(l.maxima[0], l.maxima[1])
	return min(l.percentile(0.50), maximum), min(l.percentile(0.95), maximum), maximum
}

func (l *lags) percentile(p float64) time.Duration {
	var total, below float64
	for i := range l.spans[0] {
		total += float64(l.spans[0][i]) + float64(l.spans[1][i])
	}
	for i := range l.spans[0] {
		below += float64(l.spans[0][i]) + float64(l.spans[1][i])
		if total > 0 && below >= p*total {
			return time.Duration(1)<<i - 1
		}
	}
	return 0
}
