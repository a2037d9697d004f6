package metrics_test

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/google/go-cmp/cmp"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/metrics"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// page is docs/metrics.md.
func page(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// row is a line of the page's tables of metrics.
type row struct{ name, kind, labels string }

// rows reads the tables up to that of the types of daemons. asked are the names of those that only the app can tell.
func rows(t testing.TB) (all []row, asked []string) {
	t.Helper()
	text, _, found := strings.Cut(page(t), "### Types of daemons")
	if !found {
		t.Fatal("the page has no section on types of daemons")
	}
	ofApp, ofDaemons, found := strings.Cut(text, "### Each daemon")
	if !found {
		t.Fatal("the page has no section on each daemon")
	}
	line := regexp.MustCompile("(?m)^\\| `(peakd_[a-z_]+)`( \\*)? \\| ([a-z]+) \\|([^|]*)\\|")
	for i, section := range []string{ofApp, ofDaemons} {
		for _, m := range line.FindAllStringSubmatch(section, -1) {
			labels := strings.FieldsFunc(m[4], func(r rune) bool { return strings.ContainsRune("`, ", r) })
			if i == 1 {
				labels = append(labels, "daemon", "type")
			}
			slices.Sort(labels)
			all = append(all, row{m[1], m[3], strings.Join(labels, ",")})
			if m[2] != "" {
				asked = append(asked, m[1])
			}
		}
	}
	return all, asked
}

// exposed are the app's own metrics as a scrape has them.
func exposed(t testing.TB, m *metrics.Metrics) []row {
	t.Helper()
	families, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	var all []row
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "peakd_") || strings.HasPrefix(f.GetName(), "peakd_queue_") {
			continue // of the runtime, or of a type of daemon
		}
		for _, s := range f.GetMetric() {
			r := row{f.GetName(), strings.ToLower(f.GetType().String()), labelNames(s)}
			if !slices.Contains(all, r) {
				all = append(all, r)
			}
		}
	}
	return all
}

func labelNames(s *dto.Metric) string {
	var names []string
	for _, l := range s.GetLabel() {
		names = append(names, l.GetName())
	}
	return strings.Join(names, ",")
}

func sorted(rows []row) []row {
	return slices.SortedFunc(slices.Values(rows), func(a, b row) int { return strings.Compare(a.name+a.labels, b.name+b.labels) })
}

// complete are metrics that have something to show of everything.
func complete(t testing.TB, o metrics.Options) *metrics.Metrics {
	t.Helper()
	o.Dropped = map[string]func() int64{"log": func() int64 { return 0 }}
	m := metrics.New(o)
	town(t, m)
	return m
}

// TestDocumented holds the page to what is exposed, both ways: names, types and labels.
func TestDocumented(t *testing.T) {
	t.Parallel()
	documented, _ := rows(t)
	got := exposed(t, complete(t, metrics.Options{}))
	if diff := cmp.Diff(sorted(documented), sorted(got), cmp.AllowUnexported(row{})); diff != "" {
		t.Errorf("docs/metrics.md against a scrape (-page +scrape):\n%s", diff)
	}
}

// TestDocumentedOfStuck: the page marks what is missing while the dispatcher is stuck.
func TestDocumentedOfStuck(t *testing.T) {
	t.Parallel()
	documented, asked := rows(t)
	m := metrics.New(metrics.Options{Patience: 20 * time.Millisecond, Dropped: map[string]func() int64{"log": func() int64 { return 0 }}})
	ran, entered, release := make(chan struct{}, 10), make(chan struct{}), make(chan struct{})
	app := begin(t, m, daemonapp.Options{Observers: []daemonapp.Observer{daemonapp.ObserverFunc(func(e daemonapp.Event) {
		switch e.Kind {
		case daemonapp.RunEnded:
			ran <- struct{}{}
		case daemonapp.Triggered:
			close(entered)
			<-release
		default:
		}
	})}}, spec("a", "exec", func(context.Context) (schedule.Result, error) { return schedule.Result{Outcome: schedule.Idle}, nil }))
	<-ran
	go app.Trigger("a", false, "test") // ends with release
	<-entered
	t.Cleanup(func() { close(release) })
	want := slices.DeleteFunc(documented, func(r row) bool { return slices.Contains(asked, r.name) })
	if diff := cmp.Diff(sorted(want), sorted(exposed(t, m)), cmp.AllowUnexported(row{})); diff != "" {
		t.Errorf("docs/metrics.md against a scrape of a stuck app (-page +scrape):\n%s", diff)
	}
}

// TestSeriesOfADaemon holds what the page says of how many there are.
func TestSeriesOfADaemon(t *testing.T) {
	t.Parallel()
	perDaemon, perType := 0, 0
	for _, line := range strings.Split(scrape(t, complete(t, metrics.Options{})), "\n") {
		if strings.Contains(line, `daemon="idle"`) {
			perDaemon++
		}
		if strings.Contains(line, `peakd_run_duration_seconds`) && strings.Contains(line, `type="exec"`) {
			perType++
		}
	}
	if !strings.Contains(page(t), "A daemon has 21 series, a type one histogram of 19.") || perDaemon != 21 || perType != 19 {
		t.Errorf("a daemon has %d series and a type %d; the page says otherwise", perDaemon, perType)
	}
}
