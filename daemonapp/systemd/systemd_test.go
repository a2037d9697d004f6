package systemd_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/systemd"
)

// quick is a service manager's options for a test: signs of life and status lines come fast.
func quick(m *manager) systemd.Options {
	return systemd.Options{Socket: m.socket, Watchdog: 100 * time.Millisecond, Refresh: 50 * time.Millisecond}
}

// TestLife leads an app through all phases and looks at what is told, in which order.
func TestLife(t *testing.T) {
	t.Parallel()
	m := listen(t, "")
	begun, release := make(chan struct{}), make(chan struct{})
	s := prepare(t, quick(m), daemonapp.Options{Limits: schedule.Limits{Workers: 2}, ShutdownGrace: time.Hour},
		every("job", time.Hour, until(begun, release, true)), every("tick", time.Hour, idle))
	if told := m.quiet(100 * time.Millisecond); len(told) > 0 {
		t.Errorf("before the app ran it told %q", told)
	}
	s.begin()
	ready, _ := m.read(20 * time.Second)
	if !strings.HasPrefix(ready, "READY=1\nSTATUS=") {
		t.Errorf("first it told %q, want that it is ready", ready)
	}
	<-begun
	m.await("STATUS=2 daemons, 1 running, load ")
	m.await("WATCHDOG=1")

	s.Announce(daemonapp.Reloading, daemonapp.Change{}, "test", nil)
	s.Announce(daemonapp.Reloaded, daemonapp.Change{}, "test", nil)
	m.await("READY=1")
	s.Announce(daemonapp.Reloading, daemonapp.Change{}, "test", nil)
	m.await("RELOADING=1")
	s.Announce(daemonapp.ReloadRefused, daemonapp.Change{}, "test", errors.New("wrong"))
	if got := m.await("READY=1"); !regexp.MustCompile(`; the reload at \d\d:\d\d:\d\d was refused\n`).MatchString(got) {
		t.Errorf("of a refused reload it told %q", got)
	}

	s.Drain(daemonapp.DrainOptions{Reason: schedule.Asked})
	m.await("STOPPING=1", "EXTEND_TIMEOUT_USEC=", "STATUS=draining (asked), 1 running, 59m left")
	m.await("WATCHDOG=1")
	close(release)
	s.end()
	m.quiet(10 * time.Millisecond)
	inOrder(t, m.heard, "READY=1", "STATUS=2 daemons", "WATCHDOG=1", "RELOADING=1", "MONOTONIC_USEC=", "READY=1",
		"RELOADING=1", "MONOTONIC_USEC=", "READY=1", "STOPPING=1", "EXTEND_TIMEOUT_USEC=", "STATUS=draining",
		"WATCHDOG=1", "STATUS=stopped (asked)")
	for text, want := range map[string]int{"READY=1": 3, "RELOADING=1": 2, "STOPPING=1": 1, "STATUS=stopped": 1} {
		if got := m.count(text); got != want {
			t.Errorf("%s was told %d times, want %d", text, got, want)
		}
	}
}

// inOrder fails the test unless the assignments begin with these in that order, others between them aside.
func inOrder(t *testing.T, heard []string, want ...string) {
	t.Helper()
	rest := heard
	for _, prefix := range want {
		i := slices.IndexFunc(rest, func(a string) bool { return strings.HasPrefix(a, prefix) })
		if i < 0 {
			t.Fatalf("no %s where it should be in\n%s", prefix, strings.Join(heard, "\n"))
		}
		rest = rest[i+1:]
	}
}

// TestReadyIsWhenTheLoopTurns: an app whose first decisions have not been made is not ready.
func TestReadyIsWhenTheLoopTurns(t *testing.T) {
	t.Parallel()
	m := listen(t, "")
	stuck, release := make(chan struct{}), make(chan struct{})
	s := prepare(t, quick(m), daemonapp.Options{Observers: []daemonapp.Observer{daemonapp.ObserverFunc(func(e daemonapp.Event) {
		if e.Kind == daemonapp.RunStarted {
			close(stuck)
			<-release
		}
	})}}, every("a", time.Hour, idle))
	s.begin()
	<-stuck
	if told := m.quiet(100 * time.Millisecond); len(told) > 0 {
		t.Errorf("while the first dispatch hung it told %q", told)
	}
	close(release)
	m.await("READY=1")
}

// TestWatchdogIsFedByTheDispatcher: when that hangs, the service manager hears nothing, and when it goes on, again.
func TestWatchdogIsFedByTheDispatcher(t *testing.T) {
	t.Parallel()
	m := listen(t, "")
	var hang atomic.Bool
	stuck, release := make(chan struct{}), make(chan struct{})
	s := prepare(t, quick(m), daemonapp.Options{Observers: []daemonapp.Observer{daemonapp.ObserverFunc(func(daemonapp.Event) {
		if hang.CompareAndSwap(true, false) {
			close(stuck)
			<-release
		}
	})}}, every("a", 5*time.Millisecond, idle))
	s.begin()
	for range 3 {
		m.await("WATCHDOG=1")
	}
	hang.Store(true)
	<-stuck
	m.quiet(300 * time.Millisecond) // what was on its way
	if told := m.quiet(5 * 100 * time.Millisecond); len(told) > 0 {
		t.Errorf("while the dispatcher hung it told %q", told)
	}
	close(release)
	m.await("WATCHDOG=1")
}

// TestFeedsTwiceAWatchdog: signs of life come at half the time that the service manager waits for one.
func TestFeedsTwiceAWatchdog(t *testing.T) {
	t.Parallel()
	m := listen(t, "")
	o := quick(m)
	o.Watchdog, o.Refresh = 2*time.Second, time.Hour
	prepare(t, o, daemonapp.Options{}, every("a", time.Hour, idle)).begin()
	m.await("WATCHDOG=1") // with READY
	m.await("WATCHDOG=1")
	before := time.Now()
	m.await("WATCHDOG=1")
	if took := time.Since(before); took > 2*time.Second || took < 500*time.Millisecond {
		t.Errorf("the next sign of life came after %s, want about 1s", took)
	}
	if n := m.count("STATUS="); n != 1 {
		t.Errorf("%d status lines, want one an hour", n)
	}
}

// TestCancellingGoesOnAsking: while an app cancels what does not end, it asks for time again and again, and gives signs of life;
// once it has stopped it does neither.
func TestCancellingGoesOnAsking(t *testing.T) {
	t.Parallel()
	m := listen(t, "")
	begun, release := make(chan struct{}), make(chan struct{})
	job := every("deaf", time.Hour, until(begun, release, false))
	job.Terms.KillGrace = time.Hour
	s := prepare(t, quick(m), daemonapp.Options{ShutdownGrace: 50 * time.Millisecond}, job)
	s.begin()
	<-begun
	s.Drain(daemonapp.DrainOptions{Reason: schedule.Signalled})
	m.await("STOPPING=1")
	m.await("STATUS=stopping (signal), the grace is over for 1 run")
	for range 3 {
		m.await("EXTEND_TIMEOUT_USEC=30000000")
		m.await("WATCHDOG=1")
	}
	close(release)
	s.end()
	m.quiet(10 * time.Millisecond)
	if n := m.count("STOPPING=1"); n != 1 {
		t.Errorf("STOPPING was told %d times", n)
	}
	inOrder(t, m.heard, "STOPPING=1", "EXTEND_TIMEOUT_USEC=30000000", "STATUS=stopped (signal)")
	if told := m.quiet(200 * time.Millisecond); len(told) > 0 {
		t.Errorf("after the end it told %q", told)
	}
}

// TestUnlimitedDrainGoesOnAsking for as long as a run is in flight.
func TestUnlimitedDrainGoesOnAsking(t *testing.T) {
	t.Parallel()
	m := listen(t, "")
	begun, release := make(chan struct{}), make(chan struct{})
	s := prepare(t, quick(m), daemonapp.Options{}, every("long", time.Hour, until(begun, release, true)))
	s.begin()
	<-begun
	s.Drain(daemonapp.DrainOptions{Reason: schedule.Asked, Unlimited: true})
	m.await("STOPPING=1", "EXTEND_TIMEOUT_USEC=90000000", "STATUS=draining (asked), 1 running\n")
	for range 5 {
		m.await("EXTEND_TIMEOUT_USEC=90000000")
	}
	close(release)
	s.end()
	m.await("EXTEND_TIMEOUT_USEC=30000000", "STATUS=stopped (asked)")
}

// TestExtensionFollowsTheGrace: as much is asked for as is left of it, up to a minute, and half a minute for the rest.
func TestExtensionFollowsTheGrace(t *testing.T) {
	t.Parallel()
	for grace, want := range map[time.Duration][2]time.Duration{
		time.Hour:        {90 * time.Second, 90 * time.Second},
		20 * time.Second: {40 * time.Second, 50 * time.Second},
	} {
		m := listen(t, "")
		begun := make(chan struct{})
		s := prepare(t, quick(m), daemonapp.Options{ShutdownGrace: grace}, every("a", time.Hour, until(begun, nil, true)))
		s.begin()
		<-begun
		s.Drain(daemonapp.DrainOptions{Reason: schedule.Asked})
		message := m.await("STOPPING=1")
		asked := regexp.MustCompile(`EXTEND_TIMEOUT_USEC=(\d+)\n`).FindStringSubmatch(message)
		if asked == nil {
			t.Fatalf("it asked for no time: %q", message)
		}
		n, err := strconv.ParseInt(asked[1], 10, 64)
		if got := time.Duration(n) * time.Microsecond; err != nil || got < want[0] || got > want[1] {
			t.Errorf("of a grace of %s it asked for %s, want %s to %s", grace, got, want[0], want[1])
		}
	}
}

// TestNoTimeForADrainThatHangs: what no dispatcher watches over gets no more time.
func TestNoTimeForADrainThatHangs(t *testing.T) {
	t.Parallel()
	m := listen(t, "")
	stuck, release := make(chan struct{}), make(chan struct{})
	begun := make(chan struct{})
	s := prepare(t, quick(m), daemonapp.Options{ShutdownGrace: 50 * time.Millisecond, Observers: []daemonapp.Observer{
		daemonapp.ObserverFunc(func(e daemonapp.Event) {
			if e.Kind == daemonapp.Cancelling {
				close(stuck)
				<-release
			}
		}),
	}}, every("a", time.Hour, until(begun, nil, true)))
	s.begin()
	<-begun
	s.Drain(daemonapp.DrainOptions{Reason: schedule.Asked})
	<-stuck
	m.quiet(300 * time.Millisecond) // what was on its way
	if told := m.quiet(300 * time.Millisecond); len(told) > 0 {
		t.Errorf("while the dispatcher hung it told %q", told)
	}
	close(release)
	s.end()
	m.await("STATUS=stopped (asked)")
}

// TestEndsAtOnce: an app that has nothing to do was ready all the same, or the service would count as failed.
func TestEndsAtOnce(t *testing.T) {
	t.Parallel()
	m := listen(t, "")
	s := prepare(t, quick(m), daemonapp.Options{Once: true})
	s.begin()
	s.end()
	m.quiet(10 * time.Millisecond)
	inOrder(t, m.heard, "READY=1", "STOPPING=1", "STATUS=stopped (")
}

// TestStatusLine says what an operator wants to know first, and is not sent again while it stays the same.
func TestStatusLine(t *testing.T) {
	t.Parallel()
	m := listen(t, "")
	fails := every("broken", time.Hour, func(context.Context) (schedule.Result, error) {
		return schedule.Result{}, errors.New("broken")
	})
	fails.Terms.DisarmAfter = 1
	s := prepare(t, systemd.Options{Socket: m.socket, Refresh: 20 * time.Millisecond}, daemonapp.Options{},
		every("a", 3*time.Hour, idle), fails)
	s.begin()
	m.await("STATUS=2 daemons, 0 running, load 0.00, 1 disarmed, next in 2h59m\n")
	if told := m.quiet(200 * time.Millisecond); len(told) > 0 {
		t.Errorf("without any change it told %q", told)
	}
	if n := m.count("WATCHDOG"); n > 0 {
		t.Error("there were signs of life that nobody asked for")
	}
}

// TestManyDaemonsAreNotLookedAtOneByOne: the line goes without what would take long to find.
func TestManyDaemonsAreNotLookedAtOneByOne(t *testing.T) {
	t.Parallel()
	m := listen(t, "")
	specs := make([]daemonapp.Spec, 0, 1001)
	for i := range cap(specs) {
		spec := every(fmt.Sprintf("d%d", i), time.Hour, idle)
		spec.Terms.StartAfter = time.Hour
		specs = append(specs, spec)
	}
	prepare(t, quick(m), daemonapp.Options{}, specs...).begin()
	m.await("STATUS=1001 daemons, 0 running, load 0.00\n")
}

func TestAbstractSocket(t *testing.T) {
	t.Parallel()
	m := listen(t, "@peakd-test-"+filepath.Base(t.TempDir())+strconv.FormatInt(time.Now().UnixNano(), 36))
	prepare(t, quick(m), daemonapp.Options{}, every("a", time.Hour, idle)).begin()
	m.await("READY=1")
}

func TestFromEnvironment(t *testing.T) {
	t.Parallel()
	own := strconv.Itoa(os.Getpid())
	for _, tt := range []struct {
		socket, usec, pid string
		want              systemd.Options
	}{
		{"", "", "", systemd.Options{}},
		{"/run/s", "", "", systemd.Options{Socket: "/run/s"}},
		{"@s", "30000000", "", systemd.Options{Socket: "@s", Watchdog: 30 * time.Second}},
		{"@s", "30000000", own, systemd.Options{Socket: "@s", Watchdog: 30 * time.Second}},
		{"@s", "30000000", "1" + own, systemd.Options{Socket: "@s"}},
		{"@s", "0", own, systemd.Options{Socket: "@s"}},
		{"@s", "-5", own, systemd.Options{Socket: "@s"}},
		{"@s", "soon", own, systemd.Options{Socket: "@s"}},
		{"@s", "18446744073709551615", own, systemd.Options{Socket: "@s"}},
	} {
		env := map[string]string{"NOTIFY_SOCKET": tt.socket, "WATCHDOG_USEC": tt.usec, "WATCHDOG_PID": tt.pid}
		got := systemd.FromEnvironment(func(name string) (string, bool) { return env[name], env[name] != "" })
		if got != tt.want {
			t.Errorf("%q: got %+v, want %+v", env, got, tt.want)
		}
	}
}
