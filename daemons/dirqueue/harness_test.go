package dirqueue_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/dirqueue"
	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/function"
	"github.com/peakd/peakd/daemons/dirqueue/spool"
	"github.com/peakd/peakd/daemons/exec/process"
)

func TestMain(m *testing.M) {
	if process.Trampoline() {
		os.Exit(127)
	}
	os.Exit(m.Run())
}

// desk is where files go that are delivered by the function "desk". Its methods may be called from any goroutine.
type desk struct {
	mu     sync.Mutex // guards answer and got
	answer func(ctx context.Context, job deliver.Job) deliver.Result
	got    []string // names, in the order in which their attempts ended
	news   chan struct{}

	registry *config.Registry // of the types whose function it is; nil before the first load
}

func newDesk() *desk { return &desk{news: make(chan struct{}, 1)} }

// answers says how the desk answers from now on; the default is that all is delivered.
func (d *desk) answers(answer func(ctx context.Context, job deliver.Job) deliver.Result) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answer = answer
}

// byName answers by the start of the name: "retry", "never" and "trip" are what they say.
func byName(_ context.Context, job deliver.Job) deliver.Result {
	for word, v := range map[string]deliver.Verdict{"retry": deliver.Retry, "never": deliver.Permanent, "trip": deliver.Trip} {
		if strings.HasPrefix(job.Name, word) {
			return deliver.Result{Verdict: v, Reason: "as " + word, Detail: []byte("more of it")}
		}
	}
	return deliver.Result{Verdict: deliver.Done}
}

func (d *desk) take(ctx context.Context, job deliver.Job) deliver.Result {
	d.mu.Lock()
	answer := d.answer
	d.mu.Unlock()
	r := deliver.Result{Verdict: deliver.Done}
	if answer != nil {
		r = answer(ctx, job)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.got = append(d.got, job.Name)
	tell(d.news)
	return r
}

func tell(news chan struct{}) {
	select {
	case news <- struct{}{}:
	default:
	}
}

// taken are the names so far.
func (d *desk) taken() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.got)
}

// load loads a configuration in which BASE stands for a directory.
func load(t testing.TB, d *desk, base, text string) (*config.Config, *config.Diagnostics) {
	t.Helper()
	if d.registry == nil { // one for a process, as in the program: what is loaded later shares with it
		registry, err := config.NewRegistry(dirqueue.Types(function.Functions{"desk": d.take})...)
		must(t, err)
		d.registry = registry
	}
	return config.Load(config.Options{
		Paths: []string{"-"}, Stdin: strings.NewReader(strings.ReplaceAll(text, "BASE", base)), Registry: d.registry,
		Hostname: "h", Environ: func(string) (string, bool) { return "", false },
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// put hands files in; each holds its own name. A process that another test starts meanwhile would have the files open for
// writing until its exec.
func put(t testing.TB, dir string, names ...string) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	for _, name := range names {
		must(t, spool.Enqueue(dir, name, strings.NewReader(name), spool.ProducerOptions{Volatile: true}))
	}
}

// tree is every file of a queue, and where it stands: "failed/x". The date of done and the due time of retry are left out.
func tree(t testing.TB, dir string) []string {
	t.Helper()
	got := []string{}
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // while an app runs, what was listed may be gone
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		parts := strings.Split(strings.TrimPrefix(strings.TrimPrefix(path, dir+"/"), ".peakd/"), "/")
		if len(parts) > 1 && (parts[0] == "done" || parts[0] == "retry" || parts[0] == "claim") {
			parts = slices.Delete(parts, 1, 2)
		}
		got = append(got, strings.Join(parts, "/"))
		return nil
	}))
	slices.Sort(got)
	return got
}

// driven is a queue whose runs are called by the test, on a clock that the test moves.
type driven struct {
	*desk
	t      *testing.T
	dir    string
	clock  *clock.Mock
	daemon daemonapp.Daemon
	log    *observer.ObservedLogs
	last   schedule.Run
	ctx    context.Context
	wakes  atomic.Int32
}

// drive makes a queue with these settings, on a directory with these files. Times of files are those of the machine, so the
// clock begins with that, and a little later.
func drive(t *testing.T, settings string, names ...string) *driven {
	t.Helper()
	d := &driven{desk: newDesk(), t: t, dir: filepath.Join(t.TempDir(), "q"), clock: clock.NewMock(), ctx: t.Context()}
	must(t, os.Mkdir(d.dir, 0o755))
	put(t, d.dir, names...)
	d.clock.Set(time.Now().Add(time.Second).Truncate(time.Second))
	if !strings.Contains(settings, "minimum_free") {
		settings += "\nminimum_free = 0"
	}
	if !strings.Contains(settings, "deliver") {
		settings += "\ndeliver \"go\" {\n function = \"desk\"\n}"
	}
	cfg, found := load(t, d.desk, d.dir, `
		daemon "dir_queue" "q" {
		  directory = "BASE"
		  ready     = "rename"
		  `+settings+`
		}`)
	if found.HasErrors() {
		t.Fatal(found)
	}
	core, log := observer.New(zapcore.DebugLevel)
	specs, err := cfg.Specs(config.BuildEnv{
		Log: zap.New(core), Clock: d.clock, Wake: func(string) func() { return func() { d.wakes.Add(1) } },
	})
	must(t, err)
	d.daemon, d.log = specs[0].Daemon, log
	t.Cleanup(func() { must(t, d.daemon.(daemonapp.Closer).Close()) })
	return d
}

// run has the queue run once and tells how: "worked 2", "idle", "failed: why".
func (d *driven) run() string {
	d.t.Helper()
	run := schedule.Run{Started: d.clock.Now(), IdleRuns: d.last.IdleRuns, Failures: d.last.Failures}
	result, err := d.daemon.Run(d.ctx)
	run.Finished, run.Result, run.Err = d.clock.Now(), result, err
	if err != nil {
		run.Result.Outcome = schedule.Failed
		run.Failures++
	} else if run.Failures = 0; result.Outcome == schedule.Idle {
		run.IdleRuns++
	} else {
		run.IdleRuns = 0
	}
	d.last = run
	switch {
	case err != nil:
		return "failed: " + err.Error()
	case result.Outcome == schedule.Idle:
		return "idle"
	}
	return fmt.Sprint(result.Outcome, " ", result.Count)
}

// wait is how long it is to the next run.
func (d *driven) wait() time.Duration { return d.daemon.NextRun(d.last).Sub(d.clock.Now()) }

// wants has the queue run once.
func (d *driven) wants(want string) {
	d.t.Helper()
	if got := d.run(); got != want {
		d.t.Errorf("the run: got %q, want %q", got, want)
	}
}

// told are the lines of the log: "set_aside x: reason".
func told(log *observer.ObservedLogs) []string {
	list := []string{}
	for _, e := range log.All() {
		if e.Level == zapcore.DebugLevel {
			continue
		}
		m := e.ContextMap()
		line := e.Message
		for _, key := range []string{"file", "directory", "reason"} {
			if v, ok := m[key]; ok {
				line += fmt.Sprint(" ", v)
			}
		}
		list = append(list, line)
	}
	return list
}

// life is an app that runs in real time.
type life struct {
	*daemonapp.App
	*desk
	t    *testing.T
	base string
	log  *observer.ObservedLogs
	env  config.BuildEnv
	done chan struct{} // closed when the app has ended

	mu     sync.Mutex // guards events
	events []daemonapp.Event
}

// Observe implements [daemonapp.Observer].
func (l *life) Observe(e daemonapp.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
	tell(l.news)
}

// prepare makes an app that does not run yet; its base directory is there.
func prepare(t *testing.T, o daemonapp.Options) *life {
	t.Helper()
	core, log := observer.New(zapcore.DebugLevel)
	l := &life{desk: newDesk(), t: t, base: filepath.Join(t.TempDir(), "base"), log: log, done: make(chan struct{})}
	must(t, os.Mkdir(l.base, 0o755))
	if o.Limits.Workers == 0 {
		o.Limits.Workers = 4
	}
	o.Observers = []daemonapp.Observer{l}
	l.App = daemonapp.New(o)
	l.env = config.BuildEnv{Log: zap.New(core), Wake: func(name string) func() { return func() { l.Wake(name) } }}
	return l
}

// configure makes the configuration that of the app, as a start or a reload does.
func (l *life) configure(text string) {
	l.t.Helper()
	cfg, found := load(l.t, l.desk, l.base, text)
	if found.HasErrors() {
		l.t.Fatal(found)
	}
	specs, err := cfg.Specs(l.env)
	must(l.t, err)
	_, err = l.Reconcile(specs)
	must(l.t, err)
}

// begin runs an app with that configuration, until the test ends or stops it.
func begin(t *testing.T, text string, dirs ...string) *life {
	t.Helper()
	l := prepare(t, daemonapp.Options{ShutdownGrace: 100 * time.Millisecond})
	l.mkdir(dirs...)
	l.configure(text)
	l.start()
	return l
}

func (l *life) start() {
	go func() { // joined by stop
		defer close(l.done)
		if stop, err := l.Run(l.t.Context()); err != nil || len(stop.Abandoned) > 0 {
			l.t.Errorf("the app ended with %v, abandoned %q", err, stop.Abandoned)
		}
	}()
	l.t.Cleanup(l.stop)
}

// stop ends the app; runs in flight are cancelled after the shutdown grace.
func (l *life) stop() {
	l.Drain(daemonapp.DrainOptions{Reason: schedule.Asked})
	<-l.done
	if l.t.Failed() {
		l.t.Logf("the log: %q\nthe tree: %q", told(l.log), tree(l.t, l.base))
	}
}

func (l *life) mkdir(names ...string) {
	l.t.Helper()
	for _, name := range names {
		must(l.t, os.MkdirAll(filepath.Join(l.base, name), 0o755))
	}
}

// await waits until something holds. It looks at each event and delivery, and, as what they lead to comes after them, now
// and then.
func (l *life) await(what string, holds func() bool) {
	l.t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-l.news:
		case <-again.C:
		case <-deadline.C:
			l.t.Fatalf("%s: not after 30 s; taken are %q, the log: %q", what, l.taken(), told(l.log))
		}
	}
}

// awaitTaken waits until as many files have reached the desk.
func (l *life) awaitTaken(n int) {
	l.t.Helper()
	l.await(fmt.Sprint(n, " files taken"), func() bool { return len(l.taken()) >= n })
}

// ends are the ends of the runs of a daemon: "worked 2", "idle", "failed".
func (l *life) ends(name string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := []string{}
	for _, e := range l.events {
		if e.Kind != daemonapp.RunEnded || e.Daemon != name {
			continue
		}
		if r := e.Run.Result; r.Count > 0 {
			list = append(list, fmt.Sprint(r.Outcome, " ", r.Count))
		} else {
			list = append(list, r.Outcome.String())
		}
	}
	return list
}

// awaitRuns waits until a daemon has ended as many runs.
func (l *life) awaitRuns(name string, n int) {
	l.t.Helper()
	l.await(fmt.Sprint(n, " runs of ", name), func() bool { return len(l.ends(name)) >= n })
}

// children are the children of a manager that there are, without its name.
func (l *life) children(of string) []string {
	names := []string{}
	for _, st := range l.Status() {
		if child, ok := strings.CutPrefix(st.Name, of+"/"); ok {
			names = append(names, child)
		}
	}
	slices.Sort(names)
	return names
}
