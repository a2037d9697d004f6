package dirqueue_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

const asProgram = `case $PEAKD_NAME in never*) echo >&2 "bad order"; exit 65 ;; retry*) exit 75 ;; esac
	cat "$PEAKD_FILE" >>"$TO"`

const asWorker = `echo peakd-worker 1
	while read -r _ number path attempt id; do
	  case ${path##*/} in
	    never*) echo "fail $number no such thing" ;;
	    retry*) echo "retry $number not now" ;;
	    *) cat "$path" >>"$TO"; echo "ok $number" ;;
	  esac
	done`

// TestHandlers: files go to each kind of destination, and from there to where its answer sends them.
func TestHandlers(t *testing.T) {
	t.Parallel()
	web, mails := webServer(t), mailServer(t)
	tests := []struct {
		name, deliver string
		got           func() []string // what the destination has; nil: the files themselves tell
		reason        string
	}{
		{"exec", `deliver "exec" {
			command = ["/bin/sh", "-c", "` + quoted(asProgram) + `"]
			env     = { TO = "BASE/out" }
		}`, nil, "exit 65"},
		{"worker", `deliver "worker" {
			command = ["/bin/sh", "-c", "` + quoted(asWorker) + `"]
			env     = { TO = "BASE/out" }
		}`, nil, "no such thing"},
		{"go", `deliver "go" {
			function = "desk"
		}`, nil, "as never"},
		{"http", `deliver "http" {
			url = "` + web.URL + `/in"
		}`, web.got, "404 Not Found"},
		{"smtp", `deliver "smtp" {
			server = "` + mails.addr + `"
			tls    = "none"
			helo   = "test"
			from   = "me@test"
		}`, mails.got, "550"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := prepare(t, daemonapp.Options{Once: true})
			l.answers(byName)
			l.mkdir("q")
			names := []string{"a", "b", "never", "retry"}
			for _, name := range names {
				text := "To: " + name + "@test\n\n" + name + "\n"
				must(t, spool.Enqueue(l.base+"/q", name, strings.NewReader(text), spool.ProducerOptions{Volatile: true}))
			}
			l.configure(`daemon "dir_queue" "q" {
				run_every    = "1h"
				directory    = "BASE/q"
				ready        = "rename"
				minimum_free = 0
				` + tt.deliver + `
			}`)
			l.start()
			<-l.done
			same(t, "the runs", l.ends("q"), []string{"worked 2"})
			same(t, "the files", tree(t, l.base+"/q"), []string{"done/a", "done/b", "failed/never", "failed/never.why", "retry/1-0/retry"})
			if tt.got != nil {
				same(t, "what came", tt.got(), []string{"a", "b"})
			}
			q, err := spool.Open(l.base+"/q", spool.Options{ReadOnly: true})
			must(t, err)
			defer q.Close()
			for e, err := range q.List(spool.StateFailed) {
				must(t, err)
				if !strings.Contains(e.Failure.Reason, tt.reason) {
					t.Errorf("the reason is %q, want %q", e.Failure.Reason, tt.reason)
				}
			}
		})
	}
}

// quoted is a text as it stands within quotes in a configuration.
func quoted(text string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", " ", "${", "$${", "%{", "%%{").Replace(text)
}

// inbox is what a server got.
type inbox struct {
	mu  sync.Mutex // guards all
	all []string
}

func (i *inbox) add(what string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.all = append(i.all, strings.TrimSpace(what))
}

func (i *inbox) got() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	list := slices.Clone(i.all)
	slices.Sort(list)
	return list
}

type web struct {
	inbox
	*httptest.Server
}

func webServer(t *testing.T) *web {
	t.Helper()
	w := &web{}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch name := r.Header.Get("Peakd-Name"); {
		case strings.HasPrefix(name, "never"):
			rw.WriteHeader(http.StatusNotFound)
		case strings.HasPrefix(name, "retry"):
			rw.WriteHeader(http.StatusServiceUnavailable)
		default:
			body, _ := io.ReadAll(r.Body)
			_, text, _ := strings.Cut(string(body), "\n\n")
			w.add(text)
		}
	}))
	t.Cleanup(w.Close)
	return w
}

// mailbox is an SMTP server with one session at a time or more.
type mailbox struct {
	inbox
	addr string
}

func mailServer(t *testing.T) *mailbox {
	t.Helper()
	m := &mailbox{}
	s := gosmtp.NewServer(gosmtp.BackendFunc(func(*gosmtp.Conn) (gosmtp.Session, error) { return session{m}, nil }))
	s.Domain, s.ReadTimeout = "test", time.Minute
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	m.addr = listener.Addr().String()
	served := make(chan struct{})
	go func() { // joined by the cleanup
		defer close(served)
		_ = s.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-served
	})
	return m
}

type session struct{ *mailbox }

func (session) Reset()                                 {}
func (session) Logout() error                          { return nil }
func (session) Mail(string, *gosmtp.MailOptions) error { return nil }

func (session) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	switch {
	case strings.HasPrefix(to, "never"):
		return &gosmtp.SMTPError{Code: 550, EnhancedCode: gosmtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	case strings.HasPrefix(to, "retry"):
		return &gosmtp.SMTPError{Code: 451, EnhancedCode: gosmtp.EnhancedCode{4, 2, 0}, Message: "not now"}
	}
	return nil
}

func (s session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	_, body, _ := strings.Cut(string(text), "\r\n\r\n")
	s.add(body)
	return nil
}
