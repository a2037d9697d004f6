package observe

import (
	"net/http"
	"strings"
)

// answer is all that the listener answers. A ServeMux would redirect to cleaned paths; here there are three.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	var page http.Handler
	switch r.URL.Path {
	case "/metrics":
		page = s.options.Metrics
	case "/healthz":
		page = http.HandlerFunc(s.healthz)
	case "/readyz":
		page = http.HandlerFunc(s.readyz)
	}
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	switch {
	case page == nil:
		say(w, http.StatusNotFound, "there is /metrics, /healthz and /readyz")
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		header.Set("Allow", "GET, HEAD")
		say(w, http.StatusMethodNotAllowed, "GET and HEAD only")
	default:
		page.ServeHTTP(w, r)
	}
}

// healthz tells whether the process is worth keeping.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	tell(w, reasons(s.alive.ask(s.options.Patience)))
}

// readyz tells whether the app is there to work, and all reasons why not.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	var why []string
	if !s.started.Load() {
		why = append(why, "the app has not started yet")
	}
	if s.stopping.Load() {
		why = append(why, "the app is stopping")
	}
	answers := make([]<-chan error, 0, len(s.ready)+1)
	for _, q := range append([]*question{s.alive}, s.ready...) {
		answers = append(answers, q.begin(s.options.Patience)) // beside each other: the page waits once
	}
	for _, a := range answers {
		why = append(why, reasons(<-a)...)
	}
	tell(w, why)
}

// reasons is what an answer adds to the list of what is wrong.
func reasons(err error) []string {
	if err == nil {
		return nil
	}
	return []string{strings.Join(strings.Fields(err.Error()), " ")} // on one line
}

// tell says ok, or 503 with each reason on a line.
func tell(w http.ResponseWriter, why []string) {
	if len(why) == 0 {
		say(w, http.StatusOK, "ok")
		return
	}
	say(w, http.StatusServiceUnavailable, strings.Join(why, "\n"))
}

func say(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(text + "\n")) // the client is gone if this fails
}
