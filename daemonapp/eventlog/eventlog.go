// Package eventlog writes what happens in an app to a zap log: fixed event names, fixed fields.
//
// The events are handed over through a bounded buffer, so that a log that is slow to write, such as a
// terminal that is scrolled back, does not keep the app waiting. What does not fit is counted, and the count logged.
package eventlog

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/benbjohnson/clock"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// Options describe a log.
type Options struct {
	// Log is where events go.
	Log *zap.Logger
	// App is the label under which events of the app itself appear.
	App string
	// Buffer is how many events may wait to be written; 0 means 4096.
	Buffer int
	// Fix is what to do about a disarmed daemon; %s stands for its name. Empty: nothing is said.
	Fix string
	// Clock measures the patience of Close; nil means the real one.
	Clock clock.Clock
}

// Log is an observer that writes events.
type Log struct {
	options Options
	events  chan daemonapp.Event // Observe sends, write receives
	closing chan struct{}        // closed by Close
	written chan struct{}        // closed when write has returned
	dropped atomic.Int64         // lines, since it was last told
	lost    atomic.Int64         // likewise, since the start
	runs    atomic.Int64         // that have ended, those included whose line was dropped

	// What follows belongs to write.
	floor   floor
	started time.Time // of the app
}

var _ daemonapp.Observer = (*Log)(nil)

// waitWorthTelling is from when on a run's line says how long it waited, and for whom.
const waitWorthTelling = 100 * time.Millisecond

// Open starts a log. Close ends it.
func Open(o Options) *Log {
	if o.Buffer == 0 {
		o.Buffer = 4096
	}
	if o.Clock == nil {
		o.Clock = clock.New()
	}
	l := &Log{
		options: o, events: make(chan daemonapp.Event, o.Buffer),
		closing: make(chan struct{}), written: make(chan struct{}),
	}
	go l.write() // joined in Close
	return l
}

// Observe implements [daemonapp.Observer]. It never blocks.
func (l *Log) Observe(e daemonapp.Event) {
	if e.Kind == daemonapp.RunEnded {
		l.runs.Add(1)
	}
	select {
	case l.events <- e:
	default:
		if e.Kind != daemonapp.RunStarted { // has no line
			l.dropped.Add(1)
			l.lost.Add(1)
		}
	}
}

// Dropped is how many lines were not written so far, because the log was too slow.
func (l *Log) Dropped() int64 { return l.lost.Load() }

// Close writes what waits and ends the log; after patience it gives up on a log that takes nothing.
// It may be called once; what is observed afterwards is not written.
func (l *Log) Close(patience time.Duration) {
	close(l.closing)
	timer := l.options.Clock.Timer(patience)
	defer timer.Stop()
	select {
	case <-l.written:
	case <-timer.C:
	}
}

func (l *Log) write() {
	defer close(l.written)
	for {
		select {
		case e := <-l.events:
			l.take(e)
		case <-l.closing:
			l.rest()
			return
		}
	}
}

// rest writes what was observed before Close.
func (l *Log) rest() {
	for {
		select {
		case e := <-l.events:
			l.take(e)
		default:
			l.tellDropped()
			return
		}
	}
}

func (l *Log) take(e daemonapp.Event) {
	l.tellDropped()
	switch e.Kind {
	case daemonapp.RunStarted:
		l.floor.taken(e.Daemon, e.Run.Started)
	case daemonapp.RunEnded:
		l.ended(e)
		l.floor.yielded(e.Daemon, e.Run.Started, e.Run.Finished)
	case daemonapp.Stuck: // the floor is another's from now on
		l.other(e)
		l.floor.yielded(e.Daemon, e.Run.Started, e.Run.Finished)
	default:
		l.other(e)
	}
}

// tellDropped says how many lines are missing here.
func (l *Log) tellDropped() {
	n := l.dropped.Swap(0)
	if n == 0 {
		return
	}
	l.floor.forget()
	l.options.Log.Warn("dropped", zap.String("daemon", l.options.App), zap.Int64("events", n),
		zap.String("cause", "the log is too slow"))
}

// daemon is the field that carries the daemon's name, or that of the app.
func (l *Log) daemon(e daemonapp.Event) zap.Field {
	if e.Daemon == "" {
		return zap.String("daemon", l.options.App)
	}
	return zap.String("daemon", e.Daemon)
}

// ended writes the line of a run.
func (l *Log) ended(e daemonapp.Event) {
	level, word := runLevel(e)
	line := l.options.Log.Check(level, word)
	if line == nil {
		return
	}
	r := e.Run
	fields := append(make([]zap.Field, 0, 14), l.daemon(e))
	if r.Result.Outcome == schedule.Failed {
		fields = append(fields, exitFields(r.Err)...)
	}
	if r.Result.Count > 0 {
		fields = append(fields, zap.Int("count", r.Result.Count))
	}
	fields = append(fields, zap.Duration("took", r.Finished.Sub(r.Started)))
	if r.Result.Outcome == schedule.Failed {
		fields = append(fields, zap.Int("failures", r.Failures))
	}
	fields = append(fields, until("next", e.At, e.Next))
	fields = append(fields, changeFields(e.Children)...)
	fields = append(fields, l.waited(r)...)
	if e.By != 0 {
		fields = append(fields, zap.String("trigger", trigger(e.By)))
	}
	if r.Err != nil {
		fields = append(fields, zap.Stringer("run", e.RunID), zap.String("error", text(r.Err)))
		fields = append(fields, stackFields(r.Err)...)
	}
	line.Time = e.At
	line.Write(fields...)
}

// runLevel is the level and the word of a run's line: an idle run is worth a line when it lengthens the wait.
func runLevel(e daemonapp.Event) (zapcore.Level, string) {
	switch e.Run.Result.Outcome {
	case schedule.Idle:
		if e.Stretched || !e.Children.Empty() {
			return zapcore.InfoLevel, "idle"
		}
		return zapcore.DebugLevel, "idle"
	case schedule.Failed:
		return zapcore.WarnLevel, "failed"
	case schedule.More:
		return zapcore.InfoLevel, "worked"
	case schedule.Worked, schedule.Cancelled:
	}
	return zapcore.InfoLevel, e.Run.Result.Outcome.String()
}

func (l *Log) waited(r schedule.Run) []zap.Field {
	waited := r.Started.Sub(r.Due)
	if waited < waitWorthTelling {
		return nil
	}
	fields := []zap.Field{zap.Duration("waited", waited)}
	if name := l.floor.longest(r.Due, r.Started); name != "" {
		fields = append(fields, zap.String("behind", name))
	}
	return fields
}

// other writes the line of anything but a run.
func (l *Log) other(e daemonapp.Event) {
	level, fields := l.describe(e)
	if line := l.options.Log.Check(level, e.Kind.String()); line != nil {
		line.Time = e.At
		line.Write(append([]zap.Field{l.daemon(e)}, fields...)...)
	}
}

func (l *Log) describe(e daemonapp.Event) (zapcore.Level, []zap.Field) {
	switch e.Kind {
	case daemonapp.DaemonDisarmed:
		return zapcore.ErrorLevel, l.disarmed(e)
	case daemonapp.DaemonArmed, daemonapp.DaemonResumed:
		return zapcore.InfoLevel, append(by(e.Who), until("next", e.At, e.Next))
	case daemonapp.DaemonPaused:
		return zapcore.InfoLevel, append(append(by(e.Who), until("for", e.At, e.Next)), because(e)...)
	case daemonapp.Triggered, daemonapp.CancelWanted:
		return zapcore.InfoLevel, by(e.Who)
	case daemonapp.Skipped:
		return zapcore.InfoLevel, append(by(e.Who), left(e)...)
	case daemonapp.Missed:
		return zapcore.WarnLevel, append([]zap.Field{
			zap.Int("times", e.Times), zap.String("first", e.First.Format(time.RFC3339)),
		}, because(e)...)
	case daemonapp.Held:
		return zapcore.DebugLevel, because(e)
	case daemonapp.Reloading, daemonapp.Reloaded, daemonapp.ReloadRefused: // who loads tells of it
		return zapcore.DebugLevel, by(e.Who)
	case daemonapp.Stuck:
		return zapcore.ErrorLevel, []zap.Field{
			zap.Duration("after", e.Run.Finished.Sub(e.Run.Started)), zap.Duration("kill_grace", e.Grace),
			zap.Stringer("run", e.RunID), zap.String("error", e.Reason),
		}
	case daemonapp.Unstuck:
		return zapcore.WarnLevel, []zap.Field{zap.Stringer("run", e.RunID)}
	case daemonapp.ChildrenRefused:
		return zapcore.ErrorLevel, []zap.Field{zap.String("error", text(e.Err))}
	case daemonapp.SoftDeadlinePassed:
		return zapcore.InfoLevel, []zap.Field{zap.Duration("after", e.Grace), gap("stops_at_gap", e)}
	case daemonapp.Draining:
		return zapcore.InfoLevel, append([]zap.Field{
			zap.Int("running", e.Running), grace(e), zap.String("reason", e.Stop.String()),
		}, by(e.Who)...)
	case daemonapp.Cancelling:
		return zapcore.WarnLevel, []zap.Field{zap.Int("running", e.Running), zap.String("cause", "the shutdown grace is over")}
	case daemonapp.AppStarted:
		l.started = e.At
		return zapcore.InfoLevel, limits(e)
	case daemonapp.AppStopped:
		return zapcore.InfoLevel, l.stopped(e)
	case daemonapp.Added, daemonapp.Changed, daemonapp.Replaced, daemonapp.Removed,
		daemonapp.RunStarted, daemonapp.RunEnded: // runs have lines of their own
		return zapcore.DebugLevel, nil
	}
	return zapcore.InfoLevel, nil
}

func (l *Log) disarmed(e daemonapp.Event) []zap.Field {
	fields := []zap.Field{zap.String("reason", e.Reason)}
	if e.Run.Failures > 0 {
		fields = []zap.Field{zap.Int("failures", e.Run.Failures)}
	}
	fields = append(fields, exitFields(e.Err)...)
	if e.Err != nil {
		fields = append(fields, zap.String("error", text(e.Err)))
	}
	if l.options.Fix != "" {
		fields = append(fields, zap.String("fix", fmt.Sprintf(l.options.Fix, e.Daemon)))
	}
	return append(fields, by(e.Who)...)
}
