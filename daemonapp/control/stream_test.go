package control_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/control"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// next is the next value of a stream.
func next[T any](t *testing.T, s *control.Stream[T]) T {
	t.Helper()
	v, err := s.Next()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func events(t *testing.T, s *served, daemons, kinds []string) *control.Stream[control.Event] {
	t.Helper()
	stream, err := s.Events(t.Context(), daemons, kinds)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stream.Close() })
	return stream
}

// TestEventsAreTold in order, with what each has.
func TestEventsAreTold(t *testing.T) {
	t.Parallel()
	s := serve(t, func(o *control.Options) {
		o.Mask = func(text string) string { return strings.ReplaceAll(text, "geheim", "(sensitive)") }
	}, quick("a"))
	s.ranOnce("a")
	stream := events(t, s, nil, nil)
	at := time.Date(2026, 11, 23, 9, 0, 0, 5, time.UTC)
	report := &daemonapp.Report{User: time.Second, System: 500 * time.Millisecond, PeakBytes: 7, Head: make([]byte, 1<<20)}
	for _, tt := range []struct {
		event daemonapp.Event
		want  string
	}{
		{
			daemonapp.Event{Kind: daemonapp.RunStarted, At: at, Daemon: "a", Type: "exec", Digest: daemonapp.DigestOf("d"), RunID: 0x8f31c2, Attempt: 1, By: schedule.ByOperator, Run: schedule.Run{Due: at, Started: at}},
			`{"event":"run_started","at":"2026-11-23T09:00:00.000000005Z","daemon":"a","type":"exec","digest":"d","run":"8f31c2","attempt":1,"trigger":"operator","due":"2026-11-23T09:00:00.000000005Z","started":"2026-11-23T09:00:00.000000005Z"}`,
		},
		{
			daemonapp.Event{
				Kind: daemonapp.RunEnded, At: at, Daemon: "a", RunID: 1, Report: report, Next: at, By: schedule.ByEvent,
				Run: schedule.Run{Result: schedule.Result{Outcome: schedule.Failed, Count: 4}, Err: errors.New("geheim is wrong"), Failures: 3, IdleRuns: 2, Finished: at},
			},
			`{"event":"run_ended","at":"2026-11-23T09:00:00.000000005Z","daemon":"a","run":"1","trigger":"wake","ended":"2026-11-23T09:00:00.000000005Z","outcome":"failed","count":4,"idle_runs":2,"failures":3,"cpu":1.5,"peak_bytes":7,"next":"2026-11-23T09:00:00.000000005Z","error":"(sensitive) is wrong"}`,
		},
		{
			daemonapp.Event{Kind: daemonapp.Reloaded, At: at, Who: "alice", Children: daemonapp.Change{Added: []string{"b"}, Replaced: []string{"c"}, Changed: []string{"d"}, Removed: []string{"e"}, Kept: 9}},
			`{"event":"reloaded","at":"2026-11-23T09:00:00.000000005Z","who":"alice","added":["b"],"changed":["c","d"],"removed":["e"],"kept":9}`,
		},
		{
			daemonapp.Event{Kind: daemonapp.Missed, At: at, Daemon: "a", Times: 2, First: at, Reason: "geheim"},
			`{"event":"missed","at":"2026-11-23T09:00:00.000000005Z","daemon":"a","times":2,"first":"2026-11-23T09:00:00.000000005Z","reason":"(sensitive)"}`,
		},
		{
			daemonapp.Event{Kind: daemonapp.Draining, At: at, Running: 2, Grace: 1500 * time.Millisecond, Who: "bob"},
			`{"event":"draining","at":"2026-11-23T09:00:00.000000005Z","who":"bob","running":2,"grace":1.5}`,
		},
	} {
		s.feed.Observe(tt.event)
		got, err := json.Marshal(next(t, stream))
		if err != nil {
			t.Fatal(err)
		}
		same(t, tt.event.Kind.String(), string(got), tt.want)
	}
	if report.Head == nil {
		t.Error("the report of others was changed")
	}
}

// TestEventsAreChosen by daemon and by kind.
func TestEventsAreChosen(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, quick("a"), quick("b"), parent("q", "x"))
	s.ranOnce("a", "b", "q", "q/x")
	all := []daemonapp.Event{
		{Kind: daemonapp.Held, Daemon: "a"},
		{Kind: daemonapp.DaemonPaused, Daemon: "b"},
		{Kind: daemonapp.Held, Daemon: "q"},
		{Kind: daemonapp.Held, Daemon: "q/x"},
		{Kind: daemonapp.Reloaded},
		{Kind: daemonapp.SoftDeadlinePassed, Daemon: "a"},
	}
	tests := []struct {
		daemons, kinds []string
		want           string
	}{
		{nil, nil, "held a, paused b, held q, held q/x, reloaded , soft a, "},
		{[]string{"a"}, nil, "held a, soft a, "},
		{[]string{"q"}, nil, "held q, held q/x, "},
		{[]string{"q/*", "b"}, nil, "paused b, held q/x, "},
		{nil, []string{"held", "reloaded"}, "held a, held q, held q/x, reloaded , "},
		{[]string{"a"}, []string{"held"}, "held a, "},
	}
	for _, tt := range tests {
		stream := events(t, s, tt.daemons, tt.kinds)
		for _, e := range all {
			s.feed.Observe(e)
		}
		want := strings.Count(tt.want, ",")
		got := ""
		for range want {
			e := next(t, stream)
			got += e.Event + " " + e.Daemon + ", "
		}
		same(t, fmt.Sprint(tt.daemons, tt.kinds), got, tt.want)
	}
}

// TestSlowReaderLosesTheOldest: thousands of events, of which a reader that takes none keeps the latest, in order, and is
// told how many it has missed. The app is not kept waiting.
func TestSlowReaderLosesTheOldest(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, quick("a"))
	s.ranOnce("a")
	slow := events(t, s, nil, []string{"held"})
	fast := events(t, s, nil, []string{"held"})
	const count = 20_000
	for i := range count {
		s.feed.Observe(daemonapp.Event{Kind: daemonapp.Held, Daemon: "a", Times: i + 1})
		if i%1000 == 0 { // and one that keeps up
			for seen := 0; seen < 1 || next(t, fast).Times != i+1; seen++ {
				if seen > 2000 {
					t.Fatal("the fast one does not keep up")
				}
			}
		}
	}
	var seen, dropped int64
	for last := 0; last < count; {
		switch e := next(t, slow); e.Event {
		case control.WordDropped:
			dropped += e.Dropped
			last += int(e.Dropped)
		case "held":
			if last++; e.Times != last {
				t.Fatalf("event %d comes where %d should", e.Times, last)
			}
			seen++
		default:
			t.Fatalf("%+v", e)
		}
	}
	if seen+dropped != count || dropped == 0 || seen < 4000 {
		t.Errorf("%d seen and %d dropped of %d", seen, dropped, count)
	}
}

// TestSlowReaderOfLines likewise, by how much the lines hold.
func TestSlowReaderOfLines(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, quick("a"))
	s.ranOnce("a")
	lines, err := s.Lines(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	defer lines.Close()
	const count = 400
	text := strings.Repeat("x", 20_000) // 8 MB in all
	for i := range count {
		s.feed.Line(daemonapp.Line{Daemon: "a", Run: daemonapp.RunID(i + 1), Stream: "out", Text: text})
	}
	var seen, dropped int64
	for seen+dropped < count {
		l := next(t, lines)
		dropped += l.Dropped
		if l.Event == "" {
			seen++
		}
	}
	if dropped < count/2 || seen < 40 {
		t.Errorf("%d seen and %d dropped of %d", seen, dropped, count)
	}
}

// TestLinesAreTold to those who follow the daemon, or one that it is a child of.
func TestLinesAreTold(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, quick("a"), parent("q", "x"))
	s.ranOnce("a", "q", "q/x")
	q, err := s.Lines(t.Context(), "q")
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	later, err := s.Lines(t.Context(), "later-*") // a glob may be of those to come
	if err != nil {
		t.Fatal(err)
	}
	defer later.Close()
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for _, name := range []string{"a", "q/x", "later-1", "q"} {
		s.feed.Line(daemonapp.Line{At: at, Daemon: name, Run: 0x1f, Stream: "err", Text: "of " + name})
	}
	same(t, "line", next(t, q), control.Line{At: at, Daemon: "q/x", Run: "1f", Stream: "err", Text: "of q/x"})
	same(t, "line", next(t, q).Daemon, "q")
	same(t, "line", next(t, later).Daemon, "later-1")
}

// TestHeartbeat: a stream on which nothing happens says now and then that it is alive.
func TestHeartbeat(t *testing.T) {
	t.Parallel()
	mock := clock.NewMock()
	mock.Set(time.Now())
	s := serve(t, func(o *control.Options) { o.Clock = mock }, quick("a"))
	s.ranOnce("a")
	stream := events(t, s, []string{"a"}, nil)
	beats := make(chan control.Event, 3)
	go func() { // received below
		for range 3 {
			e, _ := stream.Next()
			beats <- e
		}
	}()
	for range 3 {
		for beat := false; !beat; {
			mock.Add(15 * time.Second)
			select {
			case e := <-beats:
				same(t, "event", e.Event, control.WordAlive)
				beat = true
			case <-time.After(10 * time.Millisecond): // the server has not begun to wait yet
			}
		}
	}
}

// TestServerSentEvents: an EventSource can read it too.
func TestServerSentEvents(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, quick("a"))
	s.ranOnce("a")
	c, err := net.Dial("unix", s.path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET /v1/events?event=held HTTP/1.0\r\nAccept: text/event-stream\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(c)
	head := ""
	for !strings.HasSuffix(head, "\r\n\r\n") {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		head += line
	}
	if !strings.Contains(head, "Content-Type: text/event-stream\r\n") {
		t.Errorf("head: %s", head)
	}
	s.feed.Observe(daemonapp.Event{Kind: daemonapp.Held, Daemon: "a"})
	line, err := in.ReadString('\n')
	same(t, "line", line, `data: {"event":"held","at":"0001-01-01T00:00:00Z","daemon":"a"}`+"\n")
	if empty, err := in.ReadString('\n'); err != nil || empty != "\n" {
		t.Errorf("it goes on with %q", empty)
	}
	s.server.Interrupt()
	rest, _ := io.ReadAll(in)
	if err != nil || !strings.HasPrefix(string(rest), "event: end\ndata: {\"event\":\"end\"") {
		t.Errorf("it ends with %q", rest)
	}
}

// TestReadersThatGoAwayLeaveNothing behind.
func TestReadersThatGoAwayLeaveNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, quick("a"))
	s.ranOnce("a")
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		stream, err := s.Events(ctx, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := s.Lines(ctx)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "readers", s.feed.Reading(), 2)
		cancel()
		if _, err := stream.Next(); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if _, err := lines.Next(); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		eventually(t, "both are forgotten", func() bool { return s.feed.Reading() == 0 })
	}
}
