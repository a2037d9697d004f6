package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// collector shows what was counted and where the app stands.
type collector Metrics

// standing is where an app stands.
type standing struct {
	stuck   bool
	vitals  daemonapp.Vitals
	daemons []daemonapp.DaemonStatus
}

// stand asks the app.
func (m *Metrics) stand() standing {
	app := m.app.Load()
	if app.Check(m.options.Patience) != nil {
		return standing{stuck: true}
	}
	return standing{vitals: app.Vitals(), daemons: app.Status()}
}

// Describe implements [prometheus.Collector].
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range c.descs.all {
		if d != c.descs.refused { // that is shown by gauges
			out <- d
		}
	}
}

// Collect implements [prometheus.Collector].
func (c *collector) Collect(out chan<- prometheus.Metric) {
	s := sink{out}
	c.program(s)
	c.counted(s)
	if c.app.Load() == nil {
		return
	}
	now, ok := c.standing.ask(c.options.Patience)
	s.gauge(c.descs.stuck, nil, number(!ok || now.stuck))
	if ok && !now.stuck {
		c.vital(s, &now)
		for i := range now.daemons {
			c.daemon(s, &now.daemons[i])
		}
	}
}

// program shows what the app need not be asked for.
func (c *collector) program(s sink) {
	d, n := c.descs, &c.counts
	s.gauge(d.build, []*dto.LabelPair{label("goversion", goVersion()), label("version", c.options.Version)}, 1)
	s.gauge(d.app, []*dto.LabelPair{label("app", c.options.App)}, 1)
	s.gauge(d.stopping, nil, number(n.stopping.Load()))
	for observer, dropped := range c.options.Dropped {
		s.counter(d.dropped, []*dto.LabelPair{label("observer", observer)}, float64(dropped()))
	}
	if started := n.started.Load(); started != 0 {
		s.gauge(d.start, nil, float64(started)/1e9)
		s.gauge(d.reloadOK, nil, number(n.reloadOK.Load()))
		s.gauge(d.reloadedAt, nil, float64(n.reloadedAt.Load())/1e9)
	}
}

// counted shows the counters of the daemons.
func (c *collector) counted(s sink) {
	d := c.descs
	var outcomes [schedule.Cancelled]*dto.LabelPair
	for i := range outcomes {
		outcomes[i] = label("outcome", (schedule.Worked + schedule.Outcome(i)).String())
	}
	for _, n := range c.counts.list() {
		who := names(n.name, n.typ)
		for i := range n.runs {
			s.counter(d.runs, []*dto.LabelPair{who[0], outcomes[i], who[1]}, float64(n.runs[i].Load()))
		}
		s.counter(d.busy, who, time.Duration(n.busy.Load()).Seconds())
		s.counter(d.waited, who, time.Duration(n.waited.Load()).Seconds())
		s.counter(d.things, who, float64(n.things.Load()))
		s.counter(d.missed, who, float64(n.missed.Load()))
		s.counter(d.skipped, who, float64(n.skipped.Load()))
	}
}

// windows are the values of the label window, as [daemonapp.Vitals] orders its loads.
func windows() [3]string { return [3]string{"1m", "5m", "15m"} }

// vital shows the figures of the app as a whole.
func (c *collector) vital(s sink, now *standing) {
	d := c.descs
	s.gauge(d.workers, nil, float64(now.vitals.Workers))
	s.gauge(d.starvation, nil, now.vitals.Starved.Seconds())
	for i, window := range windows() {
		s.gauge(d.load, []*dto.LabelPair{label("window", window)}, now.vitals.Load[i])
	}
	states := map[string]int{}
	for state := schedule.Waiting; state <= schedule.Finished; state++ {
		states[state.String()] = 0
	}
	for i := range now.daemons {
		states[now.daemons[i].State.String()]++
	}
	for state, n := range states {
		s.gauge(d.daemons, []*dto.LabelPair{label("state", state)}, float64(n))
	}
}

// daemon shows where one daemon stands.
func (c *collector) daemon(s sink, st *daemonapp.DaemonStatus) {
	d, who := c.descs, names(st.Name, st.Type)
	s.time(d.lastStart, who, st.LastStart)
	s.time(d.lastRun, who, st.LastEnd)
	s.time(d.lastSuccess, who, st.LastGood)
	s.time(d.nextRun, who, st.Due)
	s.gauge(d.idle, who, float64(st.IdleRuns))
	s.gauge(d.failures, who, float64(st.Failures))
	s.gauge(d.disarmed, who, number(st.State == schedule.Disarmed))
	s.gauge(d.paused, who, number(st.State == schedule.Paused))
	s.gauge(d.held, who, number(schedule.HeldByWindow <= st.State && st.State <= schedule.HeldByDaemon))
	s.gauge(d.running, who, number(st.State == schedule.Running))
	s.gauge(d.daemonStuck, who, number(st.Stuck))
}

// sink is where a scrape's samples go.
type sink struct{ out chan<- prometheus.Metric }

func (s sink) gauge(d *prometheus.Desc, labels []*dto.LabelPair, value float64) {
	s.out <- &sample{desc: d, labels: labels, value: value}
}

func (s sink) counter(d *prometheus.Desc, labels []*dto.LabelPair, value float64) {
	s.out <- &sample{desc: d, labels: labels, value: value, counts: true}
}

// time shows a time, if there is one.
func (s sink) time(d *prometheus.Desc, labels []*dto.LabelPair, at time.Time) {
	if !at.IsZero() {
		s.gauge(d, labels, float64(at.UnixNano())/1e9)
	}
}

// sample is one value. The constant metrics of the client library make label pairs of their own for each, which is most
// of a scrape of thousands of daemons; here those of a daemon share them.
type sample struct {
	desc   *prometheus.Desc
	labels []*dto.LabelPair // by name, and never changed
	value  float64
	counts bool
}

// Desc implements [prometheus.Metric].
func (s *sample) Desc() *prometheus.Desc { return s.desc }

// Write implements [prometheus.Metric].
func (s *sample) Write(out *dto.Metric) error {
	out.Label = s.labels
	if s.counts {
		out.Counter = &dto.Counter{Value: proto.Float64(s.value)}
	} else {
		out.Gauge = &dto.Gauge{Value: proto.Float64(s.value)}
	}
	return nil
}

// names are the labels of a daemon, in the order of theirs.
func names(daemon, typ string) []*dto.LabelPair {
	return []*dto.LabelPair{label("daemon", daemon), label("type", typ)}
}

func label(name, value string) *dto.LabelPair {
	return &dto.LabelPair{Name: proto.String(name), Value: proto.String(valid(value))}
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
