package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"go.uber.org/zap"
)

// request is one on its way.
type request struct {
	*http.Request
	w    http.ResponseWriter
	rc   *http.ResponseController
	peer Peer
	name string // what stands for {name} in the path
}

// peerKey is where a request's context has its peer.
type peerKey struct{}

// sudoHeader is where a client that runs under sudo says for whom.
const sudoHeader = "Peakd-Sudo-User"

// who is the peer, as the app's events have it.
func (r *request) who() string { return record(r.peer, r.Header.Get(sudoHeader)) }

// serve answers one request.
func (s *Server) serve(w http.ResponseWriter, hr *http.Request) {
	r := &request{Request: hr, w: w, rc: http.NewResponseController(w)}
	defer s.contain(r)
	answer, err := s.handle(r)
	switch {
	case err != nil:
		s.refuse(r, asError(err))
	case answer != nil:
		s.write(r, http.StatusOK, answer)
	}
}

// handle finds out who asks for what; the answer of a stream, which is written already, is nil.
func (s *Server) handle(r *request) (any, error) {
	peer, ok := r.Context().Value(peerKey{}).(Peer)
	if !ok {
		return nil, forbidden("", "it is not known who asks")
	}
	r.peer = peer
	if err := s.access.may(peer, false); err != nil {
		return nil, err
	}
	route, name, err := s.route(r.Method, r.URL.Path)
	if err != nil {
		return nil, err
	}
	if err := s.access.may(peer, route.Steers); err != nil {
		return nil, err
	}
	if err := route.checkQuery(r); err != nil {
		return nil, err
	}
	r.name = name
	return route.answer(s, r)
}

// checkQuery refuses parameters that the route does not have: a typing error would be silent otherwise.
func (r *Route) checkQuery(req *request) error {
	if r.Query == nil {
		return nil
	}
	for key := range req.URL.Query() {
		if !slices.Contains(r.Query, key) {
			return &Error{Status: statusBadRequest, Message: fmt.Sprintf("%s has no parameter %s", r.Path, quoted(key)), Hint: didYouMean(key, r.Query)}
		}
	}
	return nil
}

// decode reads the body; an empty one is an empty object. After it the request may take as long as it likes.
func decode[T any](r *request) (T, error) {
	var v T
	body := json.NewDecoder(http.MaxBytesReader(r.w, r.Body, maxBody))
	body.DisallowUnknownFields()
	err := body.Decode(&v)
	if err == nil {
		if _, more := body.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is more than one value")
		}
	}
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return v, &Error{Status: statusTooLarge, Message: fmt.Sprintf("a request has at most %d bytes", maxBody)}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return v, &Error{Status: statusBadRequest, Message: "read the request: " + err.Error(), Hint: "docs/api.md has an example of each"}
	}
	return v, r.unhurried()
}

// unhurried lifts the limit on how long the request may take: it has arrived. Otherwise a wait would look like a client
// that has gone away.
func (r *request) unhurried() error {
	if err := r.rc.SetReadDeadline(time.Time{}); err != nil {
		return fmt.Errorf("lift read deadline: %w", err)
	}
	return nil
}

// write sends an answer; a client that does not take it loses it.
func (s *Server) write(r *request, code int, answer any) {
	body, err := json.Marshal(answer)
	if err != nil {
		code, body = statusInternal, []byte(`{"error":"the answer cannot be written as JSON"}`)
	}
	_ = r.rc.SetWriteDeadline(s.options.Clock.Now().Add(writeTime))
	r.w.Header().Set("Content-Type", "application/json")
	r.w.WriteHeader(code)
	_, _ = r.w.Write(append(body, '\n'))
}

func (s *Server) refuse(r *request, e *Error) {
	if e.Status == 0 {
		e = &Error{statusInternal, e.Message, e.Hint, e.Diagnostics, e.Results}
	}
	s.write(r, e.Status, e)
}

// contain answers a request that has broken the server's code.
func (s *Server) contain(r *request) {
	p := recover()
	if p == nil {
		return
	}
	s.options.Log.Error("control", zap.String("request", r.Method+" "+r.URL.Path), zap.Any("panic", p), zap.ByteString("stack", debug.Stack()))
	s.refuse(r, &Error{Message: "the request broke the server; its log tells how"})
}
