package metrics

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// counts is what has been observed. One goroutine at a time observes; any may read.
type counts struct {
	lag  prometheus.Histogram
	took *prometheus.HistogramVec // by type: by daemon it would be too much for thousands of them

	byName map[string]*series // only Observe uses it

	mu  sync.Mutex // guards all, and is held for moments only, never while a scrape goes on
	all []*series

	started    atomic.Int64 // when the app did, Unix time in ns; 0: not yet
	stopping   atomic.Bool
	reloadOK   atomic.Bool
	reloadedAt atomic.Int64 // when a configuration was last applied, Unix time in ns; 0: never
}

// series are the counters of one daemon.
type series struct {
	name, typ string
	place     int // in counts.all
	took      prometheus.Observer

	runs            [schedule.Cancelled]atomic.Int64 // by outcome, beginning with Worked
	things          atomic.Int64
	busy, waited    atomic.Int64 // nanoseconds
	missed, skipped atomic.Int64
}

func (c *counts) init(prefix string) {
	c.byName = map[string]*series{}
	c.lag = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: prefix + "_dispatch_lag_seconds", Help: "How long daemons that were due waited for a worker, by run that started.",
		Buckets: []float64{.0001, .0005, .001, .005, .01, .05, .1, .5, 1, 5, 10, 30, 60, 300, 900, 3600},
	})
	c.took = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: prefix + "_run_duration_seconds", Help: "How long runs took, by the type of the daemon.",
		Buckets: []float64{.001, .005, .01, .05, .1, .5, 1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600},
	}, []string{"type"})
}

// Observe implements [daemonapp.Observer]. It takes no lock that a scrape holds, and allocates only for a new daemon.
func (m *Metrics) Observe(e daemonapp.Event) {
	c := &m.counts
	switch e.Kind {
	case daemonapp.RunStarted:
		c.lag.Observe(max(e.Run.Started.Sub(e.Run.Due), 0).Seconds())
	case daemonapp.RunEnded, daemonapp.Stuck: // a run that was given up has failed, and has no other end
		if s := c.byName[e.Daemon]; s != nil {
			s.ended(&e.Run)
		}
	case daemonapp.Missed:
		if s := c.byName[e.Daemon]; s != nil {
			s.missed.Add(int64(e.Times))
		}
	case daemonapp.Skipped:
		if s := c.byName[e.Daemon]; s != nil {
			s.skipped.Add(1)
		}
	case daemonapp.Added, daemonapp.Replaced:
		c.add(e.Daemon, e.Type)
	case daemonapp.Removed:
		c.remove(e.Daemon)
	case daemonapp.AppStarted:
		c.started.Store(e.At.UnixNano())
		c.reloaded(e.At)
	case daemonapp.Draining, daemonapp.AppStopped:
		c.stopping.Store(true)
	case daemonapp.Reloaded:
		c.reloaded(e.At)
	case daemonapp.ReloadRefused:
		c.reloadOK.Store(false)
	default: // the rest is asked of the app
	}
}

func (s *series) ended(r *schedule.Run) {
	took := max(r.Finished.Sub(r.Started), 0)
	s.took.Observe(took.Seconds())
	s.busy.Add(int64(took))
	if waited := r.Started.Sub(r.Due); waited > 0 {
		s.waited.Add(int64(waited))
	}
	if o := r.Result.Outcome; o >= schedule.Worked && o <= schedule.Cancelled {
		s.runs[o-schedule.Worked].Add(1)
	}
	if r.Result.Count > 0 {
		s.things.Add(int64(r.Result.Count))
	}
}

func (c *counts) reloaded(at time.Time) {
	c.reloadedAt.Store(at.UnixNano())
	c.reloadOK.Store(true)
}

// add begins the series of a daemon; a successor of the same type goes on with those of its predecessor.
func (c *counts) add(name, typ string) {
	if s := c.byName[name]; s != nil {
		if s.typ == typ {
			return
		}
		c.remove(name)
	}
	s := &series{name: name, typ: typ, took: c.took.WithLabelValues(valid(typ))}
	c.byName[name] = s
	c.mu.Lock()
	defer c.mu.Unlock()
	s.place = len(c.all)
	c.all = append(c.all, s)
}

// remove ends the series of a daemon.
func (c *counts) remove(name string) {
	s := c.byName[name]
	if s == nil {
		return
	}
	delete(c.byName, name)
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.all) - 1
	last := c.all[n]
	last.place, c.all[s.place] = s.place, last
	c.all[n] = nil
	c.all = c.all[:n]
}

// list is the series of all daemons, in no particular order.
func (c *counts) list() []*series {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append(make([]*series, 0, len(c.all)), c.all...)
}
