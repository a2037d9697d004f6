package metrics_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/metrics"
)

// server is a real Prometheus, with a configuration and a database of its own, on loopback.
type server struct {
	url   string
	log   *bytes.Buffer // may be read once it has ended
	ended chan struct{} // closed when it has
}

// startPrometheus has one scrape the target and evaluate the shipped rules, five times a second.
func startPrometheus(t *testing.T, target string) *server {
	t.Helper()
	path, err := exec.LookPath("prometheus")
	if err != nil {
		t.Fatalf("this test needs Prometheus, which .ci/packages installs as Debian's package prometheus: %v", err)
	}
	alerts, err := filepath.Abs(rules)
	if err != nil {
		t.Fatal(err)
	}
	dir, address := t.TempDir(), freePort(t)
	config := filepath.Join(dir, "prometheus.yml")
	text := fmt.Sprintf(`
global: {scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms}
rule_files: [%q]
scrape_configs: [{job_name: peakd, static_configs: [{targets: [%q]}]}]
`, alerts, target)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &server{url: "http://" + address, log: &bytes.Buffer{}, ended: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd := exec.CommandContext(ctx, path, "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+address)
	cmd.Stdout, cmd.Stderr = p.log, p.log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { // joined in the cleanup
		defer close(p.ended)
		_ = cmd.Wait() // told to end by a signal
	}()
	t.Cleanup(func() {
		cancel()
		<-p.ended
		if t.Failed() {
			t.Logf("Prometheus wrote:\n%s", p.log)
		}
	})
	return p
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// result is what a query is answered.
type result struct {
	Status, Error string
	Data          struct {
		Result []struct {
			Metric map[string]string
			Value  [2]any
		}
	}
}

// ask asks a query.
func (p *server) ask(query string) (*result, error) {
	answer, err := http.Get(p.url + "/api/v1/query?query=" + url.QueryEscape(query))
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	r := &result{}
	if err := json.NewDecoder(answer.Body).Decode(r); err != nil {
		return nil, err
	}
	if r.Status != "success" {
		return nil, fmt.Errorf("query %s: %s", query, r.Error)
	}
	return r, nil
}

// await asks until there is a result with that value.
func (p *server) await(t *testing.T, query, want string) {
	t.Helper()
	var last any
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		r, err := p.ask(query)
		if err == nil && len(r.Data.Result) == 1 && r.Data.Result[0].Value[1] == want {
			return
		}
		if last = r; err != nil {
			last = err
		}
		select {
		case <-p.ended:
			t.Fatal("Prometheus has ended")
		case <-time.After(50 * time.Millisecond): // another process: nothing tells when to look again
		}
	}
	t.Fatalf("%s is not %s: %v", query, want, last)
}

// TestPrometheus has a real Prometheus scrape a running app, answer the queries of docs/metrics.md and fire alerts.
func TestPrometheus(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Options{App: "demo", Version: "1"})
	town(t, m)
	pages := httptest.NewServer(m.Handler())
	t.Cleanup(pages.Close)
	p := startPrometheus(t, strings.TrimPrefix(pages.URL, "http://"))

	p.await(t, `up{job="peakd"}`, "1")
	p.await(t, `ALERTS{alertname="PeakdDaemonDisarmed",alertstate="firing",daemon="broken"}`, "1")
	p.await(t, `count(ALERTS{alertstate="firing"})`, "1") // and no other
	for query, want := range map[string]string{
		`peakd_runs_total{daemon="worked",outcome="worked"}`:                                    "1",
		`peakd_daemons{state="disarmed"}`:                                                       "1",
		`peakd_queue_files{daemon="queue"}`:                                                     "12",
		`peakd_run_duration_seconds_bucket{type="exec",le="+Inf"}`:                              "3",
		`count(peakd_dispatch_lag_seconds_bucket)`:                                              "17",
		`peakd_app_info{app="demo"}`:                                                            "1",
		`count(count by (__name__) ({job="peakd",__name__=~"peakd_.*",__name__!~".*queue.*"}))`: fmt.Sprint(names(t) - 1), // nothing is dropped
	} {
		p.await(t, query, want)
	}
	for _, query := range queries(t) {
		if _, err := p.ask(query); err != nil {
			t.Error(err)
		}
	}
}

// names is how many the page documents, the parts of histograms counted each.
func names(t *testing.T) int {
	t.Helper()
	all, _ := rows(t)
	n := len(all)
	for _, r := range all {
		if r.kind == "histogram" {
			n += 2
		}
	}
	return n
}

// queries are those of the page.
func queries(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, block := range regexp.MustCompile("(?s)```promql\n(.*?)```").FindAllStringSubmatch(page(t), -1) {
		list = append(list, strings.Split(strings.TrimSpace(block[1]), "\n")...)
	}
	if len(list) < 10 {
		t.Errorf("only %d queries on the page", len(list))
	}
	return list
}
