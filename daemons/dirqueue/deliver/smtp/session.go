package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"
)

// session is a connection over which mails can be sent, one after the other.
type session struct {
	client *gosmtp.Client
	conn   *limitedConn
}

// lastWords is what a session that is given up may still take: for what is under way, or to say QUIT.
const lastWords = 2 * time.Second

func tlsConfig(s *Settings) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: s.ServerName}
	if config.ServerName == "" {
		config.ServerName = s.host()
	}
	if s.tls() == TLSOpportunistic {
		config.InsecureSkipVerify = true // better than none, and no password is sent; see Settings.TLS
	}
	if s.CAFile == "" {
		return config, nil
	}
	text, err := os.ReadFile(string(s.CAFile))
	if err != nil {
		return nil, fmt.Errorf("read certificates: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("read certificates: %s has none", s.CAFile)
	}
	return config, nil
}

// connect opens a session, up to where mails can be sent.
func (d *Deliverer) connect(ctx context.Context) (*session, error) {
	dialer := net.Dialer{Timeout: d.settings.ConnectTimeout}
	raw, err := dialer.DialContext(ctx, "tcp", d.settings.address())
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	conn := &limitedConn{Conn: raw, clock: d.env.Clock, write: d.settings.Timeout}
	stop := context.AfterFunc(ctx, func() { conn.cut(d.env.Clock.Now()) })
	defer stop()
	client, err := d.open(ctx, conn)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return &session{client: client, conn: conn}, nil
}

func (d *Deliverer) open(ctx context.Context, conn *limitedConn) (*gosmtp.Client, error) {
	encrypted, err := d.encrypt(ctx, conn)
	if err != nil {
		return nil, err
	}
	client := gosmtp.NewClient(encrypted)
	client.CommandTimeout, client.SubmissionTimeout = d.settings.Timeout, 2*d.settings.Timeout
	if err := client.Hello(d.settings.helo()); err != nil {
		return nil, fmt.Errorf("begin session: %w", err)
	}
	if d.settings.Username == "" {
		return client, nil
	}
	if err := d.authenticate(client); err != nil {
		return nil, fmt.Errorf("authenticate as %s: %w", d.settings.Username, err)
	}
	return client, nil
}

func (d *Deliverer) encrypt(ctx context.Context, conn *limitedConn) (net.Conn, error) {
	how := d.settings.tls()
	if how == TLSNone {
		return conn, nil
	}
	if err := conn.SetDeadline(d.env.Clock.Now().Add(d.settings.ConnectTimeout)); err != nil {
		return nil, fmt.Errorf("limit connection: %w", err)
	}
	defer func() { _ = conn.SetDeadline(time.Time{}) }() // an error shows at the next use
	if how != TLSImplicit {
		return upgrade(ctx, conn, d.settings.helo(), d.tls, how == TLSStart)
	}
	encrypted := tls.Client(conn, d.tls)
	if err := encrypted.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("start TLS: %w", err)
	}
	return encrypted, nil
}

var errNoAuth = errors.New("the server offers neither PLAIN nor LOGIN")

func (d *Deliverer) authenticate(client *gosmtp.Client) error {
	switch {
	case client.SupportsAuth(sasl.Plain):
		return client.Auth(sasl.NewPlainClient("", d.settings.Username, d.settings.Password))
	case client.SupportsAuth(sasl.Login):
		return client.Auth(sasl.NewLoginClient(d.settings.Username, d.settings.Password))
	}
	return errNoAuth
}

// quit ends a session politely, within bounds.
func (s *session) quit() {
	s.conn.cut(s.conn.clock.Now().Add(lastWords))
	if s.client.Quit() != nil {
		s.drop()
	}
}

// drop ends a session at once.
func (s *session) drop() { _ = s.conn.Close() }
