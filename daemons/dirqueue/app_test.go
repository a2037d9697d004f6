package dirqueue_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/dirqueue/deliver"
)

// queue is a dir_queue of that name on the directory of that name, with the function as its handler.
func queue(name, settings string) string {
	return fmt.Sprintf(`
		daemon "dir_queue" %q {
		  directory    = "BASE/%s"
		  minimum_free = 0
		  deliver "go" {
		    function = "desk"
		  }
		  %s
		}`, name, name, settings)
}

// TestArrivalWakes: a file is delivered when it arrives, however far away the next look is.
func TestArrivalWakes(t *testing.T) {
	t.Parallel()
	l := begin(t, queue("q", "run_every = \"10m\"\nmultiply_idle_by = 2\nmaximum_idle = \"1h\""), "q")
	l.awaitRuns("q", 1)
	for i := range 5 {
		handed := time.Now()
		put(t, l.base+"/q", fmt.Sprint(i))
		l.awaitTaken(i + 1)
		if took := time.Since(handed); took > 5*time.Second {
			t.Errorf("it took %s", took)
		}
	}
	l.await("all done", func() bool {
		return len(tree(t, l.base+"/q")) == 5 && strings.HasPrefix(tree(t, l.base+"/q")[0], "done/")
	})
}

// TestArrivalsDoNotWakeWhatFails: with a full disk each file would else lead to another run that fails, and to a line
// in the log.
func TestArrivalsDoNotWakeWhatFails(t *testing.T) {
	t.Parallel()
	full := strings.Replace(queue("full", "run_every = \"1h\"\nretry {\n every = \"1h\"\n}"), "minimum_free = 0", "minimum_free = 100", 1)
	l := begin(t, full+queue("other", "run_every = \"1h\""), "full", "other")
	l.awaitRuns("full", 1)
	for i := range 50 {
		put(t, l.base+"/full", fmt.Sprint(i))
		put(t, l.base+"/other", fmt.Sprint(i))
		l.awaitTaken(i + 1)
	}
	if got := len(l.ends("full")); got > 10 {
		t.Errorf("the queue that fails ran %d times", got)
	}
}

// TestArrivalsWakeWhatFailedLongAgo: there may be room again.
func TestArrivalsWakeWhatFailedLongAgo(t *testing.T) {
	t.Parallel()
	d := drive(t, "run_every = \"1h\"\nminimum_free = 100")
	if got := d.run(); !strings.HasPrefix(got, "failed") {
		t.Fatalf("the run: %q", got)
	}
	d.clock.Add(10 * sec)
	put(t, d.dir, "a")
	deadline := time.After(30 * time.Second)
	for d.wakes.Load() == 0 {
		select {
		case <-deadline:
			t.Fatal("it was not woken")
		case <-time.After(time.Millisecond):
		}
	}
}

// TestCalendarIsNotWoken: a file that arrives waits for its time.
func TestCalendarIsNotWoken(t *testing.T) {
	t.Parallel()
	l := begin(t, queue("night", "schedule = \"0 2 29 2 *\"")+queue("day", "run_every = \"1h\""), "night", "day")
	l.awaitRuns("day", 1)
	put(t, l.base+"/night", "a")
	put(t, l.base+"/day", "b")
	l.awaitRuns("day", 2)
	if got := l.ends("night"); len(got) > 0 {
		t.Errorf("it ran: %q", got)
	}
}

// TestPriority: a queue with a backlog yields the floor between its slices to one of higher priority.
func TestPriority(t *testing.T) {
	t.Parallel()
	const backlog = 500
	l := prepare(t, daemonapp.Options{Limits: schedule.Limits{Workers: 1}})
	l.mkdir("bulk", "urgent")
	l.configure(queue("bulk", "run_every = \"1h\"\nslice = \"1ms\"\nbatch = 10\nconcurrency = 10") +
		queue("urgent", "run_every = \"1h\"\npriority = 10"))
	for i := range backlog {
		put(t, l.base+"/bulk", fmt.Sprintf("%03d", i))
	}
	l.answers(func(_ context.Context, job deliver.Job) deliver.Result {
		if job.Name == "100" {
			put(t, l.base+"/urgent", "urgent")
		}
		return deliver.Result{Verdict: deliver.Done}
	})
	l.start()
	l.awaitTaken(backlog + 1)
	if at := slices.Index(l.taken(), "urgent"); at < 100 || at > backlog-50 {
		t.Errorf("the urgent file was delivered after %d others, want soon after 100", at)
	}
	l.awaitRuns("urgent", 2)
	ends := l.ends("bulk")
	if len(ends) < 10 || !strings.HasPrefix(ends[0], "more ") {
		t.Errorf("the backlog was worked off as %q", ends)
	}
}

// TestDrainInTheMiddle: what was begun and not finished is put back without counting; nothing is lost.
func TestDrainInTheMiddle(t *testing.T) {
	t.Parallel()
	l := begin(t, queue("q", "run_every = \"1h\"\nready = \"rename\"\nconcurrency = 2"), "q")
	l.awaitRuns("q", 1)
	hung := make(chan struct{}, 1)
	l.answers(func(ctx context.Context, job deliver.Job) deliver.Result {
		if !strings.HasPrefix(job.Name, "hang") {
			return deliver.Result{Verdict: deliver.Done}
		}
		hung <- struct{}{}
		<-ctx.Done()
		return deliver.Cancelled(ctx)
	})
	put(t, l.base+"/q", "a", "hang", "z")
	<-hung
	l.stop()
	files := tree(t, l.base+"/q")
	slices.Sort(files)
	for _, f := range files {
		if f != "done/a" && f != "done/z" && f != "hang" && f != "z" {
			t.Errorf("a file is at %s", f)
		}
	}
	if len(files) != 3 || !slices.Contains(files, "hang") {
		t.Errorf("the files: %q", files)
	}
}

// TestTimeoutCounts: a file that takes longer than the run may is not tried for ever.
func TestTimeoutCounts(t *testing.T) {
	t.Parallel()
	l := begin(t, queue("q", `
		run_every  = "1h"
		timeout    = "50ms"
		retry {
		  every   = "10ms"
		  maximum = "10ms"
		}
		file_retry {
		  every    = "1s"
		  attempts = 2
		}`), "q")
	l.answers(func(ctx context.Context, _ deliver.Job) deliver.Result {
		<-ctx.Done()
		return deliver.Cancelled(ctx)
	})
	put(t, l.base+"/q", "hangs")
	l.await("set aside", func() bool { return slices.Contains(tree(t, l.base+"/q"), "failed/hangs") })
}

// TestReload: a run in flight goes on with the settings it began with, the next one has the new ones.
func TestReload(t *testing.T) {
	t.Parallel()
	l := begin(t, queue("q", `run_every = "1h"`), "q")
	inside, release := make(chan struct{}), make(chan struct{})
	l.answers(func(_ context.Context, job deliver.Job) deliver.Result {
		if job.Name == "a" {
			close(inside)
			<-release
		}
		return deliver.Result{Verdict: deliver.Done}
	})
	put(t, l.base+"/q", "a")
	<-inside
	l.configure(queue("q", "run_every = \"1h\"\non_success = \"delete\""))
	put(t, l.base+"/q", "b")
	close(release)
	l.awaitTaken(2)
	l.await("the end", func() bool { return slices.Equal(tree(t, l.base+"/q"), []string{"done/a"}) })
	same(t, "delivered", l.taken(), []string{"a", "b"})
}

// TestOnce: where there is no next run, one run does it all.
func TestOnce(t *testing.T) {
	t.Parallel()
	l := prepare(t, daemonapp.Options{Once: true})
	l.mkdir("q")
	l.configure(queue("q", "run_every = \"1h\"\nslice = \"0s\"\nbatch = 3"))
	put(t, l.base+"/q", "a", "b", "c", "d", "e", "f", "g")
	l.start()
	<-l.done
	same(t, "the runs", l.ends("q"), []string{"worked 7"})
}

// TestComesBack: a queue whose directory vanishes fails, and goes on where there is one again.
func TestComesBack(t *testing.T) {
	t.Parallel()
	l := begin(t, queue("q", "run_every = \"20ms\"\nretry {\n every = \"10ms\"\n maximum = \"20ms\"\n}"), "q")
	l.awaitRuns("q", 1)
	remove(t, l.base+"/q")
	l.await("a failure", func() bool { return slices.Contains(l.ends("q"), "failed") })
	l.mkdir("q")
	put(t, l.base+"/q", "a")
	l.awaitTaken(1)
	l.await("done", func() bool { return slices.Equal(tree(t, l.base+"/q"), []string{"done/a"}) })
}

// TestHeldByTrip: the app shows why a queue whose destination is bad does not run.
func TestHeldByTrip(t *testing.T) {
	t.Parallel()
	l := begin(t, queue("q", "run_every = \"10ms\"\ntrip {\n failures = 1\n cooldown = \"1h\"\n}"), "q")
	l.answers(byName)
	put(t, l.base+"/q", "retry")
	l.await("held", func() bool {
		all := l.Status()
		if len(all) == 0 {
			return false // it has not begun
		}
		st := all[0]
		return st.State == schedule.HeldByDaemon && st.Reason == "its destination is bad: as retry"
	})
}

// TestConcurrency: as many files as it says are under way at once.
func TestConcurrency(t *testing.T) {
	t.Parallel()
	l := prepare(t, daemonapp.Options{})
	l.mkdir("q")
	l.configure(queue("q", "run_every = \"1h\"\nconcurrency = 3"))
	put(t, l.base+"/q", "1", "2", "3", "4", "5", "6")
	var inside, most atomic.Int32
	full := make(chan struct{})
	l.answers(func(context.Context, deliver.Job) deliver.Result {
		now := inside.Add(1)
		defer inside.Add(-1)
		most.Store(max(most.Load(), now))
		if now == 3 {
			select {
			case <-full:
			default:
				close(full)
			}
		}
		<-full // until three are here
		return deliver.Result{Verdict: deliver.Done}
	})
	l.start()
	l.awaitTaken(6)
	if most.Load() != 3 {
		t.Errorf("%d at once, want 3", most.Load())
	}
}
