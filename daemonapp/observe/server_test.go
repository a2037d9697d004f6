package observe_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/observe"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// serve serves on a free port until the test ends.
func serve(t *testing.T, o observe.Options) *observe.Server {
	t.Helper()
	o.Listen = "127.0.0.1:0"
	s, err := observe.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve() }() // joined in the cleanup
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return s
}

// ask is the status and the text of a page.
func ask(t *testing.T, s *observe.Server, method, path string) (int, string, http.Header) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.Addr()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{DisableKeepAlives: true},
	}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body), answer.Header
}

// says fails the test if the page does not answer so.
func says(t *testing.T, s *observe.Server, path string, code int, text string) {
	t.Helper()
	if gotCode, got, _ := ask(t, s, http.MethodGet, path); gotCode != code || got != text {
		t.Errorf("%s: got %d %q, want %d %q", path, gotCode, got, code, text)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	s := serve(t, observe.Options{Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "figures\n")
	})})
	s.Observe(daemonapp.Event{Kind: daemonapp.AppStarted})
	for _, tt := range []struct {
		method, path string
		code         int
		want         string
	}{
		{"GET", "/metrics", 200, "figures\n"},
		{"GET", "/metrics?name[]=x", 200, "figures\n"},
		{"GET", "/healthz", 200, "ok\n"},
		{"GET", "/readyz", 200, "ok\n"},
		{"HEAD", "/metrics", 200, ""},
		{"HEAD", "/healthz", 200, ""},
		{"HEAD", "/readyz", 200, ""},
		{"POST", "/metrics", 405, "GET and HEAD only\n"},
		{"PUT", "/healthz", 405, "GET and HEAD only\n"},
		{"DELETE", "/readyz", 405, "GET and HEAD only\n"},
		{"OPTIONS", "/readyz", 405, "GET and HEAD only\n"},
		{"GET", "/", 404, "there is /metrics, /healthz and /readyz\n"},
		{"POST", "/", 404, "there is /metrics, /healthz and /readyz\n"},
		{"GET", "/metrics/", 404, "there is /metrics, /healthz and /readyz\n"},
		{"GET", "//metrics", 404, "there is /metrics, /healthz and /readyz\n"},
		{"GET", "/x/../metrics", 404, "there is /metrics, /healthz and /readyz\n"},
		{"GET", "/debug/pprof/", 404, "there is /metrics, /healthz and /readyz\n"},
		{"GET", "/Healthz", 404, "there is /metrics, /healthz and /readyz\n"},
	} {
		code, got, header := ask(t, s, tt.method, tt.path)
		if code != tt.code || got != tt.want {
			t.Errorf("%s %s: got %d %q, want %d %q", tt.method, tt.path, code, got, tt.code, tt.want)
		}
		if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s: headers %v", tt.method, tt.path, header)
		}
		if code == 405 && header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s %s: Allow is %q", tt.method, tt.path, header.Get("Allow"))
		}
	}
}

func TestWithoutMetrics(t *testing.T) {
	t.Parallel()
	says(t, serve(t, observe.Options{}), "/metrics", 404, "there is /metrics, /healthz and /readyz\n")
}

// TestReady goes through the life of an app.
func TestReady(t *testing.T) {
	t.Parallel()
	full := errors.New("write state: no space left on device\nreally")
	var state, history error
	s := serve(t, observe.Options{Ready: []observe.Condition{
		{Name: "state", Holds: func() error { return state }},
		{Name: "history", Holds: func() error { return history }},
	}})
	says(t, s, "/healthz", 200, "ok\n")
	says(t, s, "/readyz", 503, "the app has not started yet\n")
	s.Observe(daemonapp.Event{Kind: daemonapp.AppStarted})
	says(t, s, "/readyz", 200, "ok\n")
	state, history = full, errors.New("the disk is gone")
	says(t, s, "/readyz", 503, "state: write state: no space left on device really\nhistory: the disk is gone\n")
	says(t, s, "/healthz", 200, "ok\n")
	state = nil
	says(t, s, "/readyz", 503, "history: the disk is gone\n")
	history = nil
	says(t, s, "/readyz", 200, "ok\n")
	s.Observe(daemonapp.Event{Kind: daemonapp.Draining})
	says(t, s, "/readyz", 503, "the app is stopping\n")
	says(t, s, "/healthz", 200, "ok\n")
}

// TestStuckDispatcher sticks the dispatcher of a running app, by an observer that blocks while the app's lock is held,
// and lets it go again.
func TestStuckDispatcher(t *testing.T) {
	t.Parallel()
	const patience = 100 * time.Millisecond
	var app *daemonapp.App
	s := serve(t, observe.Options{Patience: patience, Check: func(p time.Duration) error { return app.Check(p) }})
	ran, entered, release := make(chan struct{}, 10), make(chan struct{}), make(chan struct{})
	app = daemonapp.New(daemonapp.Options{Observers: []daemonapp.Observer{s, daemonapp.ObserverFunc(func(e daemonapp.Event) {
		switch e.Kind {
		case daemonapp.RunEnded:
			ran <- struct{}{}
		case daemonapp.Triggered:
			close(entered)
			<-release
		default:
		}
	})}})
	pace := &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Hour, MinimumIdle: time.Hour}}
	run := func(context.Context) (schedule.Result, error) { return schedule.Result{Outcome: schedule.Worked}, nil }
	if _, err := app.Reconcile([]daemonapp.Spec{{Name: "a", Digest: "1", Daemon: daemonapp.Task{Planner: pace, Do: run}}}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { // joined below
		defer close(ended)
		_, _ = app.Run(ctx)
	}()
	<-ran
	says(t, s, "/healthz", 200, "ok\n")
	says(t, s, "/readyz", 200, "ok\n")

	go app.Trigger("a", false, "the test") // ends with release
	<-entered
	go app.Pause("a", daemonapp.Pause{}) // likewise; before, it would have refused the trigger
	const stuck = "the dispatcher is stuck: nothing has been decided for 100ms\n"
	before := time.Now()
	says(t, s, "/healthz", 503, stuck)
	if took := time.Since(before); took > 2*time.Second { // a machine that others use too
		t.Errorf("it took %s to notice", took)
	}
	says(t, s, "/readyz", 503, stuck)
	close(release)
	deadline := time.Now().Add(10 * time.Second)
	for code := 0; code != 200; {
		if time.Now().After(deadline) {
			t.Fatal("the dispatcher works again, and nobody says so")
		}
		code, _, _ = ask(t, s, http.MethodGet, "/healthz")
	}
	says(t, s, "/readyz", 200, "ok\n")
	cancel()
	<-ended
	says(t, s, "/readyz", 503, "the app is stopping\n")
}

// TestQuestionsThatDoNotComeBack hold up one goroutine each, and are an answer.
func TestQuestionsThatDoNotComeBack(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	asked := make(chan struct{}, 100)
	s := serve(t, observe.Options{Patience: 20 * time.Millisecond, Ready: []observe.Condition{
		{Name: "state", Holds: func() error {
			asked <- struct{}{}
			<-release
			return nil
		}},
		{Name: "history", Holds: func() error { panic("at the disco") }},
	}})
	s.Observe(daemonapp.Event{Kind: daemonapp.AppStarted})
	for range 3 {
		code, text, _ := ask(t, s, http.MethodGet, "/readyz")
		if code != 503 || !strings.HasPrefix(text, "state: no answer for ") || !strings.HasSuffix(text, "\nhistory: the question panicked: at the disco\n") {
			t.Errorf("got %d %q", code, text)
		}
	}
	if n := len(asked); n != 1 {
		t.Errorf("asked %d times while nobody answers", n)
	}
	close(release)
}

func TestAddressTaken(t *testing.T) {
	t.Parallel()
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	_, err = observe.New(observe.Options{Listen: other.Addr().String()})
	if want := "observe at " + other.Addr().String() + ": listen tcp " + other.Addr().String() + ": bind: address already in use"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestCloseWithoutServe(t *testing.T) {
	t.Parallel()
	s, err := observe.New(observe.Options{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(); err != nil {
		t.Errorf("Serve after Close: %v", err)
	}
	if _, err := net.Dial("tcp", s.Addr()); err == nil {
		t.Error("it still listens")
	}
}

// TestCloseIsBounded: a request that does not end is cut off, and said to be.
func TestCloseIsBounded(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	s, err := observe.New(observe.Options{Listen: "127.0.0.1:0", Metrics: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(entered)
		<-release
	})})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()            // joined below
	go http.Get("http://" + s.Addr() + "/metrics") // ends when it is cut off
	<-entered
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := s.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Close: %v", err)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
	close(release)
}

// TestManyConnections: clients that connect and say nothing take no more than so many descriptors, and those who come
// after them are answered once some have gone.
func TestManyConnections(t *testing.T) {
	t.Parallel()
	s := serve(t, observe.Options{})
	var idle []net.Conn
	for range 100 {
		conn, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		idle = append(idle, conn)
	}
	answered := make(chan string, 1)
	go func() { // received below
		_, text, _ := ask(t, s, http.MethodGet, "/healthz")
		answered <- text
	}()
	select {
	case <-answered:
		t.Error("there is no limit")
	case <-time.After(50 * time.Millisecond):
	}
	for _, conn := range idle {
		conn.Close()
	}
	if text := <-answered; text != "ok\n" {
		t.Errorf("got %q", text)
	}
}

// TestLargeHeaders are refused.
func TestLargeHeaders(t *testing.T) {
	t.Parallel()
	s := serve(t, observe.Options{})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Addr()+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Long", strings.Repeat("x", 64<<10))
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return // the connection was ended before all was sent
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %s", answer.Status)
	}
}
