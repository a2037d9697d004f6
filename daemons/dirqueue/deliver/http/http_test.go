package http_test

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	deliverhttp "github.com/peakd/peakd/daemons/dirqueue/deliver/http"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/delivertest"
)

// to is a deliverer to a server with the given answers.
func to(t *testing.T, answer http.HandlerFunc, change func(*deliverhttp.Settings), env deliver.Env) *deliverhttp.Deliverer {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return at(t, server.URL, change, env)
}

func at(t *testing.T, url string, change func(*deliverhttp.Settings), env deliver.Env) *deliverhttp.Deliverer {
	t.Helper()
	s := deliverhttp.Defaults()
	s.URL = url
	if change != nil {
		change(&s)
	}
	d, err := deliverhttp.New(s, env)
	if err != nil {
		t.Fatal(err)
	}
	delivertest.Close(t, d)
	return d
}

func TestStatus(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		status int
		after  string
		change func(*deliverhttp.Settings)
		want   deliver.Verdict
		wait   time.Duration
	}{
		"ok":                {200, "", nil, deliver.Done, 0},
		"accepted":          {202, "5", nil, deliver.Done, 0},
		"not changed":       {304, "", nil, deliver.Trip, 0},
		"bad request":       {400, "5", nil, deliver.Permanent, 0},
		"who are you":       {401, "", nil, deliver.Trip, 0},
		"forbidden":         {403, "", nil, deliver.Permanent, 0},
		"timeout":           {408, "", nil, deliver.Retry, 0},
		"too large":         {413, "", nil, deliver.Permanent, 0},
		"too early":         {425, "", nil, deliver.Retry, 0},
		"too many":          {429, "120", nil, deliver.Retry, 2 * time.Minute},
		"down until a date": {503, "Mon, 23 Nov 2026 08:00:30 GMT", nil, deliver.Retry, 30 * time.Second},
		"a date gone by":    {503, "Mon, 23 Nov 2026 07:00:30 GMT", nil, deliver.Retry, 0},
		"for very long":     {503, "99999999", nil, deliver.Retry, 24 * time.Hour},
		"nonsense":          {503, "soon", nil, deliver.Retry, 0},
		"negative":          {503, "-5", nil, deliver.Retry, 0},
		"chosen code":       {409, "", func(s *deliverhttp.Settings) { s.DoneStatus = []string{"2xx", "409"} }, deliver.Done, 0},
		"code before class": {204, "", func(s *deliverhttp.Settings) { s.RetryStatus = []string{"204"} }, deliver.Retry, 0},
		"chosen trip":       {503, "7", func(s *deliverhttp.Settings) { s.TripStatus = []string{"503"} }, deliver.Trip, 7 * time.Second},
		"no retries":        {500, "", func(s *deliverhttp.Settings) { s.RetryStatus = nil }, deliver.Permanent, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mock := clock.NewMock()
			mock.Set(now)
			d := to(t, func(w http.ResponseWriter, _ *http.Request) {
				if tt.after != "" {
					w.Header().Set("Retry-After", tt.after)
				}
				w.WriteHeader(tt.status)
				if tt.status != 204 && tt.status != 304 {
					_, _ = io.WriteString(w, "because of "+strings.Repeat("x", 10000))
				}
			}, tt.change, deliver.Env{Clock: mock, Mask: func(text string) string { return strings.ReplaceAll(text, "because", "***") }})
			r := delivertest.Deliver(t.Context(), t, d, delivertest.Jobs(t, delivertest.File{Name: "a", Content: "x"}))[0]
			if r.Verdict != tt.want || r.After != tt.wait {
				t.Errorf("result = %v, after %v; want %v, %v", r.Verdict, r.After, tt.want, tt.wait)
			}
			if bad := r.Verdict != deliver.Done; bad && !strings.HasPrefix(r.Reason, "the server answered ") ||
				bad && len(r.Detail) > 0 && !strings.HasPrefix(string(r.Detail), "*** of xxx") {
				t.Errorf("reason %q, detail %.20q", r.Reason, r.Detail)
			}
		})
	}
}

// TestRequest: the file arrives byte for byte, with what a server needs to know it again.
func TestRequest(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]*http.Request{}
	bodies := map[string]string{}
	d := to(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		seen[r.Header.Get("Peakd-Name")], bodies[r.Header.Get("Peakd-Name")] = r, string(body)
	}, func(s *deliverhttp.Settings) {
		s.Method, s.Headers = "PUT", map[string]string{"X-Tenant": "a", "content-type": "message/rfc822"}
		s.Username, s.Password = "me", "pw"
	}, deliver.Env{Concurrency: 4})
	files := []delivertest.File{{Name: "empty"}, {Name: "large", Content: strings.Repeat("\x00\xff", 1<<20)}}
	for _, name := range delivertest.HostileNames() {
		files = append(files, delivertest.File{Name: name, Content: "content of " + name})
	}
	jobs := delivertest.Jobs(t, files...)
	jobs[1].Attempt = 3
	for i, r := range delivertest.Deliver(t.Context(), t, d, jobs) {
		name := deliver.Escaped(files[i].Name)
		req := seen[name]
		if r.Verdict != deliver.Done || req == nil || bodies[name] != files[i].Content {
			t.Errorf("%q: %+v, body of %d bytes", files[i].Name, r, len(bodies[name]))
			continue
		}
		user, password, _ := req.BasicAuth()
		if req.Method != http.MethodPut || req.ContentLength != jobs[i].Size || req.Header.Get("Idempotency-Key") != deliver.Escaped(jobs[i].ID) ||
			req.Header.Get("Peakd-Queue") != "queue" || user != "me" || password != "pw" ||
			req.Header.Get("X-Tenant") != "a" || req.Header.Get("Content-Type") != "message/rfc822" {
			t.Errorf("%q: %s, %d bytes, %v", files[i].Name, req.Method, req.ContentLength, req.Header)
		}
	}
	if got := seen["large"].Header.Get("Peakd-Attempt"); got != "3" {
		t.Errorf("attempt %s", got)
	}
}

// TestRedirects: the same request may be asked for elsewhere on the same server, and nowhere else.
func TestRedirects(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	elsewhere := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		elsewhere++
	}))
	t.Cleanup(other.Close)
	tests := map[string]struct {
		status int
		to     string
		want   deliver.Verdict
	}{
		"same place":   {307, "/there", deliver.Done},
		"for ever":     {308, "/there", deliver.Done},
		"as GET":       {303, "/there", deliver.Trip},
		"moved":        {301, "/there", deliver.Trip},
		"another host": {307, other.URL, deliver.Trip},
		"in a circle":  {307, "/", deliver.Trip},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var body string
			d := to(t, func(w http.ResponseWriter, r *http.Request) {
				text, _ := io.ReadAll(r.Body)
				if r.URL.Path == "/there" {
					body = r.Header.Get("Authorization") + string(text)
					return
				}
				http.Redirect(w, r, tt.to, tt.status)
			}, func(s *deliverhttp.Settings) { s.BearerToken = "token" }, deliver.Env{})
			r := delivertest.Deliver(t.Context(), t, d, delivertest.Jobs(t, delivertest.File{Name: "a", Content: "content"}))[0]
			if r.Verdict != tt.want || r.Verdict == deliver.Done && body != "Bearer tokencontent" ||
				r.Verdict == deliver.Trip && !strings.HasSuffix(r.Reason, ", to "+tt.to) {
				t.Errorf("result = %+v, body %q", r, body)
			}
		})
	}
	t.Cleanup(func() {
		if elsewhere > 0 {
			t.Errorf("%d requests went to another host", elsewhere)
		}
	})
}

// TestUnreachable: who cannot be reached trips, and after two it is believed for the rest of the batch.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	_ = l.Close()
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = nil
	t.Cleanup(untrusted.Close)
	for _, url := range []string{url, untrusted.URL} {
		d := at(t, url, nil, deliver.Env{})
		got := delivertest.Verdicts(delivertest.Deliver(t.Context(), t, d, delivertest.Jobs(t,
			delivertest.File{Name: "a"}, delivertest.File{Name: "b"}, delivertest.File{Name: "c"})))
		if got != "trip trip trip" {
			t.Errorf("%s: %s", url, got)
		}
	}
}

// TestOneBadFile: a file on which the server hangs up does not trip, and is not in the way of the others.
func TestOneBadFile(t *testing.T) {
	t.Parallel()
	d := to(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Peakd-Name") == "bad" {
			panic(http.ErrAbortHandler)
		}
	}, nil, deliver.Env{})
	got := delivertest.Verdicts(delivertest.Deliver(t.Context(), t, d, delivertest.Jobs(t,
		delivertest.File{Name: "bad", Content: "x"}, delivertest.File{Name: "good", Content: "x"})))
	if got != "retry done" {
		t.Errorf("got %s", got)
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	over := make(chan struct{})
	d := to(t, func(http.ResponseWriter, *http.Request) { <-over }, func(s *deliverhttp.Settings) {
		s.Timeout = 50 * time.Millisecond
	}, deliver.Env{})
	t.Cleanup(func() { close(over) })
	r := delivertest.Deliver(t.Context(), t, d, delivertest.Jobs(t, delivertest.File{Name: "a", Content: "x"}))[0]
	if r.Verdict != deliver.Retry || r.Reason != "the server took too long: no answer after 50ms" {
		t.Errorf("result = %+v", r)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	d := to(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel(errors.New("enough"))
		_, _ = io.ReadAll(r.Body)
		<-r.Context().Done() // the client has gone
	}, nil, deliver.Env{})
	for _, r := range delivertest.Deliver(ctx, t, d, delivertest.Jobs(t, delivertest.File{Name: "a", Content: "x"}, delivertest.File{Name: "b"})) {
		if r.Verdict != deliver.Retry || r.Reason != "the attempt was ended: enough" {
			t.Errorf("result = %+v", r)
		}
	}
}

// TestTLS: a server is believed only with a certificate of the given authority.
func TestTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(ca, text, 0o600); err != nil {
		t.Fatal(err)
	}
	d := at(t, server.URL, func(s *deliverhttp.Settings) { s.CAFile = config.Path(ca) }, deliver.Env{})
	if r := delivertest.Deliver(t.Context(), t, d, delivertest.Jobs(t, delivertest.File{Name: "a"}))[0]; r.Verdict != deliver.Done {
		t.Errorf("result = %+v", r)
	}
	for _, bad := range []string{"/nowhere", os.Args[0]} {
		s := deliverhttp.Defaults()
		s.URL, s.CAFile = server.URL, config.Path(bad)
		if _, err := deliverhttp.New(s, deliver.Env{}); err == nil {
			t.Errorf("%s passes for certificates", bad)
		}
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*deliverhttp.Settings)
		field  string
	}{
		"no url":         {func(s *deliverhttp.Settings) { s.URL = "" }, "url"},
		"scheme":         {func(s *deliverhttp.Settings) { s.URL = "ftp://host/" }, "url"},
		"credentials":    {func(s *deliverhttp.Settings) { s.URL = "http://me:pw@host/" }, "url"},
		"method":         {func(s *deliverhttp.Settings) { s.Method = "A B" }, "method"},
		"header name":    {func(s *deliverhttp.Settings) { s.Headers = map[string]string{"A:": "x"} }, "headers"},
		"header value":   {func(s *deliverhttp.Settings) { s.Headers = map[string]string{"A": "x\r\nB: y"} }, "headers"},
		"own header":     {func(s *deliverhttp.Settings) { s.Headers = map[string]string{"idempotency-Key": "x"} }, "headers"},
		"two secrets":    {func(s *deliverhttp.Settings) { s.BearerToken, s.Username = "a", "b" }, "bearer_token"},
		"token":          {func(s *deliverhttp.Settings) { s.BearerToken = "a\nb" }, "bearer_token"},
		"two ways":       {func(s *deliverhttp.Settings) { s.BearerToken, s.Headers = "a", map[string]string{"authorization": "b"} }, "headers"},
		"password alone": {func(s *deliverhttp.Settings) { s.Password = "a" }, "username"},
		"colon":          {func(s *deliverhttp.Settings) { s.Username = "a:b" }, "username"},
		"no success":     {func(s *deliverhttp.Settings) { s.DoneStatus = nil }, "done_status"},
		"no status":      {func(s *deliverhttp.Settings) { s.RetryStatus = []string{"6xx"} }, "retry_status"},
		"two meanings":   {func(s *deliverhttp.Settings) { s.TripStatus = []string{"5xx"} }, "trip_status"},
		"timeout":        {func(s *deliverhttp.Settings) { s.Timeout = 0 }, "timeout"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := deliverhttp.Defaults()
			s.URL = "https://host/path"
			if faults := s.Validate(); len(faults) > 0 {
				t.Fatalf("valid settings have a fault: %v", faults[0])
			}
			tt.change(&s)
			if faults := s.Validate(); len(faults) != 1 || faults[0].Field != tt.field {
				t.Errorf("faults = %v, want one of %s", faults, tt.field)
			}
			if _, err := deliverhttp.New(s, deliver.Env{}); err == nil {
				t.Error("New takes invalid settings")
			}
		})
	}
}

func TestUnopened(t *testing.T) {
	t.Parallel()
	d := to(t, func(http.ResponseWriter, *http.Request) { t.Error("a request for a file that cannot be opened") }, nil, deliver.Env{})
	jobs := delivertest.Jobs(t, delivertest.File{Name: "a", Content: "x"})
	jobs[0].Content = delivertest.Unopened()
	if r := delivertest.Deliver(t.Context(), t, d, jobs)[0]; r.Verdict != deliver.Retry || r.Reason != os.ErrPermission.Error() {
		t.Errorf("result = %+v", r)
	}
}
