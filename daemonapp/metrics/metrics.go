// Package metrics shows an app to Prometheus: an observer that counts what happens, and a collector that asks the app
// where its daemons stand when somebody scrapes.
//
// The two sides meet as little as can be. Observe runs on the dispatch path and only adds to counters of its own; a
// scrape reads these without a lock, and asks the app once. An app whose dispatcher is stuck does not answer: the scrape
// then ends within the patience, with the counters and with PREFIX_dispatcher_stuck at 1.
//
// The names are those of docs/metrics.md, and do not change.
package metrics

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/peakd/peakd/daemonapp"
)

// Options describe the metrics of an app. The zero value will do.
type Options struct {
	// Prefix begins every name: the host's. What may not stand in a name becomes "_". Empty means "peakd".
	Prefix string
	// App is the app's label, Version that of the program; both are for people.
	App, Version string
	// Dropped tells of each bounded buffer, by name, how many of its entries did not fit since the start. The functions
	// are called at every scrape, from any goroutine, and must return at once.
	Dropped map[string]func() int64
	// Refused is told once of each figure of a daemon type that cannot be shown; the error says why. It is called from
	// any goroutine. nil: nobody is told, and PREFIX_gauges_refused still counts them.
	Refused func(daemon string, g daemonapp.Gauge, err error)
	// Patience is how long a scrape waits for the app to answer; 0 means 2 s.
	Patience time.Duration
	// Clock measures Patience; nil means the real one.
	Clock clock.Clock
}

// Metrics are the metrics of one app. It is an observer for the app's [daemonapp.Options], and its Handler answers
// scrapes, at any time and from any goroutine.
type Metrics struct {
	options  Options
	registry *prometheus.Registry
	descs    *descs
	counts   counts
	app      atomic.Pointer[daemonapp.App]
	standing asker[standing]
	figures  asker[map[string][]daemonapp.Gauge]
	refusals refusals
}

var _ daemonapp.Observer = (*Metrics)(nil)

// DefaultPatience is how long a scrape waits for the app to answer.
const DefaultPatience = 2 * time.Second

// New makes the metrics of an app, in a registry of their own, together with those of the Go runtime and of the process.
func New(o Options) *Metrics {
	if o.Patience == 0 {
		o.Patience = DefaultPatience
	}
	if o.Clock == nil {
		o.Clock = clock.New()
	}
	o.Prefix = prefix(o.Prefix)
	m := &Metrics{options: o, registry: prometheus.NewRegistry(), descs: newDescs(o.Prefix)}
	m.counts.init(o.Prefix)
	m.standing = asker[standing]{get: m.stand, clock: o.Clock}
	m.figures = asker[map[string][]daemonapp.Gauge]{get: m.measure, clock: o.Clock}
	m.registry.MustRegister(
		(*collector)(m), (*gauges)(m), m.counts.lag, m.counts.took,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Attach tells which app is asked at a scrape. Until then only what has been observed is shown.
func (m *Metrics) Attach(app *daemonapp.App) { m.app.Store(app) }

// Register adds a collector of a program's own. It is an error if it has a name in common with what is there.
func (m *Metrics) Register(c prometheus.Collector) error {
	if err := m.registry.Register(c); err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	return nil
}

// Gatherer gives what a scrape gives, for a program that exposes it in a way of its own.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// maxScrapes is how many scrapes may be answered at once; further ones get 503.
const maxScrapes = 4

// Handler answers scrapes. What cannot be collected is left out; the rest is shown.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: maxScrapes, EnableOpenMetrics: true,
	})
}

// prefix makes the beginning of a metric's name of the name of a program.
func prefix(name string) string {
	if name == "" {
		return "peakd"
	}
	name = strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			return r
		}
		return '_'
	}, name)
	if '0' <= name[0] && name[0] <= '9' {
		return "_" + name
	}
	return name
}

// goVersion is a label of build_info.
func goVersion() string { return runtime.Version() }
