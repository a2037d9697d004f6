package cli_test

import (
	"net"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// notifications is the service manager's end of a notify socket.
type notifications struct {
	t     *testing.T
	conn  *net.UnixConn
	path  string
	heard strings.Builder
	rest  string // heard, and not awaited yet
}

func listenForNotifications(t *testing.T) *notifications {
	t.Helper()
	dir, err := os.MkdirTemp("", "notify") // a test's own folder may be too long a name for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "socket")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &notifications{t: t, conn: conn, path: path}
}

// await reads until that text has come, after what was awaited before.
func (n *notifications) await(text string) {
	n.t.Helper()
	if err := n.conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		n.t.Fatal(err)
	}
	buffer := make([]byte, 4096)
	for {
		if _, after, found := strings.Cut(n.rest, text); found {
			n.rest = after
			return
		}
		size, err := n.conn.Read(buffer)
		if err != nil {
			n.t.Fatalf("the service manager was not told %q: %v; but\n%s", text, err, n.heard.String())
		}
		n.heard.Write(buffer[:size])
		n.rest += string(buffer[:size])
	}
}

// TestUnderSystemd leads peakd through a life as a service: signals right after READY do what they should, and a job
// hears nothing of the service manager.
func TestUnderSystemd(t *testing.T) {
	t.Parallel()
	n := listenForNotifications(t)
	path := file(t, "a.hcl", ticking+`
daemon "exec" "look" {
  run_every = "1h"
  timeout   = "10s"
  script    = "env | grep -c -e NOTIFY -e WATCHDOG; true"
}
`)
	p := launch(t, osexec.CommandContext(t.Context(), os.Args[0], "run", "-c", path), "NOTIFY_SOCKET="+n.path, "WATCHDOG_USEC=400000")
	n.await("READY=1")
	p.signal(syscall.SIGHUP)
	n.await("RELOADING=1\nMONOTONIC_USEC=")
	n.await("READY=1\nSTATUS=2 daemons, ")
	p.await(`look +.*line=0`, 1)
	if err := os.WriteFile(path, []byte("what?"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGHUP)
	n.await("RELOADING=1")
	n.await(" was refused")
	n.await("WATCHDOG=1")
	p.signal(syscall.SIGTERM)
	n.await("STOPPING=1\nEXTEND_TIMEOUT_USEC=")
	p.ends(0)
	n.await("STATUS=stopped (signal)")
}
