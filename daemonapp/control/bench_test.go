package control_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/control"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// BenchmarkObserve is what an event costs the app: with nobody there, with somebody who waits for another daemon, with
// streams that are read, and with one that is not.
func BenchmarkObserve(b *testing.B) {
	event := daemonapp.Event{
		Kind: daemonapp.RunEnded, At: time.Now(), Daemon: "a", Type: "exec", RunID: 7,
		Run: schedule.Run{Due: time.Now(), Started: time.Now(), Finished: time.Now(), Result: schedule.Result{Outcome: schedule.Worked}},
	}
	for _, bb := range []struct {
		name  string
		setup func(b *testing.B, s *served)
	}{
		{"nobody", func(*testing.B, *served) {}},
		{"waiting", func(b *testing.B, s *served) { b.Cleanup(s.feed.WatchAnother("b")) }},
		{"stream", func(b *testing.B, s *served) { b.Cleanup(reading(b, s)) }},
		{"streams=8", func(b *testing.B, s *served) {
			for range 8 {
				b.Cleanup(reading(b, s))
			}
		}},
		{"stalled", func(b *testing.B, s *served) {
			stream, err := s.Events(context.Background(), nil, nil)
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = stream.Close() })
		}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			s := serve(b, nil, quick("a"))
			bb.setup(b, s)
			b.ReportAllocs()
			for b.Loop() {
				s.feed.Observe(event)
			}
		})
	}
}

// reading reads a stream until the function it returns is called.
func reading(b *testing.B, s *served) (end func()) {
	stream, err := s.Events(context.Background(), nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	go func() { // joined by the caller
		defer close(done)
		for {
			if _, err := stream.Next(); err != nil {
				return
			}
		}
	}()
	return func() {
		_ = stream.Close()
		<-done
	}
}

// BenchmarkDispatch is a run of a daemon that works without a pause, on an app that nobody observes, and on one with a
// feed: without a reader, with
// one that reads nothing, and with one that reads all it gets.
func BenchmarkDispatch(b *testing.B) {
	for _, with := range []string{"nobody", "feed", "stalled", "stream"} {
		b.Run(with, func(b *testing.B) {
			feed := &control.Feed{}
			o := daemonapp.Options{}
			if with != "nobody" {
				o.Observers, o.Lines = []daemonapp.Observer{feed}, feed.Line
			}
			runs, over := 0, make(chan struct{})
			app := daemonapp.New(o)
			busy := job("a", func(context.Context) (schedule.Result, error) {
				if runs++; runs == b.N {
					close(over)
				}
				return schedule.Result{Outcome: schedule.More}, nil
			})
			if _, err := app.Reconcile([]daemonapp.Spec{busy}); err != nil {
				b.Fatal(err)
			}
			if with == "stream" || with == "stalled" {
				server, err := control.Listen(control.Options{App: app, Feed: feed, Path: shortDir(b) + "/a.sock"})
				if err != nil {
					b.Fatal(err)
				}
				done := make(chan error, 1)
				go func() { done <- server.Serve(context.Background()) }() // received in the cleanup
				client, err := control.Dial(b.Context(), server.Path())
				if err != nil {
					b.Fatal(err)
				}
				end := func() {}
				if with == "stream" {
					end = reading(b, &served{Client: client})
				} else if _, err := client.Events(b.Context(), nil, nil); err != nil {
					b.Fatal(err)
				}
				b.Cleanup(func() {
					end()
					server.Interrupt()
					<-done
				})
			}
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan struct{})
			b.ReportAllocs()
			b.ResetTimer()
			go func() { // joined below
				defer close(ended)
				_, _ = app.Run(ctx)
			}()
			<-over
			b.StopTimer()
			cancel()
			<-ended
		})
	}
}

// BenchmarkDaemons is the list of 3,000 daemons over the socket.
func BenchmarkDaemons(b *testing.B) {
	specs := make([]daemonapp.Spec, 3000)
	for i := range specs {
		specs[i] = quick(fmt.Sprintf("daemon-%04d", i))
	}
	s := serve(b, nil, specs...)
	eventually(b, "all have run", func() bool { return len(s.events(daemonapp.RunEnded)) == len(specs) })
	b.ReportAllocs()
	for b.Loop() {
		if all, err := s.Daemons(context.Background()); err != nil || len(all) != len(specs) {
			b.Fatal(len(all), err)
		}
	}
}
