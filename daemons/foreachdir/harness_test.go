package foreachdir_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/foreachdir"
)

// note is the type of the children: a daemon that notes what it was told.
type note struct {
	Path  string        `hcl:"path" doc:"of the directory"`
	Name  string        `hcl:"name" doc:"of the directory"`
	Takes time.Duration `hcl:"takes" doc:"how long a run takes"`
	Fails string        `hcl:"fails" doc:"a file; while it is there no such daemon can be built"`
}

// noted is a child that was built.
type noted struct {
	schedule.Planner
	note
	full        string
	ran, closed atomic.Int64
}

// Run takes its time, whatever its context says.
func (n *noted) Run(context.Context) (schedule.Result, error) {
	n.ran.Add(1)
	time.Sleep(n.Takes)
	return schedule.Result{Outcome: schedule.Worked}, nil
}

// Close counts.
func (n *noted) Close() error {
	n.closed.Add(1)
	return nil
}

// book has all children that were ever built.
type book struct {
	mu    sync.Mutex // guards built
	built []*noted
}

func (b *book) build(env config.Env, s note) (daemonapp.Daemon, error) {
	if s.Fails != "" {
		if _, err := os.Stat(s.Fails); err == nil {
			return nil, errors.New("it is cursed")
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	n := &noted{Planner: env.Planner, note: s, full: env.Name}
	b.built = append(b.built, n)
	return n, nil
}

func registry(t testing.TB, b *book) *config.Registry {
	t.Helper()
	r, err := config.NewRegistry(foreachdir.Type(), config.NewType("note", "Notes.", note{}, b.build))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// load loads a configuration in which BASE stands for a base directory.
func load(t testing.TB, b *book, base, text string) (*config.Config, *config.Diagnostics) {
	t.Helper()
	return config.Load(config.Options{
		Paths: []string{"-"}, Stdin: strings.NewReader(strings.ReplaceAll(text, "BASE", base)),
		Registry: registry(t, b), Hostname: "h", Environ: func(string) (string, bool) { return "", false },
	})
}

// life is an app in a bubble that keeps children for the directories of a base.
type life struct {
	*daemonapp.App
	book
	t     *testing.T
	base  string
	log   *observer.ObservedLogs
	begun time.Time

	mu     sync.Mutex // guards events
	events []daemonapp.Event
}

// Observe implements [daemonapp.Observer].
func (l *life) Observe(e daemonapp.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

// bubble is a test in a bubble, where time passes only when all are waiting.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

// simple is a seed that scans each second, with children that run each second.
const simple = `
daemon "for_each_directory" "seed" {
  run_every = "1s"
  directory = "BASE"
  child "note" {
    run_every = "1s"
    path      = each.path
    name      = each.name
  }
}
`

// begin runs the app; the base has these directories.
func begin(t *testing.T, text string, dirs ...string) *life {
	t.Helper()
	core, log := observer.New(zapcore.DebugLevel)
	l := &life{t: t, base: filepath.Join(t.TempDir(), "base"), log: log, begun: time.Now()}
	l.mkdir(".")
	l.mkdir(dirs...)
	l.App = daemonapp.New(daemonapp.Options{Limits: schedule.Limits{Workers: 4}, Observers: []daemonapp.Observer{l}})
	l.configure(text, zap.New(core))
	done := make(chan struct{})
	go func() { // joined in the cleanup
		defer close(done)
		if _, err := l.Run(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() {
		l.Drain(daemonapp.DrainOptions{Reason: schedule.Asked, Unlimited: true})
		<-done
	})
	synctest.Wait()
	return l
}

// configure makes the configuration that of the app, as a start or a reload does.
func (l *life) configure(text string, log *zap.Logger) {
	l.t.Helper()
	cfg, found := load(l.t, &l.book, l.base, text)
	if found.HasErrors() {
		l.t.Fatal(found)
	}
	specs, err := cfg.Specs(config.BuildEnv{Log: log})
	if err != nil {
		l.t.Fatal(err)
	}
	if _, err := l.Reconcile(specs); err != nil {
		l.t.Fatal(err)
	}
}

func (l *life) mkdir(names ...string) {
	l.t.Helper()
	for _, name := range names {
		if err := os.Mkdir(l.base+"/"+name, 0o755); err != nil && name != "." {
			l.t.Fatal(err)
		} else if name == "." && err != nil {
			must(l.t, os.MkdirAll(l.base, 0o755))
		}
	}
}

func (l *life) remove(names ...string) {
	l.t.Helper()
	for _, name := range names {
		must(l.t, os.Remove(l.base+"/"+name))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// until lets the time pass to half a second after that age.
func (l *life) until(age time.Duration) {
	time.Sleep(age + time.Second/2 - time.Since(l.begun))
	synctest.Wait()
}

// children are those there are, without the name of the seed.
func (l *life) children() []string {
	names := []string{}
	for _, st := range l.Status() {
		if child, ok := strings.CutPrefix(st.Name, "seed/"); ok {
			names = append(names, child)
		}
	}
	slices.Sort(names)
	return names
}

// ends are the ends of the runs of a daemon.
func (l *life) ends(name string) []daemonapp.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(l.events), func(e daemonapp.Event) bool {
		return e.Kind != daemonapp.RunEnded || e.Daemon != name
	})
}

// scans are how the seed's runs ended: "worked 2", "idle", "failed".
func (l *life) scans() []string {
	list := []string{}
	for _, e := range l.ends("seed") {
		if r := e.Run.Result; r.Count > 0 {
			list = append(list, fmt.Sprint(r.Outcome, " ", r.Count))
		} else {
			list = append(list, r.Outcome.String())
		}
	}
	return list
}

// told are the lines of the seed's log: "child_refused directory".
func (l *life) told() []string {
	list := []string{}
	for _, e := range l.log.All() {
		list = append(list, strings.TrimSpace(fmt.Sprint(e.Message, " ", e.ContextMap()["directory"])))
	}
	return list
}

// all are the children that were ever built.
func (l *life) all() []*noted {
	l.book.mu.Lock()
	defer l.book.mu.Unlock()
	return slices.Clone(l.built)
}

// of is the latest child that was built for the directory.
func (l *life) of(name string) *noted {
	l.t.Helper()
	for _, n := range slices.Backward(l.all()) {
		if n.Name == name {
			return n
		}
	}
	l.t.Fatalf("no child was built for %q", name)
	return nil
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\ngot  %q\nwant %q", what, got, want)
	}
}
