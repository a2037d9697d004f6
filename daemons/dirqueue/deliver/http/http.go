package http

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"strconv"
	"sync/atomic"

	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/program"
)

// Deliverer makes a request for each file. Connections are kept for the next.
type Deliverer struct {
	settings Settings
	env      deliver.Env
	client   *http.Client
}

var _ deliver.Deliverer = (*Deliverer)(nil)

// New makes a deliverer; the error is that of the settings, or of the certificates.
func New(s Settings, env deliver.Env) (*Deliverer, error) {
	if err := program.Faults(s.Validate()).Err(); err != nil {
		return nil, fmt.Errorf("deliver by http: %w", err)
	}
	d := &Deliverer{settings: s, env: env.Filled()}
	config, err := tlsConfig(string(s.CAFile))
	if err != nil {
		return nil, fmt.Errorf("deliver by http: %w", err)
	}
	d.client = &http.Client{
		CheckRedirect: checkRedirect,
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: config, ForceAttemptHTTP2: true, DisableCompression: true,
			MaxIdleConnsPerHost: d.env.Concurrency, IdleConnTimeout: s.Timeout,
		},
	}
	return d, nil
}

func tlsConfig(caFile string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile == "" {
		return config, nil
	}
	text, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("read certificates: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("read certificates: %s has none", caFile)
	}
	return config, nil
}

// checkRedirect follows only to where the same request may go: a changed method would lose the file, another host must not
// get the credentials, nor the file.
func checkRedirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	same := req.Method == first.Method && req.URL.Scheme == first.URL.Scheme && req.URL.Host == first.URL.Host
	if !same || len(via) >= 5 {
		return http.ErrUseLastResponse
	}
	return nil
}

// Deliver implements [deliver.Deliverer].
func (d *Deliverer) Deliver(ctx context.Context, jobs []deliver.Job, done func(int, deliver.Result)) {
	deliver.Each(ctx, d.env.Concurrency, jobs, done, d.attempt)
}

// Close implements [deliver.Deliverer].
func (d *Deliverer) Close() error {
	d.client.CloseIdleConnections()
	return nil
}

var errTimeout = errors.New("the server took too long")

func (d *Deliverer) attempt(ctx context.Context, job *deliver.Job) deliver.Result {
	var body io.ReaderAt
	if job.Size > 0 {
		file, err := job.Open()
		if err != nil {
			return deliver.Unopened(err)
		}
		body = file
	}
	limited, stop := deliver.Limited(ctx, d.env.Clock, d.settings.Timeout, errTimeout)
	defer stop()
	var connected atomic.Bool
	traced := httptrace.WithClientTrace(limited, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	req, err := d.request(traced, job, body)
	if err != nil {
		return d.answer(deliver.Permanent, err.Error())
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return d.lost(ctx, limited, connected.Load(), err)
	}
	defer resp.Body.Close()
	return d.judge(resp)
}

// request is the request for a file. Its body can be read again, for a redirect or a connection that had ended.
func (d *Deliverer) request(ctx context.Context, job *deliver.Job, body io.ReaderAt) (*http.Request, error) {
	s := &d.settings
	req, err := http.NewRequestWithContext(ctx, s.Method, s.URL, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	if body != nil {
		req.ContentLength = job.Size
		req.GetBody = func() (io.ReadCloser, error) {
			return io.NopCloser(io.NewSectionReader(body, 0, job.Size)), nil
		}
		if req.Body, err = req.GetBody(); err != nil {
			return nil, fmt.Errorf("read file: %w", err)
		}
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	req.Header.Set("User-Agent", "peakd")
	for name, value := range s.Headers {
		req.Header.Set(name, value)
	}
	req.Header.Set("Idempotency-Key", deliver.Escaped(job.ID))
	req.Header.Set("Peakd-Queue", deliver.Escaped(job.Queue))
	req.Header.Set("Peakd-Name", deliver.Escaped(job.Name))
	req.Header.Set("Peakd-Attempt", strconv.Itoa(job.Attempt))
	switch {
	case s.BearerToken != "":
		req.Header.Set("Authorization", "Bearer "+s.BearerToken)
	case s.Username != "":
		req.SetBasicAuth(s.Username, s.Password)
	}
	return req, nil
}

// lost judges a request without an answer.
func (d *Deliverer) lost(ctx, limited context.Context, connected bool, err error) deliver.Result {
	cause := context.Cause(limited)
	switch {
	case ctx.Err() != nil:
		return deliver.Cancelled(ctx)
	case errors.Is(cause, errTimeout):
		err = fmt.Errorf("%w: no answer after %s", cause, d.settings.Timeout)
	}
	if connected {
		return d.answer(deliver.Retry, err.Error())
	}
	return d.answer(deliver.Trip, err.Error())
}

// drainBytes is what is read of an answer for the sake of the connection.
const drainBytes = 64 << 10

func (d *Deliverer) judge(resp *http.Response) deliver.Result {
	text, err := io.ReadAll(io.LimitReader(resp.Body, drainBytes))
	verdict := d.settings.verdict(resp.StatusCode)
	if verdict == deliver.Done {
		return deliver.Result{Verdict: deliver.Done}
	}
	reason := "the server answered " + resp.Status
	if to := resp.Header.Get("Location"); to != "" && resp.StatusCode/100 == 3 {
		reason += ", to " + to
	}
	r := d.answer(verdict, reason)
	if err == nil || len(text) > 0 {
		r.Detail = deliver.Head(text, d.env.Mask)
	}
	if verdict != deliver.Permanent {
		r.After = retryAfter(resp.Header.Get("Retry-After"), d.env.Clock.Now())
	}
	return r
}

func (d *Deliverer) answer(v deliver.Verdict, reason string) deliver.Result {
	return deliver.Result{Verdict: v, Reason: deliver.Sentence(d.env.Mask(reason))}
}
