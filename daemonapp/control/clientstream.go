package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"syscall"
)

// Stream is what a server sends, one value after the other. One goroutine at a time may call Next; any may call Close.
type Stream[T any] struct {
	ctx    context.Context //nolint:containedctx // tells why Next failed
	cancel context.CancelFunc
	body   io.ReadCloser
	json   *json.Decoder
}

// Next is the next value. It is io.EOF after the last one, when the server has ended or gone.
func (s *Stream[T]) Next() (T, error) {
	var v T
	err := s.json.Decode(&v)
	switch {
	case err == nil:
		return v, nil
	case s.ctx.Err() != nil:
		return v, context.Cause(s.ctx)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return v, io.EOF
	}
	return v, fmt.Errorf("read stream: %w", err)
}

// Close ends it; a Next that waits returns.
func (s *Stream[T]) Close() error {
	s.cancel()
	return s.body.Close()
}

// Events follows what happens from now on; see [Event]. Daemons are names or globs, a seed includes its children, and
// none means all and the app itself; kinds are those of the events wanted, none means all.
func (c *Client) Events(ctx context.Context, daemons, kinds []string) (*Stream[Event], error) {
	return open[Event](ctx, c, "/v1/events", url.Values{"daemon": daemons, "event": kinds})
}

// Lines follows what the runs of these daemons write from now on; see [Line]. Daemons are as for Events.
func (c *Client) Lines(ctx context.Context, daemons ...string) (*Stream[Line], error) {
	return open[Line](ctx, c, "/v1/lines", url.Values{"daemon": daemons})
}

func open[T any](ctx context.Context, c *Client, path string, query url.Values) (*Stream[T], error) {
	ctx, cancel := context.WithCancel(ctx)
	resp, err := c.ask(ctx, http.MethodGet, path+"?"+query.Encode(), nil)
	if err != nil {
		cancel()
		return nil, err
	}
	return &Stream[T]{ctx, cancel, resp.Body, json.NewDecoder(resp.Body)}, nil
}
