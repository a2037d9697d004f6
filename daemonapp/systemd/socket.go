package systemd

import (
	"fmt"
	"net"
	"strings"
	"time"
)

// sendPatience is how long a service manager that does not read is waited for.
const sendPatience = time.Second

// send writes one datagram. It is not daemon.SdNotify, which would wait without limit for a service manager that does
// not read, and knows no socket but that of its own environment.
func send(socket string, assignments []string, deadline time.Time) error {
	var b strings.Builder
	for _, a := range assignments {
		if a != "" {
			b.WriteString(a + "\n")
		}
	}
	if b.Len() == 0 {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	defer conn.Close()
	if err := conn.SetWriteDeadline(deadline); err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	if _, err := conn.Write([]byte(b.String())); err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	return nil
}
