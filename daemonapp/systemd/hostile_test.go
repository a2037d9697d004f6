package systemd_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/systemd"
)

// TestWithoutServiceManager nothing happens, and nothing is begun.
func TestWithoutServiceManager(t *testing.T) {
	t.Parallel()
	n := systemd.Open(systemd.Options{})
	n.Attach(nil)
	n.Observe(daemonapp.Event{Kind: daemonapp.Reloading})
	n.Close(0)
}

// TestDeadSocket: a service manager that is gone is told of once, and changes nothing for the app.
func TestDeadSocket(t *testing.T) {
	t.Parallel()
	core, logged := observer.New(zap.WarnLevel)
	ran := make(chan struct{}, 100)
	s := prepare(t, systemd.Options{
		Socket: filepath.Join(t.TempDir(), "nobody"), Watchdog: 10 * time.Millisecond, Log: zap.New(core),
	}, daemonapp.Options{}, every("a", 10*time.Millisecond, told(ran)))
	s.begin()
	for range 20 {
		<-ran
	}
	s.signal()
	s.end()
	if n := logged.Len(); n != 1 {
		t.Errorf("it was told %d times, want once", n)
	}
}

// TestFullSocket: a service manager that does not read keeps nobody waiting, at the end neither.
func TestFullSocket(t *testing.T) {
	t.Parallel()
	m := listen(t, "")
	fill(t, m)
	ran := make(chan struct{}, 100)
	s := prepare(t, quick(m), daemonapp.Options{}, every("a", time.Millisecond, told(ran)))
	s.begin()
	for range 20 {
		<-ran
	}
	before := time.Now()
	s.signal()
	<-s.ended
	s.notifier.Close(50 * time.Millisecond)
	if took := time.Since(before); took > 2*time.Second {
		t.Errorf("the end took %s", took)
	}
}

// fill writes to a socket until it takes no more.
func fill(t *testing.T, m *manager) {
	t.Helper()
	conn := dial(t, m)
	defer conn.Close()
	for {
		if err := conn.SetWriteDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte("X=1")); err != nil {
			return
		}
	}
}

// TestFloodOfNews: reloads that come faster than they can be told are told in order, the last of them last.
func TestFloodOfNews(t *testing.T) {
	t.Parallel()
	m := listen(t, "")
	s := prepare(t, systemd.Options{Socket: m.socket, Refresh: time.Hour}, daemonapp.Options{}, every("a", time.Hour, idle))
	s.begin()
	m.await("READY=1")
	go func() { // ends with the reloads; end waits for the app, which cannot stop before the drain below
		for i := range 1000 {
			s.Announce(daemonapp.Reloading, daemonapp.Change{}, "test", nil)
			s.Announce(daemonapp.Reloaded, daemonapp.Change{}, fmt.Sprint(i), nil)
		}
		s.signal()
	}()
	m.await("STOPPING=1")
	reloading := false
	for _, a := range m.heard[2:] { // beyond the first READY and its status
		switch {
		case a == "RELOADING=1" && reloading, a == "READY=1" && !reloading:
			t.Fatalf("out of order:\n%s", strings.Join(m.heard, "\n"))
		case a == "RELOADING=1":
			reloading = true
		case a == "READY=1":
			reloading = false
		}
	}
	if reloading || m.count("RELOADING=1") == 0 {
		t.Errorf("it went away reloading: %v; %d reloads were told", reloading, m.count("RELOADING=1"))
	}
	s.end()
}
