package dirqueue_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/daemonapp"
)

// withDescriptors tells whether this process may open no more files than that. If it may, the test calls itself so.
func withDescriptors(t *testing.T, limit int) bool {
	t.Helper()
	var r unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &r))
	if r.Cur <= uint64(limit) { //nolint:unconvert // the type differs between systems
		return true
	}
	script := fmt.Sprintf(`ulimit -n %d && exec "$0" -test.v -test.run='^%s$'`, limit, t.Name())
	self := exec.CommandContext(t.Context(), "/bin/sh", "-c", script, executable(t))
	if out, err := self.CombinedOutput(); err != nil {
		t.Errorf("with %d descriptors: %v\n%s", limit, err, out)
	}
	return false
}

func executable(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	must(t, err)
	return path
}

// failures are the errors of the runs that failed.
func (l *life) failures() (all []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		if e.Kind == daemonapp.RunEnded && e.Run.Err != nil {
			all = append(all, e.Daemon+": "+e.Run.Err.Error())
		}
	}
	return all
}

func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%03d", i)
	}
	return names
}

// TestManyQueuesAndFewDescriptors: with little more than a descriptor for each queue all of them work, also when all have
// work at once.
func TestManyQueuesAndFewDescriptors(t *testing.T) { //nolint:paralleltest // it runs alone, in a process of its own
	const queues = 200
	if !withDescriptors(t, 280) {
		return
	}
	names := numbered(queues)
	l := begin(t, manager(watching, seldom), names...)
	for round := 1; round <= 3; round++ {
		for _, name := range names {
			put(t, l.base+"/"+name, fmt.Sprint(name, "-", round))
		}
		l.awaitTaken(queues * round)
	}
	if failed := l.failures(); len(failed) > 0 {
		t.Errorf("%d runs failed, the first: %s", len(failed), failed[0])
	}
	want := "too_few_descriptors 200 queues need about 400 file descriptors, and this process may open 280"
	same(t, "the log", told(l.log), []string{want})
}

// TestTooFewDescriptors: who gets none says what to do, and the others go on.
func TestTooFewDescriptors(t *testing.T) { //nolint:paralleltest // it runs alone, in a process of its own
	const queues = 200
	if !withDescriptors(t, 120) {
		return
	}
	names := numbered(queues)
	l := begin(t, manager(watching, seldom), names...)
	l.await("a failure", func() bool { return len(l.failures()) > 0 })
	for _, failure := range l.failures() {
		if !strings.Contains(failure, "this process may open 120; raise the limit") {
			t.Errorf("it failed with %s", failure)
		}
	}
	l.await("all have had a run", func() bool {
		for _, name := range names {
			if len(l.ends("m/"+name)) == 0 {
				return false
			}
		}
		return true
	})
	for _, name := range names {
		if l.ends("m/" + name)[0] == "idle" {
			must(t, l.Trigger("m/"+name, false, ""))
			l.awaitRuns("m/"+name, 2)
			if ends := l.ends("m/" + name); ends[1] != "idle" {
				t.Errorf("%s, which has a descriptor, ran %q", name, ends)
			}
			return
		}
	}
	t.Error("no queue works")
}
