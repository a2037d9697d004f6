package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"time"

	"github.com/benbjohnson/clock"
)

// limitedConn is a connection whose deadlines can be cut short, and on which no write takes for ever: the client library
// limits commands and answers, but not the sending of a mail.
type limitedConn struct {
	net.Conn
	clock clock.Clock
	write time.Duration

	mu  sync.Mutex
	end time.Time // of all; zero: none
}

// cut makes everything that is not over by then fail.
func (c *limitedConn) cut(end time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end = end
	_ = c.Conn.SetDeadline(end)
}

func (c *limitedConn) limit(t time.Time, set func(time.Time) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.end.IsZero() && (t.IsZero() || t.After(c.end)) {
		t = c.end
	}
	return set(t)
}

// SetDeadline implements net.Conn.
func (c *limitedConn) SetDeadline(t time.Time) error { return c.limit(t, c.Conn.SetDeadline) }

// SetReadDeadline implements net.Conn.
func (c *limitedConn) SetReadDeadline(t time.Time) error { return c.limit(t, c.Conn.SetReadDeadline) }

// SetWriteDeadline implements net.Conn.
func (c *limitedConn) SetWriteDeadline(t time.Time) error { return c.limit(t, c.Conn.SetWriteDeadline) }

// Write implements net.Conn.
func (c *limitedConn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(c.clock.Now().Add(c.write)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

var (
	errNoTLS    = errors.New("the server offers no encryption")
	errInjected = errors.New("the server said more than it was asked before the encryption began")
)

// upgrade speaks the beginning of a session up to the encrypted part. The client library can do that too, but only under a name
// that is not ours, and not if it finds out only then that there is no encryption. It returns a connection on
// which the server seems to greet, for the library to begin.
func upgrade(ctx context.Context, conn net.Conn, helo string, config *tls.Config, required bool) (net.Conn, error) {
	text := textproto.NewConn(conn)
	if _, _, err := text.ReadResponse(220); err != nil {
		return nil, fmt.Errorf("read greeting: %w", err)
	}
	offered, err := offersTLS(text, helo)
	switch {
	case err != nil:
		return nil, err
	case !offered && required:
		return nil, errNoTLS
	case !offered:
		return greeting(text, conn)
	}
	if err := text.PrintfLine("STARTTLS"); err != nil {
		return nil, fmt.Errorf("start TLS: %w", err)
	}
	if _, _, err := text.ReadResponse(220); err != nil {
		return nil, fmt.Errorf("start TLS: %w", err)
	}
	if text.R.Buffered() > 0 {
		return nil, errInjected
	}
	encrypted := tls.Client(conn, config)
	if err := encrypted.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("start TLS: %w", err)
	}
	return greeting(text, encrypted)
}

func offersTLS(text *textproto.Conn, helo string) (bool, error) {
	if err := text.PrintfLine("EHLO %s", helo); err != nil {
		return false, fmt.Errorf("say EHLO: %w", err)
	}
	_, answer, err := text.ReadResponse(250)
	var refused *textproto.Error
	if errors.As(err, &refused) && refused.Code/100 == 5 {
		return false, nil // an old one, or one that will refuse once more
	}
	if err != nil {
		return false, fmt.Errorf("say EHLO: %w", err)
	}
	for line := range strings.Lines(answer) {
		if strings.EqualFold(strings.TrimSpace(line), "STARTTLS") {
			return true, nil
		}
	}
	return false, nil
}

// greetedConn begins with a greeting.
type greetedConn struct {
	net.Conn
	in io.Reader
}

func (c *greetedConn) Read(p []byte) (int, error) { return c.in.Read(p) }

func greeting(text *textproto.Conn, conn net.Conn) (net.Conn, error) {
	if text.R.Buffered() > 0 {
		return nil, errInjected
	}
	return &greetedConn{Conn: conn, in: io.MultiReader(strings.NewReader("220 ready\r\n"), conn)}, nil
}
