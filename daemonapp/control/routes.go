package control

import (
	"net/http"
	"strings"

	"github.com/peakd/peakd/daemonapp/status"
)

// Route is one thing that can be asked of a server.
type Route struct {
	Method string
	// Path is exact, or ends in {name}, which stands for the rest.
	Path string
	// Doc says what it does.
	Doc string
	// Steers tells that viewers may not.
	Steers bool
	// Query are its parameters; nil: whatever the app's own function takes.
	Query []string
	// Request and Answer are zero values of the types of the body and of the answer; nil: there is no body, or the app's
	// own function says what the answer is. Of a stream the answer is one line.
	Request, Answer any
	// Stream tells that the answer is lines, which go on.
	Stream bool

	answer func(*Server, *request) (any, error)
}

// Routes are all of them, in the order in which documentation tells them.
func Routes() []Route {
	none := []string{}
	return []Route{
		{http.MethodGet, "/v1/version", "who answers", false, none, nil, About{}, false, (*Server).getVersion},
		{http.MethodGet, "/v1/status", "where everything stands, and why", false, none, nil, status.Status{}, false, (*Server).getStatus},
		{http.MethodGet, "/v1/daemons", "the daemons, in short", false, none, nil, Daemons{}, false, (*Server).getDaemons},
		{http.MethodGet, "/v1/daemons/{name}", "where one daemon stands, and why", false, none, nil, status.Daemon{}, false, (*Server).getDaemon},
		{http.MethodGet, "/v1/history", "runs, and runs that did not happen", false, nil, nil, nil, false, (*Server).getHistory},
		{http.MethodGet, "/v1/logs", "what runs wrote", false, nil, nil, nil, false, (*Server).getLogs},
		{http.MethodGet, "/v1/events", "what happens from now on", false, []string{"daemon", "event"}, nil, Event{}, true, (*Server).getEvents},
		{http.MethodGet, "/v1/lines", "what runs write from now on", false, []string{"daemon"}, nil, Line{}, true, (*Server).getLines},
		{http.MethodPost, "/v1/trigger", "make daemons due now", true, none, TriggerRequest{}, Steered{}, false, (*Server).postTrigger},
		{http.MethodPost, "/v1/cancel", "end runs in flight", true, none, CancelRequest{}, Steered{}, false, (*Server).postCancel},
		{http.MethodPost, "/v1/pause", "keep daemons from starting", true, none, PauseRequest{}, Steered{}, false, (*Server).postPause},
		{http.MethodPost, "/v1/resume", "end pauses", true, none, ChoiceRequest{}, Steered{}, false, (*Server).postResume},
		{http.MethodPost, "/v1/arm", "bring disarmed daemons back", true, none, ChoiceRequest{}, Steered{}, false, (*Server).postArm},
		{http.MethodPost, "/v1/disarm", "take daemons out of the schedule", true, none, DisarmRequest{}, Steered{}, false, (*Server).postDisarm},
		{http.MethodPost, "/v1/skip-next", "leave the next run of daemons out", true, none, ChoiceRequest{}, Steered{}, false, (*Server).postSkipNext},
		{http.MethodPost, "/v1/reload", "read the configuration anew, and answer when the app runs by it", true, none, NoRequest{}, Reloaded{}, false, (*Server).postReload},
		{http.MethodPost, "/v1/drain", "start nothing more, wait for the runs in flight without limit, and end", true, none, NoRequest{}, Ending{}, false, (*Server).postDrain},
		{http.MethodPost, "/v1/stop", "the same, within shutdown_grace", true, none, NoRequest{}, Ending{}, false, (*Server).postStop},
	}
}

// match tells whether the route has that path, and what stands for {name}.
func (r *Route) match(path string) (name string, ok bool) {
	if before, named := strings.CutSuffix(r.Path, "{name}"); named {
		name, ok = strings.CutPrefix(path, before)
		return name, ok && name != ""
	}
	return "", r.Path == path
}

// route finds the route of a request.
func (s *Server) route(method, path string) (*Route, string, error) {
	var methods []string
	for i := range s.routes {
		r := &s.routes[i]
		name, ok := r.match(path)
		if !ok {
			continue
		}
		if r.Method == method {
			return r, name, nil
		}
		methods = append(methods, r.Method)
	}
	if len(methods) > 0 {
		return nil, "", &Error{Status: statusWrongMethod, Message: method + " is not for " + quoted(path), Hint: "use " + strings.Join(methods, " or ")}
	}
	var paths []string
	for i := range s.routes {
		paths = append(paths, s.routes[i].Path)
	}
	return nil, "", &Error{Status: statusNotFound, Message: "there is nothing at " + quoted(path), Hint: didYouMean(path, paths)}
}
