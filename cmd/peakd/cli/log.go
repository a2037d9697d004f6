package cli

import (
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// newLog makes the log that --log-format and --log-level ask for, on standard error. No secret of the
// configuration gets into it.
func (p *process) newLog() (*zap.Logger, error) {
	level, err := p.flags.level()
	if err != nil {
		return nil, err
	}
	var core zapcore.Core
	switch p.flags.logFormat {
	case logConsole:
		names := []string{p.label(p.cfg)}
		for _, d := range p.cfg.Daemons {
			names = append(names, d.Name)
		}
		core = newConsole(p.Err, level, p.colours(p.Err), names)
	default:
		core = zapcore.NewCore(zapcore.NewJSONEncoder(jsonLog()), zapcore.Lock(zapcore.AddSync(p.Err)), level)
	}
	return zap.New(&maskedCore{core, func(s string) string { return p.mask.Load().Mask(s) }}), nil
}

// The forms of the log.
const (
	logConsole = "console"
	logJSON    = "json"
)

// level is that of the log; a wrong level or form is an error of every command, not only of the one that logs.
func (f *flags) level() (zapcore.Level, error) {
	level, err := zapcore.ParseLevel(f.logLevel)
	if err != nil || level > zapcore.ErrorLevel {
		return level, usage("--log-level %q: debug, info, warn or error", f.logLevel)
	}
	if f.logFormat != logConsole && f.logFormat != logJSON {
		return level, usage("--log-format %q: console or json", f.logFormat)
	}
	return level, nil
}

// jsonLog has an object a line: ts, level, event, daemon and the fields; durations are seconds.
func jsonLog() zapcore.EncoderConfig {
	return zapcore.EncoderConfig{
		TimeKey: "ts", LevelKey: "level", MessageKey: "event", LineEnding: "\n",
		EncodeTime: func(t time.Time, enc zapcore.PrimitiveArrayEncoder) {
			enc.AppendString(t.Format("2006-01-02T15:04:05.000Z07:00"))
		},
		EncodeLevel: zapcore.LowercaseLevelEncoder, EncodeDuration: zapcore.SecondsDurationEncoder,
	}
}

// maskedCore keeps secrets out of every text that is logged.
type maskedCore struct {
	zapcore.Core
	mask func(string) string
}

// With implements [zapcore.Core].
func (m *maskedCore) With(fields []zapcore.Field) zapcore.Core {
	return &maskedCore{m.Core.With(m.masked(fields)), m.mask}
}

// Check implements [zapcore.Core].
func (m *maskedCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if m.Enabled(e.Level) {
		return ce.AddCore(e, m)
	}
	return ce
}

// Write implements [zapcore.Core].
func (m *maskedCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	e.Message = m.mask(e.Message)
	return m.Core.Write(e, m.masked(fields))
}

func (m *maskedCore) masked(fields []zapcore.Field) []zapcore.Field {
	masked := make([]zapcore.Field, len(fields))
	for i, f := range fields {
		masked[i] = m.field(f)
	}
	return masked
}

// field masks one field; what is not a plain value becomes its text first.
func (m *maskedCore) field(f zapcore.Field) zapcore.Field {
	switch f.Type { //nolint:exhaustive // numbers, times and the like hold no secret
	case zapcore.StringType:
		f.String = m.mask(f.String)
		return f
	case zapcore.ErrorType, zapcore.StringerType, zapcore.ReflectType, zapcore.ByteStringType:
		if f.Interface == nil {
			return f
		}
		return zap.String(f.Key, m.mask(text(f.Interface)))
	}
	return f
}

func text(v any) string {
	switch v := v.(type) {
	case []byte:
		return string(v)
	case []string:
		return strings.Join(v, ",")
	}
	return fmt.Sprint(v)
}
