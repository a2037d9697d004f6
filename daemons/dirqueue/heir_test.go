package dirqueue_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

// rename gives a directory below the base another name.
func (l *life) rename(from, to string) {
	l.t.Helper()
	must(l.t, os.Rename(filepath.Join(l.base, from), filepath.Join(l.base, to)))
}

// status is that of a child of the manager; without a name if there is none.
func (l *life) status(child string) (found daemonapp.DaemonStatus) {
	l.t.Helper()
	for _, st := range l.Status() {
		if st.Name == "m/"+child {
			found = st
		}
	}
	return found
}

// blockOn has the desk wait with a file until release is closed; it tells when it has begun with it.
func (l *life) blockOn(name string) (begun, release chan struct{}) {
	begun, release = make(chan struct{}), make(chan struct{})
	l.answers(func(ctx context.Context, job deliver.Job) deliver.Result {
		if job.Name == name {
			close(begun)
			<-release
			f, err := job.Open()
			if err != nil {
				return deliver.Unopened(err)
			}
			if text, err := io.ReadAll(f); err != nil || string(text) != name {
				return deliver.Result{Verdict: deliver.Permanent, Reason: fmt.Sprintf("it holds %q (%v)", text, err)}
			}
		}
		return byName(ctx, job)
	})
	return begun, release
}

// TestRenamedInTheMiddle: what is under way goes on, the queue waits for it under the new name, and nothing is handled twice.
func TestRenamedInTheMiddle(t *testing.T) {
	t.Parallel()
	l := begin(t, manager(watching, seldom+"\nbatch = 2\nready = \"rename\""), "a")
	l.awaitRuns("m/a", 1)
	begun, release := l.blockOn("1")
	put(t, l.base+"/a", "1", "2", "3", "4", "5")
	<-begun
	l.rename("a", "b")
	put(t, l.base+"/b", "6")
	l.await("the new name", func() bool { return slices.Contains(l.children("m"), "b") })
	l.await("held", func() bool { return l.status("b").State == schedule.HeldByDaemon })
	if st := l.status("b"); !strings.Contains(st.Reason, "another name") {
		t.Errorf("it is held as %q", st.Reason)
	}
	close(release)
	l.awaitTaken(6)
	l.awaitChildren("b")
	l.await("all done", func() bool {
		return slices.Equal(tree(t, l.base+"/b"), []string{"done/1", "done/2", "done/3", "done/4", "done/5", "done/6"})
	})
	got := l.taken()
	slices.Sort(got)
	same(t, "what was delivered", got, []string{"1", "2", "3", "4", "5", "6"})
	same(t, "the log", told(l.log), []string{"renamed b"})
}

// TestRenamedTwiceInTheMiddle: also the third name is known only once what was under way under the first has ended.
func TestRenamedTwiceInTheMiddle(t *testing.T) {
	t.Parallel()
	l := begin(t, manager(watching, seldom+"\nready = \"rename\"\ntrip {\n failures = 1\n cooldown = \"1h\"\n}"), "a")
	l.awaitRuns("m/a", 1)
	begun, release := l.blockOn("retry-1")
	put(t, l.base+"/a", "retry-1")
	<-begun
	for _, name := range []string{"b", "c", "d"} {
		l.rename(l.children("m")[len(l.children("m"))-1], name)
		l.await("the name "+name, func() bool { return slices.Contains(l.children("m"), name) })
	}
	l.awaitChildren("a", "d")
	l.await("held", func() bool { return l.status("d").State == schedule.HeldByDaemon })
	close(release)
	l.awaitChildren("d")
	l.await("its answer is known", func() bool {
		return l.status("d").Reason != "" && strings.Contains(l.status("d").Reason, "its destination is bad")
	})
	same(t, "the files", len(tree(t, l.base+"/d")), 1)
}

// TestRenamedKeepsItsPace: the waits of a queue without work stretch on from where they were, and shrink with work.
func TestRenamedKeepsItsPace(t *testing.T) {
	t.Parallel()
	l := begin(t, manager(watching, "run_every = \"10ms\"\nmultiply_idle_by = 2\nmaximum_idle = \"1h\""), "a")
	wait := func(name string) time.Duration {
		l.mu.Lock()
		defer l.mu.Unlock()
		last := time.Duration(0)
		for _, e := range l.events {
			if e.Kind == daemonapp.RunEnded && e.Daemon == "m/"+name {
				last = e.Next.Sub(e.At)
			}
		}
		return last
	}
	l.await("a long wait", func() bool { return wait("a") > 500*time.Millisecond })
	before := wait("a")
	l.rename("a", "b")
	l.awaitRuns("m/b", 1)
	if after := wait("b"); after < before {
		t.Errorf("it waited %s, and %s under the new name", before, after)
	}
	put(t, l.base+"/b", "x")
	l.awaitTaken(1)
	l.await("a short wait", func() bool { return wait("b") < before/2 })
}

// TestRenamedStaysTripped: a bad destination is one under the new name, too; and queues that change names change that.
func TestRenamedStaysTripped(t *testing.T) {
	t.Parallel()
	l := begin(t, manager(watching, seldom+"\ntrip {\n failures = 1\n cooldown = \"1h\"\n}"), "a", "b")
	l.answers(byName)
	l.awaitRuns("m/a", 1)
	l.awaitRuns("m/b", 1)
	put(t, l.base+"/a", "retry")
	tripped := func(name string) func() bool {
		return func() bool { return strings.Contains(l.status(name).Reason, "its destination is bad: as retry") }
	}
	l.await("tripped", func() bool { return len(l.log.FilterMessage("tripped").All()) == 1 })
	l.rename("a", ".t")
	l.rename("b", "a")
	l.rename(".t", "b")
	l.await("b is tripped", tripped("b"))
	put(t, l.base+"/a", "x")
	l.awaitTaken(2)
	l.await("x is done", func() bool { return slices.Equal(tree(t, l.base+"/a"), []string{"done/x"}) })
	l.awaitChildren("a", "b")
	if tripped("a")() {
		t.Error("the other is tripped")
	}
}

// TestRenamedKeepsAttempts: a file that waits for its next attempt has it under the new name, and its count.
func TestRenamedKeepsAttempts(t *testing.T) {
	t.Parallel()
	l := begin(t, manager(watching, seldom+"\nfile_retry {\n every = \"1s\"\n jitter = 0\n attempts = 2\n}"), "a")
	l.answers(byName)
	put(t, l.base+"/a", "retry")
	l.awaitTaken(1)
	l.await("deferred", func() bool { return slices.Equal(tree(t, l.base+"/a"), []string{"retry/1-0/retry"}) })
	l.rename("a", "b")
	l.await("given up", func() bool { return slices.Contains(tree(t, l.base+"/b"), "failed/retry") })
	same(t, "attempts", len(l.taken()), 2)
}

// TestRenamedKeepsEndings: what was delivered but could not be put on record is not delivered again under the new name, whatever
// that changes of the settings.
func TestRenamedKeepsEndings(t *testing.T) {
	t.Parallel()
	for name, match := range map[string]string{"same settings": "", "others": "match \"b\" {\n exclude = [\"nothing\"]\n}"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const often = "run_every = \"20ms\"\nretry {\n every = \"20ms\"\n maximum = \"20ms\"\n}\nbatch = 2"
			l := begin(t, manager(watching+match, often), "a")
			l.awaitRuns("m/a", 1)
			l.answers(func(_ context.Context, job deliver.Job) deliver.Result {
				done := filepath.Join(filepath.Dir(job.Path), "../../../done")
				_ = os.RemoveAll(done)
				_ = os.WriteFile(done, nil, 0o600) // what it is not
				return deliver.Result{Verdict: deliver.Done}
			})
			put(t, l.base+"/a", "1", "2")
			l.await("a failure", func() bool { return slices.Contains(l.ends("m/a"), "failed") })
			taken := len(l.taken())
			l.rename("a", "b")
			l.await("a failure under the new name", func() bool { return slices.Contains(l.ends("m/b"), "failed") })
			same(t, "delivered meanwhile", len(l.taken()), taken)
			l.answers(nil)
			must(t, os.Remove(l.base+"/b/.peakd/done"))
			l.await("all done", func() bool { return slices.Equal(tree(t, l.base+"/b"), []string{"done/1", "done/2"}) })
			got := l.taken()
			slices.Sort(got)
			same(t, "what was delivered", got, []string{"1", "2"})
			if log := l.log.FilterMessage("recovered").Len(); log != 0 {
				t.Errorf("%d files were recovered: their owner had not died", log)
			}
		})
	}
}

// TestRenamedAllTheTime: directories change their names at random while files arrive in them, and the configuration is
// loaded anew now and then; each file is delivered once, and in the end nothing is left open.
func TestRenamedAllTheTime(t *testing.T) {
	t.Parallel()
	const queues, files = 6, 60
	text := func(round int) string {
		return manager(fmt.Sprintf("run_every = \"%ds\"\n", 3600+round), seldom+"\nready = \"rename\"\nslice = \"1ms\"\nbatch = 1")
	}
	l := prepare(t, daemonapp.Options{})
	names, producers := make([]string, queues), make([]*spool.Producer, queues)
	for i := range queues {
		names[i] = fmt.Sprint("q", i)
		l.mkdir(names[i])
		p, err := spool.OpenProducer(l.base+"/"+names[i], spool.ProducerOptions{Volatile: true})
		must(t, err)
		producers[i] = p
		t.Cleanup(func() { must(t, p.Close()) })
	}
	l.configure(text(0))
	l.start()
	t.Cleanup(func() {
		for _, st := range l.Status() {
			if t.Failed() {
				ends := l.ends(st.Name)
				t.Logf("%s is %v until %s: %s; its runs: %q", st.Name, st.State, st.Due, st.Reason, ends[max(0, len(ends)-5):])
				if _, child, ok := strings.Cut(st.Name, "/"); ok {
					t.Log(len(slices.DeleteFunc(tree(t, l.base+"/"+child), func(f string) bool { return strings.HasPrefix(f, "done/") })))
				}
			}
		}
	})
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(uint64(seed), 0)) //nolint:gosec // no secret
	var want []string
	for n := range files * queues {
		i := random.IntN(queues)
		name := fmt.Sprintf("f%03d", n)
		must(t, producers[i].Put(name, strings.NewReader(name)))
		want = append(want, name)
		switch random.IntN(4) {
		case 0:
			to := fmt.Sprint("q", random.IntN(3*queues))
			if _, err := os.Lstat(l.base + "/" + to); err != nil {
				l.rename(names[i], to)
				names[i] = to
			}
		case 1:
			j := random.IntN(queues)
			if i != j {
				l.rename(names[i], ".t")
				l.rename(names[j], names[i])
				l.rename(".t", names[j])
				names[i], names[j] = names[j], names[i]
			}
		case 2:
			time.Sleep(time.Duration(random.IntN(3)) * time.Millisecond) // so that it happens between any two steps
		}
		if n%100 == 50 {
			l.configure(text(n))
			l.configure(text(n + 1)) // the manager of the first may not have run yet
		}
	}
	l.awaitTaken(len(want))
	l.await("all done", func() bool {
		for _, name := range names {
			for _, file := range tree(t, l.base+"/"+name) {
				if !strings.HasPrefix(file, "done/") {
					return false
				}
			}
		}
		return true
	})
	l.stop()
	got := l.taken()
	slices.Sort(got)
	same(t, "what was delivered", got, want)
	if left := openBelow(t, l.base) - queues; left != 0 {
		t.Errorf("%d descriptors are open at the end, of %q", left, openedBelow(t, l.base))
	}
}
