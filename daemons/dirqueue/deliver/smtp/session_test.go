package smtp_test

import (
	"crypto/tls"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/delivertest"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/smtp"
)

// AuthMechanisms makes a conversation one with authentication.
func (c *conversation) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth takes "me" with "pw".
func (c *conversation) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username == "me" && password == "pw" {
			return nil
		}
		return errors.New("who are you")
	}), nil
}

func TestReuse(t *testing.T) {
	t.Parallel()
	s, addr := newServer(t, nil)
	d := to(t, addr, nil, deliver.Env{})
	for range 3 {
		delivertest.Deliver(t.Context(), t, d, letters(t, letter("x", "a"), letter("x", "b"), letter("x", "c")))
	}
	if len(s.got()) != 9 || s.sessions != 1 {
		t.Errorf("%d mails over %d connections, want 9 over 1", len(s.got()), s.sessions)
	}
	several := to(t, addr, nil, deliver.Env{Concurrency: 3})
	texts := make([]string, 26)
	for i := range texts {
		texts[i] = letter("x", "a")
	}
	for _, r := range delivertest.Deliver(t.Context(), t, several, letters(t, texts...)) {
		if r.Verdict != deliver.Done {
			t.Errorf("result = %+v", r)
		}
	}
	if s.sessions > 4 {
		t.Errorf("%d connections, want no more than 3", s.sessions-1)
	}
}

// TestStale: a session that the server ended while it rested costs nothing.
func TestStale(t *testing.T) {
	t.Parallel()
	const one = "C: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\nS: 354 go\nD:\nS: 250 ok\n"
	for name, end := range map[string]string{"hangs up": "", "says so": "C: MAIL\nS: 421 timeout\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := to(t, script(t, ehlo+one+end, ehlo+one), func(s *smtp.Settings) { s.TLS = smtp.TLSNone }, deliver.Env{})
			if got := delivertest.Verdicts(delivertest.Deliver(t.Context(), t, d, letters(t, letter("x", "a"), letter("x", "b")))); got != "done done" {
				t.Errorf("got %s", got)
			}
		})
	}
}

// TestRest: a session that has nothing to do is ended.
func TestRest(t *testing.T) {
	t.Parallel()
	mock := clock.NewMock()
	mock.Set(time.Now())
	quit := make(chan struct{})
	addr := script(t, ehlo+"C: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\nS: 354 go\nD:\nS: 250 ok\nC: QUIT\nS: 221 bye")
	d := to(t, addr, func(s *smtp.Settings) { s.TLS = smtp.TLSNone }, deliver.Env{Clock: mock})
	delivertest.Deliver(t.Context(), t, d, letters(t, letter("x", "a")))
	go func() {
		mock.Add(time.Minute)
		close(quit)
	}()
	<-quit // the script says whether it heard QUIT
}

func TestTLS(t *testing.T) {
	t.Parallel()
	cert, ca, _ := certificate(t)
	_, otherCA, _ := certificate(t)
	with := func(s *server) {
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	}
	tests := map[string]struct {
		server   func(*server)
		settings func(*smtp.Settings)
		want     deliver.Verdict
		reason   string
	}{
		"required":                {with, func(s *smtp.Settings) { s.TLS, s.CAFile = smtp.TLSStart, ca }, deliver.Done, ""},
		"required, not there":     {nil, func(s *smtp.Settings) { s.TLS = smtp.TLSStart }, deliver.Trip, "the server offers no encryption"},
		"required, unknown":       {with, func(s *smtp.Settings) { s.TLS, s.CAFile = smtp.TLSStart, otherCA }, deliver.Trip, "certificate"},
		"required, another name":  {with, func(s *smtp.Settings) { s.TLS, s.CAFile, s.ServerName = smtp.TLSStart, ca, "else" }, deliver.Trip, "certificate is valid for test, not else"},
		"required, the name":      {with, func(s *smtp.Settings) { s.TLS, s.CAFile, s.ServerName = smtp.TLSStart, ca, "test" }, deliver.Done, ""},
		"opportunistic":           {with, nil, deliver.Done, ""},
		"opportunistic, not":      {nil, nil, deliver.Done, ""},
		"none":                    {with, func(s *smtp.Settings) { s.TLS = smtp.TLSNone }, deliver.Done, ""},
		"authenticated":           {with, func(s *smtp.Settings) { s.Username, s.Password, s.CAFile = "me", "pw", ca }, deliver.Done, ""},
		"wrong password":          {with, func(s *smtp.Settings) { s.Username, s.Password, s.CAFile = "me", "no", ca }, deliver.Trip, "authenticate as me"},
		"never without TLS":       {nil, func(s *smtp.Settings) { s.Username, s.Password = "me", "pw" }, deliver.Trip, "the server offers no encryption"},
		"this host, without TLS":  {func(s *server) { s.AllowInsecureAuth = true }, func(s *smtp.Settings) { s.TLS, s.Username, s.Password = smtp.TLSNone, "me", "pw" }, deliver.Done, ""},
		"no authentication there": {nil, func(s *smtp.Settings) { s.TLS, s.Username = smtp.TLSNone, "me" }, deliver.Trip, "the server offers neither PLAIN nor LOGIN"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, addr := newServer(t, tt.server)
			r := delivertest.Deliver(t.Context(), t, to(t, addr, tt.settings, deliver.Env{}), letters(t, letter("x", "a")))[0]
			if r.Verdict != tt.want || !strings.Contains(r.Reason, tt.reason) || (len(s.got()) == 1) != (tt.want == deliver.Done) {
				t.Errorf("result = %v %q, want %v %q", r.Verdict, r.Reason, tt.want, tt.reason)
			}
		})
	}
}

func TestImplicitTLS(t *testing.T) {
	t.Parallel()
	cert, ca, _ := certificate(t)
	backend, _ := newServer(t, nil)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	second := gosmtp.NewServer(backend.Backend)
	second.ErrorLog = quiet{}
	served := make(chan struct{})
	go func() { // joined by the cleanup
		defer close(served)
		_ = second.Serve(l)
	}()
	t.Cleanup(func() {
		_ = second.Close()
		<-served
	})
	d := to(t, l.Addr().String(), func(s *smtp.Settings) {
		s.TLS, s.CAFile, s.Username, s.Password = smtp.TLSImplicit, ca, "me", "pw"
	}, deliver.Env{})
	if r := delivertest.Deliver(t.Context(), t, d, letters(t, letter("x", "a")))[0]; r.Verdict != deliver.Done {
		t.Errorf("result = %+v", r)
	}
}

// TestInjection: what comes in plain behind the answer to STARTTLS is somebody else's.
func TestInjection(t *testing.T) {
	t.Parallel()
	for name, session := range map[string]string{
		"with TLS":    `S: 220 hello` + "\nC: EHLO\n" + `S: 250-test\n250 STARTTLS` + "\nC: STARTTLS\n" + `S: 220 go\n250 injected` + "\nW:",
		"without TLS": "S: 220 hello\nC: EHLO\n" + `S: 250 test\n250 injected` + "\nW:",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := delivertest.Deliver(t.Context(), t, to(t, script(t, session), nil, deliver.Env{}), letters(t, letter("x", "a")))[0]
			if r.Verdict != deliver.Trip || !strings.Contains(r.Reason, "more than it was asked") {
				t.Errorf("result = %+v", r)
			}
		})
	}
}

// TestLogin uses what old servers have.
func TestLogin(t *testing.T) {
	t.Parallel()
	addr := script(t, "S: 220 hello\nC: EHLO\n"+`S: 250-test\n250 AUTH LOGIN`+"\nC: AUTH LOGIN bWU=\nS: 334 UGFzc3dvcmQ6\nC: cHc=\nS: 235 ok\n"+
		"C: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\nS: 354 go\nD:\nS: 250 ok")
	d := to(t, addr, func(s *smtp.Settings) { s.TLS, s.Username, s.Password = smtp.TLSNone, "me", "pw" }, deliver.Env{})
	if r := delivertest.Deliver(t.Context(), t, d, letters(t, letter("x", "a")))[0]; r.Verdict != deliver.Done {
		t.Errorf("result = %+v", r)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*smtp.Settings)
		field  string
	}{
		"no server":        {func(s *smtp.Settings) { s.Server = "" }, "server"},
		"port":             {func(s *smtp.Settings) { s.Server = "host:70000" }, "server"},
		"no IPv6":          {func(s *smtp.Settings) { s.Server = "a:b:c" }, "server"},
		"name":             {func(s *smtp.Settings) { s.Server = "me@host" }, "server"},
		"tls":              {func(s *smtp.Settings) { s.TLS = "yes" }, "tls"},
		"helo":             {func(s *smtp.Settings) { s.Helo = "a b" }, "helo"},
		"password alone":   {func(s *smtp.Settings) { s.Password = "pw" }, "username"},
		"password in view": {func(s *smtp.Settings) { s.Username, s.TLS = "me", smtp.TLSNone }, "tls"},
		"password perhaps": {func(s *smtp.Settings) { s.Username, s.TLS = "me", smtp.TLSOpportunistic }, "tls"},
		"from":             {func(s *smtp.Settings) { s.From = "me" }, "from"},
		"to":               {func(s *smtp.Settings) { s.To = []string{"a@b", "me"} }, "to"},
		"connect timeout":  {func(s *smtp.Settings) { s.ConnectTimeout = 0 }, "connect_timeout"},
		"timeout":          {func(s *smtp.Settings) { s.Timeout = -1 }, "timeout"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := smtp.Defaults()
			s.Server = "mail.example.org"
			if faults := s.Validate(); len(faults) > 0 {
				t.Fatalf("valid settings have a fault: %v", faults[0])
			}
			tt.change(&s)
			if faults := s.Validate(); len(faults) != 1 || faults[0].Field != tt.field {
				t.Errorf("faults = %v, want one of %s", faults, tt.field)
			}
			if _, err := smtp.New(s, deliver.Env{}); err == nil {
				t.Error("New takes invalid settings")
			}
		})
	}
	s := smtp.Defaults()
	s.Server, s.CAFile = "host", config.Path("/nowhere")
	if _, err := smtp.New(s, deliver.Env{}); err == nil {
		t.Error("New takes certificates that are not there")
	}
}
