package smtp_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/delivertest"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/smtp"
)

// TestBytes: what is sent is what is in the file, but for the ends of lines and the fields of the envelope.
func TestBytes(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 200_000)
	tests := map[string]struct{ file, want string }{
		"LF":        {"From: a@b\nTo: c@d\n\nhello\n", "From: a@b\r\nTo: c@d\r\n\r\nhello\r\n"},
		"CRLF":      {"From: a@b\r\nTo: c@d\r\n\r\nhello\r\n", "From: a@b\r\nTo: c@d\r\n\r\nhello\r\n"},
		"mixed":     {"From: a@b\r\nTo: c@d\n\nhello\n\r\n", "From: a@b\r\nTo: c@d\r\n\r\nhello\r\n\r\n"},
		"no end":    {"From: a@b\nTo: c@d\n\nhello", "From: a@b\r\nTo: c@d\r\n\r\nhello\r\n"},
		"no body":   {"From: a@b\nTo: c@d\n", "From: a@b\r\nTo: c@d\r\n"},
		"dots":      {"From: a@b\nTo: c@d\n\n.\n..\n.x\n\n.\n", "From: a@b\r\nTo: c@d\r\n\r\n.\r\n..\r\n.x\r\n\r\n.\r\n"},
		"long line": {"From: a@b\nTo: c@d\n\n" + long + "\n.\n" + long, "From: a@b\r\nTo: c@d\r\n\r\n" + long + "\r\n.\r\n" + long + "\r\n"},
		"bytes":     {"From: a@b\nTo: c@d\n\n\x00\xff\x80\t \x7f\n", "From: a@b\r\nTo: c@d\r\n\r\n\x00\xff\x80\t \x7f\r\n"},
		"fields": {
			"Return-Path: <a@b>\nReceived: x\n\tby y\nDKIM-Signature: a=b;\n  c\nFrom : a@b\nBcc: e@f,\n\tg@h\nTO: c@d\nsubject:x\nResent-Bcc:\n\nBcc: no field\n",
			"Received: x\r\n\tby y\r\nDKIM-Signature: a=b;\r\n  c\r\nFrom : a@b\r\nTO: c@d\r\nsubject:x\r\n\r\nBcc: no field\r\n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, addr := newServer(t, func(s *server) { s.MaxLineLength = 1 << 20 })
			r := delivertest.Deliver(t.Context(), t, to(t, addr, func(s *smtp.Settings) { s.To = []string{"x@y"} }, deliver.Env{}), letters(t, tt.file))[0]
			if r.Verdict != deliver.Done {
				t.Fatalf("result = %+v", r)
			}
			if got := s.got(); len(got) != 1 || got[0].text != tt.want {
				t.Errorf("got %.300q, want %.300q", fmt.Sprint(got), tt.want)
			}
		})
	}
}

// TestSentBytesProperty holds any body to the same.
func TestSentBytesProperty(t *testing.T) {
	t.Parallel()
	s, addr := newServer(t, func(s *server) { s.MaxLineLength = 1 << 20 })
	d := to(t, addr, nil, deliver.Env{})
	rapid.Check(t, func(rt *rapid.T) {
		pieces := rapid.SliceOf(rapid.SampledFrom([]string{".", "..", "\n", "\r\n", "\n.\n", "\r\n.\r\n", "x", " ", "\x00", "\xff", "QUIT", "DATA\n"})).Draw(rt, "body")
		file := "From: a@b\nTo: c@d\nBcc: e@f\n\n" + strings.Join(pieces, "")
		jobs := letters(t, file)
		r := delivertest.Deliver(t.Context(), t, d, jobs)[0]
		want := strings.Replace(crlf(file), "Bcc: e@f\r\n", "", 1)
		if !strings.HasSuffix(want, "\r\n") {
			want += "\r\n"
		}
		got := s.got()
		if r.Verdict != deliver.Done || got[len(got)-1].text != want {
			rt.Errorf("%+v: got %q, want %q", r, got[len(got)-1].text, want)
		}
	})
}

func TestNoMail(t *testing.T) {
	t.Parallel()
	s, addr := newServer(t, nil)
	tests := map[string]struct{ file, reason string }{
		"empty":          {"", "the file is no mail: it has no header"},
		"empty line":     {"\nhello\n", "the file is no mail: it has no header"},
		"mailbox":        {"From me Mon Nov 23\nFrom: a@b\n\n", "the file is no mail: line 1 is no field of a header"},
		"text":           {"From: a@b\nhello world\n\n", "the file is no mail: line 2 is no field of a header"},
		"continuation":   {" From: a@b\n\n", "the file is no mail: line 1 continues a field, and there is none"},
		"binary":         {"\x00\xff\x01: x\n\n", "the file is no mail: line 1 is no field of a header"},
		"long line":      {"From: " + strings.Repeat("x", 70_000) + "\n\n", "the header is too long to be that of a mail, at line 1"},
		"long header":    {strings.Repeat("X: y\n", 300_000) + "\n", "the header is too long to be that of a mail, at line 209716"},
		"lone CR":        {"From: a@b\nTo: c@d\n\nhello\rworld\n", "the mail has a carriage return that does not end a line, which SMTP cannot carry"},
		"smuggling":      {"From: a@b\nTo: c@d\n\n\r.\r\nMAIL FROM:<x@y>\r\n", "the mail has a carriage return that does not end a line, which SMTP cannot carry"},
		"CR at the end":  {"From: a@b\nTo: c@d\n\nhello\r", "the mail has a carriage return that does not end a line, which SMTP cannot carry"},
		"CR in header":   {"From: a@b\rx\nTo: c@d\n\n", "the mail has a carriage return that does not end a line, which SMTP cannot carry"},
		"two CR":         {"From: a@b\nTo: c@d\n\nhello\r\r\n", "the mail has a carriage return that does not end a line, which SMTP cannot carry"},
		"no sender":      {"To: c@d\n\n", "the mail has no sender: no address in Return-Path, Sender or From"},
		"no recipient":   {"From: a@b\n\n", "the mail has no recipient: no address in To, Cc or Bcc"},
		"undisclosed":    {"From: a@b\nTo: undisclosed-recipients:;\n\n", "the mail has no recipient: no address in To, Cc or Bcc"},
		"local name":     {"From: a@b\nTo: root\n\n", "the field to cannot be read: mail: missing '@' or angle-addr"},
		"broken address": {"From: a@b\nTo: a@b@c\n\n", "the field to cannot be read: mail: expected single address, got \"@c\""},
		"bad bytes":      {"From: a@b\nTo: a\xff@b\n\n", "the field to has an address with a character that no address can have"},
		"two paths":      {"Return-Path: a@b, c@d\nFrom: a@b\nTo: c@d\n\n", "the field return-path has 2 addresses, not one"},
	}
	d := to(t, addr, nil, deliver.Env{})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { // one after the other: a deliverer has one run at a time
			r := delivertest.Deliver(t.Context(), t, d, letters(t, tt.file))[0]
			if r.Verdict != deliver.Permanent || !strings.HasPrefix(r.Reason, tt.reason[:min(len(tt.reason), 30)]) {
				t.Errorf("result = %+v, want %q", r, tt.reason)
			}
			if r.Reason != tt.reason && !strings.Contains(tt.reason, "mail: ") {
				t.Errorf("reason = %q, want %q", r.Reason, tt.reason)
			}
		})
	}
	if got := s.got(); len(got) > 0 {
		t.Errorf("the server got %d mails", len(got))
	}
}

func TestEnvelope(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		header string
		change func(*smtp.Settings)
		want   string
	}{
		"from and to":      {"From: Me <me@test>\nTo: a@b, \"C, D\" <c@d>\nCc: e@f\nBcc: g@h", nil, "me@test: a@b c@d e@f g@h"},
		"sender":           {"From: a@b, c@d\nSender: me@test\nTo: a@b", nil, "me@test: a@b"},
		"first from":       {"From: a@b, c@d\nTo: a@b", nil, "a@b: a@b"},
		"return path":      {"Return-Path: <bounce@test>\nFrom: a@b\nTo: a@b", nil, "bounce@test: a@b"},
		"empty path":       {"Return-Path: <>\nFrom: a@b\nTo: a@b", nil, ": a@b"},
		"each once":        {"From: a@b\nTo: x@y, x@y\nCc: x@y\nTo: z@y", nil, "a@b: x@y z@y"},
		"group":            {"From: a@b\nTo: us: x@y, z@y;, w@y", nil, "a@b: x@y z@y w@y"},
		"hidden":           {"From: a@b\nTo: undisclosed-recipients:;\nBcc: x@y", nil, "a@b: x@y"},
		"folded":           {"From: a@b\nTo: x@y,\n\tz@y,\r\n  w@y", nil, "a@b: x@y z@y w@y"},
		"quoted":           {"From: a@b\nTo: \"a b>c\"@y", nil, "a@b: a b>c@y"}, // the server takes the quotes off,
		"encoded name":     {"From: =?koi8-r?B?8NXQy8nO?= <a@b>\nTo: x@y", nil, "a@b: x@y"},
		"raw name":         {"From: M\xfcller <a@b>\nTo: x@y", nil, "a@b: x@y"},
		"beyond ASCII":     {"From: a@b\nTo: mül@y", nil, "utf8 a@b: mül@y"},
		"resent":           {"Resent-From: r@r\nResent-To: x@y\nReceived: z\nReturn-Path: <old@test>\nFrom: a@b\nTo: c@d\nBcc: e@f", nil, "r@r: x@y"},
		"resent sender":    {"Resent-From: r@r\nResent-Sender: s@r\nResent-Bcc: x@y\nFrom: a@b\nTo: c@d", nil, "s@r: x@y"},
		"resent twice":     {"Resent-To: x@y\nResent-From: r@r\nReceived: z\nResent-To: old@y\nResent-From: o@r\nFrom: a@b\nTo: c@d", nil, "r@r: x@y"},
		"path and resent":  {"Return-Path: <p@test>\nResent-Bcc: x@y\nFrom: a@b\nTo: c@d", nil, "p@test: x@y"},
		"settings":         {"From: a@b\nTo: c@d", func(s *smtp.Settings) { s.From, s.To = "Me <me@test>", []string{"x@y", "x@y", "z@y"} }, "me@test: x@y z@y"},
		"empty by setting": {"From: a@b\nTo: c@d", func(s *smtp.Settings) { s.From = "<>" }, ": c@d"},
		"no from needed":   {"Subject: x", func(s *smtp.Settings) { s.From, s.To = "<>", []string{"x@y"} }, ": x@y"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, addr := newServer(t, nil)
			r := delivertest.Deliver(t.Context(), t, to(t, addr, tt.change, deliver.Env{}), letters(t, tt.header+"\n\nbody\n"))[0]
			got := s.got()
			if r.Verdict != deliver.Done || len(got) != 1 {
				t.Fatalf("result = %+v, %d mails", r, len(got))
			}
			text := fmt.Sprintf("%s: %s", got[0].from, strings.Join(got[0].to, " "))
			if got[0].utf8 {
				text = "utf8 " + text
			}
			if text != tt.want {
				t.Errorf("envelope = %s, want %s", text, tt.want)
			}
		})
	}
}

// FuzzMessage feeds anything to the reader: what it lets pass keeps to the rules of the wire, and to its declared size.
func FuzzMessage(f *testing.F) {
	f.Add([]byte("From: a@b\nTo: c@d\nBcc: e\n\nx\r\n.\n"))
	f.Add([]byte("Return-Path: <>\r\nResent-To: a:;\r\n x\r\n\r\n\r"))
	f.Fuzz(func(t *testing.T, file []byte) {
		sent, size, err := smtp.Sent(file)
		if err != nil {
			return
		}
		wire := crlf(string(sent))
		if len(wire) > 0 && !strings.HasSuffix(wire, "\n") {
			wire += "\r\n"
		}
		if strings.Contains(strings.ReplaceAll(wire, "\r\n", ""), "\r") || int64(len(wire)) != size {
			t.Errorf("%q: %d bytes, told %d: %q", file, len(wire), size, wire)
		}
		if !isSubsequence(sent, file) {
			t.Errorf("%q became %q", file, sent)
		}
	})
}

// isSubsequence tells whether the lines of a are lines of b in their order.
func isSubsequence(a, b []byte) bool {
	lines := slices.Collect(bytes.Lines(b))
	for line := range bytes.Lines(a) {
		at := slices.IndexFunc(lines, func(l []byte) bool { return bytes.Equal(l, line) })
		if at < 0 {
			return false
		}
		lines = lines[at+1:]
	}
	return true
}
