package cli

import (
	"context"
	"io"
	"os"
	"strings"

	"go.uber.org/zap/zapcore"

	"github.com/peakd/peakd/daemonapp/status"
)

// NewConsole is the console log, for tests of its lines alone.
func NewConsole(w io.Writer, level zapcore.LevelEnabler, colours bool, names ...string) zapcore.Core {
	return newConsole(w, level, colours, names)
}

// StatusText is a status as people see it.
func StatusText(s status.Status, width int, colours bool) string {
	var b strings.Builder
	_ = statusView{width: width, colours: colours, program: "peakd"}.write(&b, s)
	return b.String()
}

// Cells is how many columns of a terminal a text takes.
func Cells(text string) int { return cells(text) }

// StatusAnswer is what the status command makes of the answer of an app.
func StatusAnswer(h Host, s status.Status, args ...string) (out string, exitCode int, said string) {
	var b strings.Builder
	c := &command{Host: h, Streams: Streams{Out: &b, Err: io.Discard}}
	var f statusFlags
	for i := 0; i < len(args); i++ {
		switch args[i] {
		case "--json":
			f.asJSON = true
		case "--check":
			f.check = true
		case "--tag":
			i++
			f.tags = append(f.tags, args[i])
		default:
			f.names = append(f.names, args[i])
		}
	}
	err := c.writeStatus(s, f)
	if err != nil {
		said = err.Error()
	}
	return b.String(), code(err), said
}

// Top is the screen of top, without a terminal.
type Top struct{ s *topScreen }

// NewTop makes one of that size.
func NewTop(width, height int) Top {
	s := newTopScreen(statusView{width: width, program: "peakd"})
	s.height = height
	return Top{s}
}

// See shows a status.
func (t Top) See(s status.Status) { t.s.see(s) }

// Marked is the daemon that is marked.
func (t Top) Marked() string { return t.s.marked }

// Frame is what is on the screen.
func (t Top) Frame() []string { return t.s.frame() }

// Press presses the keys that a terminal sends so, and lists what is to be done.
func (t Top) Press(sent string) (acts []string, quit bool) {
	for _, k := range keysIn([]byte(sent)) {
		act, last := t.s.press(k)
		if act != nil {
			v, _ := verbOf(act.key)
			acts = append(acts, v.verb+" "+act.daemon)
		}
		if last {
			return acts, true
		}
	}
	return acts, false
}

// Sparkline draws loads.
func Sparkline(values []float64, columns int) string { return sparkline(values, columns) }

// TopApp is a running app, as top sees it.
type TopApp = topApp

// RunTop runs top on a terminal.
func RunTop(ctx context.Context, h Host, in, out *os.File, app TopApp) error {
	c := &command{Host: h, Streams: Streams{In: in, Out: out, Err: io.Discard}}
	return c.top(ctx, app, status.Selection{})
}
