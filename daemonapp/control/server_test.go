package control_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/control"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/status"
)

// raw asks without the client.
func (s *served) raw(method, path, body string) (code int, answer string) {
	s.t.Helper()
	hc := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", s.path)
		},
		DisableKeepAlives: true,
	}}
	req, err := http.NewRequestWithContext(s.t.Context(), method, "http://x"+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := hc.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if got := resp.Header.Get("Content-Type"); got != "application/json" {
		s.t.Errorf("%s %s: it answers %s", method, path, got)
	}
	return resp.StatusCode, strings.TrimSpace(string(text))
}

// TestWhatIsAskedWrongly is the table of errors: each is JSON, and says the way out.
func TestWhatIsAskedWrongly(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, quick("mail", "nightly"), quick("report"), parent("queues", "bulk"))
	s.ranOnce("mail", "report", "queues", "queues/bulk")
	tests := []struct {
		method, path, body string
		code               int
		want               string
	}{
		{"GET", "/", "", 404, `{"error":"there is nothing at \"/\""}`},
		{"GET", "/v1/statsu", "", 404, `{"error":"there is nothing at \"/v1/statsu\"","hint":"did you mean \"/v1/status\"?"}`},
		{"POST", "/v1/status", "", 405, `{"error":"POST is not for \"/v1/status\"","hint":"use GET"}`},
		{"GET", "/v1/trigger", "", 405, `{"error":"GET is not for \"/v1/trigger\"","hint":"use POST"}`},
		{"GET", "/v1/daemons?x=1", "", 400, `{"error":"/v1/daemons has no parameter \"x\""}`},
		{"GET", "/v1/events?evnt=x", "", 400, `{"error":"/v1/events has no parameter \"evnt\"","hint":"did you mean \"event\"?"}`},
		{"GET", "/v1/events?event=run_endde", "", 400, `{"error":"no event is called \"run_endde\"","hint":"did you mean \"run_ended\"?"}`},
		{"GET", "/v1/lines?daemon=mial", "", 404, `{"error":"no daemon is called \"mial\"","hint":"did you mean \"mail\"?"}`},
		{"GET", "/v1/lines?daemon=[", "", 400, `{"error":"\"[\" is not a pattern of names","hint":"as in \"mail-*\", \"mail-queues/*\", \"queue[0-9]\""}`},
		{"GET", "/v1/daemons/mial", "", 404, `{"error":"no daemon is called \"mial\"","hint":"did you mean \"mail\"?"}`},
		{"GET", "/v1/daemons/", "", 404, `{"error":"there is nothing at \"/v1/daemons/\"","hint":"did you mean \"/v1/daemons\"?"}`},
		{"GET", "/v1/history", "", 404, `{"error":"this app keeps no history","hint":"see the history block of its configuration"}`},
		{"GET", "/v1/logs", "", 404, `{"error":"this app keeps no output of runs","hint":"see the history block of its configuration"}`},
		{"POST", "/v1/reload", "", 409, `{"error":"this app cannot reload"}`},
		{"POST", "/v1/trigger", "", 400, `{"error":"no daemon is named","hint":"name some, by names, tags, or all"}`},
		{"POST", "/v1/trigger", `{"names":["mail"],"all":true}`, 400, `{"error":"it is either all daemons or some","hint":"leave out all, or names and tags"}`},
		{"POST", "/v1/trigger", `{"names":["mial"]}`, 404, `{"error":"no daemon is called \"mial\"","hint":"did you mean \"mail\"?"}`},
		{"POST", "/v1/trigger", `{"names":["bulk"]}`, 404, `{"error":"no daemon is called \"bulk\"","hint":"did you mean \"queues/bulk\"?"}`},
		{"POST", "/v1/trigger", `{"names":["zzzzzz"]}`, 404, `{"error":"no daemon is called \"zzzzzz\""}`},
		{"POST", "/v1/trigger", `{"names":["x*"]}`, 404, `{"error":"no daemon's name matches \"x*\"","hint":"\"*\" does not cross a \"/\""}`},
		{"POST", "/v1/trigger", `{"names":["mail","x[*"]}`, 400, `{"error":"\"x[*\" is not a pattern of names","hint":"as in \"mail-*\", \"mail-queues/*\", \"queue[0-9]\""}`},
		{"POST", "/v1/trigger", `{"names":[""]}`, 400, `{"error":"\"\" is not a pattern of names","hint":"as in \"mail-*\", \"mail-queues/*\", \"queue[0-9]\""}`},
		{"POST", "/v1/trigger", `{"tags":["nightlly"]}`, 404, `{"error":"no daemon has the tag \"nightlly\"","hint":"did you mean \"nightly\"?"}`},
		{"POST", "/v1/trigger", `{"name":"mail"}`, 400, `{"error":"read the request: json: unknown field \"name\"","hint":"docs/api.md has an example of each"}`},
		{"POST", "/v1/trigger", `{"names":"mail"}`, 400, `{"error":"read the request: json: cannot unmarshal string into Go struct field `},
		{"POST", "/v1/trigger", `{"names":["mail"]`, 400, `{"error":"read the request: unexpected EOF"`},
		{"POST", "/v1/trigger", `{} {}`, 400, `{"error":"read the request: there is more than one value"`},
		{"POST", "/v1/stop", `{"now":true}`, 400, `{"error":"read the request: json: unknown field \"now\""`},
		{"POST", "/v1/pause", `{"names":["mail"],"why":"` + strings.Repeat("x", 70<<10) + `"}`, 413, `{"error":"a request has at most 65536 bytes"}`},
		{"POST", "/v1/pause", `{"names":["mail"],"why":"a\u001b[31mb"}`, 400, `{"error":"why is one line of at most 500 bytes"}`},
		{"POST", "/v1/pause", `{"names":["mail"],"until":"2001-01-01T00:00:00Z"}`, 400, `{"error":"until has passed: it was 2001-01-01T00:00:00Z","hint":"it is 20`},
		{"POST", "/v1/pause", `{"names":["mail"],"until":"9999-01-01T00:00:00Z"}`, 400, `{"error":"until is more than 100 years ahead"`},
		{"POST", "/v1/resume", `{"names":["mail"]}`, 409, `{"error":"mail: the daemon is not paused","results":[{"daemon":"mail","error":"the daemon is not paused"}]}`},
		{"POST", "/v1/resume", `{"all":true}`, 409, `{"error":"none of them is paused"}`},
		{"POST", "/v1/cancel", `{"names":["mail"]}`, 409, `{"error":"mail: the daemon is not running","results":[{"daemon":"mail","error":"the daemon is not running"}]}`},
		{"POST", "/v1/cancel", `{"names":["*"]}`, 409, `{"error":"none of them is running"}`},
		{"POST", "/v1/arm", `{"names":["mail"]}`, 409, `{"error":"mail: the daemon is not disarmed","results":[{"daemon":"mail","error":"the daemon is not disarmed"}]}`},
		{"POST", "/v1/arm", `{"tags":["nightly"]}`, 409, `{"error":"none of them is disarmed"}`},
	}
	for _, tt := range tests {
		code, got := s.raw(tt.method, tt.path, tt.body)
		if code != tt.code || !strings.HasPrefix(got, tt.want) || !json.Valid([]byte(got)) {
			t.Errorf("%s %s %.60s:\ngot  %d %s\nwant %d %s", tt.method, tt.path, tt.body, code, got, tt.code, tt.want)
		}
	}
	if steered := len(s.events(daemonapp.Triggered)) + len(s.events(daemonapp.DaemonPaused)); steered > 0 {
		t.Errorf("something was steered %d times", steered)
	}
}

// TestWhoIsMeant is the table of choices, by what a pause of them pauses.
func TestWhoIsMeant(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, quick("mail", "night", "post"), quick("news", "night"), parent("q", "a", "b"), parent("r", "a"))
	s.ranOnce("mail", "news", "q", "q/a", "q/b", "r", "r/a")
	tests := []struct {
		choice control.Choice
		want   []string
	}{
		{control.Choice{Names: []string{"mail"}}, []string{"mail"}},
		{control.Choice{Names: []string{"news", "mail", "mail"}}, []string{"mail", "news"}},
		{control.Choice{Names: []string{"q"}}, []string{"q", "q/a", "q/b"}},
		{control.Choice{Names: []string{"q"}, Self: true}, []string{"q"}},
		{control.Choice{Names: []string{"q/b"}}, []string{"q/b"}},
		{control.Choice{Names: []string{"q/*"}}, []string{"q/a", "q/b"}},
		{control.Choice{Names: []string{"*/a"}}, []string{"q/a", "r/a"}},
		{control.Choice{Names: []string{"[qr]"}}, []string{"q", "q/a", "q/b", "r", "r/a"}},
		{control.Choice{Names: []string{"[qr]"}, Self: true}, []string{"q", "r"}},
		{control.Choice{Names: []string{"*"}}, []string{"mail", "news", "q", "q/a", "q/b", "r", "r/a"}},
		{control.Choice{Tags: []string{"night"}}, []string{"mail", "news"}},
		{control.Choice{Tags: []string{"post"}, Names: []string{"r"}}, []string{"mail", "r", "r/a"}},
		{control.Choice{All: true}, []string{"mail", "news", "q", "q/a", "q/b", "r", "r/a"}},
	}
	for _, tt := range tests {
		done, err := s.Pause(t.Context(), control.PauseRequest{Choice: tt.choice})
		if err != nil {
			t.Fatalf("%+v: %v", tt.choice, err)
		}
		sameList(t, fmt.Sprintf("%+v", tt.choice), names(done.Results), tt.want)
		if done, err = s.Resume(t.Context(), control.ChoiceRequest{Choice: control.Choice{All: true}}); err != nil {
			t.Fatal(err)
		}
		sameList(t, fmt.Sprintf("%+v resumed", tt.choice), names(done.Results), tt.want)
	}
}

// TestVerbs does each to a daemon, and looks at what the app says of it.
func TestVerbs(t *testing.T) {
	t.Parallel()
	who := "a " + me()
	long, gate := gated("a")
	s := serve(t, nil, long, quick("b"))
	s.ranOnce("a", "b")
	ctx := t.Context()
	one := control.Choice{Names: []string{"a"}}
	run := func(what string, do func() (control.Steered, error)) control.Result {
		t.Helper()
		done, err := do()
		if err != nil || len(done.Results) != 1 || done.Results[0].Daemon != "a" {
			t.Fatalf("%s: %+v (%v)", what, done, err)
		}
		return done.Results[0]
	}

	run("trigger", func() (control.Steered, error) { return s.Trigger(ctx, control.TriggerRequest{Choice: one}) })
	s.at("a", schedule.Running)
	r := run("cancel", func() (control.Steered, error) { return s.Cancel(ctx, control.CancelRequest{Choice: one}) })
	if len(r.Run) < 4 {
		t.Errorf("cancel tells no run: %+v", r)
	}
	s.at("a", schedule.Waiting)
	until := time.Now().Add(time.Hour).Round(time.Second)
	r = run("pause", func() (control.Steered, error) {
		return s.Pause(ctx, control.PauseRequest{Choice: one, Until: until, Why: "DB migration"})
	})
	if !r.Until.Equal(until) || r.Why != "DB migration" {
		t.Errorf("pause: %+v", r)
	}
	s.at("a", schedule.Paused)
	_, err := s.Trigger(ctx, control.TriggerRequest{Choice: one, Wait: true})
	if want := "a: the daemon is paused; resume a"; err == nil || err.Error() != want {
		t.Errorf("trigger of a paused one: %v, want %s", err, want)
	}
	if r = run("resume", func() (control.Steered, error) { return s.Resume(ctx, control.ChoiceRequest{Choice: one}) }); r.Next.IsZero() {
		t.Errorf("resume: %+v", r)
	}
	run("disarm", func() (control.Steered, error) {
		return s.Disarm(ctx, control.DisarmRequest{Choice: one, Why: "the disk is full"})
	})
	s.at("a", schedule.Disarmed)
	for _, d := range s.app.Status() {
		if d.Name == "a" {
			same(t, "reason", d.Reason, "the disk is full")
		}
	}
	for what, do := range map[string]func() error{
		"the daemon is disarmed; mend the cause, then arm a": func() error {
			_, err := s.SkipNext(ctx, control.ChoiceRequest{Choice: one})
			return err
		},
		"the daemon is disarmed already": func() error {
			_, err := s.Disarm(ctx, control.DisarmRequest{Choice: one})
			return err
		},
	} {
		if err := do(); err == nil || err.Error() != "a: "+what {
			t.Errorf("got %v, want %s", err, what)
		}
	}
	close(gate)
	if r = run("arm", func() (control.Steered, error) { return s.Arm(ctx, control.ChoiceRequest{Choice: one}) }); len(r.Error) > 0 {
		t.Errorf("arm: %+v", r)
	}
	s.at("a", schedule.Waiting)
	r = run("skip-next", func() (control.Steered, error) { return s.SkipNext(ctx, control.ChoiceRequest{Choice: one}) })
	if time.Until(r.Next) < 90*time.Minute {
		t.Errorf("skip-next: next is %s", r.Next)
	}
	for kind, want := range map[daemonapp.Kind][]string{
		daemonapp.Triggered: {who}, daemonapp.CancelWanted: {who}, daemonapp.DaemonPaused: {who}, daemonapp.DaemonResumed: {who},
		daemonapp.DaemonDisarmed: {who}, daemonapp.DaemonArmed: {who}, daemonapp.Skipped: {who},
	} {
		sameList(t, kind.String(), s.events(kind), want)
	}
}

// me is who the tests run as.
func me() string { return control.UserName() }

// TestSomeRefuse: of several daemons those that can are steered, and the answer tells of each.
func TestSomeRefuse(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, quick("a"), quick("b"), quick("c"))
	s.ranOnce("a", "b", "c")
	if err := s.app.Disarm("b", "broken", "x"); err != nil {
		t.Fatal(err)
	}
	_, err := s.Trigger(t.Context(), control.TriggerRequest{Choice: control.Choice{All: true}, Wait: true})
	refused := (*control.Error)(nil)
	if !errors.As(err, &refused) || refused.Message != "1 of 3 daemons refused: b" || refused.Status != 409 {
		t.Fatalf("got %v", err)
	}
	var told []string
	for _, r := range refused.Results {
		told = append(told, r.Daemon+" "+r.Outcome+r.Error+" "+r.Hint)
	}
	sameList(t, "results", told, []string{"a worked ", "b the daemon is disarmed mend the cause, then arm b", "c worked "})
}

func TestLook(t *testing.T) {
	t.Parallel()
	var q []string
	s := serve(t, func(o *control.Options) {
		o.History, o.Logs = echo, echo
	}, quick("a", "night"), parent("q", "x"))
	s.ranOnce("a", "q", "q/x")
	about, err := s.Version(t.Context())
	if err != nil || about.API != 1 || about.App != "shop" || about.Version != "1.2.3" || about.PID != s.PID() || about.Started.IsZero() {
		t.Errorf("version: %+v (%v)", about, err)
	}
	all, err := s.Daemons(t.Context())
	if err != nil || len(all) != 3 || all[0].Name != "a" || all[0].Tags[0] != "night" || all[2].Parent != "q" || !all[1].Seed {
		t.Errorf("daemons: %+v (%v)", all, err)
	}
	st, err := s.Client.Status(t.Context())
	if err != nil || len(st.Daemons) != 3 || st.App.Name != "shop" {
		t.Errorf("status: %+v (%v)", st, err)
	}
	one, err := s.Daemon(t.Context(), "q/x")
	if err != nil || one.Name != "q/x" {
		t.Errorf("daemon: %+v (%v)", one, err)
	}
	var answer struct{ Runs []string }
	if err := s.History(t.Context(), map[string][]string{"daemon": {"a b", "c"}}, &answer); err != nil {
		t.Error(err)
	}
	sameList(t, "history", append(q, answer.Runs...), []string{"a b", "c"})
	err = s.Logs(t.Context(), map[string][]string{"fail": {"disk"}}, &answer)
	if refused := (*control.Error)(nil); !errors.As(err, &refused) || refused.Status != 500 || refused.Message != "no disk" {
		t.Errorf("logs: %v", err)
	}
}

// counted is an error as a configuration with faults has it.
type counted struct{}

func (counted) Error() string { return "a.hcl:1:2: error: x\n\nmore" }
func (counted) Errors() int   { return 2 }

func TestReload(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change daemonapp.Change
		err    error
		want   string
	}{
		{
			"changes",
			daemonapp.Change{Added: []string{"a"}, Changed: []string{"c"}, Replaced: []string{"b"}, Kept: 5},
			nil,
			`200 {"added":["a"],"changed":["b","c"],"removed":[],"kept":5}`,
		},
		{
			"faults",
			daemonapp.Change{},
			fmt.Errorf("load: %w", counted{}),
			`422 {"error":"the configuration is invalid (2 errors), and everything stays as it was","diagnostics":"load: a.hcl:1:2: error: x\n\nmore"}`,
		},
		{"another error", daemonapp.Change{}, errors.New("no such user"), `500 {"error":"no such user","hint":"everything stays as it was"}`},
		{"an error of its own", daemonapp.Change{}, &control.Error{Status: 409, Message: "m", Hint: "h"}, `409 {"error":"m","hint":"h"}`},
		{"too late", daemonapp.Change{}, daemonapp.ErrRan, `409 {"error":"the app is stopping"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			who := ""
			s := serve(t, func(o *control.Options) {
				o.Reload = func(_ context.Context, w string) (daemonapp.Change, error) {
					who = w
					return tt.change, tt.err
				}
			})
			code, text := s.raw("POST", "/v1/reload", "")
			same(t, "answer", fmt.Sprint(code, " ", text), tt.want)
			same(t, "who", who, me())
		})
	}
}

// TestReloadGoesOnWithoutItsClient: what was begun is not cancelled because somebody pressed Ctrl-C.
func TestReloadGoesOnWithoutItsClient(t *testing.T) {
	t.Parallel()
	began, done, let := make(chan struct{}), make(chan error, 1), make(chan struct{})
	s := serve(t, func(o *control.Options) {
		o.Reload = func(ctx context.Context, _ string) (daemonapp.Change, error) {
			close(began)
			<-let
			done <- ctx.Err()
			return daemonapp.Change{}, nil
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan error, 1)
	go func() { // received below
		_, err := s.Reload(ctx)
		asked <- err
	}()
	<-began
	cancel()
	if err := <-asked; !errors.Is(err, context.Canceled) {
		t.Errorf("the client: %v", err)
	}
	close(let)
	if err := <-done; err != nil {
		t.Errorf("the reload: %v", err)
	}
}

func TestDrainAndStop(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"drain", "stop"} {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			long, gate := gated("a")
			s := serve(t, nil, long, quick("b"))
			s.ranOnce("a", "b")
			if err := s.app.Trigger("a", false, ""); err != nil {
				t.Fatal(err)
			}
			s.at("a", schedule.Running)
			ask := s.Drain
			if verb == "stop" {
				ask = s.Stop
			}
			first, err := ask(t.Context())
			if err != nil || first.Already || first.PID != s.PID() {
				t.Errorf("%+v (%v)", first, err)
			}
			sameList(t, "running", first.Running, []string{"a"})
			if again, err := ask(t.Context()); err != nil || !again.Already {
				t.Errorf("once more: %+v (%v)", again, err)
			}
			if verb == "drain" {
				close(gate) // or it would wait for ever
			}
			<-s.ended
			sameList(t, "draining", s.events(daemonapp.Draining), []string{me()})
			if _, err := s.Trigger(t.Context(), control.TriggerRequest{Choice: control.Choice{Names: []string{"b"}}}); err == nil || err.Error() != "b: the app has stopped" {
				t.Errorf("a trigger afterwards: %v", err)
			}
		})
	}
}

// TestAPanicIsAnAnswer: a fault of a function that the server was given breaks that request alone.
func TestAPanicIsAnAnswer(t *testing.T) {
	t.Parallel()
	core, log := observer.New(zap.ErrorLevel)
	s := serve(t, func(o *control.Options) {
		o.Log = zap.New(core)
		o.Status = func() status.Status { panic("boom") }
	})
	code, text := s.raw("GET", "/v1/status", "")
	same(t, "answer", fmt.Sprint(code, " ", text), `500 {"error":"the request broke the server; its log tells how"}`)
	if log.Len() != 1 || log.All()[0].ContextMap()["panic"] != "boom" {
		t.Errorf("the log has %v", log.All())
	}
	if _, err := s.Version(t.Context()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestManyAtOnce steers and looks from many goroutines.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, quick("a"), quick("b"), parent("q", "x", "y"))
	s.ranOnce("a", "b", "q", "q/x", "q/y")
	var group sync.WaitGroup
	for i := range 8 {
		group.Add(1)
		go func() { // joined below
			defer group.Done()
			name := control.Choice{Names: []string{[]string{"a", "b", "q"}[i%3]}}
			for range 10 {
				if done, err := s.Trigger(t.Context(), control.TriggerRequest{Choice: name, Wait: true}); err != nil || done.Results[0].Outcome != "worked" {
					t.Errorf("%+v (%v)", done, err)
				}
				if _, err := s.Client.Status(t.Context()); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	group.Wait()
}

// TestRoomIsLimited: so many connections that say nothing, and no more.
func TestRoomIsLimited(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, quick("a"))
	var held []net.Conn
	defer func() {
		for _, c := range held {
			_ = c.Close()
		}
	}()
	for closed := 0; closed < 10; { // in a row
		c, err := net.Dial("unix", s.path)
		if err != nil {
			t.Fatal(err)
		}
		if len(held) > 240 {
			_ = c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
			if _, err := c.Read(make([]byte, 1)); errors.Is(err, io.EOF) {
				_ = c.Close()
				closed++
				continue
			}
		}
		closed = 0
		held = append(held, c)
		if len(held) > 256 {
			t.Fatal("there is room for ever more")
		}
	}
	same(t, "connections", len(held), 256)
	if _, err := s.Version(t.Context()); !errors.Is(err, control.ErrNoRoom) {
		t.Errorf("with no room: %v", err)
	}
	for _, c := range held {
		_ = c.Close()
	}
	eventually(t, "there is room again", func() bool {
		_, err := s.Version(t.Context())
		return err == nil
	})
}

// TestOneRequestAConnection: nobody keeps a connection to send ever more.
func TestOneRequestAConnection(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	c, err := net.Dial("unix", s.path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	request := "GET /v1/version HTTP/1.1\r\nHost: x\r\n\r\n"
	if _, err := c.Write([]byte(request + request)); err != nil {
		t.Fatal(err)
	}
	all, _ := io.ReadAll(c)
	same(t, "answers", bytes.Count(all, []byte("HTTP/1.1 200 OK")), 1)
}
