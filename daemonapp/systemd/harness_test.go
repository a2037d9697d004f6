package systemd_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/systemd"
)

// manager is the service manager's end of a notify socket.
type manager struct {
	t      *testing.T
	conn   *net.UnixConn
	socket string
	heard  []string // every assignment, in order
}

// listen opens a notify socket; empty: one in a folder of its own.
func listen(t *testing.T, socket string) *manager {
	t.Helper()
	if socket == "" {
		dir, err := os.MkdirTemp("", "notify") // a test's own folder may be too long a name for a socket
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		socket = filepath.Join(dir, "socket")
	}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &manager{t: t, conn: conn, socket: socket}
}

// read takes one message; false: none came in time.
func (m *manager) read(patience time.Duration) (string, bool) {
	m.t.Helper()
	if err := m.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		m.t.Fatal(err)
	}
	buffer := make([]byte, 4096)
	n, err := m.conn.Read(buffer)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return "", false
	}
	if err != nil {
		m.t.Fatal(err)
	}
	message := string(buffer[:n])
	m.heard = append(m.heard, strings.Split(strings.TrimSuffix(message, "\n"), "\n")...)
	return message, true
}

// await reads until a message has all these texts, and returns it.
func (m *manager) await(texts ...string) string {
	m.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		message, ok := m.read(time.Until(deadline))
		if !ok {
			m.t.Fatalf("the service manager was not told %q, but\n%s", texts, strings.Join(m.heard, "\n"))
		}
		all := true
		for _, text := range texts {
			all = all && strings.Contains("\n"+message, "\n"+text)
		}
		if all {
			return message
		}
	}
}

// quiet reads until nothing has come for that long, and returns what came before.
func (m *manager) quiet(silence time.Duration) []string {
	m.t.Helper()
	var messages []string
	for {
		message, ok := m.read(silence)
		if !ok {
			return messages
		}
		messages = append(messages, message)
	}
}

// count is how many of the assignments heard begin with that.
func (m *manager) count(prefix string) (n int) {
	for _, a := range m.heard {
		if strings.HasPrefix(a, prefix) {
			n++
		}
	}
	return n
}

// service is an app under a service manager.
type service struct {
	*daemonapp.App
	t        *testing.T
	notifier *systemd.Notifier
	signal   context.CancelFunc
	ended    chan daemonapp.Stop // Run sends, stopped receives
}

// prepare makes an app that is not run yet. Whatever becomes of it is over when the test is.
func prepare(t *testing.T, o systemd.Options, a daemonapp.Options, specs ...daemonapp.Spec) *service {
	t.Helper()
	s := &service{t: t, notifier: systemd.Open(o), ended: make(chan daemonapp.Stop, 1)}
	a.Observers = append(a.Observers, s.notifier)
	s.App = daemonapp.New(a)
	s.notifier.Attach(s.App)
	if _, err := s.Reconcile(specs); err != nil {
		t.Fatal(err)
	}
	return s
}

// begin runs it.
func (s *service) begin() {
	ctx, cancel := context.WithCancel(s.t.Context())
	s.signal = cancel
	go func() { // joined in the cleanup
		defer close(s.ended)
		stop, err := s.Run(ctx)
		if err != nil {
			s.t.Error(err)
		}
		s.ended <- stop
	}()
	s.t.Cleanup(func() {
		s.Drain(daemonapp.DrainOptions{Reason: schedule.Asked})
		s.Force()
		for range s.ended { // until it is closed
		}
		cancel()
	})
}

// end waits for the end of the app and closes the notifier.
func (s *service) end() {
	s.t.Helper()
	<-s.ended
	s.notifier.Close(10 * time.Second)
}

// every makes a daemon that runs at that interval.
func every(name string, wait time.Duration, run daemonapp.RunFunc) daemonapp.Spec {
	pace := schedule.Backoff{RunEvery: wait, MinimumIdle: wait}
	return daemonapp.Spec{Name: name, Digest: "1", Daemon: daemonapp.Task{Planner: &schedule.Interval{Backoff: pace}, Do: run}}
}

// idle is a run that finds nothing to do.
func idle(context.Context) (schedule.Result, error) {
	return schedule.Result{Outcome: schedule.Idle}, nil
}

// until is a run that tells that it has begun and ends when release is closed or, if it obeys, when it is cancelled.
func until(begun, release chan struct{}, obeys bool) daemonapp.RunFunc {
	return func(ctx context.Context) (schedule.Result, error) {
		close(begun)
		cancelled := ctx.Done()
		if !obeys {
			cancelled = nil
		}
		select {
		case <-release:
			return schedule.Result{Outcome: schedule.Worked}, nil
		case <-cancelled:
			return schedule.Result{}, ctx.Err()
		}
	}
}

// told is a run that tells of itself, and finds nothing to do.
func told(ran chan<- struct{}) daemonapp.RunFunc {
	return func(context.Context) (schedule.Result, error) {
		select {
		case ran <- struct{}{}:
		default:
		}
		return schedule.Result{Outcome: schedule.Idle}, nil
	}
}

// dial connects to the service manager as others do.
func dial(t *testing.T, m *manager) *net.UnixConn {
	t.Helper()
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: m.socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	return conn
}
