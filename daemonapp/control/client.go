package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/peakd/peakd/daemonapp/status"
)

// Errors of a client.
var (
	// ErrNotRunning: there is no socket, or nobody answers at it.
	ErrNotRunning = errors.New("the app is not running")
	// ErrSilent: the app took the connection and did not answer in time.
	ErrSilent = errors.New("the app does not answer")
	// ErrNoRoom: the app closed the connection without a word, as it does where it has too many.
	ErrNoRoom = errors.New("the app closed the connection: it has too many of them, or has just ended")
)

// answerTime is how long an app may take to answer a request that does not wait for anything.
const answerTime = 30 * time.Second

// Client asks a server. Its methods may be called from any goroutine. Errors of a server are [*Error].
type Client struct {
	// Sudo is for whom the process runs under sudo, as $SUDO_USER has it: the app records it beside root.
	Sudo string

	path string
	peer Peer // of the server
	http *http.Client
}

// Dial makes a client of the server at that socket, which answers it: otherwise it is [ErrNotRunning], or fs.ErrPermission
// where one may not connect.
func Dial(ctx context.Context, path string) (*Client, error) {
	conn, err := dial(ctx, path)
	if err != nil {
		return nil, err
	}
	c := &Client{path: path, http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			conn, err := dial(ctx, path)
			if err != nil {
				return nil, err
			}
			return &listening{Conn: conn}, nil
		},
		DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: 64 << 10,
	}}}
	if uc, ok := conn.(*net.UnixConn); ok {
		c.peer, _ = peerOf(uc)
	}
	return c, conn.Close()
}

// dial connects. A listener that is behind is asked again for a while.
func dial(ctx context.Context, path string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
	switch {
	case err == nil:
		return conn, nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("connect to %s: %w", path, ErrNotRunning)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("connect to %s: %w", path, fs.ErrPermission)
	}
	return nil, fmt.Errorf("connect to %s: %w", path, err)
}

// listening is a connection that tells if the server has closed it without a word: net/http says so in too many ways.
type listening struct {
	net.Conn
	heard bool // of the one goroutine that reads
}

// Read implements [net.Conn].
func (l *listening) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	l.heard = l.heard || n > 0
	if !l.heard && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)) {
		err = ErrNoRoom
	}
	return n, err
}

// Path is the socket.
func (c *Client) Path() string { return c.path }

// PID is the process that serves; 0 if the system does not tell.
func (c *Client) PID() int { return c.peer.PID }

// Version tells who answers.
func (c *Client) Version(ctx context.Context) (About, error) {
	return get[About](ctx, c, "/v1/version")
}

// Status tells where everything stands.
func (c *Client) Status(ctx context.Context) (status.Status, error) {
	return get[status.Status](ctx, c, "/v1/status")
}

// Daemons lists the daemons in short.
func (c *Client) Daemons(ctx context.Context) ([]Listed, error) {
	all, err := get[Daemons](ctx, c, "/v1/daemons")
	return all.Daemons, err
}

// Daemon tells where one daemon stands.
func (c *Client) Daemon(ctx context.Context, name string) (status.Daemon, error) {
	parts := strings.Split(name, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return get[status.Daemon](ctx, c, "/v1/daemons/"+strings.Join(parts, "/"))
}

// History asks for runs; the parameters and the answer are those of the app's own function.
func (c *Client) History(ctx context.Context, query url.Values, into any) error {
	return c.do(ctx, http.MethodGet, "/v1/history?"+query.Encode(), nil, into)
}

// Logs asks for what runs wrote; the parameters and the answer are those of the app's own function.
func (c *Client) Logs(ctx context.Context, query url.Values, into any) error {
	return c.do(ctx, http.MethodGet, "/v1/logs?"+query.Encode(), nil, into)
}

// Trigger makes daemons due now. With Wait it returns when their runs have ended.
func (c *Client) Trigger(ctx context.Context, r TriggerRequest) (Steered, error) {
	if r.Wait {
		return send[Steered](ctx, c, "/v1/trigger", r)
	}
	return post[Steered](ctx, c, "/v1/trigger", r)
}

// Cancel ends runs in flight.
func (c *Client) Cancel(ctx context.Context, r CancelRequest) (Steered, error) {
	return post[Steered](ctx, c, "/v1/cancel", r)
}

// Pause keeps daemons from starting.
func (c *Client) Pause(ctx context.Context, r PauseRequest) (Steered, error) {
	return post[Steered](ctx, c, "/v1/pause", r)
}

// Resume ends pauses.
func (c *Client) Resume(ctx context.Context, r ChoiceRequest) (Steered, error) {
	return post[Steered](ctx, c, "/v1/resume", r)
}

// Arm brings disarmed daemons back.
func (c *Client) Arm(ctx context.Context, r ChoiceRequest) (Steered, error) {
	return post[Steered](ctx, c, "/v1/arm", r)
}

// Disarm takes daemons out of the schedule.
func (c *Client) Disarm(ctx context.Context, r DisarmRequest) (Steered, error) {
	return post[Steered](ctx, c, "/v1/disarm", r)
}

// SkipNext leaves the next run of daemons out.
func (c *Client) SkipNext(ctx context.Context, r ChoiceRequest) (Steered, error) {
	return post[Steered](ctx, c, "/v1/skip-next", r)
}

// Reload has the configuration read anew, and returns when the app runs by it.
func (c *Client) Reload(ctx context.Context) (Reloaded, error) {
	return send[Reloaded](ctx, c, "/v1/reload", NoRequest{})
}

// Drain ends the app once the runs in flight have ended, however long they take. It does not wait for that.
func (c *Client) Drain(ctx context.Context) (Ending, error) {
	return post[Ending](ctx, c, "/v1/drain", NoRequest{})
}

// Stop ends the app within its shutdown grace. It does not wait for that.
func (c *Client) Stop(ctx context.Context) (Ending, error) {
	return post[Ending](ctx, c, "/v1/stop", NoRequest{})
}

func get[T any](ctx context.Context, c *Client, path string) (answer T, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, answerTime, ErrSilent)
	defer cancel()
	err = c.do(ctx, http.MethodGet, path, nil, &answer)
	return answer, err
}

// post is send for what is answered at once.
func post[T any](ctx context.Context, c *Client, path string, body any) (T, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, answerTime, ErrSilent)
	defer cancel()
	return send[T](ctx, c, path, body)
}

func send[T any](ctx context.Context, c *Client, path string, body any) (answer T, err error) {
	err = c.do(ctx, http.MethodPost, path, body, &answer)
	return answer, err
}

// do asks, and reads the answer into a value.
func (c *Client) do(ctx context.Context, method, path string, body, into any) error {
	resp, err := c.ask(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return fmt.Errorf("read the app's answer: %w", cause(ctx, err))
	}
	return nil
}

// ask sends a request; an answer that is an error is returned as one.
func (c *Client) ask(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("write the request: %w", err)
		}
		content = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://app"+path, content)
	if err != nil {
		return nil, fmt.Errorf("write the request: %w", err)
	}
	if plainName(c.Sudo) {
		req.Header.Set(sudoHeader, c.Sudo)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, unwrapped(ctx, err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	refused := &Error{Status: resp.StatusCode}
	if err := json.NewDecoder(resp.Body).Decode(refused); err != nil || refused.Message == "" {
		refused.Message = "the app answers " + resp.Status
	}
	return nil, refused
}

// unwrapped takes the method and the invented host out of an error.
func unwrapped(ctx context.Context, err error) error {
	if e := (*url.Error)(nil); errors.As(err, &e) {
		err = e.Err
	}
	if errors.Is(err, ErrNoRoom) || errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return ErrNoRoom
	}
	return cause(ctx, err)
}

// cause is why the context ended, if that is what the error comes from.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
