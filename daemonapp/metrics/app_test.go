package metrics_test

import (
	"context"
	"errors"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/metrics"
	"github.com/peakd/peakd/daemonapp/schedule"
)

var goVersion = runtime.Version()

// town is an app in which there is one daemon in each state that a test can bring about without waiting.
func town(t testing.TB, m *metrics.Metrics) *daemonapp.App {
	t.Helper()
	running, release := make(chan struct{}), make(chan struct{})
	disarming := spec("broken", "exec", func(context.Context) (schedule.Result, error) { return schedule.Result{}, errors.New("no") })
	disarming.Terms.DisarmAfter = 1
	held := spec("held", "exec", ending(schedule.Worked, 0))
	held.Terms.Windows = []daemonapp.Window{{Window: closed{}}}
	ran := make(chan struct{}, 100)
	app := begin(t, m, daemonapp.Options{
		Limits: schedule.Limits{Workers: 1},
		Observers: []daemonapp.Observer{daemonapp.ObserverFunc(func(e daemonapp.Event) {
			if e.Kind == daemonapp.RunEnded {
				ran <- struct{}{}
			}
		})},
	},
		spec("idle", "exec", ending(schedule.Idle, 0)), spec("worked", "exec", ending(schedule.Worked, 3)), disarming, held,
		daemonapp.Spec{Name: "queue", Type: "dir_queue", Digest: "1", Daemon: measuring{
			task(ending(schedule.Worked, 1)), []daemonapp.Gauge{{Name: "queue_files", Help: "Files.", Value: 12}},
		}},
		spec("runs", "exec", func(context.Context) (schedule.Result, error) {
			close(running)
			<-release
			return schedule.Result{Outcome: schedule.Worked}, nil
		}),
		spec("ready", "exec", ending(schedule.Worked, 0)),
	)
	t.Cleanup(func() { close(release) }) // before the app is to end
	for range 4 {
		<-ran
	}
	<-running
	if err := app.Pause("worked", daemonapp.Pause{}); err != nil {
		t.Fatal(err)
	}
	return app
}

// closed is a window that is never open.
type closed struct{}

func (closed) Open(time.Time) (bool, time.Time) { return false, time.Time{} }

// measuring is a daemon with figures of its own.
type measuring struct {
	daemonapp.Task
	figures []daemonapp.Gauge
}

func (m measuring) Gauges() []daemonapp.Gauge { return m.figures }

func TestWhereDaemonsStand(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Options{})
	before := float64(time.Now().UnixNano()) / 1e9
	town(t, m)
	got := gathered(t, m)
	after := float64(time.Now().UnixNano()) / 1e9
	expect(t, got, map[string]float64{
		"peakd_workers":                                            1,
		"peakd_dispatcher_stuck":                                   0,
		"peakd_daemons{state=waiting}":                             2,
		"peakd_daemons{state=ready}":                               1,
		"peakd_daemons{state=running}":                             1,
		"peakd_daemons{state=held}":                                1,
		"peakd_daemons{state=paused}":                              1,
		"peakd_daemons{state=disarmed}":                            1,
		"peakd_daemons{state=finished}":                            0,
		"peakd_idle_level{daemon=idle,type=exec}":                  1,
		"peakd_idle_level{daemon=worked,type=exec}":                0,
		"peakd_consecutive_failures{daemon=broken,type=exec}":      1,
		"peakd_disarmed{daemon=broken,type=exec}":                  1,
		"peakd_disarmed{daemon=worked,type=exec}":                  0,
		"peakd_paused{daemon=worked,type=exec}":                    1,
		"peakd_held{daemon=held,type=exec}":                        1,
		"peakd_held{daemon=ready,type=exec}":                       0,
		"peakd_running{daemon=runs,type=exec}":                     1,
		"peakd_running{daemon=held,type=exec}":                     0,
		"peakd_stuck{daemon=runs,type=exec}":                       0,
		"peakd_queue_files{daemon=queue}":                          12,
		"peakd_gauges_refused":                                     0,
		"peakd_runs_total{daemon=worked,outcome=worked,type=exec}": 1,
		"peakd_count_total{daemon=worked,type=exec}":               3,
		"peakd_run_duration_seconds{type=exec}":                    3,
	})
	for name, span := range map[string][2]float64{
		"peakd_last_run_timestamp_seconds{daemon=idle,type=exec}":       {before, after},
		"peakd_last_start_timestamp_seconds{daemon=idle,type=exec}":     {before, after},
		"peakd_last_success_timestamp_seconds{daemon=idle,type=exec}":   {before, after},
		"peakd_next_run_timestamp_seconds{daemon=queue,type=dir_queue}": {before + 3600, after + 3600},
		"peakd_next_run_timestamp_seconds{daemon=runs,type=exec}":       {before, after},
		"peakd_starvation_seconds":                                      {0, after - before},
		"peakd_load{window=1m}":                                         {0, 1},
		"peakd_load{window=15m}":                                        {0, 1},
	} {
		if v, ok := got[name]; !ok || v < span[0] || v > span[1] {
			t.Errorf("%s is %v (there: %t), want between %v and %v", name, v, ok, span[0], span[1])
		}
	}
	for _, never := range []string{
		"peakd_last_success_timestamp_seconds{daemon=broken,type=exec}", // it never has
		"peakd_last_run_timestamp_seconds{daemon=held,type=exec}",
		"peakd_next_run_timestamp_seconds{daemon=broken,type=exec}",
	} {
		if v, ok := got[never]; ok {
			t.Errorf("%s is %v, and should not be there", never, v)
		}
	}
}

// TestStuckDispatcher sticks the dispatcher with an observer that blocks: a scrape still ends, and says so.
func TestStuckDispatcher(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Options{Patience: 50 * time.Millisecond})
	entered, release := make(chan struct{}), make(chan struct{})
	app := begin(t, m, daemonapp.Options{Observers: []daemonapp.Observer{daemonapp.ObserverFunc(func(e daemonapp.Event) {
		if e.Kind == daemonapp.Triggered {
			close(entered)
			<-release
		}
	})}}, spec("a", "exec", ending(schedule.Worked, 1)))
	for gathered(t, m)["peakd_runs_total{daemon=a,outcome=worked,type=exec}"] != 1 {
		runtime.Gosched()
	}
	go app.Trigger("a", false, "test") // ends with release
	<-entered
	for range 3 {
		got := gathered(t, m)
		expect(t, got, map[string]float64{
			"peakd_dispatcher_stuck":                              1,
			"peakd_runs_total{daemon=a,outcome=worked,type=exec}": 1,
		})
		if _, there := got["peakd_running{daemon=a,type=exec}"]; there {
			t.Error("the app is stuck and yet tells where its daemons stand")
		}
	}
	close(release)
	for gathered(t, m)["peakd_dispatcher_stuck"] != 0 {
		runtime.Gosched()
	}
}

func TestHostileNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "a\nb", `a"b\c`, "a{b=\"c\"} 1", "\xff\xfe", "ünï", strings.Repeat("x", 5000), "a,b=c"} {
		m := metrics.New(metrics.Options{})
		m.Observe(added(name, name))
		text := scrape(t, m)
		if !strings.Contains(text, "peakd_count_total{") {
			t.Errorf("%q has no series", name)
		}
		if out, err := promtool(t, text, "check", "metrics"); err != nil {
			t.Errorf("%q: %v\n%s", name, err, out)
		}
	}
}

// TestTwoNamesThatLookAlike: a daemon whose name cannot be told from another's in a label costs its own series, not the
// whole scrape.
func TestTwoNamesThatLookAlike(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Options{})
	m.Observe(added("\xff", "exec"))
	m.Observe(added(`\xff`, "exec"))
	m.Observe(added("good", "exec"))
	text := scrape(t, m)
	for _, want := range []string{`peakd_count_total{daemon="good",type="exec"} 0`, `peakd_count_total{daemon="\\xff",type="exec"} 0`} {
		if strings.Count(text, want) != 1 {
			t.Errorf("%s occurs %d times", want, strings.Count(text, want))
		}
	}
}

// TestLint has promtool look at everything that is exposed.
func TestLint(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Options{App: "demo", Version: "1", Dropped: map[string]func() int64{"log": func() int64 { return 0 }}})
	town(t, m)
	if out, err := promtool(t, scrape(t, m), "check", "metrics"); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

// promtool runs Prometheus' tool with that input.
func promtool(t testing.TB, input string, args ...string) ([]byte, error) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatalf("this test needs promtool, which .ci/packages installs with Debian's package prometheus: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stdin = strings.NewReader(input)
	return cmd.CombinedOutput()
}

func TestPrefix(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{"": "peakd", "peakd": "peakd", "my-host": "my_host", "7up": "_7up", "größe": "gr__e"} {
		m := metrics.New(metrics.Options{Prefix: given})
		if got := gathered(t, m)[want+"_stopping"]; got != 0 {
			t.Errorf("%s_stopping is %v", want, got)
		}
		if !strings.Contains(scrape(t, m), "\n"+want+"_stopping 0\n") {
			t.Errorf("%q does not lead to %s_stopping", given, want)
		}
	}
}

// TestScrapesAtOnce: more than a few are turned away rather than piled up.
func TestScrapesAtOnce(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	asked := make(chan struct{}, 10)
	m := metrics.New(metrics.Options{Dropped: map[string]func() int64{"slow": func() int64 {
		asked <- struct{}{}
		<-release
		return 0
	}}})
	handler := m.Handler()
	results := make(chan int, 10)
	for range 4 {
		go func() { results <- status(handler) }() // received below
		<-asked
	}
	if code := status(handler); code != 503 {
		t.Errorf("the fifth scrape at once got %d", code)
	}
	close(release)
	for range 4 {
		if code := <-results; code != 200 {
			t.Errorf("a scrape got %d", code)
		}
	}
}

// TestRegister adds a collector of a program's own, and refuses what clashes.
func TestRegister(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Options{})
	if err := m.Register(one("mine")); err != nil {
		t.Fatal(err)
	}
	expect(t, gathered(t, m), map[string]float64{"mine": 1})
	if err := m.Register(one("peakd_workers")); err == nil || !strings.HasPrefix(err.Error(), "register metrics: ") {
		t.Errorf("a clash gave %v", err)
	}
}
