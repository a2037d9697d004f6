package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"go.uber.org/zap/zapcore"

	"github.com/peakd/peakd/daemonapp/simulate"
)

// console is a zap core that writes lines for people: time, level, daemon, event, fields.
type console struct {
	zapcore.LevelEnabler
	out    *consoleOut
	fields []zapcore.Field // of With
}

// consoleOut is what the cores of one log share.
type consoleOut struct {
	mu      sync.Mutex
	w       io.Writer
	colours bool
	// width is that of the daemon column: the longest name so far, at most nameWidth.
	width int
}

const (
	nameWidth  = 24
	eventWidth = 8
)

func newConsole(w io.Writer, level zapcore.LevelEnabler, colours bool, names []string) *console {
	out := &consoleOut{w: w, colours: colours}
	for _, name := range names {
		out.fit(name)
	}
	return &console{LevelEnabler: level, out: out}
}

var _ zapcore.Core = (*console)(nil)

// With implements [zapcore.Core].
func (c *console) With(fields []zapcore.Field) zapcore.Core {
	clone := *c
	clone.fields = append(append([]zapcore.Field(nil), c.fields...), fields...)
	return &clone
}

// Check implements [zapcore.Core].
func (c *console) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return ce.AddCore(e, c)
	}
	return ce
}

// Write implements [zapcore.Core].
func (c *console) Write(e zapcore.Entry, fields []zapcore.Field) error {
	daemon, rest := "", make([]string, 0, len(fields))
	for _, list := range [2][]zapcore.Field{c.fields, fields} {
		for _, f := range list {
			if f.Key == "daemon" {
				daemon = f.String
				continue
			}
			if text := c.out.field(f); text != "" {
				rest = append(rest, text)
			}
		}
	}
	return c.out.line(e, daemon, rest)
}

// Sync implements [zapcore.Core].
func (c *console) Sync() error { return nil }

func (o *consoleOut) fit(name string) {
	o.width = max(o.width, min(utf8.RuneCountInString(name), nameWidth))
}

func (o *consoleOut) line(e zapcore.Entry, daemon string, fields []string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fit(daemon)
	line := fmt.Sprintf("%s %-5s %s %-*s", e.Time.Format("15:04:05.000"), e.Level.CapitalString(),
		padded(daemon, o.width), eventWidth, e.Message)
	if len(fields) > 0 {
		line += " " + strings.Join(fields, " ")
	}
	_, err := io.WriteString(o.w, o.coloured(e, strings.TrimRight(line, " "))+"\n")
	return err
}

// padded cuts or fills name to width, in runes.
func padded(name string, width int) string {
	n := utf8.RuneCountInString(name)
	if n > width {
		return string([]rune(name)[:width-1]) + "…"
	}
	return name + strings.Repeat(" ", width-n)
}

// coloured paints a line: errors red, warnings yellow, work green, idleness dim.
func (o *consoleOut) coloured(e zapcore.Entry, line string) string {
	if !o.colours {
		return line
	}
	colour := ""
	switch {
	case e.Level >= zapcore.ErrorLevel:
		colour = "31"
	case e.Level == zapcore.WarnLevel:
		colour = "33"
	case e.Message == "worked":
		colour = "32"
	case e.Message == "idle" || e.Level == zapcore.DebugLevel:
		colour = "2"
	}
	if colour == "" {
		return line
	}
	return "\x1b[" + colour + "m" + line + "\x1b[0m"
}

// field is key=value; the value is quoted where it would not read as one word.
func (o *consoleOut) field(f zapcore.Field) string {
	var value string
	switch f.Type {
	case zapcore.SkipType:
		return ""
	case zapcore.DurationType:
		value = duration(f.Key, time.Duration(f.Integer))
	case zapcore.StringType:
		value = f.String
	case zapcore.ReflectType:
		if f.Interface == nil {
			return f.Key + "=never"
		}
		value = fmt.Sprint(f.Interface)
	default:
		enc := zapcore.NewMapObjectEncoder()
		f.AddTo(enc)
		value = fmt.Sprint(enc.Fields[f.Key])
	}
	return f.Key + "=" + quoted(value)
}

// duration is short for people; a wait of nothing is now.
func duration(key string, d time.Duration) string {
	if d == 0 && key == "next" {
		return "now"
	}
	return simulate.Short(d)
}

func quoted(s string) string {
	plain := s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r == '"' || r == '=' || r == utf8.RuneError || !strconv.IsPrint(r)
	})
	if plain {
		return s
	}
	return strconv.Quote(s)
}
