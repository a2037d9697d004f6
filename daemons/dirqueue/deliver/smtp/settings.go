// Package smtp delivers each file as a mail, over SMTP.
package smtp

import (
	"net"
	"net/mail"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/program"
)

// Settings are those of a deliver "smtp" block.
//
// # Files
//
// A file is a mail in the format of RFC 5322, with LF or CRLF at the ends of lines. It is sent byte for byte, with three
// exceptions: lines end in CRLF, as SMTP has no other end (which is also what a DKIM signature is made of); the last
// line has an end; and the fields Bcc, Resent-Bcc and Return-Path are left out, as they say whom the envelope names and
// not what the mail is. A file with a CR elsewhere cannot be sent as it is, and is set aside.
//
// # Envelope
//
// The sender is the setting from; without, the address of Return-Path ("<>" is the empty one, that gets no
// bounces), else Sender, else the first of From. The recipients are the setting to; without, all of To, Cc and Bcc. Where the mail
// was resent, that is, begins with Resent-fields, these count instead: the topmost group of them, and no Return-Path
// below. So a program can name any envelope within the file: it puts "Return-Path: <sender>" and "Resent-Bcc: recipient,
// recipient" in front, and neither is sent.
//
// # Outcomes
//
// Each recipient has an answer of its own: a code of the 400s is to be tried again, of the 500s permanent. A file is to be
// tried again as long as there is one of the former, else it is permanent if there is one of the latter. Those who have
// the mail do not get it again: they are remembered with the file, in its extended attribute user.peakd.smtp, before
// anything else happens. Where the file system has no such attributes and a recipient is to be tried again, nobody gets the
// mail before all can.
//
// A server that cannot be reached, refuses to talk or to authenticate, or answers 421, trips the queue. One that ends the
// connection in the middle of a mail has the file tried again, as that could be the file's doing. If that happens after the
// last byte, the server may have the mail, and the repeat be a second one: SMTP has no cure (RFC 1047).
//
// Connections are kept for the next file, for 15 s at most.
type Settings struct {
	Server         string        `hcl:"server,required" doc:"the server: host:port, or a host alone for port 25, 587 with a username, 465 with tls = \"implicit\""`
	TLS            string        `hcl:"tls" doc:"encryption: starttls demands it and a certificate that is valid; implicit too, from the first byte; opportunistic takes it where it is offered, with any certificate, for who can forge one can also hide the offer" enum:"starttls|implicit|opportunistic|none" default:"starttls with a username, else opportunistic"`
	ServerName     string        `hcl:"server_name" doc:"the name in the server's certificate" default:"the host of server"`
	CAFile         config.Path   `hcl:"ca_file" doc:"certificates, in PEM, of those who may vouch for the server" default:"the host's"`
	Username       string        `hcl:"username" doc:"for AUTH PLAIN or LOGIN, whichever the server has; never sent without encryption but on this host"`
	Password       string        `hcl:"password,sensitive" doc:"for AUTH"`
	Helo           string        `hcl:"helo" doc:"how peakd names itself" default:"the host's name"`
	From           string        `hcl:"from" doc:"the sender of the envelope, \"<>\" for the empty one" default:"as the file says"`
	To             []string      `hcl:"to" doc:"the recipients of every file" default:"as the file says"`
	ConnectTimeout time.Duration `hcl:"connect_timeout" doc:"how long connecting may take, and then the start of TLS"`
	Timeout        time.Duration `hcl:"timeout" doc:"how long an answer of the server may take; twice that for the one to the end of a mail"`
}

// The values of Settings.TLS.
const (
	TLSStart         = "starttls"
	TLSImplicit      = "implicit"
	TLSOpportunistic = "opportunistic"
	TLSNone          = "none"
)

// Defaults are the settings that a configuration leaves out.
func Defaults() Settings {
	return Settings{ConnectTimeout: 30 * time.Second, Timeout: 5 * time.Minute}
}

// Validate tells what is wrong with the settings by themselves; it does not look at the system.
func (s *Settings) Validate() []*daemonapp.FieldError {
	var f program.Faults
	s.checkServer(&f)
	s.checkAuth(&f)
	s.checkEnvelope(&f)
	if s.ConnectTimeout <= 0 {
		f.Add("connect_timeout", `write "30s"`, "connecting needs some time")
	}
	if s.Timeout <= 0 {
		f.Add("timeout", `write "5m"`, "an answer needs some time")
	}
	return f
}

func (s *Settings) checkServer(f *program.Faults) {
	host, port, err := net.SplitHostPort(s.address())
	if _, ipErr := netip.ParseAddr(host); strings.Contains(host, ":") && ipErr != nil { // several colons make an IPv6 address
		host = ""
	}
	if n, numErr := strconv.ParseUint(port, 10, 16); err != nil || host == "" || numErr != nil || n == 0 || strings.ContainsAny(host, " /@") {
		f.Add("server", `write "mail.example.org:25"`, "%q is no host and port", s.Server)
	}
	switch s.TLS {
	case "", TLSStart, TLSImplicit, TLSOpportunistic, TLSNone:
	default:
		f.Add("tls", `write "starttls", "implicit", "opportunistic" or "none"`, "%q is no way to encrypt", s.TLS)
	}
	if strings.ContainsFunc(s.Helo, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		f.Add("helo", "", "%q cannot be the name of a host", s.Helo)
	}
}

func (s *Settings) checkAuth(f *program.Faults) {
	switch {
	case s.Password != "" && s.Username == "":
		f.Add("username", "", "a password without a username")
	case s.Username != "" && (s.TLS == TLSOpportunistic || s.TLS == TLSNone && !s.local()):
		f.Add("tls", `leave it out for "starttls"`, "the password could be read on its way")
	case strings.ContainsRune(s.Username+s.Password, 0):
		f.Add("password", "", "a NUL byte cannot be sent")
	}
}

func (s *Settings) checkEnvelope(f *program.Faults) {
	if s.From != "" && s.From != "<>" {
		if _, err := mail.ParseAddress(s.From); err != nil {
			f.Add("from", `write "name@example.org", or "<>"`, "%q is no address", s.From)
		}
	}
	for _, to := range s.To {
		if _, err := mail.ParseAddress(to); err != nil {
			f.Add("to", `write "name@example.org"`, "%q is no address", to)
		}
	}
}

// tls is how to encrypt.
func (s *Settings) tls() string {
	switch {
	case s.TLS != "":
		return s.TLS
	case s.Username != "":
		return TLSStart
	}
	return TLSOpportunistic
}

// address is the server with its port.
func (s *Settings) address() string {
	if _, _, err := net.SplitHostPort(s.Server); err == nil {
		return s.Server
	}
	port := "25"
	switch {
	case s.TLS == TLSImplicit:
		port = "465"
	case s.Username != "":
		port = "587"
	}
	return net.JoinHostPort(strings.Trim(s.Server, "[]"), port)
}

// host is the server without its port.
func (s *Settings) host() string {
	host, _, _ := net.SplitHostPort(s.address())
	return host
}

// local tells whether the server is on this host for certain.
func (s *Settings) local() bool {
	addr, err := netip.ParseAddr(s.host())
	return err == nil && addr.IsLoopback()
}

// helo is how peakd names itself.
func (s *Settings) helo() string {
	if s.Helo != "" {
		return s.Helo
	}
	if name, err := os.Hostname(); err == nil && name != "" {
		return name
	}
	return "localhost"
}

// SetDefaults sets what a configuration leaves out.
func (s *Settings) SetDefaults() { *s = Defaults() }
