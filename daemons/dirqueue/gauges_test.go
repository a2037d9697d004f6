package dirqueue_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

// gauges are the figures of a queue, without "queue_" before their names.
func gauges(d *driven) map[string]float64 {
	got := map[string]float64{}
	for _, g := range d.daemon.(daemonapp.Gauger).Gauges() {
		got[g.Name[len("queue_"):]] = g.Value
	}
	return got
}

// shows are the figures of a queue but the age of the oldest file.
func (d *driven) shows(files, retrying, failed, inFlight float64) {
	d.t.Helper()
	got := gauges(d)
	delete(got, "oldest_seconds")
	same(d.t, "the figures", got, map[string]float64{"files": files, "retrying": retrying, "failed": failed, "inflight": inFlight})
}

func TestGauges(t *testing.T) {
	t.Parallel()
	d := drive(t, "run_every = \"10s\"\nslice = \"1s\"\nbatch = 1", "a", "b", "never", "retry1", "retry2")
	d.answers(func(ctx context.Context, job deliver.Job) deliver.Result {
		d.clock.Add(time.Second) // the slice is over after each file
		return byName(ctx, job)
	})
	if got := gauges(d); len(got) != 0 {
		t.Errorf("before the first run there is %v", got)
	}
	for _, after := range []struct{ files, retrying, failed float64 }{{4, 0, 0}, {3, 0, 0}, {2, 0, 1}, {1, 1, 1}, {0, 2, 1}} {
		d.run()
		d.shows(after.files, after.retrying, after.failed, 0)
	}
	if age := gauges(d)["oldest_seconds"]; age != 0 {
		t.Errorf("nothing waits for its first attempt, and the oldest is %v s old", age)
	}
}

// TestGaugesWithinARun: what is seen is counted before it is worked on, and ages while a delivery hangs.
func TestGaugesWithinARun(t *testing.T) {
	t.Parallel()
	d := drive(t, "run_every = \"10s\"\nslice = \"2h\"", "a", "b", "c")
	entered, release := make(chan struct{}), make(chan struct{})
	d.answers(func(context.Context, deliver.Job) deliver.Result {
		entered <- struct{}{}
		<-release
		return deliver.Result{Verdict: deliver.Done}
	})
	ran := make(chan string)
	go func() { ran <- d.run() }() // joined below
	<-entered
	d.clock.Add(time.Hour)
	got := gauges(d)
	if age := got["oldest_seconds"]; age < 3599 || age > 3605 || got["files"] != 3 || got["inflight"] < 1 {
		t.Errorf("while a delivery hangs there is %v", got)
	}
	close(release)
	for {
		select {
		case <-entered:
			continue
		case how := <-ran:
			same(t, "the run", how, "worked 3")
		}
		break
	}
	d.shows(0, 0, 0, 0)
}

// TestGaugesOfADirectoryThatIsGone: nothing is shown rather than what was once true.
func TestGaugesOfADirectoryThatIsGone(t *testing.T) {
	t.Parallel()
	d := drive(t, "run_every = \"10s\"", "never")
	d.answers(byName)
	d.run()
	d.shows(0, 0, 1, 0)
	must(t, os.RemoveAll(d.dir))
	d.clock.Add(time.Minute)
	if how := d.run(); len(gauges(d)) != 0 {
		t.Errorf("the run ended %q, and there is %v", how, gauges(d))
	}
}

// TestGaugesOfMany: the figures are right also where they may not be counted after each run.
func TestGaugesOfMany(t *testing.T) {
	t.Parallel()
	l := begin(t, `
		daemon "dir_queue" "q" {
		  directory    = "BASE/q"
		  ready        = "rename"
		  run_every    = "10ms"
		  minimum_free = 0
		  deliver "go" {
		    function = "desk"
		  }
		}`, "q")
	for i := range 500 {
		put(t, l.base+"/q", fmt.Sprint("f", i))
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		figures := l.Gauges()["q"]
		if len(l.taken()) == 500 && len(figures) > 0 && figures[0].Value == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d are delivered, and there is %v", len(l.taken()), figures)
		}
		time.Sleep(time.Millisecond) // figures are looked at, nobody tells of them
	}
}

// TestGaugesAreDocumented holds docs/metrics.md to the names, both ways.
func TestGaugesAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/metrics.md")
	must(t, err)
	d := drive(t, "run_every = \"10s\"")
	d.run()
	documented := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `peakd_queue_([a-z_]+)` \\| gauge \\| `daemon` \\|").FindAllStringSubmatch(string(page), -1) {
		documented[m[1]] = true
	}
	got := map[string]bool{}
	for name := range gauges(d) {
		got[name] = true
	}
	same(t, "docs/metrics.md", got, documented)
}

// TestGaugesOfWhatOthersDo: what an operator purges, or releases, is noticed with the upkeep at the latest.
func TestGaugesOfWhatOthersDo(t *testing.T) {
	t.Parallel()
	d := drive(t, "run_every = \"10s\"", "never1", "never2")
	d.answers(byName)
	d.run()
	d.shows(0, 0, 2, 0)
	q, err := spool.Open(d.dir, spool.Options{})
	must(t, err)
	_, err = q.Purge(spool.PurgeRequest{State: spool.StateFailed, Before: d.clock.Now().Add(time.Hour)})
	must(t, err)
	must(t, q.Close())
	d.clock.Add(time.Minute)
	d.wants("idle")
	d.shows(0, 0, 0, 0)
	put(t, d.dir, "good")
	d.clock.Add(time.Second)
	d.wants("worked 1")
	d.shows(0, 0, 0, 0)
}

// TestExplain: what status says of a queue.
func TestExplain(t *testing.T) {
	t.Parallel()
	d := drive(t, "run_every = \"10s\"\nslice = \"1s\"\nbatch = 1", "a", "b", "never", "retry1", "retry2")
	d.answers(func(ctx context.Context, job deliver.Job) deliver.Result {
		d.clock.Add(time.Second)
		return byName(ctx, job)
	})
	explain := d.daemon.(interface{ Explain() string }).Explain
	same(t, "before the first run", explain(), "")
	for _, want := range []string{
		"4 files ready", "3 files ready", "2 files ready, 1 set aside", "1 file ready, 1 to retry, 1 set aside", "2 files to retry, 1 set aside",
	} {
		d.run()
		same(t, "status", explain(), want)
	}
}
