package metrics

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/peakd/peakd/daemonapp"
)

// Why a figure of a daemon type cannot be shown.
var (
	// ErrGaugeName: the name has not the form [a-z][a-z0-9_]*, or ends as only other kinds of metrics do.
	ErrGaugeName = errors.New("not a gauge's name")
	// ErrGaugeTaken: the name is that of a metric of the app itself.
	ErrGaugeTaken = errors.New("the name is taken by a metric of the app")
	// ErrGaugeTwice: the daemon has told of two figures of that name.
	ErrGaugeTwice = errors.New("the daemon has two of that name")
)

// gauges shows the figures that daemon types have of their own.
type gauges Metrics

// measure asks the app.
func (m *Metrics) measure() map[string][]daemonapp.Gauge { return m.app.Load().Gauges() }

// Describe implements [prometheus.Collector]. The names of the figures are not known before.
func (g *gauges) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (g *gauges) Collect(out chan<- prometheus.Metric) {
	if g.app.Load() == nil {
		return
	}
	figures, ok := g.figures.ask(g.options.Patience)
	if !ok {
		return
	}
	shown := display{Metrics: (*Metrics)(g), sink: sink{out}, descs: map[string]*prometheus.Desc{}}
	for _, daemon := range slices.Sorted(maps.Keys(figures)) {
		shown.daemon(daemon, figures[daemon])
	}
	shown.gauge(g.descs.refused, nil, float64(shown.refused))
}

// display is one scrape of the figures. The help of a name is that of the first daemon: two for one metric are refused
// by who scrapes.
type display struct {
	*Metrics
	sink
	descs   map[string]*prometheus.Desc
	refused int
}

func (d *display) daemon(name string, list []daemonapp.Gauge) {
	who := []*dto.LabelPair{label("daemon", name)}
	shown := make(map[string]bool, len(list))
	for _, g := range list {
		err := d.fault(g.Name)
		if shown[g.Name] {
			err = ErrGaugeTwice
		}
		if err != nil {
			d.refused++
			d.refusals.tell(d.options.Refused, name, g, err)
			continue
		}
		shown[g.Name] = true
		if !math.IsNaN(g.Value) { // not known
			d.gauge(d.desc(g), who, g.Value)
		}
	}
}

func (d *display) desc(g daemonapp.Gauge) *prometheus.Desc {
	desc := d.descs[g.Name]
	if desc == nil {
		desc = prometheus.NewDesc(d.options.Prefix+"_"+g.Name, strings.ToValidUTF8(g.Help, "?"), []string{"daemon"}, nil)
		d.descs[g.Name] = desc
	}
	return desc
}

// fault is why a figure of that name cannot be shown.
func (m *Metrics) fault(name string) error {
	switch {
	case !isGaugeName(name):
		return ErrGaugeName
	case m.descs.names[m.options.Prefix+"_"+name]:
		return ErrGaugeTaken
	}
	return nil
}

// isGaugeName tells whether a name is one that Prometheus' conventions allow a gauge.
func isGaugeName(name string) bool {
	if name == "" || name[0] < 'a' || name[0] > 'z' || strings.HasSuffix(name, "_") || strings.Contains(name, "__") {
		return false
	}
	for _, c := range []byte(name) {
		if c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return !slices.ContainsFunc([]string{"_total", "_count", "_sum", "_bucket", "_info", "_created"},
		func(ending string) bool { return strings.HasSuffix(name, ending) })
}

// refusals sees to it that each is told once.
type refusals struct {
	mu   sync.Mutex // guards told
	told map[string]bool
}

// maxRefusals bounds how many are told at all: a type that invents names would never end.
const maxRefusals = 100

func (r *refusals) tell(whom func(string, daemonapp.Gauge, error), daemon string, g daemonapp.Gauge, err error) {
	r.mu.Lock()
	known := r.told[g.Name] || len(r.told) >= maxRefusals
	if !known {
		if r.told == nil {
			r.told = map[string]bool{}
		}
		r.told[g.Name] = true
	}
	r.mu.Unlock()
	if !known && whom != nil {
		whom(daemon, g, fmt.Errorf("show gauge %q of %s: %w", g.Name, daemon, err))
	}
}
