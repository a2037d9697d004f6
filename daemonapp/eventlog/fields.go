package eventlog

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// until is the wait from at to then; null if there is no then.
func until(key string, at, then time.Time) zap.Field {
	if then.IsZero() {
		return zap.Reflect(key, nil)
	}
	return zap.Duration(key, max(then.Sub(at), 0))
}

// text is what an error says. It may be of any origin: fmt takes care of one whose Error panics, such as
// a nil pointer in an error.
func text(err error) string { return fmt.Sprint(err) }

// exitFields are the exit code of a job, where an error carries one.
func exitFields(err error) (fields []zap.Field) {
	defer func() {
		if recover() != nil { // see text
			fields = nil
		}
	}()
	var exit interface{ ExitCode() int }
	if errors.As(err, &exit) {
		return []zap.Field{zap.Int("exit", exit.ExitCode())}
	}
	return nil
}

// stackFields are where a run panicked, if it did.
func stackFields(err error) (fields []zap.Field) {
	defer func() {
		if recover() != nil { // see text
			fields = nil
		}
	}()
	var panicked *daemonapp.PanicError
	if errors.As(err, &panicked) {
		return []zap.Field{zap.String("stack", string(panicked.Stack))}
	}
	return nil
}

func by(who string) []zap.Field {
	if who == "" {
		return nil
	}
	return []zap.Field{zap.String("by", who)}
}

func because(e daemonapp.Event) []zap.Field {
	if e.Reason == "" {
		return nil
	}
	return []zap.Field{zap.String("reason", e.Reason)}
}

// left is the run that is left out; of a daemon that runs it is not known yet.
func left(e daemonapp.Event) []zap.Field {
	if e.First.IsZero() {
		return []zap.Field{zap.String("due", "after this run")}
	}
	return []zap.Field{zap.String("due", e.First.Format(time.RFC3339)), until("next", e.At, e.Next)}
}

func grace(e daemonapp.Event) zap.Field {
	if e.Grace == 0 {
		return zap.String("grace", "unlimited")
	}
	return zap.Duration("grace", e.Grace)
}

func gap(key string, e daemonapp.Event) zap.Field {
	if e.Gap == 0 {
		return zap.Skip()
	}
	return zap.Duration(key, e.Gap)
}

// limits are what an app starts with; what is switched off is left out.
func limits(e daemonapp.Event) []zap.Field {
	fields := []zap.Field{zap.Int("daemons", e.Daemons), zap.Int("workers", e.Limits.Workers)}
	if e.Once {
		return append(fields, zap.Bool("once", true), zap.Int("pid", os.Getpid()))
	}
	for _, limit := range []struct {
		key   string
		value time.Duration
	}{
		{"soft", e.Limits.SoftDeadline},
		{"idle", e.Limits.IdleThreshold},
		{"no_work", e.Limits.NoWorkTimeout},
		{"hard", e.Limits.HardDeadline},
		{"aging", e.Limits.Aging},
	} {
		if limit.value > 0 {
			fields = append(fields, zap.Duration(limit.key, limit.value))
		}
	}
	return append(fields, zap.Int("pid", os.Getpid()))
}

func (l *Log) stopped(e daemonapp.Event) []zap.Field {
	fields := []zap.Field{
		zap.String("reason", e.Stop.String()), zap.Duration("age", e.At.Sub(l.started)), zap.Int64("runs", l.runs.Load()),
	}
	if e.NextDaemon != "" {
		fields = append(fields, zap.String("next", e.NextDaemon), zap.Duration("in", max(e.Next.Sub(e.At), 0)))
	}
	return fields
}

// changeFields name the children that a run started or stopped.
func changeFields(c daemonapp.Change) []zap.Field {
	var fields []zap.Field
	for _, part := range []struct {
		key   string
		names []string
	}{{"added", c.Added}, {"changed", c.Changed}, {"replaced", c.Replaced}, {"removed", c.Removed}} {
		if len(part.names) > 0 {
			fields = append(fields, zap.String(part.key, listed(part.names)))
		}
	}
	return fields
}

// listed is a bounded list of children without the name of their seed.
func listed(names []string) string {
	const most = 8
	short := make([]string, 0, most+1)
	for i, name := range names {
		if i == most {
			short = append(short, "…")
			break
		}
		short = append(short, name[strings.LastIndexByte(name, '/')+1:])
	}
	return strings.Join(short, ",")
}

func trigger(by schedule.Waker) string {
	if by == schedule.ByEvent {
		return "wake"
	}
	return "operator"
}
