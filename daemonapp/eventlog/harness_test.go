package eventlog_test

import (
	"bytes"
	"context"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/eventlog"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// start is when the app of these tests starts.
var start = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

func at(age time.Duration) time.Time { return start.Add(age) }

// paper is where a log writes: JSON lines, as `peakd run --log-format json` has them.
type paper struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (p *paper) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

// Sync implements [zapcore.WriteSyncer].
func (p *paper) Sync() error { return nil }

// lines are those written so far, with PID for the process's id.
func (p *paper) lines() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := strings.ReplaceAll(p.text.String(), `"pid":`+strconv.Itoa(os.Getpid()), `"pid":"PID"`)
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

func (p *paper) logger(level zapcore.Level) *zap.Logger {
	return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zapcore.EncoderConfig{
		TimeKey: "ts", LevelKey: "level", MessageKey: "event", LineEnding: "\n",
		EncodeTime:  zapcore.TimeEncoderOfLayout("15:04:05.000"),
		EncodeLevel: zapcore.LowercaseLevelEncoder, EncodeDuration: zapcore.StringDurationEncoder,
	}), p, level))
}

// written is what a log writes of these events.
func written(t *testing.T, level zapcore.Level, events ...daemonapp.Event) []string {
	t.Helper()
	p := &paper{}
	l := eventlog.Open(eventlog.Options{Log: p.logger(level), App: "demo", Fix: "peakd arm %s"})
	for _, e := range events {
		l.Observe(e)
	}
	l.Close(time.Minute)
	return p.lines()
}

// ran is the event of a run that was due, began and ended at these ages of the app.
func ran(daemon string, due, began, ended time.Duration, r schedule.Result) daemonapp.Event {
	return daemonapp.Event{
		Kind: daemonapp.RunEnded, At: at(ended), Daemon: daemon, RunID: 0x8f31c2, Next: at(ended),
		Run: schedule.Run{Due: at(due), Started: at(began), Finished: at(ended), Result: r},
	}
}

// began is the event of its start.
func began(daemon string, due, age time.Duration) daemonapp.Event {
	return daemonapp.Event{
		Kind: daemonapp.RunStarted, At: at(age), Daemon: daemon,
		Run: schedule.Run{Due: at(due), Started: at(age)},
	}
}

// app runs daemons in a bubble until the hard deadline, and returns what was logged.
func app(t *testing.T, limits schedule.Limits, specs ...daemonapp.Spec) []string {
	t.Helper()
	p := &paper{}
	synctest.Test(t, func(t *testing.T) {
		l := eventlog.Open(eventlog.Options{Log: p.logger(zapcore.DebugLevel), App: "demo"})
		a := daemonapp.New(daemonapp.Options{Limits: limits, Observers: []daemonapp.Observer{l}})
		if _, err := a.Reconcile(specs); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		l.Close(time.Minute)
	})
	return p.lines()
}

func spec(name string, priority int, run daemonapp.RunFunc) daemonapp.Spec {
	pace := schedule.Backoff{RunEvery: time.Hour, MinimumIdle: time.Hour}
	return daemonapp.Spec{Name: name, Digest: "1", Daemon: daemonapp.Task{
		Planner: &schedule.Interval{Backoff: pace, Prio: priority}, Do: run,
	}}
}

// works is a run that works that long.
func works(d time.Duration) daemonapp.RunFunc {
	return func(context.Context) (schedule.Result, error) {
		time.Sleep(d)
		return schedule.Result{Outcome: schedule.Worked}, nil
	}
}
