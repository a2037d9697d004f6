package metrics_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/metrics"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// refused are what metrics could not show.
type refused struct {
	mu   sync.Mutex // guards list
	list []error
}

func (r *refused) add(_ string, _ daemonapp.Gauge, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, err)
}

// shown runs daemons that have these figures each, and scrapes twice.
func shown(t testing.TB, figures ...[]daemonapp.Gauge) (*metrics.Metrics, map[string]float64, []error) {
	t.Helper()
	var r refused
	m := metrics.New(metrics.Options{Refused: r.add})
	specs := make([]daemonapp.Spec, len(figures))
	for i, list := range figures {
		specs[i] = daemonapp.Spec{Name: fmt.Sprint("d", i), Digest: "1", Daemon: measuring{task(ending(schedule.Idle, 0)), list}}
	}
	ran := make(chan struct{}, len(figures))
	begin(t, m, daemonapp.Options{Observers: []daemonapp.Observer{daemonapp.ObserverFunc(func(e daemonapp.Event) {
		if e.Kind == daemonapp.RunEnded {
			ran <- struct{}{}
		}
	})}}, specs...)
	for range figures {
		<-ran
	}
	gathered(t, m)
	got := gathered(t, m)
	r.mu.Lock()
	defer r.mu.Unlock()
	return m, got, r.list
}

func TestGauges(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		figures []daemonapp.Gauge
		want    map[string]float64
		missing string
		err     error
	}{
		{"two", []daemonapp.Gauge{{Name: "a_seconds", Help: "A.", Value: 1.5}, {Name: "b2", Value: -2}}, map[string]float64{
			"peakd_a_seconds{daemon=d0}": 1.5, "peakd_b2{daemon=d0}": -2,
		}, "", nil},
		{"endless", []daemonapp.Gauge{{Name: "a", Value: math.Inf(1)}}, map[string]float64{"peakd_a{daemon=d0}": math.Inf(1)}, "", nil},
		{"not known", []daemonapp.Gauge{{Name: "a", Value: math.NaN()}}, nil, "peakd_a", nil},
		{"no help that could be shown", []daemonapp.Gauge{{Name: "a", Help: "\xff\n\\", Value: 1}}, map[string]float64{"peakd_a{daemon=d0}": 1}, "", nil},
		{"no name", []daemonapp.Gauge{{Name: ""}}, nil, "", metrics.ErrGaugeName},
		{"a space", []daemonapp.Gauge{{Name: "a b"}}, nil, "", metrics.ErrGaugeName},
		{"more lines", []daemonapp.Gauge{{Name: "a 1\nup"}}, nil, "up", metrics.ErrGaugeName},
		{"capitals", []daemonapp.Gauge{{Name: "Files"}}, nil, "", metrics.ErrGaugeName},
		{"a digit first", []daemonapp.Gauge{{Name: "2b"}}, nil, "", metrics.ErrGaugeName},
		{"an end that counters have", []daemonapp.Gauge{{Name: "files_total"}}, nil, "", metrics.ErrGaugeName},
		{"an end that histograms have", []daemonapp.Gauge{{Name: "files_bucket"}}, nil, "", metrics.ErrGaugeName},
		{"a reserved double", []daemonapp.Gauge{{Name: "a__b"}}, nil, "", metrics.ErrGaugeName},
		{"a name of the app's", []daemonapp.Gauge{{Name: "workers", Value: 99}}, nil, "peakd_workers{daemon=d0}", metrics.ErrGaugeTaken},
		{"a name of a histogram's", []daemonapp.Gauge{{Name: "dispatch_lag_seconds"}}, nil, "", metrics.ErrGaugeTaken},
		{"the first of two counts", []daemonapp.Gauge{{Name: "a", Value: 1}, {Name: "a", Value: 2}}, map[string]float64{"peakd_a{daemon=d0}": 1}, "", metrics.ErrGaugeTwice},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, got, told := shown(t, tt.figures)
			expect(t, got, tt.want)
			for name := range got {
				if tt.missing != "" && (name == tt.missing || strings.HasPrefix(name, tt.missing+"{")) {
					t.Errorf("%s is there", name)
				}
			}
			switch {
			case tt.err == nil && (len(told) != 0 || got["peakd_gauges_refused"] != 0):
				t.Errorf("refused: %v", told)
			case tt.err != nil && (len(told) != 1 || !errors.Is(told[0], tt.err) || got["peakd_gauges_refused"] != 1):
				t.Errorf("told of %v, want once %v; %v refused", told, tt.err, got["peakd_gauges_refused"])
			}
			scrape(t, m)
		})
	}
}

// TestHelpsThatDiffer: two types that describe one name in two ways do not spoil it.
func TestHelpsThatDiffer(t *testing.T) {
	t.Parallel()
	_, got, told := shown(t, []daemonapp.Gauge{{Name: "a", Help: "One.", Value: 1}}, []daemonapp.Gauge{{Name: "a", Help: "Two.", Value: 2}})
	expect(t, got, map[string]float64{"peakd_a{daemon=d0}": 1, "peakd_a{daemon=d1}": 2})
	if len(told) != 0 {
		t.Errorf("refused: %v", told)
	}
}

// TestRefusalsAreBounded: a type that invents names does not fill the log.
func TestRefusalsAreBounded(t *testing.T) {
	t.Parallel()
	var figures []daemonapp.Gauge
	for i := range 1000 {
		figures = append(figures, daemonapp.Gauge{Name: fmt.Sprint("BAD", i)})
	}
	_, got, told := shown(t, figures)
	if len(told) != 100 || got["peakd_gauges_refused"] != 1000 {
		t.Errorf("told of %d, %v refused", len(told), got["peakd_gauges_refused"])
	}
}

// FuzzScrape: whatever daemons, types and figures are called, a scrape is one that can be read.
func FuzzScrape(f *testing.F) {
	f.Add("a", "exec", "files", "Help.")
	f.Add("\xff", "a\"\n", "a b", "\\\n# TYPE")
	f.Fuzz(func(t *testing.T, name, typ, figure, help string) {
		m := metrics.New(metrics.Options{App: name, Version: typ, Prefix: figure})
		app := daemonapp.New(daemonapp.Options{Observers: []daemonapp.Observer{m}, Once: true})
		_, _ = app.Reconcile([]daemonapp.Spec{{Name: name, Type: typ, Daemon: measuring{
			task(ending(schedule.Idle, 0)), []daemonapp.Gauge{{Name: figure, Help: help, Value: 1}},
		}}})
		m.Attach(app)
		if _, err := app.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		parser := expfmt.NewTextParser(model.UTF8Validation)
		if _, err := parser.TextToMetricFamilies(strings.NewReader(scrape(t, m))); err != nil {
			t.Error(err)
		}
	})
}
