package metrics

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
)

// descs are the metrics that are asked for at a scrape. Those with a histogram's buckets are in [counts].
type descs struct {
	// Of the app.
	build, app, start, stopping, stuck, workers, daemons, load, starvation *prometheus.Desc
	reloadOK, reloadedAt, dropped, refused                                 *prometheus.Desc
	// Of each daemon.
	runs, busy, waited, things, missed, skipped                  *prometheus.Desc
	lastStart, lastRun, lastSuccess, nextRun                     *prometheus.Desc
	idle, failures, disarmed, paused, held, running, daemonStuck *prometheus.Desc

	all []*prometheus.Desc
	// names are all names that are taken, those of the histograms too.
	names map[string]bool
}

func newDescs(prefix string) *descs {
	d := &descs{names: map[string]bool{}}
	d.ofApp(prefix)
	d.ofDaemons(prefix)
	for _, histogram := range []string{"_dispatch_lag_seconds", "_run_duration_seconds"} {
		for _, part := range []string{"", "_bucket", "_sum", "_count"} {
			d.names[prefix+histogram+part] = true
		}
	}
	return d
}

func (d *descs) ofApp(prefix string) {
	of := func(name, help string, labels ...string) *prometheus.Desc { return d.add(prefix+name, help, labels) }
	d.build = of("_build_info", "Always 1; what runs here.", "version", "goversion")
	d.app = of("_app_info", "Always 1; the app's label.", "app")
	d.start = of("_app_start_time_seconds", "When the app started, in Unix time.")
	d.stopping = of("_stopping", "Whether the app has begun to stop: no run starts any more.")
	d.stuck = of("_dispatcher_stuck", "Whether the app does not dispatch though it should; what only it could tell is missing then.")
	d.workers = of("_workers", "How many runs may be in flight.")
	d.daemons = of("_daemons", "How many daemons are in this state.", "state")
	d.load = of("_load", "Share of worker time spent in runs, 0 to 1, averaged over that time.", "window")
	d.starvation = of("_starvation_seconds", "How long the daemon that has been ready longest has waited for a worker.")
	d.reloadOK = of("_config_last_reload_successful", "Whether the latest configuration read was applied.")
	d.reloadedAt = of("_config_last_reload_success_timestamp_seconds", "When a configuration was last applied, in Unix time.")
	d.dropped = of("_observer_dropped_total", "Entries that did not fit into a bounded buffer.", "observer")
	d.refused = of("_gauges_refused", "Figures of daemon types that could not be shown at this scrape.")
}

func (d *descs) ofDaemons(prefix string) {
	of := func(name, help string, labels ...string) *prometheus.Desc {
		return d.add(prefix+name, help, append([]string{"daemon", "type"}, labels...))
	}
	d.runs = of("_runs_total", "Runs that ended, by outcome.", "outcome")
	d.busy = of("_run_seconds_total", "Time spent in runs that ended.")
	d.waited = of("_wait_seconds_total", "Time spent due and waiting for a worker, before runs that ended.")
	d.things = of("_count_total", "Things done, as runs count them.")
	d.missed = of("_missed_runs_total", "Calendar times that passed without a run.")
	d.skipped = of("_skipped_runs_total", "Runs left out because an operator wanted it.")
	d.lastStart = of("_last_start_timestamp_seconds", "When the last run started, in Unix time.")
	d.lastRun = of("_last_run_timestamp_seconds", "When the last run ended, in Unix time.")
	d.lastSuccess = of("_last_success_timestamp_seconds", "When the last run that did not fail ended, in Unix time.")
	d.nextRun = of("_next_run_timestamp_seconds", "When the next run is due, in Unix time; in the past while the daemon is ready, held or running.")
	d.idle = of("_idle_level", "Consecutive idle runs: how often the wait was increased.")
	d.failures = of("_consecutive_failures", "Consecutive failed runs.")
	d.disarmed = of("_disarmed", "Whether the daemon is disarmed: it does not run until somebody arms it.")
	d.paused = of("_paused", "Whether an operator has paused the daemon.")
	d.held = of("_held", "Whether the daemon is due and a condition does not hold.")
	d.running = of("_running", "Whether a run is in flight.")
	d.daemonStuck = of("_stuck", "Whether a run that was given up has not returned.")
}

func (d *descs) add(name, help string, labels []string) *prometheus.Desc {
	desc := prometheus.NewDesc(name, help, labels, nil)
	d.names[name] = true
	d.all = append(d.all, desc)
	return desc
}

// valid makes a label's value of a name: what is not UTF-8 is escaped, as all of a scrape would be refused for it.
func valid(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	quoted := strconv.Quote(name)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}
