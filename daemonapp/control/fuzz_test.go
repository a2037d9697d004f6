package control_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/control"
)

// FuzzRequests sends any method, path and body: the server neither breaks nor answers anything but JSON, and an error says
// what is wrong.
func FuzzRequests(f *testing.F) {
	for _, r := range control.Routes() {
		if r.Stream || strings.HasSuffix(r.Path, "/stop") || strings.HasSuffix(r.Path, "/drain") {
			continue
		}
		f.Add(r.Method, r.Path, `{"names":["a"],"self":true}`)
	}
	f.Add("POST", "/v1/pause", `{"names":["[a-","*"],"until":"2099-01-01T00:00:00Z","why":"x"}`)
	f.Add("POST", "/v1/trigger", `{"all":true,"tags":null}`)
	f.Add("GET", "/v1/daemons/%2e%2e/x?daemon=", `{"names":`)
	f.Add("POST", "/v1/disarm", `{"names":["a"],"names":["b"]}[]`)
	f.Add("GET", "/v1//status", "\x00")
	app := daemonapp.New(daemonapp.Options{})
	if _, err := app.Reconcile([]daemonapp.Spec{quick("a", "x"), parent("q", "b")}); err != nil {
		f.Fatal(err)
	}
	handler := control.Handler(control.Options{App: app})
	f.Fuzz(func(t *testing.T, method, path, body string) {
		for _, stream := range []string{"events", "lines"} {
			if strings.Contains(path, stream) {
				t.Skip("goes on")
			}
		}
		r, err := http.NewRequestWithContext(t.Context(), method, "http://x"+path, strings.NewReader(body))
		if err != nil || strings.Contains(body, `"wait"`) || strings.Contains(strings.ToLower(body), "wait") {
			t.Skip("no request, or one that waits")
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(deadlines{w}, r)
		if w.Code == http.StatusInternalServerError {
			t.Fatalf("it answers %d %s", w.Code, w.Body)
		}
		var answer map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatalf("%d %q: %v", w.Code, w.Body, err)
		}
		if message, _ := answer["error"].(string); (w.Code == http.StatusOK) != (message == "") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

// FuzzNames chooses among daemons by any pattern: no pattern chooses what is not there, and a name chooses itself.
func FuzzNames(f *testing.F) {
	for _, seed := range []string{"a", "q/*", "[", `\`, "q/b", "*/*/*", "", "ä?"} {
		f.Add(seed, "q/b")
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if control.Match(pattern, name) && !control.ValidPattern(pattern) && pattern != name {
			t.Errorf("%q, which is no pattern, matches %q", pattern, name)
		}
		if name != "" && !control.Match(name, name) {
			t.Errorf("%q does not match itself", name)
		}
		if name != "" && !control.Match(name, name+"/child") {
			t.Errorf("%q does not include its child", name)
		}
	})
}
