package examples_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

// handIn hands files in to a queue below an example's folder; each holds its name, but for those whose names begin with
// "empty".
func handIn(t *testing.T, dir string, names ...string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text := "From: me@test\nTo: " + name + "@test\n\n" + name + "\n"
		if strings.HasPrefix(name, "empty") {
			text = ""
		}
		if err := spool.Enqueue(dir, name, strings.NewReader(text), spool.ProducerOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

// wantQueue wants these files, and no others, to be done and to have failed.
func wantQueue(t *testing.T, dir string, done, failed []string) {
	t.Helper()
	q, err := spool.Open(dir, spool.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	for _, state := range spool.States() {
		var want, got []string
		switch state { //nolint:exhaustive // nothing is wanted in the others
		case spool.StateDone:
			want = done
		case spool.StateFailed:
			want = failed
		}
		for e, err := range q.List(state) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e.Name)
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s: %v are %q, want %q", filepath.Base(dir), state, got, want)
		}
	}
}

func TestQueueExec(t *testing.T) {
	t.Parallel()
	dir := copied(t, "queue-exec")
	handIn(t, dir+"/orders", "1", "2", "bad", "later")
	o := program(t, dir, "peakd", "run", "-c", "queue.hcl")
	want(t, "the log", o.log, `orders +retry +file=later attempt=1 reason="exit 75"`, `orders +set_aside +file=bad attempt=1 reason="exit 65: not an order"`,
		`orders +set_aside +file=later attempt=3 reason="given up after 3 attempts: exit 75"`)
	wantQueue(t, dir+"/orders", []string{"1", "2"}, []string{"bad", "later"})
	s := program(t, dir, "peakd", "queue", "show", "orders", "bad")
	want(t, "queue show", s.out, `^reason +exit 65: not an order`, `^not an order$`)
}

func TestQueueWorker(t *testing.T) {
	t.Parallel()
	for _, interpreter := range []string{"/bin/sh worker.sh", "python3 worker.py"} {
		t.Run(interpreter, func(t *testing.T) {
			t.Parallel()
			dir := copied(t, "queue-worker")
			name, script, _ := strings.Cut(interpreter, " ")
			text, err := os.ReadFile(dir + "/queue.hcl")
			if err != nil {
				t.Fatal(err)
			}
			text = []byte(strings.Replace(string(text), `"/bin/sh", abspath("worker.sh")`, `"`+name+`", abspath("`+script+`")`, 1))
			if err := os.WriteFile(dir+"/queue.hcl", text, 0o600); err != nil {
				t.Fatal(err)
			}
			names := []string{"a b", "line\nbreak", "100%", "ümläut"}
			if err := os.Mkdir(dir+"/copies", 0o755); err != nil {
				t.Fatal(err)
			}
			handIn(t, dir+"/lines", append(names, "empty")...)
			program(t, dir, "peakd", "run", "-c", "queue.hcl")
			slices.Sort(names)
			wantQueue(t, dir+"/lines", names, []string{"empty"})
			for _, name := range names {
				if got, err := os.ReadFile(dir + "/copies/" + name); err != nil || !strings.HasSuffix(string(got), name+"\n") {
					t.Errorf("the copy of %q is %q (%v)", name, got, err)
				}
			}
		})
	}
}

func TestQueueGo(t *testing.T) {
	t.Parallel()
	dir := copied(t, "queue-go")
	handIn(t, dir+"/texts", "one", "two three", "empty")
	o := program(t, dir, "queue-go", "run", "-c", "queue.hcl")
	want(t, "the output", o.out, `^one: 5 words$`, `^two three: 7 words$`)
	want(t, "the log", o.log, `texts +set_aside +file=empty attempt=1 reason="there is no word in it"`)
	wantQueue(t, dir+"/texts", []string{"one", "two three"}, []string{"empty"})
	for _, verb := range []string{"validate", "run"} {
		r := program(t, dir, "peakd", verb, "-c", "queue.hcl")
		if r.code != 2 {
			t.Errorf("%s without the function: exit code %d", verb, r.code)
		}
		want(t, "the error", r.out+r.log, `this program offers no function "count_words"`)
	}
}

func TestQueueHTTP(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex // guards came
	var came []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.Header.Get("Peakd-Queue") + " " + r.Header.Get("Peakd-Name")
		if strings.HasSuffix(name, " bad") {
			http.Error(w, "no such event", http.StatusUnprocessableEntity)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		came = append(came, name)
	}))
	defer server.Close()
	dir := copied(t, "queue-http")
	handIn(t, dir+"/events/orders", "1", "2", "bad")
	handIn(t, dir+"/events/urgent-orders", "3")
	o := program(t, dir, "peakd", "run", "-c", "queue.hcl", "--var", "url="+server.URL+"/events")
	want(t, "the log", o.log, `events +worked .*added=orders,urgent-orders`, `events/orders +set_aside +file=bad attempt=1 reason=.*422`)
	wantQueue(t, dir+"/events/orders", []string{"1", "2"}, []string{"bad"})
	wantQueue(t, dir+"/events/urgent-orders", []string{"3"}, nil)
	if want := []string{"events/urgent-orders 3", "events/orders 1", "events/orders 2"}; !slices.Equal(came, want) {
		t.Errorf("came %q, want %q", came, want)
	}
}

// mailbox is a mail server that knows everybody but "nobody".
type mailbox struct {
	mu  sync.Mutex // guards got
	got []string
}

func (m *mailbox) listen(t *testing.T) (addr string) {
	t.Helper()
	s := gosmtp.NewServer(gosmtp.BackendFunc(func(*gosmtp.Conn) (gosmtp.Session, error) { return &session{mailbox: m}, nil }))
	s.Domain, s.ReadTimeout = "test", time.Minute
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
	return l.Addr().String()
}

type session struct {
	*mailbox
	to string
}

func (s *session) Reset()                                 { s.to = "" }
func (s *session) Logout() error                          { return nil }
func (s *session) Mail(string, *gosmtp.MailOptions) error { return nil }

func (s *session) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	if s.to = to; to == "nobody@test" {
		return &gosmtp.SMTPError{Code: 550, EnhancedCode: gosmtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	_, body, _ := strings.Cut(string(text), "\r\n\r\n")
	s.got = append(s.got, s.to+" "+body)
	return err
}

func TestQueueSMTP(t *testing.T) {
	t.Parallel()
	m := &mailbox{}
	addr := m.listen(t)
	dir := copied(t, "queue-smtp")
	handIn(t, dir+"/mail", "alice", "bob", "nobody")
	o := program(t, dir, "peakd", "run", "-c", "queue.hcl", "--var", "server="+addr)
	want(t, "the log", o.log, `mail +set_aside +file=nobody attempt=1 reason=.*550`)
	wantQueue(t, dir+"/mail", []string{"alice", "bob"}, []string{"nobody"})
	slices.Sort(m.got)
	if want := []string{"alice@test alice\r\n", "bob@test bob\r\n"}; !slices.Equal(m.got, want) {
		t.Errorf("came %q, want %q", m.got, want)
	}
}
