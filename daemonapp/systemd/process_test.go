package systemd_test

import (
	"context"
	"fmt"
	"os"
	osexec "os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/host"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/systemd"
)

// asHost makes the test binary a host of an app.
const asHost = "SYSTEMD_TEST_AS_HOST"

func TestMain(m *testing.M) {
	if os.Getenv(asHost) != "" {
		os.Exit(serve())
	}
	os.Exit(m.Run())
}

// serve is a host as peakd is one.
func serve() int {
	received := host.Notify()
	defer signal.Stop(received)
	n := systemd.Open(systemd.FromEnvironment(os.LookupEnv))
	app := daemonapp.New(daemonapp.Options{Observers: []daemonapp.Observer{n}})
	n.Attach(app)
	specs := []daemonapp.Spec{every("a", time.Hour, idle)}
	if _, err := app.Reconcile(specs); err != nil {
		fmt.Println(err)
		return 1
	}
	stop, err := host.Run(context.Background(), host.Options{
		App: app, Log: zap.NewNop(), Load: func() (*host.Loaded, error) { return &host.Loaded{Specs: specs}, nil },
	}, received)
	n.Close(host.Patience)
	if err != nil || stop.Reason != schedule.Signalled {
		fmt.Println(stop, err)
		return 1
	}
	return 0
}

// TestSignalsRightAfterReady: whoever reads READY may send any of them at once. None kills, each does what it should.
func TestSignalsRightAfterReady(t *testing.T) {
	t.Parallel()
	for range 5 {
		m := listen(t, "")
		cmd := osexec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), asHost+"=1", "NOTIFY_SOCKET="+m.socket, "WATCHDOG_USEC=200000")
		cmd.Stdout = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill() })
		m.await("READY=1")
		send := func(s syscall.Signal) {
			if err := cmd.Process.Signal(s); err != nil {
				t.Fatal(err)
			}
		}
		send(syscall.SIGHUP)
		began := m.await("RELOADING=1\nMONOTONIC_USEC=")
		if n, err := strconv.ParseInt(field(began, "MONOTONIC_USEC"), 10, 64); err != nil || n <= 0 {
			t.Errorf("RELOADING came with %q", began)
		}
		m.await("READY=1")
		m.await("WATCHDOG=1")
		send(syscall.SIGTERM)
		m.await("STOPPING=1")
		if err := cmd.Wait(); err != nil {
			t.Errorf("it ended with %v", err)
		}
	}
}

// field is the value of an assignment in a message.
func field(message, name string) string {
	_, rest, _ := strings.Cut("\n"+message, "\n"+name+"=")
	value, _, _ := strings.Cut(rest, "\n")
	return value
}
