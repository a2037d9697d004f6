package host_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/host"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// hosted is a host in a bubble, where time passes only when all are waiting, and where the test fails if a
// goroutine is left behind.
type hosted struct {
	t       *testing.T
	options host.Options
	host    *host.Host
	signals chan os.Signal
	cancel  context.CancelFunc
	log     *observer.ObservedLogs
	begun   time.Time
	done    chan struct{} // closed when Run has returned

	stop daemonapp.Stop // of Run, once done
	err  error
}

func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

// begin runs a host of these daemons. change may change its options.
func begin(t *testing.T, change func(*host.Options), specs ...daemonapp.Spec) *hosted {
	t.Helper()
	core, log := observer.New(zapcore.DebugLevel)
	h := &hosted{t: t, signals: make(chan os.Signal, 8), log: log, begun: time.Now(), done: make(chan struct{})}
	h.options = host.Options{
		App: daemonapp.New(daemonapp.Options{}), Label: "demo", Log: zap.New(core), Fix: "peakd validate",
		Stderr: io.Discard,
	}
	if change != nil {
		change(&h.options)
	}
	if _, err := h.options.App.Reconcile(specs); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	h.cancel = cancel
	t.Cleanup(cancel)
	h.host = host.New(h.options)
	go func() { // joined in ended
		defer close(h.done)
		h.stop, h.err = h.host.Run(ctx, h.signals)
	}()
	synctest.Wait()
	return h
}

// send sends signals, one after the other is acted on.
func (h *hosted) send(signals ...os.Signal) {
	for _, s := range signals {
		h.signals <- s
		synctest.Wait()
	}
}

// ended waits for the end, and wants it at that age.
func (h *hosted) ended(age time.Duration) daemonapp.Stop {
	h.t.Helper()
	<-h.done
	if got := time.Since(h.begun); got != age {
		h.t.Errorf("it ended after %s, want %s", got, age)
	}
	return h.stop
}

// lines are those of the log: "error refused [daemon=demo errors=3]".
func (h *hosted) lines() []string {
	lines := []string{}
	for _, e := range h.log.All() {
		enc := zapcore.NewMapObjectEncoder()
		words := []string{}
		for _, f := range e.Context {
			f.AddTo(enc)
			words = append(words, fmt.Sprintf("%s=%v", f.Key, enc.Fields[f.Key]))
		}
		lines = append(lines, fmt.Sprint(e.Level, " ", e.Message, " ", words))
	}
	return lines
}

func (h *hosted) names() []string {
	names := []string{}
	for _, st := range h.options.App.Status() {
		names = append(names, st.Name)
	}
	return names
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\ngot  %q\nwant %q", what, got, want)
	}
}

// spec is a daemon whose runs take that long, unless they are cancelled.
func spec(name string, takes time.Duration) daemonapp.Spec {
	pace := schedule.Backoff{RunEvery: time.Hour, MinimumIdle: time.Hour}
	return daemonapp.Spec{Name: name, Digest: takes.String(), Daemon: daemonapp.Task{
		Planner: &schedule.Interval{Backoff: pace},
		Do: func(ctx context.Context) (schedule.Result, error) {
			select {
			case <-time.After(takes):
				return schedule.Result{Outcome: schedule.Worked}, nil
			case <-ctx.Done():
				return schedule.Result{}, ctx.Err()
			}
		},
	}}
}

// loading makes a Load that answers these specs.
func loading(specs ...daemonapp.Spec) func() (*host.Loaded, error) {
	return func() (*host.Loaded, error) { return &host.Loaded{Specs: specs}, nil }
}

func TestFirstTermDrainsSecondForces(t *testing.T) {
	t.Parallel()
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(s.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := begin(t, nil, spec("a", 10*time.Second))
				h.send(s)
				stop := h.ended(10 * time.Second) // the run in flight ended by itself
				if stop.Reason != schedule.Signalled || stop.Forced || h.err != nil {
					t.Errorf("got %+v (%v)", stop, h.err)
				}
			})
		})
	}
	t.Run("second", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			h := begin(t, nil, spec("a", time.Hour))
			h.send(syscall.SIGTERM)
			time.Sleep(time.Second)
			h.send(syscall.SIGINT)
			if stop := h.ended(time.Second); !stop.Forced || stop.Reason != schedule.Signalled || h.err != nil {
				t.Errorf("got %+v (%v)", stop, h.err)
			}
			same(t, "log", h.lines(), []string{"warn forced [daemon=demo by=SIGINT]"})
		})
	})
}

func TestEndsWithItsApp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := begin(t, func(o *host.Options) {
			o.App = daemonapp.New(daemonapp.Options{Limits: schedule.Limits{IdleThreshold: time.Minute}})
		}, spec("a", time.Second))
		if stop := h.ended(time.Second); stop.Reason != schedule.IdleGap || h.err != nil {
			t.Errorf("got %+v (%v)", stop, h.err)
		}
	})
}

func TestEndsWithItsContext(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := begin(t, nil, spec("a", 3*time.Second))
		h.cancel()
		if stop := h.ended(3 * time.Second); stop.Reason != schedule.Signalled || h.err != nil {
			t.Errorf("got %+v (%v)", stop, h.err)
		}
	})
}

func TestAnAppRunsOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := begin(t, nil)
		h.send(syscall.SIGTERM)
		h.ended(0)
		if _, err := host.Run(t.Context(), h.options, h.signals); !errors.Is(err, daemonapp.ErrRan) {
			t.Errorf("got %v, want ErrRan", err)
		}
	})
}

func TestSignalsThatDoNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := begin(t, nil, spec("a", time.Second))
		h.send(syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGWINCH) // there is neither Load nor Dump
		same(t, "log", h.lines(), []string{})
		h.send(syscall.SIGTERM)
		h.ended(time.Second)
	})
}

func TestReload(t *testing.T) {
	bubble(t, func(t *testing.T) {
		applied := []string{}
		h := begin(t, func(o *host.Options) {
			o.Load = func() (*host.Loaded, error) {
				return &host.Loaded{
					Specs:   []daemonapp.Spec{spec("kept", time.Second), spec("changed", 2*time.Second), spec("new", time.Second)},
					Limits:  schedule.Limits{Workers: 3, HardDeadline: time.Minute},
					Applied: func(by string) { applied = append(applied, by) },
				}, nil
			}
		}, spec("kept", time.Second), spec("changed", time.Second), spec("gone", time.Second))
		time.Sleep(10 * time.Second)
		h.send(syscall.SIGHUP)
		same(t, "log", h.lines(), []string{"info reloaded [daemon=demo added=1 changed=1 removed=1 kept=1 by=SIGHUP]"})
		same(t, "daemons", slices.Sorted(slices.Values(h.names())), []string{"changed", "kept", "new"})
		same(t, "applied", applied, []string{"SIGHUP"})
		if v := h.options.App.Vitals(); v.Workers != 3 {
			t.Errorf("%d workers, want 3", v.Workers)
		}
		if stop := h.ended(time.Minute); stop.Reason != schedule.HardDeadline {
			t.Errorf("the new hard deadline, counted from the start, does not hold: %+v", stop)
		}
	})
}

// diagnostics is an error as the configuration has it.
type diagnostics int

func (d diagnostics) Error() string { return "a list of all that is wrong, many lines" }
func (d diagnostics) Errors() int   { return int(d) }

func TestRefused(t *testing.T) {
	t.Parallel()
	applied := func(string) { t.Error("applied") }
	tests := []struct {
		name string
		load func() (*host.Loaded, error)
		want string
	}{
		{
			"counted", func() (*host.Loaded, error) { return nil, fmt.Errorf("load: %w", diagnostics(3)) },
			"error refused [daemon=demo errors=3 kept=1 fix=peakd validate by=SIGHUP]",
		},
		{
			"one", func() (*host.Loaded, error) { return nil, errors.New("build a: no such user") },
			"error refused [daemon=demo error=build a: no such user kept=1 fix=peakd validate by=SIGHUP]",
		},
		{
			"by the app", func() (*host.Loaded, error) {
				return &host.Loaded{Specs: []daemonapp.Spec{spec("x", 1), spec("x", 1)}, Limits: schedule.Limits{Workers: 9}, Applied: applied}, nil
			},
			`error refused [daemon=demo error=daemon "x": not a daemon's name kept=1 fix=peakd validate by=SIGHUP]`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := begin(t, func(o *host.Options) { o.Load = tt.load }, spec("a", time.Second))
				h.send(syscall.SIGHUP)
				same(t, "log", h.lines(), []string{tt.want})
				same(t, "daemons", h.names(), []string{"a"})
				if v := h.options.App.Vitals(); v.Workers != 1 {
					t.Errorf("%d workers, want 1 as before", v.Workers)
				}
				h.options.Load = nil
				h.send(syscall.SIGTERM)
				h.ended(time.Second)
			})
		})
	}
}

// TestLoadPanics: a fault in reading a configuration costs the reload, not the app.
func TestLoadPanics(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := begin(t, func(o *host.Options) {
			o.Load = func() (*host.Loaded, error) { panic("index out of range") }
		}, spec("a", time.Second))
		h.send(syscall.SIGHUP)
		if got := h.lines(); len(got) != 1 || !strings.HasPrefix(got[0], "error refused [daemon=demo error=panic: index out of range stack=goroutine") {
			t.Errorf("got %q", got)
		}
		h.send(syscall.SIGTERM)
		h.ended(time.Second)
	})
}

// TestReloadsCoalesce: however many signals come while a configuration is read, it is read once more.
func TestReloadsCoalesce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		loads := 0
		h := begin(t, func(o *host.Options) {
			o.Load = func() (*host.Loaded, error) {
				loads++
				time.Sleep(time.Second)
				return &host.Loaded{Specs: []daemonapp.Spec{spec("a", time.Second)}}, nil
			}
		}, spec("a", time.Second))
		for range 5 {
			h.send(syscall.SIGHUP)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if loads != 2 || len(h.lines()) != 2 {
			t.Errorf("%d loads, want 2: %q", loads, h.lines())
		}
		h.send(syscall.SIGHUP)
		time.Sleep(time.Minute)
		synctest.Wait()
		if loads != 3 {
			t.Errorf("%d loads, want 3", loads)
		}
		h.send(syscall.SIGTERM)
		h.ended(2 * time.Minute)
	})
}

// TestLoadHangs: a configuration on a file system that is gone keeps nobody from ending the app.
func TestLoadHangs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		mended := make(chan struct{})
		h := begin(t, func(o *host.Options) {
			o.Load = func() (*host.Loaded, error) {
				<-mended
				return nil, errors.New("too late")
			}
		}, spec("a", time.Hour))
		h.send(syscall.SIGHUP, syscall.SIGHUP, syscall.SIGTERM, syscall.SIGTERM)
		if stop := h.ended(0); !stop.Forced {
			t.Errorf("got %+v", stop)
		}
		close(mended)
	})
}

// TestLoadedWhileDraining: what is loaded once the app ends is not begun any more.
func TestLoadedWhileDraining(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := begin(t, func(o *host.Options) {
			load := loading(spec("a", 5*time.Second), spec("b", time.Second))
			o.Load = func() (*host.Loaded, error) {
				time.Sleep(time.Second)
				return load()
			}
		}, spec("a", 5*time.Second))
		h.send(syscall.SIGHUP, syscall.SIGTERM)
		h.ended(5 * time.Second)
		for _, st := range h.options.App.Status() {
			if st.Name == "b" && !st.LastStart.IsZero() {
				t.Error("b ran though the app was draining")
			}
		}
	})
}

// stderr is a place that takes nothing until it is opened.
type stderr struct {
	open chan struct{} // closed by the test
	mu   sync.Mutex    // guards text
	text bytes.Buffer
}

func (s *stderr) Write(b []byte) (int, error) {
	<-s.open
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *stderr) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func state(w io.Writer) { _, _ = io.WriteString(w, "the state\n") }

func TestDump(t *testing.T) {
	bubble(t, func(t *testing.T) {
		out := &stderr{open: make(chan struct{})}
		close(out.open)
		h := begin(t, func(o *host.Options) { o.Stderr, o.Dump = out, state }, spec("a", time.Second))
		h.send(syscall.SIGUSR1)
		if got := out.String(); got != "the state\n" {
			t.Errorf("got %q", got)
		}
		h.send(syscall.SIGTERM)
		h.ended(time.Second)
	})
}

func TestQuit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		out := &stderr{open: make(chan struct{})}
		close(out.open)
		h := begin(t, func(o *host.Options) { o.Stderr, o.Dump = out, state }, spec("a", time.Hour))
		h.send(syscall.SIGQUIT)
		if stop := h.ended(0); !stop.Forced || !errors.Is(h.err, host.ErrQuit) {
			t.Errorf("got %+v (%v)", stop, h.err)
		}
		if got := out.String(); !strings.HasPrefix(got, "goroutine ") || !strings.Contains(got, "host_test.spec") || !strings.HasSuffix(got, "the state\n") {
			t.Errorf("the dump has not all goroutines and the state:\n%s", got)
		}
	})
}

// TestNobodyReads: a terminal that is scrolled back, or a pipe whose reader sleeps, keeps nobody from
// ending the app.
func TestNobodyReads(t *testing.T) {
	bubble(t, func(t *testing.T) {
		out := &stderr{open: make(chan struct{})}
		h := begin(t, func(o *host.Options) { o.Stderr, o.Dump = out, state }, spec("a", time.Hour))
		for range 100 {
			h.send(syscall.SIGUSR1)
		}
		h.send(syscall.SIGTERM, syscall.SIGTERM)
		if stop := h.ended(host.Patience); !stop.Forced {
			t.Errorf("got %+v", stop)
		}
		close(out.open)
	})
	t.Run("quit", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			out := &stderr{open: make(chan struct{})}
			h := begin(t, func(o *host.Options) { o.Stderr, o.Dump = out, state }, spec("a", time.Hour))
			h.send(syscall.SIGQUIT)
			h.ended(host.Patience)
			if !errors.Is(h.err, host.ErrQuit) {
				t.Errorf("got %v, want ErrQuit", h.err)
			}
			close(out.open)
		})
	})
}

// TestAppliedHangs: a state directory that hangs keeps nobody from ending the app either.
func TestAppliedHangs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		mended := make(chan struct{})
		h := begin(t, func(o *host.Options) {
			o.Load = func() (*host.Loaded, error) {
				return &host.Loaded{Specs: []daemonapp.Spec{spec("b", time.Hour)}, Applied: func(string) { <-mended }}, nil
			}
		}, spec("a", time.Hour))
		h.send(syscall.SIGHUP, syscall.SIGTERM, syscall.SIGTERM)
		if stop := h.ended(host.Patience); !stop.Forced {
			t.Errorf("got %+v", stop)
		}
		close(mended)
	})
}

// TestNotify sends this process every signal that a host acts on, and finds them all: none kills it, and no flood
// of SIGPIPE, as of a log that nobody reads any more, takes the place of another.
func TestNotify(t *testing.T) {
	received := host.Notify()
	defer signal.Stop(received)
	for _, s := range []syscall.Signal{
		syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1,
	} {
		for range 2 * cap(received) {
			kill(t, syscall.SIGPIPE)
		}
		kill(t, s)
		if got := <-received; got != s {
			t.Errorf("got %s, want %s", got, s)
		}
	}
}

func kill(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(os.Getpid(), s); err != nil {
		t.Fatal(err)
	}
}
