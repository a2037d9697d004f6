package cli_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/peakd/peakd/cmd/peakd/cli"
	"github.com/peakd/peakd/daemonapp"
)

// nine is when the lines of these tests are logged.
var nine = time.Date(2026, time.March, 2, 9, 0, 0, 3e6, time.UTC)

// line logs one line.
func line(core zapcore.Core, level zapcore.Level, event string, fields ...zap.Field) {
	if ce := core.Check(zapcore.Entry{Level: level, Time: nine, Message: event}, nil); ce != nil {
		ce.Write(fields...)
	}
}

func daemon(name string) zap.Field { return zap.String("daemon", name) }

// TestConsoleLines are lines as in the drawing of `peakd run`.
func TestConsoleLines(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	c := cli.NewConsole(&out, zapcore.InfoLevel, false, "demo", "inbox/urgent", "feeder")
	line(c, zapcore.InfoLevel, "started", daemon("demo"), zap.Int("daemons", 4), zap.Duration("soft", 15*time.Second), zap.Duration("hard", 55*time.Second))
	line(c, zapcore.InfoLevel, "worked", daemon("inbox"), zap.Duration("took", 3*time.Millisecond), zap.Duration("next", 3*time.Second), zap.String("added", "bulk,news,urgent"))
	line(c, zapcore.DebugLevel, "idle", daemon("poller"), zap.Duration("took", time.Millisecond))
	line(c, zapcore.InfoLevel, "worked", daemon("inbox/news"), zap.Int("count", 10), zap.Duration("next", 0),
		zap.Duration("waited", 907*time.Millisecond), zap.String("behind", "inbox/bulk"))
	line(c, zapcore.WarnLevel, "failed", daemon("feeder"), zap.Int("exit", 12), zap.Duration("took", 2100*time.Millisecond), zap.Stringer("run", daemonapp.RunID(0x8f31c2)))
	line(c, zapcore.ErrorLevel, "disarmed", daemon("feeder"), zap.Int("failures", 5), zap.String("fix", "peakd arm feeder"))
	line(c, zapcore.InfoLevel, "worked", daemon("feeder"), zap.Reflect("next", nil))
	line(c, zapcore.ErrorLevel, "children_refused", daemon("inbox"), zap.Error(errors.New("no")), zap.Skip())
	line(c, zapcore.InfoLevel, "soft", daemon("demo"))
	line(c, zapcore.InfoLevel, "waits", zap.Duration("in", 0))
	want := `09:00:00.003 INFO  demo         started  daemons=4 soft=15s hard=55s
09:00:00.003 INFO  inbox        worked   took=3ms next=3s added=bulk,news,urgent
09:00:00.003 INFO  inbox/news   worked   count=10 next=now waited=907ms behind=inbox/bulk
09:00:00.003 WARN  feeder       failed   exit=12 took=2.1s run=8f31c2
09:00:00.003 ERROR feeder       disarmed failures=5 fix="peakd arm feeder"
09:00:00.003 INFO  feeder       worked   next=never
09:00:00.003 ERROR inbox        children_refused error=no
09:00:00.003 INFO  demo         soft
09:00:00.003 INFO               waits    in=0s
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestConsoleColumn: the column of names is as wide as the longest so far, at most 24.
func TestConsoleColumn(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	c := cli.NewConsole(&out, zapcore.InfoLevel, false)
	for _, name := range []string{
		"a", "a-longer-one", "a", strings.Repeat("x", 24), strings.Repeat("y", 25), strings.Repeat("\u00fc", 25), "a",
	} {
		line(c, zapcore.InfoLevel, "worked", daemon(name))
	}
	want := []string{
		"a worked", "a-longer-one worked", "a            worked", strings.Repeat("x", 24) + " worked",
		strings.Repeat("y", 23) + "… worked", strings.Repeat("\u00fc", 23) + "… worked", "a" + strings.Repeat(" ", 24) + "worked",
	}
	got := strings.Split(strings.TrimSpace(strings.ReplaceAll(out.String(), "09:00:00.003 INFO  ", "")), "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestConsoleQuotes: a value is quoted where it would not read as one word, or would reach into the terminal.
func TestConsoleQuotes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ value, want string }{
		{"plain", "plain"},
		{"gr\u00fc\u00dfe…", "gr\u00fc\u00dfe…"},
		{"/srv/a,b:c", "/srv/a,b:c"},
		{"", `""`},
		{"two words", `"two words"`},
		{`a"b`, `"a\"b"`},
		{"k=v", `"k=v"`},
		{"one\ntwo", `"one\ntwo"`},
		{"\x1b[31mred", `"\x1b[31mred"`},
		{"\xff", `"\xff"`},
		{"\u202eleft", `"\u202eleft"`},
		{"no\u00a0break", `"no\u00a0break"`},
	} {
		for _, field := range []zap.Field{zap.String("k", tt.value), zap.NamedError("k", errors.New(tt.value)), zap.ByteString("k", []byte(tt.value))} {
			var out strings.Builder
			line(cli.NewConsole(&out, zapcore.InfoLevel, false), zapcore.InfoLevel, "e", field)
			if got := strings.TrimSpace(out.String()[strings.Index(out.String(), "k="):]); got != "k="+tt.want {
				t.Errorf("%q as %v: got %s, want k=%s", tt.value, field.Type, got, tt.want)
			}
		}
	}
}

// TestConsoleColours: colours only where they are asked for, a line of one colour, and the end of it put back.
func TestConsoleColours(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		level  zapcore.Level
		event  string
		colour string
	}{
		{zapcore.ErrorLevel, "disarmed", "31"},
		{zapcore.WarnLevel, "failed", "33"},
		{zapcore.InfoLevel, "worked", "32"},
		{zapcore.InfoLevel, "idle", "2"},
		{zapcore.DebugLevel, "added", "2"},
		{zapcore.InfoLevel, "started", ""},
	} {
		var coloured, plain strings.Builder
		line(cli.NewConsole(&coloured, zapcore.DebugLevel, true), tt.level, tt.event, daemon("a"))
		line(cli.NewConsole(&plain, zapcore.DebugLevel, false), tt.level, tt.event, daemon("a"))
		if strings.Contains(plain.String(), "\x1b") {
			t.Errorf("%s: colours that nobody asked for: %q", tt.event, plain.String())
		}
		want := plain.String()
		if tt.colour != "" {
			want = "\x1b[" + tt.colour + "m" + strings.TrimSuffix(plain.String(), "\n") + "\x1b[0m\n"
		}
		if coloured.String() != want {
			t.Errorf("%s: got %q, want %q", tt.event, coloured.String(), want)
		}
	}
}

// TestConsoleWith: what a daemon's own log carries comes first, and its clones do not share it.
func TestConsoleWith(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	log := zap.New(cli.NewConsole(&out, zapcore.InfoLevel, false)).With(daemon("a"), zap.Int("n", 1))
	one, two := log.With(zap.String("x", "one")), log.With(zap.String("x", "two"))
	one.Info("e", zap.Bool("last", true))
	two.Info("e")
	two.Debug("not enabled")
	got := out.String()
	for _, want := range []string{" a e        n=1 x=one last=true\n", " a e        n=1 x=two\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %q in\n%s", want, got)
		}
	}
	if n := strings.Count(got, "\n"); n != 2 {
		t.Errorf("%d lines, want 2:\n%s", n, got)
	}
}

// writes counts the calls of Write and fails if asked to.
type writes struct {
	mu   sync.Mutex // guards list
	list []string
	err  error
}

func (w *writes) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = append(w.list, string(b))
	return len(b), w.err
}

// TestConsoleWholeLines: however many daemons log at once, a line is written as a whole.
func TestConsoleWholeLines(t *testing.T) {
	t.Parallel()
	w := &writes{}
	c := cli.NewConsole(w, zapcore.InfoLevel, true)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 50 {
				line(c, zapcore.InfoLevel, "worked", daemon(fmt.Sprint("daemon", i)), zap.Int("n", i))
			}
		})
	}
	all.Wait()
	if len(w.list) != 400 {
		t.Errorf("%d writes, want 400", len(w.list))
	}
	for _, l := range w.list {
		if strings.Count(l, "\n") != 1 || !strings.HasSuffix(l, "\n") {
			t.Fatalf("%q is not a line", l)
		}
	}
}

// TestConsoleTellsOfErrors: that nothing can be written is the logger's to know.
func TestConsoleTellsOfErrors(t *testing.T) {
	t.Parallel()
	c := cli.NewConsole(&writes{err: os.ErrClosed}, zapcore.InfoLevel, false)
	if err := c.Write(zapcore.Entry{Time: nine}, nil); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v, want %v", err, os.ErrClosed)
	}
}
