package control_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/control"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// waiting triggers and waits, on a goroutine of its own.
func (s *served) waiting(ctx context.Context, names ...string) <-chan waited {
	done := make(chan waited, 1)
	before := len(s.events(daemonapp.Triggered))
	go func() { // received by the test
		steered, err := s.Trigger(ctx, control.TriggerRequest{Choice: control.Choice{Names: names}, Wait: true})
		done <- waited{steered.Results, err}
	}()
	eventually(s.t, "it is triggered", func() bool { return len(s.events(daemonapp.Triggered)) >= before+len(names) })
	return done
}

type waited struct {
	results []control.Result
	err     error
}

// TestWaitTellsTheOutcome of the run that the trigger led to.
func TestWaitTellsTheOutcome(t *testing.T) {
	t.Parallel()
	answers := map[string]schedule.Result{
		"worked": {Outcome: schedule.Worked, Count: 3}, "more": {Outcome: schedule.Worked}, "idle": {Outcome: schedule.Idle}, "failed": {},
	}
	for outcome, result := range answers {
		t.Run(outcome, func(t *testing.T) {
			t.Parallel()
			runs := 0
			s := serve(t, func(o *control.Options) {
				o.Mask = func(text string) string { return "masked " + text }
			}, job("a", func(context.Context) (schedule.Result, error) {
				if runs++; runs == 1 {
					return schedule.Result{Outcome: schedule.Worked, Count: 99}, nil
				}
				switch outcome {
				case "more":
					if runs == 2 {
						return schedule.Result{Outcome: schedule.More}, nil
					}
				case "failed":
					return result, errors.New("no such table")
				}
				return result, nil
			}))
			s.ranOnce("a")
			done, err := s.Trigger(t.Context(), control.TriggerRequest{Choice: control.Choice{Names: []string{"a"}}, Wait: true})
			if err != nil || len(done.Results) != 1 {
				t.Fatalf("%+v (%v)", done, err)
			}
			r := done.Results[0]
			same(t, "outcome", r.Outcome, outcome)
			same(t, "count", r.Count, result.Count)
			if want := map[bool]string{true: "masked no such table"}[outcome == "failed"]; r.Error != want {
				t.Errorf("error %q, want %q", r.Error, want)
			}
			if r.Run == "" || r.Started.IsZero() || r.Took < 0 {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestWaitIsForTheRightRun: a run that was in flight before is not the one.
func TestWaitIsForTheRightRun(t *testing.T) {
	t.Parallel()
	long, gate := gated("a")
	s := serve(t, nil, long)
	s.ranOnce("a")
	first := s.waiting(t.Context(), "a")
	s.at("a", schedule.Running)
	second, third := s.waiting(t.Context(), "a"), s.waiting(t.Context(), "a")
	gate <- struct{}{}
	one := <-first
	gate <- struct{}{}
	two, three := <-second, <-third
	if one.err != nil || two.err != nil || three.err != nil {
		t.Fatal(one.err, two.err, three.err)
	}
	if one.results[0].Run == two.results[0].Run || two.results[0].Run != three.results[0].Run {
		t.Errorf("runs %s, %s and %s; want one, then another for both", one.results[0].Run, two.results[0].Run, three.results[0].Run)
	}
}

// TestWaitForWhatDoesNotCome: whatever keeps the run from happening ends the wait, and is told.
func TestWaitForWhatDoesNotCome(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		do   func(s *served)
		want string
	}{
		{"paused", func(s *served) { _ = s.app.Pause("a", daemonapp.Pause{Who: "bob"}) }, "it was paused before it ran, by bob"},
		{"disarmed", func(s *served) { _ = s.app.Disarm("a", "x", "bob") }, "it was disarmed before it ran"},
		{"removed", func(s *served) { _, _ = s.app.Reconcile(nil) }, "it was removed before it ran"},
		{"replaced", func(s *served) {
			other := quick("a")
			other.Digest = "2"
			_, _ = s.app.Reconcile([]daemonapp.Spec{other})
		}, "a reload replaced it before it ran"},
		{"stopping", func(s *served) {
			s.app.Drain(daemonapp.DrainOptions{Reason: schedule.Asked, Unlimited: true})
		}, "the app began to stop before it ran"},
		{"skipped, which means the run after", func(s *served) { _ = s.app.SkipNext("a", "bob") }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			long, gate := gated("a")
			s := serve(t, nil, long)
			s.ranOnce("a")
			if err := s.app.Trigger("a", false, ""); err != nil {
				t.Fatal(err)
			}
			s.at("a", schedule.Running)
			done := s.waiting(t.Context(), "a")
			tt.do(s)
			close(gate)
			select {
			case got := <-done:
				if tt.want == "" && got.err != nil || tt.want != "" && (got.err == nil || got.err.Error() != "a: "+tt.want) {
					t.Errorf("got %v, want %q", got.err, tt.want)
				}
			case <-time.After(10 * time.Second):
				t.Error("it waits for ever")
			}
		})
	}
}

// TestWaitForWhatIsReady: one that waits for the floor may be skipped.
func TestWaitForWhatIsReady(t *testing.T) {
	t.Parallel()
	long, gate := gated("long")
	s := serve(t, func(o *control.Options) { o.App.SetLimits(schedule.Limits{Workers: 1}, time.Second) }, long, quick("a"))
	s.ranOnce("long", "a")
	if err := s.app.Trigger("long", false, ""); err != nil {
		t.Fatal(err)
	}
	s.at("long", schedule.Running)
	done := s.waiting(t.Context(), "a")
	if err := s.app.SkipNext("a", "bob"); err != nil {
		t.Fatal(err)
	}
	if got := <-done; got.err == nil || got.err.Error() != "a: its run was skipped, by bob" {
		t.Errorf("got %v", got.err)
	}
	close(gate)
}

// TestWaitForAStuckRun ends when the run is given up.
func TestWaitForAStuckRun(t *testing.T) {
	t.Parallel()
	let, runs := make(chan struct{}), 0
	deaf := job("a", func(context.Context) (schedule.Result, error) {
		if runs++; runs > 1 {
			<-let
		}
		return schedule.Result{Outcome: schedule.Worked}, nil
	})
	deaf.Terms.Timeout, deaf.Terms.KillGrace = 20*time.Millisecond, 20*time.Millisecond
	s := serve(t, nil, deaf)
	defer close(let)
	s.ranOnce("a")
	got := <-s.waiting(t.Context(), "a")
	if got.err != nil || got.results[0].Outcome != "failed" || got.results[0].Error != "it is stuck: it did not return within its kill grace" {
		t.Errorf("%+v (%v)", got.results, got.err)
	}
}

// TestAWaitThatNobodyWaitsForLeaksNothing: the client goes away, and the server forgets it while the run goes on.
func TestAWaitThatNobodyWaitsForLeaksNothing(t *testing.T) {
	t.Parallel()
	long, gate := gated("a")
	s := serve(t, nil, long)
	s.ranOnce("a")
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		done := s.waiting(ctx, "a")
		same(t, "watches", s.feed.Watching(), 1)
		cancel()
		if got := <-done; !errors.Is(got.err, context.Canceled) {
			t.Error(got.err)
		}
		eventually(t, "the server has forgotten it", func() bool { return s.feed.Watching() == 0 })
	}
	select {
	case gate <- struct{}{}:
	case <-time.After(10 * time.Second):
		t.Error("the run does not go on")
	}
}

// TestWaitEndsWithTheServer tells that the outcome is not known.
func TestWaitEndsWithTheServer(t *testing.T) {
	t.Parallel()
	long, _ := gated("a")
	s := serve(t, nil, long)
	s.ranOnce("a")
	done := s.waiting(t.Context(), "a")
	s.server.Interrupt()
	if got := <-done; got.err == nil || got.err.Error() != "a: the app ended before that run was known to have ended" {
		t.Errorf("got %v", got.err)
	}
}

// TestStreamsEndWithTheServer have a last word.
func TestStreamsEndWithTheServer(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, quick("a"))
	s.ranOnce("a")
	events, err := s.Events(t.Context(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := s.Lines(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.app.Drain(daemonapp.DrainOptions{Reason: schedule.Asked, Who: "bob"})
	<-s.ended
	s.server.Interrupt()
	e, err := events.Next()
	if err != nil || e.Event != "stopped" || e.Who != "bob" {
		t.Errorf("%+v (%v)", e, err)
	}
	if e, err := events.Next(); err != nil || e.Event != control.WordEnd {
		t.Errorf("%+v (%v)", e, err)
	}
	if _, err := events.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
	if l, err := lines.Next(); err != nil || l.Event != control.WordEnd {
		t.Errorf("%+v (%v)", l, err)
	}
	same(t, "readers", s.feed.Reading(), 0)
}
