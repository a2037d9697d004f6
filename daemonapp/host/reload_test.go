package host_test

import (
	"context"
	"errors"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/host"
)

// announced keeps what observers are told of reloads.
type announced []string

func (a *announced) Observe(e daemonapp.Event) {
	switch e.Kind { //nolint:exhaustive // the others are tested elsewhere
	case daemonapp.Reloading, daemonapp.Reloaded, daemonapp.ReloadRefused:
		*a = append(*a, e.Kind.String()+" by "+e.Who)
	}
}

func TestReloadAnswersWhoAsked(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var told announced
		faulty := errors.New("two errors")
		loads := 0
		h := begin(t, func(o *host.Options) {
			o.App = daemonapp.New(daemonapp.Options{Observers: []daemonapp.Observer{&told}})
			o.Load = func() (*host.Loaded, error) {
				loads++
				time.Sleep(time.Second)
				if loads == 3 {
					return nil, faulty
				}
				return &host.Loaded{Specs: []daemonapp.Spec{spec("a", time.Second), spec("b", time.Second)}}, nil
			}
		}, spec("a", time.Second))
		type result struct {
			change daemonapp.Change
			err    error
		}
		results := make(chan result, 4)
		ask := func(who string) {
			change, err := h.host.Reload(t.Context(), who)
			results <- result{change, err}
		}
		go ask("alice")
		synctest.Wait()
		go ask("bob") // while the configuration is read: it is read once more
		synctest.Wait()
		h.send(syscall.SIGHUP)
		time.Sleep(5 * time.Second)
		first, second := <-results, <-results
		if first.err != nil || !slices.Equal(first.change.Added, []string{"b"}) {
			t.Errorf("alice: %+v", first)
		}
		if second.err != nil || second.change.Kept != 2 {
			t.Errorf("bob: %+v", second)
		}
		go ask("carol")
		time.Sleep(5 * time.Second)
		if third := <-results; !errors.Is(third.err, faulty) {
			t.Errorf("carol: %+v", third)
		}
		h.send(syscall.SIGTERM)
		h.ended(10 * time.Second)
		same(t, "told", told, []string{
			"reloading by alice", "reloaded by alice", "reloading by bob, SIGHUP", "reloaded by bob, SIGHUP",
			"reloading by carol", "refused by carol",
		})
		if _, err := h.host.Reload(t.Context(), "dave"); !errors.Is(err, daemonapp.ErrRan) {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestReloadGivenUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		mended := make(chan struct{})
		h := begin(t, func(o *host.Options) {
			o.Load = func() (*host.Loaded, error) {
				<-mended
				return nil, errors.New("too late")
			}
		}, spec("a", time.Second))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := h.host.Reload(ctx, "alice"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		answered := make(chan error, 1)
		go func() {
			_, err := h.host.Reload(t.Context(), "bob")
			answered <- err
		}()
		synctest.Wait()
		h.send(syscall.SIGTERM)
		h.ended(time.Minute)
		if err := <-answered; !errors.Is(err, daemonapp.ErrRan) {
			t.Errorf("whom the end of the app found waiting: %v", err)
		}
		close(mended)
	})
}

func TestNothingToLoad(t *testing.T) {
	t.Parallel()
	h := host.New(host.Options{App: daemonapp.New(daemonapp.Options{})})
	if _, err := h.Reload(t.Context(), "alice"); !errors.Is(err, host.ErrNoReload) {
		t.Errorf("got %v", err)
	}
}

// TestBeside: an actor lives from before the first run to after the last one, and its failure ends nothing else.
func TestBeside(t *testing.T) {
	bubble(t, func(t *testing.T) {
		interrupted := make(chan struct{})
		h := begin(t, func(o *host.Options) {
			o.Beside = []host.Actor{
				{Name: "steady", Run: func() error { <-interrupted; return nil }, Interrupt: func() { close(interrupted) }},
				{Name: "brittle", Run: func() error { return errors.New("out of luck") }, Interrupt: func() {}},
			}
		}, spec("a", 10*time.Second))
		time.Sleep(time.Second)
		same(t, "log", h.lines(), []string{"error ended [daemon=demo what=brittle error=out of luck]"})
		select {
		case <-interrupted:
			t.Error("the app's neighbour was ended by the other's failure")
		default:
		}
		h.send(syscall.SIGTERM)
		h.ended(10 * time.Second)
		<-interrupted
	})
}
