package control_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/control"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/status"
)

// asChild makes the test binary do one thing as another process; see children.
const asChild = "CONTROL_TEST_CHILD"

func TestMain(m *testing.M) {
	if what := os.Getenv(asChild); what != "" {
		os.Exit(children()[what](os.Args[1:]))
	}
	os.Exit(m.Run())
}

// served is an app with a server.
type served struct {
	*control.Client
	t      *testing.T
	app    *daemonapp.App
	server *control.Server
	feed   *control.Feed
	path   string

	mu    sync.Mutex // guards told
	told  []daemonapp.Event
	ended chan struct{} // closed when the app has ended
	done  chan error    // of Serve
}

// shortDir is a folder whose path leaves room for that of a socket.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ctl")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// serve runs an app of these daemons, and a server; change may change the server's options.
func serve(t testing.TB, change func(*control.Options), specs ...daemonapp.Spec) *served {
	t.Helper()
	s := &served{feed: &control.Feed{}, ended: make(chan struct{}), done: make(chan error, 1)}
	s.t, _ = t.(*testing.T)
	note := daemonapp.ObserverFunc(func(e daemonapp.Event) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.told = append(s.told, e)
	})
	s.app = daemonapp.New(daemonapp.Options{
		Name: "shop", Limits: schedule.Limits{Workers: 4}, ShutdownGrace: time.Second,
		Observers: []daemonapp.Observer{s.feed, note}, Lines: s.feed.Line,
	})
	if _, err := s.app.Reconcile(specs); err != nil {
		t.Fatal(err)
	}
	o := control.Options{
		App: s.app, Feed: s.feed, Path: filepath.Join(shortDir(t), "shop.sock"), About: control.About{Program: "peakd", Version: "1.2.3", App: "shop"},
		Status: func() status.Status {
			return status.Of(status.Input{App: s.app, Name: "shop", Version: "1.2.3", PID: os.Getpid(), Now: time.Now()})
		},
	}
	if change != nil {
		change(&o)
	}
	var err error
	if s.server, err = control.Listen(o); err != nil {
		t.Fatal(err)
	}
	s.path = s.server.Path()
	go func() { s.done <- s.server.Serve(context.Background()) }() // joined in the cleanup
	go func() {                                                    // joined in the cleanup
		defer close(s.ended)
		_, _ = s.app.Run(context.Background())
	}()
	t.Cleanup(func() {
		s.app.Drain(daemonapp.DrainOptions{Reason: schedule.Asked})
		s.app.Force()
		<-s.ended
		s.server.Interrupt()
		if err := <-s.done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	if s.Client, err = control.Dial(t.Context(), s.path); err != nil {
		t.Fatal(err)
	}
	return s
}

// events are those of a kind that the app has told: "pause a alice".
func (s *served) events(kind daemonapp.Kind) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for _, e := range s.told {
		if e.Kind == kind {
			list = append(list, strings.TrimSpace(e.Daemon+" "+e.Who))
		}
	}
	return list
}

// eventually waits for something that an event elsewhere brings about.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 20 s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// at waits until a daemon is in a state.
func (s *served) at(name string, state schedule.State) {
	s.t.Helper()
	eventually(s.t, name+" is "+state.String(), func() bool {
		return slices.ContainsFunc(s.app.Status(), func(d daemonapp.DaemonStatus) bool { return d.Name == name && d.State == state })
	})
}

// job is a daemon whose runs do that, an hour apart.
func job(name string, do daemonapp.RunFunc) daemonapp.Spec {
	pace := schedule.Backoff{RunEvery: time.Hour, MinimumIdle: time.Hour}
	return daemonapp.Spec{
		Name: name, Type: "exec", Digest: "1",
		Daemon: daemonapp.Task{Planner: &schedule.Interval{Backoff: pace}, Do: do},
	}
}

// quick is one whose runs end at once.
func quick(name string, tags ...string) daemonapp.Spec {
	s := job(name, func(context.Context) (schedule.Result, error) {
		return schedule.Result{Outcome: schedule.Worked, Count: 2}, nil
	})
	s.Terms.Tags = tags
	return s
}

// gated is one whose runs, but for the first, end when the gate lets them or they are cancelled.
func gated(name string) (daemonapp.Spec, chan struct{}) {
	gate, first := make(chan struct{}), true
	return job(name, func(ctx context.Context) (schedule.Result, error) {
		if first {
			first = false
			return schedule.Result{Outcome: schedule.Worked}, nil
		}
		select {
		case <-gate:
			return schedule.Result{Outcome: schedule.Worked}, nil
		case <-ctx.Done():
			return schedule.Result{}, ctx.Err()
		}
	}), gate
}

// parent is a seed with these children.
func parent(name string, children ...string) daemonapp.Spec {
	s := quick(name)
	d := family{Task: s.Daemon.(daemonapp.Task)}
	for _, child := range children {
		d.children = append(d.children, quick(child))
	}
	s.Daemon = d
	return s
}

type family struct {
	daemonapp.Task
	children []daemonapp.Spec
}

// Children implements [daemonapp.Seed].
func (f family) Children() []daemonapp.Spec { return f.children }

// ranOnce waits until each of these daemons waits for its second run.
func (s *served) ranOnce(names ...string) {
	s.t.Helper()
	for _, name := range names {
		s.at(name, schedule.Waiting)
	}
}

func same[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\ngot  %v\nwant %v", what, got, want)
	}
}

func sameList(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\ngot  %q\nwant %q", what, got, want)
	}
}

// names are those of results.
func names(results []control.Result) []string {
	var list []string
	for _, r := range results {
		list = append(list, r.Daemon)
	}
	return list
}

// children are what the test binary does as another process.
func children() map[string]func(args []string) int {
	return map[string]func([]string) int{
		"ask":    childAsk,
		"listen": childListen,
		"knock":  childKnock,
		"cycle":  childCycle,
	}
}

// answerOf is what a child was told.
type answerOf struct {
	Looked  string // error of looking; empty: it may
	Steered string // error of steering
	Denied  bool   // it could not even connect
}

// childAsk looks and steers.
func childAsk(args []string) int {
	ctx := context.Background()
	var a answerOf
	c, err := control.Dial(ctx, args[0])
	if err != nil {
		a = answerOf{err.Error(), err.Error(), true}
	} else {
		if _, err := c.Daemons(ctx); err != nil {
			a.Looked = err.Error()
		}
		c.Sudo = os.Getenv("SUDO_USER")
		if _, err := c.Pause(ctx, control.PauseRequest{Choice: control.Choice{Names: []string{"a"}}}); err != nil {
			a.Steered = err.Error()
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(a); err != nil {
		return 1
	}
	return 0
}

// child is the test binary as another process. It is started by its own image, as another user cannot enter its folder.
func child(t testing.TB, what string, cred *syscall.Credential, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), asChild+"="+what, "GOCOVERDIR="+os.TempDir())
	cmd.Dir = "/"
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
	return cmd
}

// needRoot skips what only root can set up.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can be other users")
	}
}

// echo answers with the parameters.
func echo(_ context.Context, q url.Values) (any, error) {
	if q.Get("fail") != "" {
		return nil, fmt.Errorf("no %s", q.Get("fail"))
	}
	return map[string]any{"runs": q["daemon"]}, nil
}

// deadlines is a recorder that takes deadlines.
type deadlines struct{ http.ResponseWriter }

// SetReadDeadline does nothing.
func (deadlines) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (deadlines) SetWriteDeadline(time.Time) error { return nil }
