package smtp_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/delivertest"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/smtp"
)

func TestRecipients(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		file   string
		want   deliver.Verdict
		reason string
		to     string // who got it
	}{
		"one":               {letter("x", "a"), deliver.Done, "", "a@test"},
		"all":               {letter("x", "a", "b"), deliver.Done, "", "a@test b@test"},
		"later":             {letter("x", "later"), deliver.Retry, "<later@test>: 451 4.2.0 not now", ""},
		"never":             {letter("x", "never"), deliver.Permanent, "<never@test>: 550 5.1.1 no such user", ""},
		"some later":        {letter("x", "a", "later", "b"), deliver.Retry, "<later@test>: 451 4.2.0 not now; the 2 others have the mail", "a@test b@test"},
		"some never":        {letter("x", "never", "a"), deliver.Permanent, "<never@test>: 550 5.1.1 no such user; the other one has the mail", "a@test"},
		"later beats never": {letter("x", "never", "later", "a"), deliver.Retry, "<later@test>: 451 4.2.0 not now, and 1 more; the other one has the mail", "a@test"},
		"spam":              {letter("spam", "a", "b"), deliver.Permanent, "<a@test>: 554 5.7.1 no spam, and 1 more", ""},
		"busy":              {letter("busy", "a"), deliver.Retry, "<a@test>: 451 4.3.2 busy", ""},
		"spam to later":     {letter("spam", "a", "later"), deliver.Retry, "<later@test>: 451 4.2.0 not now, and 1 more", ""},
		"bad sender":        {"From: never@test\nTo: a@test, b@test\n\n", deliver.Permanent, "<a@test>: 550 5.1.1 no such user, and 1 more", ""},
		"a few at a time":   {letter("x", "many1", "many2", "many3", "never"), deliver.Permanent, "<never@test>: 550 5.1.1 no such user; the 3 others have the mail", "many1@test many2@test many3@test"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, addr := newServer(t, nil)
			d := to(t, addr, nil, deliver.Env{})
			jobs := letters(t, tt.file)
			r := delivertest.Deliver(t.Context(), t, d, jobs)[0]
			if r.Verdict != tt.want || r.Reason != tt.reason {
				t.Errorf("result = %v %q, want %v %q", r.Verdict, r.Reason, tt.want, tt.reason)
			}
			if got := s.whoGot(); strings.Join(got, " ") != tt.to {
				t.Errorf("%q got it, want %s", got, tt.to)
			}
			before := len(s.got())
			if r := delivertest.Deliver(t.Context(), t, d, again(jobs))[0]; r.Verdict != tt.want {
				t.Errorf("at the second attempt: %+v", r)
			}
			if len(s.got()) != before && tt.want != deliver.Done {
				t.Errorf("at the second attempt, %q got it too", s.whoGot())
			}
		})
	}
}

// whoGot is everybody who got a mail, as often as they did.
func (s *server) whoGot() (all []string) {
	for _, m := range s.got() {
		all = append(all, m.to...)
	}
	slices.Sort(all)
	return all
}

// TestNobodyTwice: whatever comes between, everybody gets a mail once, also by another deliverer after a restart.
func TestNobodyTwice(t *testing.T) {
	t.Parallel()
	s, addr := newServer(t, nil)
	jobs := letters(t, letter("x", "a", "later", "b", "never", "many1", "many2"))
	first := delivertest.Deliver(t.Context(), t, to(t, addr, nil, deliver.Env{}), jobs)[0]
	if first.Verdict != deliver.Retry || !strings.Contains(string(first.Detail), "<a@test>: delivered\n") {
		t.Errorf("first: %+v", first)
	}
	s.mu.Lock()
	s.answers["later"], s.answers["never"] = nil, nil
	s.offered = nil
	s.mu.Unlock()
	second := delivertest.Deliver(t.Context(), t, to(t, addr, nil, deliver.Env{}), again(jobs))[0]
	if second.Verdict != deliver.Done {
		t.Errorf("second: %+v", second)
	}
	if want := []string{"a@test", "b@test", "later@test", "many1@test", "many2@test", "never@test"}; !slices.Equal(s.whoGot(), want) {
		t.Errorf("%q got it, want each once", s.whoGot())
	}
	if want := []string{"later@test", "never@test"}; !slices.Equal(s.offered, want) {
		t.Errorf("at the second attempt %q were offered, want %q", s.offered, want)
	}
}

// TestRememberedAll: a file whose recipients all have it is done without a word to the server, as after a crash between the
// last answer and the end of the attempt.
func TestRememberedAll(t *testing.T) {
	t.Parallel()
	jobs := letters(t, letter("x", "a", "b"))
	file, err := jobs[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := smtp.Remember(file, "a@test", "b@test"); err != nil {
		t.Fatal(err)
	}
	d := to(t, "127.0.0.1:1", nil, deliver.Env{})
	if r := delivertest.Deliver(t.Context(), t, d, jobs)[0]; r.Verdict != deliver.Done {
		t.Errorf("result = %+v", r)
	}
}

// TestWithoutMemory: where nothing can be remembered, nobody gets a mail before everybody can; those who never can
// are in nobody's way.
func TestWithoutMemory(t *testing.T) {
	t.Parallel()
	full := func(t *testing.T, job *deliver.Job) { // no room for another attribute
		t.Helper()
		for _, size := range []int{1 << 15, 1 << 10, 1 << 5, 1} {
			for i := range 1 << 12 {
				name := fmt.Sprintf("user.%d.%d", size, i)
				if unix.Setxattr(job.Path, name, make([]byte, size), 0) != nil {
					break
				}
			}
		}
		if unix.Setxattr(job.Path, smtp.Attribute, make([]byte, 11), 0) == nil {
			t.Skip("this file system has room for more attributes than the test can fill")
		}
	}
	s, addr := newServer(t, nil)
	d := to(t, addr, nil, deliver.Env{})
	jobs := letters(t, letter("x", "a", "later"), letter("x", "b", "never"), letter("x", "c"))
	for i := range jobs {
		full(t, &jobs[i])
	}
	results := delivertest.Deliver(t.Context(), t, d, jobs)
	if got := delivertest.Verdicts(results); got != "retry permanent done" {
		t.Errorf("got %s", got)
	}
	if want := []string{"b@test", "c@test"}; !slices.Equal(s.whoGot(), want) {
		t.Errorf("%q got it, want %q", s.whoGot(), want)
	}
	if !strings.HasPrefix(results[0].Reason, "not yet for <later@test>: 451 4.2.0 not now, so for nobody:") ||
		!strings.HasSuffix(results[1].Reason, "do not try the file again as it is") {
		t.Errorf("reasons %q, %q", results[0].Reason, results[1].Reason)
	}
}

// TestOneMailBlocksNoOther: each of these has its own end, and the connection serves the next all the same.
func TestOneMailBlocksNoOther(t *testing.T) {
	t.Parallel()
	s, addr := newServer(t, nil)
	d := to(t, addr, nil, deliver.Env{})
	bad := []string{
		letter("x", "never"), letter("spam", "a"), letter("x", "later"), "no mail\n", letter("busy", "a"),
		"From: never@test\nTo: a@test\n\n", letter("lone\rCR", "a"), letter("x", "a", "never"),
	}
	texts := []string{}
	for _, text := range bad {
		texts = append(texts, text, letter("good", "b"))
	}
	for i, r := range delivertest.Deliver(t.Context(), t, d, letters(t, texts...)) {
		if good := i%2 == 1; good != (r.Verdict == deliver.Done) {
			t.Errorf("%.60q: %+v", texts[i], r)
		}
	}
	if s.sessions != 1 {
		t.Errorf("%d connections, want 1", s.sessions)
	}
}

const ehlo = "S: 220 hello\nC: EHLO client.test\nS: 250 test\n"

// TestTrips: what is not about the mail.
func TestTrips(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		sessions []string
		want     deliver.Verdict
		reason   string
	}{
		"busy at the door":     {[]string{"S: 421 too busy"}, deliver.Trip, "too busy"},
		"closed":               {[]string{"S: 554 go away"}, deliver.Trip, "go away"},
		"hangs up":             {[]string{""}, deliver.Trip, "EOF"},
		"no SMTP":              {[]string{"S: HTTP/1.1 400 Bad Request"}, deliver.Trip, "HTTP"},
		"EHLO refused":         {[]string{"S: 220 hello\nC: EHLO\nS: 550 no"}, deliver.Trip, "550"},
		"going down at MAIL":   {[]string{ehlo + "C: MAIL\nS: 421 4.3.2 bye"}, deliver.Trip, "the server answered 421 4.3.2 bye"},
		"wants authentication": {[]string{ehlo + "C: MAIL\nS: 530 5.7.0 log in"}, deliver.Trip, "the server answered 530 5.7.0 log in"},
		"going down at RCPT":   {[]string{ehlo + "C: MAIL\nS: 250 ok\nC: RCPT\nS: 421 bye"}, deliver.Trip, "the server answered 421 bye"},
		"going down at DATA":   {[]string{ehlo + "C: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\nS: 421 bye"}, deliver.Trip, "the server answered 421 bye"},
		"hangs up at MAIL":     {[]string{ehlo + "C: MAIL"}, deliver.Trip, "the session ended: EOF"},
		"hangs up at RCPT":     {[]string{ehlo + "C: MAIL\nS: 250 ok\nC: RCPT"}, deliver.Retry, "the session ended: EOF"},
		"hangs up at DATA":     {[]string{ehlo + "C: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA"}, deliver.Retry, "the session ended: EOF"},
		"hangs up at the end":  {[]string{ehlo + "C: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\nS: 354 go\nD:"}, deliver.Retry, "which may have the mail: EOF"},
		"garbage":              {[]string{ehlo + "C: MAIL\nS: 250 ok\nC: RCPT\nS: perhaps"}, deliver.Retry, "the session ended: "},
		"an unusual yes":       {[]string{ehlo + "C: MAIL\nS: 250 ok\nC: RCPT\nS: 251 forwarded\nC: DATA\nS: 354 go\nD:\nS: 252 perhaps"}, deliver.Done, ""},
		"DATA refused":         {[]string{ehlo + "C: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\nS: 550 5.7.1 no"}, deliver.Permanent, "<a@test>: 550 5.7.1 no"},
		"an old server":        {[]string{"S: 220 hello\nC: EHLO\nS: 502 what\nC: EHLO\nS: 502 what\nC: HELO client.test\nS: 250 ok\nC: MAIL FROM:<me@test>\nS: 250 ok\nC: RCPT TO:<a@test>\nS: 250 ok\nC: DATA\nS: 354 go\nD:\nS: 250 ok"}, deliver.Done, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := script(t, tt.sessions...)
			d := to(t, addr, func(s *smtp.Settings) {
				s.TLS = smtp.TLSNone
				if name == "an old server" {
					s.TLS = smtp.TLSOpportunistic
				}
			}, deliver.Env{})
			r := delivertest.Deliver(t.Context(), t, d, letters(t, letter("x", "a")))[0]
			if r.Verdict != tt.want || !strings.Contains(r.Reason, tt.reason) {
				t.Errorf("result = %v %q, want %v %q", r.Verdict, r.Reason, tt.want, tt.reason)
			}
		})
	}
}

// TestBeyondASCII: a server that would damage a mail does not get it.
func TestBeyondASCII(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		letter("ümläut", "a"):         "8BITMIME",
		"From: a@b\nTo: mül@test\n\n": "SMTPUTF8",
	} {
		addr := script(t, ehlo+"W:")
		r := delivertest.Deliver(t.Context(), t, to(t, addr, func(s *smtp.Settings) { s.TLS = smtp.TLSNone }, deliver.Env{}), letters(t, text))[0]
		if r.Verdict != deliver.Permanent || !strings.Contains(r.Reason, want) {
			t.Errorf("result = %+v, want %s", r, want)
		}
	}
}

// TestCancel: what has been sent is waited for a moment; before that, nothing goes out any more.
func TestCancel(t *testing.T) {
	t.Parallel()
	const begin = ehlo + "C: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\nS: 354 go\nD:\n"
	for name, tt := range map[string]struct {
		session string
		want    deliver.Verdict
		reason  string
	}{
		"at RCPT":   {ehlo + "C: MAIL\nS: 250 ok\nC: RCPT\nW:", deliver.Retry, "the attempt was ended: enough"},
		"at a wait": {begin + "W:", deliver.Retry, "the session ended before the server had answered, which may have the mail"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(100*time.Millisecond, func() { cancel(errors.New("enough")) })
			d := to(t, script(t, tt.session), func(s *smtp.Settings) { s.TLS = smtp.TLSNone }, deliver.Env{})
			start := time.Now()
			results := delivertest.Deliver(ctx, t, d, letters(t, letter("x", "a"), letter("x", "b")))
			if results[0].Verdict != tt.want || !strings.HasPrefix(results[0].Reason, tt.reason) {
				t.Errorf("result = %+v, want %q", results[0], tt.reason)
			}
			if results[1].Reason != "the attempt was ended: enough" || time.Since(start) > 4*time.Second {
				t.Errorf("next = %+v, after %s", results[1], time.Since(start))
			}
		})
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	d := to(t, script(t, ehlo+"C: MAIL\nS: 250 ok\nC: RCPT\nW:"), func(s *smtp.Settings) {
		s.TLS, s.Timeout = smtp.TLSNone, 50*time.Millisecond
	}, deliver.Env{})
	r := delivertest.Deliver(t.Context(), t, d, letters(t, letter("x", "a")))[0]
	if r.Verdict != deliver.Retry || !strings.Contains(r.Reason, "timeout") {
		t.Errorf("result = %+v", r)
	}
}

func TestUnopened(t *testing.T) {
	t.Parallel()
	d := to(t, "127.0.0.1:1", nil, deliver.Env{})
	jobs := letters(t, letter("x", "a"))
	jobs[0].Content = delivertest.Unopened()
	if r := delivertest.Deliver(t.Context(), t, d, jobs)[0]; r.Verdict != deliver.Retry || r.Reason != os.ErrPermission.Error() {
		t.Errorf("result = %+v", r)
	}
}
