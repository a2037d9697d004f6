package dirqueue_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

// The figures that count are ratios of processor time, all processes included, to something measured in the same run: on a
// machine that others use too, wall time says little.

// cpu is the processor time of this process and of all its children that have ended.
func cpu(b *testing.B) (used time.Duration) {
	b.Helper()
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var r unix.Rusage
		must(b, unix.Getrusage(who, &r))
		used += time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	return used
}

// spent is what something takes: processor time and wall time.
func spent(b *testing.B, do func()) (processor, wall time.Duration) {
	b.Helper()
	before, start := cpu(b), time.Now()
	do()
	return cpu(b) - before, time.Since(start)
}

// memoryDir is a directory in memory, if there is one, so that no disk is measured.
func memoryDir(b *testing.B) string {
	b.Helper()
	if _, err := os.Stat("/dev/shm"); err != nil {
		return b.TempDir()
	}
	dir, err := os.MkdirTemp("/dev/shm", "peakd-bench-")
	must(b, err)
	b.Cleanup(func() { must(b, os.RemoveAll(dir)) })
	return dir
}

// fill makes n small files.
func fill(b *testing.B, dir string, n int) {
	b.Helper()
	for i := range n {
		must(b, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%09d", i)), []byte("x"), 0o600))
	}
}

// built is a queue on a directory that runs when it is called.
func built(b *testing.B, dir, settings string) daemonapp.Daemon {
	b.Helper()
	cfg, found := load(b, newDesk(), dir, fmt.Sprintf(`
		daemon "dir_queue" "q" {
		  run_every    = "1s"
		  directory    = "BASE"
		  ready        = "rename"
		  minimum_free = 0
		  %s
		}`, settings))
	if found.HasErrors() {
		b.Fatal(found)
	}
	specs, err := cfg.Specs(config.BuildEnv{})
	must(b, err)
	return specs[0].Daemon
}

// drain runs a queue until it is empty, and closes it.
func drain(b *testing.B, d daemonapp.Daemon) {
	b.Helper()
	for {
		r, err := d.Run(b.Context())
		must(b, err)
		if r.Outcome != schedule.More {
			break
		}
	}
	must(b, d.(daemonapp.Closer).Close())
}

func done(b *testing.B, dir string, want int) {
	b.Helper()
	names, err := filepath.Glob(dir + "/.peakd/done/*/*")
	if err != nil || len(names) != want {
		b.Fatalf("%d files are done (%v), want %d", len(names), err, want)
	}
}

// BenchmarkShellHandler is a file that a shell does nothing with: by a worker that runs the lines it is told as its script, by
// one that reads them, by a program that is started for each, and by what a user would write, a shell loop that moves the file, starts a program and moves it again. All have the files in
// another directory at the end; the queues' keep through a power cut.
func BenchmarkShellHandler(b *testing.B) {
	const deliverWorker = `deliver "worker" {
		command = ["dash", "-c", "deliver() { echo ok $1; }; echo peakd-worker 1; . /dev/stdin"]
	}`
	const deliverReader = `deliver "worker" {
		command = ["/bin/sh", "-c", "echo peakd-worker 1; while read -r a n b; do echo ok $n; done"]
	}`
	const deliverExec = `deliver "exec" {
		command = ["/bin/true"]
	}`
	const many, few = 20_000, 300
	for b.Loop() {
		var per [4]time.Duration // processor time of a file: worker, the same that uses read, exec, loop
		var wall [4]time.Duration
		for i, way := range []struct {
			files    int
			settings string
		}{{many, deliverWorker}, {many, deliverReader}, {few, deliverExec}} {
			dir := memoryDir(b)
			fill(b, dir, way.files)
			processor, took := spent(b, func() { drain(b, built(b, dir, way.settings)) })
			done(b, dir, way.files)
			per[i], wall[i] = processor/time.Duration(way.files), took/time.Duration(way.files)
		}
		dir := memoryDir(b)
		fill(b, dir, few)
		loop := `mkdir claim done; for f in *; do [ -f "$f" ] || continue; mv "$f" claim/; /bin/true "$f"; mv "claim/$f" done/; done`
		processor, took := spent(b, func() {
			cmd := osexec.CommandContext(b.Context(), "/bin/sh", "-c", loop)
			cmd.Dir = dir
			must(b, cmd.Run())
		})
		per[3], wall[3] = processor/few, took/few
		b.ReportMetric(us(per[0]), "worker-cpu-µs/file")
		b.ReportMetric(float64(per[2])/float64(per[0]), "exec/worker-cpu")
		b.ReportMetric(float64(per[3])/float64(per[0]), "loop/worker-cpu")
		b.ReportMetric(float64(wall[2])/float64(wall[0]), "exec/worker-wall")
		b.ReportMetric(float64(wall[3])/float64(wall[0]), "loop/worker-wall")
		b.ReportMetric(float64(per[3])/float64(per[1]), "loop/reader-cpu")
		b.ReportMetric(float64(wall[3])/float64(wall[1]), "loop/reader-wall")
	}
}

func us(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

// BenchmarkDaemon is the whole daemon, with a Go function that does nothing, beside the two renames that it cannot do
// without: out of the directory, and into the archive. It is on a disk's file system, where renames cost what they do in life.
func BenchmarkDaemon(b *testing.B) {
	const files = 10_000
	for b.Loop() {
		var ratios []float64
		var ours time.Duration
		for range 3 { // interleaved
			dir := b.TempDir()
			fill(b, dir, files)
			daemon, _ := spent(b, func() { drain(b, built(b, dir, "durable = \"none\"\ndeliver \"go\" {\n function = \"desk\"\n}")) })
			done(b, dir, files)
			bareDir := b.TempDir()
			fill(b, bareDir, files)
			bare, _ := spent(b, func() { renames(b, bareDir) })
			ratios, ours = append(ratios, float64(daemon)/float64(bare)), daemon
		}
		slices.Sort(ratios)
		b.ReportMetric(us(ours)/files, "cpu-µs/file")
		b.ReportMetric(ratios[1], "daemon/renames-cpu")
	}
}

// renames moves every file twice, by descriptors, as fast as it goes.
func renames(b *testing.B, dir string) {
	b.Helper()
	must(b, os.Mkdir(dir+"/.claim", 0o700))
	must(b, os.Mkdir(dir+"/.done", 0o700))
	var fds [3]int
	for i, name := range []string{dir, dir + "/.claim", dir + "/.done"} {
		fd, err := unix.Open(name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
		must(b, err)
		defer unix.Close(fd)
		fds[i] = fd
	}
	f, err := os.Open(dir)
	must(b, err)
	defer f.Close()
	names, err := f.Readdirnames(-1)
	must(b, err)
	slices.Sort(names)
	for _, name := range names {
		if strings.HasPrefix(name, ".") {
			continue
		}
		must(b, unix.Renameat2(fds[0], name, fds[1], name, unix.RENAME_NOREPLACE))
		must(b, unix.Renameat2(fds[1], name, fds[2], name, unix.RENAME_NOREPLACE))
	}
}

// BenchmarkIdleQueues is the share of a core that many idle queues take once they are at rest: each polled every second by
// an app, over half a minute, in which each also looks once for what others have left in it; the same woken by the kernel and
// polled every hour. Beside them stand as many daemons that do nothing, and what a look at each directory would take in a
// bare loop: by its descriptor, by its path, and by filepath.Glob.
func BenchmarkIdleQueues(b *testing.B) {
	queues := 10_000
	var limit unix.Rlimit
	must(b, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	queues = min(queues, int(min(limit.Cur, 1<<30))-200)
	span := 10 * time.Second
	if testing.Short() {
		queues, span = min(queues, 500), time.Second
	}
	base := memoryDir(b)
	for i := range queues {
		dir := fmt.Sprintf("%s/%05d", base, i)
		must(b, os.Mkdir(dir, 0o755))
		q, err := spool.Open(dir, spool.Options{})
		must(b, err)
		must(b, q.Close())
	}
	time.Sleep(time.Second) // as in life, they are older than the clock tick of the file system
	for b.Loop() {
		polled := idle(b, managerOf(b, base, "1s"), queues, 4, 3*span)
		woken := idle(b, managerOf(b, base, "1h"), queues, 1, span)
		nothing := idle(b, nothings(queues), queues, 2, span)
		held, path, glob := looks(b, base, queues)
		b.ReportMetric(float64(queues), "queues")
		b.ReportMetric(100*polled, "polled-%core")
		b.ReportMetric(100*woken, "inotify-%core")
		b.ReportMetric(100*nothing, "nothing-%core")
		b.ReportMetric(100*held.Seconds(), "fstat-%core")
		b.ReportMetric(100*path.Seconds(), "stat-%core")
		b.ReportMetric(100*glob.Seconds(), "glob-%core")
		b.ReportMetric(polled/path.Seconds(), "polled/stat")
		b.ReportMetric(polled/glob.Seconds(), "polled/glob")
	}
}

// looks is what it takes to look at each of the directories once.
func looks(b *testing.B, base string, n int) (held, path, glob time.Duration) {
	b.Helper()
	fds, paths := make([]int, n), make([]string, n)
	for i := range n {
		var err error
		paths[i] = fmt.Sprintf("%s/%05d", base, i)
		fds[i], err = unix.Open(paths[i], unix.O_RDONLY|unix.O_DIRECTORY, 0)
		must(b, err)
		defer unix.Close(fds[i])
	}
	var st unix.Stat_t
	held, _ = spent(b, func() {
		for _, fd := range fds {
			must(b, unix.Fstat(fd, &st))
		}
	})
	path, _ = spent(b, func() {
		for _, path := range paths {
			must(b, unix.Lstat(path, &st))
		}
	})
	glob, _ = spent(b, func() {
		for _, path := range paths {
			_, err := filepath.Glob(path + "/*")
			must(b, err)
		}
	})
	return held, path, glob
}

// maker makes the daemons of an app.
type maker func(app *daemonapp.App) []daemonapp.Spec

// managerOf makes a queue for each directory of the base, with that pace.
func managerOf(b *testing.B, base, every string) maker {
	b.Helper()
	cfg, found := load(b, newDesk(), base, fmt.Sprintf(`
		daemon "dir_queue_manager" "m" {
		  run_every = "1h"
		  directory = "BASE"
		  queue {
		    run_every    = %q
		    minimum_free = 0
		    deliver "go" {
		      function = "desk"
		    }
		  }
		}`, every))
	if found.HasErrors() {
		b.Fatal(found)
	}
	return func(app *daemonapp.App) []daemonapp.Spec {
		specs, err := cfg.Specs(config.BuildEnv{Wake: func(name string) func() { return func() { app.Wake(name) } }})
		must(b, err)
		return specs
	}
}

// nothings are daemons that do nothing each second.
func nothings(n int) maker {
	return func(*daemonapp.App) []daemonapp.Spec {
		var specs []daemonapp.Spec
		for i := range n {
			specs = append(specs, daemonapp.Spec{Name: fmt.Sprint(i), Daemon: daemonapp.Task{
				Planner: &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Second, MinimumIdle: time.Second}},
				Do: func(context.Context) (schedule.Result, error) {
					return schedule.Result{Outcome: schedule.Idle}, nil
				},
			}})
		}
		return specs
	}
}

// idle runs an app with these daemons, and gives the share of a core that it takes once n of them have run so many times.
func idle(b *testing.B, daemons maker, n, runs int, span time.Duration) float64 {
	b.Helper()
	app := daemonapp.New(daemonapp.Options{Limits: schedule.Limits{Workers: 2}})
	_, err := app.Reconcile(daemons(app))
	must(b, err)
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan struct{})
	go func() { // joined below
		defer close(ended)
		_, err := app.Run(ctx)
		if err != nil && !errors.Is(err, context.Canceled) {
			b.Error(err)
		}
	}()
	for ran := 0; ran < n; { // each has opened its queue, and found it empty and unchanged
		time.Sleep(100 * time.Millisecond)
		ran = 0
		for _, st := range app.Status() {
			if st.Name != "m" && st.Stats.Runs() >= runs {
				ran++
			}
		}
	}
	processor, wall := spent(b, func() { time.Sleep(span) })
	stop()
	<-ended
	return processor.Seconds() / wall.Seconds()
}

// BenchmarkArrival is how long it takes from the rename that hands a file in until it is in the archive, while the pace of
// the queue is an hour.
func BenchmarkArrival(b *testing.B) {
	dir := memoryDir(b)
	beside := dir + "/.beside"
	must(b, os.Mkdir(dir+"/q", 0o755))
	must(b, os.Mkdir(beside, 0o755))
	cfg, found := load(b, newDesk(), dir, `
		daemon "dir_queue" "q" {
		  run_every    = "1h"
		  directory    = "BASE/q"
		  minimum_free = 0
		  durable      = "none"
		  deliver "go" {
		    function = "desk"
		  }
		}`)
	if found.HasErrors() {
		b.Fatal(found)
	}
	ended := make(chan daemonapp.Event, 1000)
	app := daemonapp.New(daemonapp.Options{Observers: []daemonapp.Observer{daemonapp.ObserverFunc(func(e daemonapp.Event) {
		if e.Kind == daemonapp.RunEnded {
			ended <- e
		}
	})}})
	specs, err := cfg.Specs(config.BuildEnv{Wake: func(name string) func() { return func() { app.Wake(name) } }})
	must(b, err)
	_, err = app.Reconcile(specs)
	must(b, err)
	ctx, stop := context.WithCancel(b.Context())
	over := make(chan struct{})
	go func() { // joined below
		defer close(over)
		_, _ = app.Run(ctx)
	}()
	<-ended
	var took []time.Duration
	i := 0
	for b.Loop() {
		i++
		name := fmt.Sprint(i)
		must(b, os.WriteFile(beside+"/"+name, nil, 0o600))
		start := time.Now()
		must(b, os.Rename(beside+"/"+name, dir+"/q/"+name))
		for e := range ended {
			if e.Run.Result.Count > 0 {
				break
			}
		}
		took = append(took, time.Since(start))
	}
	stop()
	<-over
	slices.Sort(took)
	b.ReportMetric(us(took[len(took)/2]), "p50-µs")
	b.ReportMetric(us(took[len(took)*99/100]), "p99-µs")
}
