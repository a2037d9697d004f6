package cli

import (
	"io"

	"go.uber.org/zap/zapcore"
)

// NewConsole is the console log, for tests of its lines alone.
func NewConsole(w io.Writer, level zapcore.LevelEnabler, colours bool, names ...string) zapcore.Core {
	return newConsole(w, level, colours, names)
}
