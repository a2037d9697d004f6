package smtp_test

import (
	"bufio"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/delivertest"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/smtp"
)

// mail is what a server got.
type mail struct {
	from string
	to   []string
	text string
	utf8 bool
}

// server is the library's, with answers by the names of the recipients: "later" is 451, "never" 550, "gone" 421, "many"
// 452 after the first recipient; a sender "bad" is 550; a mail with "spam" in it is 554, with "busy" 451.
type server struct {
	mu       sync.Mutex
	mails    []mail
	sessions int
	offered  []string // recipients, taken or not
	answers  map[string]*gosmtp.SMTPError
	*gosmtp.Server
}

func newServer(t *testing.T, change func(*server)) (s *server, addr string) {
	t.Helper()
	s = &server{answers: map[string]*gosmtp.SMTPError{
		"later": {Code: 451, EnhancedCode: gosmtp.EnhancedCode{4, 2, 0}, Message: "not now"},
		"never": {Code: 550, EnhancedCode: gosmtp.EnhancedCode{5, 1, 1}, Message: "no such user"},
		"gone":  {Code: 421, EnhancedCode: gosmtp.EnhancedCode{4, 3, 0}, Message: "going down"},
	}}
	s.Server = gosmtp.NewServer(gosmtp.BackendFunc(func(*gosmtp.Conn) (gosmtp.Session, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sessions++
		return &conversation{server: s}, nil
	}))
	s.Domain, s.EnableSMTPUTF8, s.ErrorLog = "test", true, quiet{}
	if change != nil {
		change(s)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() { // joined by the cleanup
		defer close(served)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-served
	})
	return s, l.Addr().String()
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// got are the mails so far.
func (s *server) got() []mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mails
}

type conversation struct {
	server *server
	mail   mail
}

func (c *conversation) Reset()        { c.mail = mail{} }
func (c *conversation) Logout() error { return nil }

func (c *conversation) Mail(from string, opts *gosmtp.MailOptions) error {
	c.mail = mail{from: from, utf8: opts != nil && opts.UTF8}
	return c.server.answer(from)
}

func (c *conversation) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	c.server.mu.Lock()
	c.server.offered = append(c.server.offered, to)
	c.server.mu.Unlock()
	if strings.HasPrefix(to, "many") && len(c.mail.to) > 0 {
		return &gosmtp.SMTPError{Code: 452, EnhancedCode: gosmtp.EnhancedCode{4, 5, 3}, Message: "too many recipients"}
	}
	if err := c.server.answer(to); err != nil {
		return err
	}
	c.mail.to = append(c.mail.to, to)
	return nil
}

func (c *conversation) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	c.mail.text = string(text)
	for word, answer := range map[string]*gosmtp.SMTPError{
		"spam": {Code: 554, EnhancedCode: gosmtp.EnhancedCode{5, 7, 1}, Message: "no spam"},
		"busy": {Code: 451, EnhancedCode: gosmtp.EnhancedCode{4, 3, 2}, Message: "busy"},
	} {
		if strings.Contains(c.mail.text, word) {
			return answer
		}
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.server.mails = append(c.server.mails, c.mail)
	return nil
}

func (s *server) answer(address string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	local, _, _ := strings.Cut(address, "@")
	if answer := s.answers[local]; answer != nil {
		return answer
	}
	return nil
}

// to is a deliverer to a server.
func to(t *testing.T, addr string, change func(*smtp.Settings), env deliver.Env) *smtp.Deliverer {
	t.Helper()
	s := smtp.Defaults()
	s.Server, s.Helo = addr, "client.test"
	if change != nil {
		change(&s)
	}
	d, err := smtp.New(s, env)
	if err != nil {
		t.Fatal(err)
	}
	delivertest.Close(t, d)
	return d
}

// letter is a mail to the names at test.
func letter(body string, names ...string) string {
	for i, name := range names {
		names[i] = name + "@test"
	}
	return "From: me@test\nTo: " + strings.Join(names, ", ") + "\nSubject: hello\n\n" + body
}

func crlf(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")
}

// letters are the jobs of mails, named a, b, c ...
func letters(t *testing.T, texts ...string) []deliver.Job {
	t.Helper()
	files := make([]delivertest.File, len(texts))
	for i, text := range texts {
		files[i] = delivertest.File{Name: string(rune('a' + i)), Content: text}
	}
	return delivertest.Jobs(t, files...)
}

// again are the same files at their next attempt.
func again(jobs []deliver.Job) []deliver.Job {
	for i := range jobs {
		jobs[i].Attempt++
	}
	return jobs
}

// certificate makes one for 127.0.0.1, and writes it and its key into a folder. It is an RSA one, as Debian's OpenSMTPD does
// not serve others.
func certificate(t *testing.T) (cert tls.Certificate, certFile, keyFile config.Path) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"test"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, der []byte) ([]byte, config.Path) {
		text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return text, config.Path(path)
	}
	certText, certFile := write("cert.pem", "CERTIFICATE", der)
	keyText, keyFile := write("key.pem", "PRIVATE KEY", keyDER)
	if cert, err = tls.X509KeyPair(certText, keyText); err != nil {
		t.Fatal(err)
	}
	return cert, certFile, keyFile
}

// script is a server that follows a script for each session: "S: line" is what it says, "C: prefix" what it wants to hear,
// "D:" is a mail up to its dot. At the end it hangs up.
func script(t *testing.T, sessions ...string) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() { // joined by the cleanup
		defer close(served)
		for _, session := range sessions {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if err := play(conn, session); err != nil {
				t.Error(err)
			}
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-served
	})
	return l.Addr().String()
}

func play(conn net.Conn, session string) error {
	in := bufio.NewReader(conn)
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	for line := range strings.Lines(session) {
		kind, text, _ := strings.Cut(line, ":")
		text = strings.TrimSpace(text)
		switch kind {
		case "S":
			_, _ = io.WriteString(conn, strings.ReplaceAll(text, `\n`, "\r\n")+"\r\n")
		case "C":
			got, err := in.ReadString('\n')
			if err != nil && got == "" {
				return fmt.Errorf("server wants to hear %q: %w", text, err)
			}
			if !strings.HasPrefix(got, text) {
				return fmt.Errorf("server heard %q, want %q", got, text)
			}
		case "D":
			for got := ""; got != ".\r\n"; {
				var err error
				if got, err = in.ReadString('\n'); err != nil {
					return fmt.Errorf("server reads a mail: %w", err)
				}
			}
		case "W": // until the client hangs up
			_, _ = io.Copy(io.Discard, in)
		}
	}
	return nil
}
