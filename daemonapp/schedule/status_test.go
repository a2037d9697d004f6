package schedule_test

import (
	"slices"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

func TestWords(t *testing.T) {
	t.Parallel()
	var outcomes, states, reasons []string
	for o := schedule.Outcome(0); o <= schedule.Cancelled+1; o++ {
		outcomes = append(outcomes, o.String())
		got, ok := schedule.ParseOutcome(o.String())
		if want := o >= schedule.Worked && o <= schedule.Failed; ok != want || (ok && got != o) {
			t.Errorf("parse %q: %v, %t", o, got, ok)
		}
	}
	for s := schedule.State(0); s <= schedule.Finished+1; s++ {
		states = append(states, s.String())
	}
	for r := schedule.Reason(0); r <= schedule.Horizon+1; r++ {
		reasons = append(reasons, r.String())
	}
	same(t, outcomes, []string{"none", "worked", "more", "idle", "failed", "cancelled", "unknown"})
	same(t, states, []string{
		"none", "waiting", "ready", "running", "held", "held", "held", "held", "held", "paused", "disarmed", "finished", "unknown",
	})
	same(t, reasons, []string{"none", "hard_deadline", "no_work", "idle", "signal", "stopped", "horizon", "unknown"})
}

func TestStatus(t *testing.T) {
	t.Parallel()
	var ready, running, waiting schedule.Status
	var starved time.Duration
	play(t, schedule.Limits{}, 20*sec,
		[]job{every("x", 5, 60*sec, worked(4*sec)), every("a", 2, 60*sec, idle(3*sec))},
		cue{sec, func(g *stage) { g.s.Look(g.time()); ready, starved = g.status("a"), g.s.Starved() }},
		cue{5 * sec, func(g *stage) { running = g.status("a") }},
		cue{9 * sec, func(g *stage) { waiting = g.status("a") }})
	if ready.State != schedule.Ready || !ready.Due.Equal(epoch) || ready.Priority != 2 || starved != sec {
		t.Errorf("ready: %+v, starved %v", ready, starved)
	}
	if running.State != schedule.Running || !running.LastStart.Equal(at(4*sec)) || !running.LastEnd.IsZero() {
		t.Errorf("running: %+v", running)
	}
	if waiting.State != schedule.Waiting || !waiting.Due.Equal(at(67*sec)) || !waiting.LastGood.Equal(at(7*sec)) ||
		waiting.LastOutcome != schedule.Idle || waiting.IdleRuns != 1 {
		t.Errorf("waiting: %+v", waiting)
	}
	same(t, waiting.Stats, schedule.Stats{
		Idle: 1, Busy: 3 * sec, LongestWait: 4 * sec, Starved: 4 * sec, ShortestPause: 60 * sec, LongestPause: 60 * sec,
	})
}

func TestStats(t *testing.T) {
	t.Parallel()
	b := schedule.Backoff{RunEvery: 4 * sec, MinimumIdle: sec, IncreaseIdleBy: 2 * sec, MaximumIdle: 60 * sec}
	var got schedule.Stats
	play(t, schedule.Limits{}, 100*sec, []job{paced("a", 0, b, worked(sec), more(sec), idle(sec), idle(0), failed(sec), cancel(sec))},
		cue{27 * sec, func(g *stage) { got = g.status("a").Stats }})
	same(t, got, schedule.Stats{
		Worked: 2, Idle: 2, Failed: 1, Cancelled: 1, Busy: 5 * sec, ShortestPause: 0, LongestPause: 8 * sec,
	})
	same(t, got.Runs(), 6)
}

func TestNextDue(t *testing.T) {
	t.Parallel()
	background := func(e *schedule.Entry) { e.Background = true }
	s := schedule.New(epoch, schedule.Limits{})
	if name, due := s.NextDue(); name != "" || !due.IsZero() {
		t.Errorf("of nobody: %q, %v", name, due)
	}
	for i, j := range []job{every("a", 0, sec), every("b", 0, sec), every("c", 0, sec).with(background)} {
		j.StartAfter = []time.Duration{7 * sec, 5 * sec, 3 * sec}[i]
		if _, err := s.Add(epoch, j.Entry); err != nil {
			t.Fatal(err)
		}
	}
	var order []string
	for range 3 {
		name, due := s.NextDue()
		id, _ := s.Lookup(name)
		order = append(order, name+" "+text(due.Sub(epoch)))
		s.Remove(epoch, id)
	}
	same(t, order, []string{"c 3", "b 5", "a 7"})
}

// TestListing: All lists who is there, whatever came and went, and an ID that is free is used again.
func TestListing(t *testing.T) {
	t.Parallel()
	s := schedule.New(epoch, schedule.Limits{})
	for _, name := range []string{"a", "b", "c", "d"} {
		if _, err := s.Add(epoch, every(name, 0, sec).Entry); err != nil {
			t.Fatal(err)
		}
	}
	b, _ := s.Lookup("b")
	s.Remove(epoch, b)
	e, err := s.Add(epoch, every("e", 0, sec).Entry)
	if err != nil || e != b {
		t.Errorf("e is %d, %v; b was %d", e, err, b)
	}
	var names []string
	for id := range s.All() {
		names = append(names, s.Name(id))
	}
	slices.Sort(names)
	same(t, names, []string{"a", "c", "d", "e"})
	if _, there := s.Lookup("b"); there {
		t.Error("b is still there")
	}
	for range s.All() {
		break
	}
}
