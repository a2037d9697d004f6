package eventlog_test

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/zap/zapcore"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// TestBehind: a run that waited names who held the floor longest meanwhile.
func TestBehind(t *testing.T) {
	t.Parallel()
	waiter := []daemonapp.Event{began("late", sec, 5*sec), ran("late", sec, 5*sec, 6*sec, worked(1))}
	tests := []struct {
		name   string
		before []daemonapp.Event
		want   string
	}{
		{"nobody known", nil, ""},
		{"one", []daemonapp.Event{ran("a", 0, 0, 5*sec, worked(1))}, "a"},
		{"the longest", []daemonapp.Event{ran("a", 0, 0, 2*sec, worked(1)), ran("b", 0, 2*sec, 5*sec, worked(1))}, "b"},
		{
			"only the time while it waited counts",
			[]daemonapp.Event{ran("a", 0, 0, 2*sec, worked(1)), ran("b", 0, 2*sec, 3500*ms, worked(1)), ran("c", 0, 3500*ms, 5*sec-ms, worked(1))},
			"b",
		},
		{
			"several runs of one add up",
			[]daemonapp.Event{ran("a", 0, sec, 2*sec, worked(1)), ran("b", 0, 2*sec, 4*sec-ms, worked(1)), ran("a", 0, 4*sec-ms, 5*sec, worked(1))},
			"a",
		},
		{"of equals the first by name", []daemonapp.Event{ran("b", 0, sec, 3*sec, worked(1)), ran("a", 0, 3*sec, 5*sec, worked(1))}, "a"},
		{
			"one that still runs on another worker",
			[]daemonapp.Event{began("long", 0, 0), ran("a", 0, 0, 3*sec, worked(1)), ran("b", 0, 3*sec, 5*sec, worked(1))},
			"long",
		},
		{
			"one that was stuck",
			[]daemonapp.Event{began("stuck", 0, 0), {
				Kind: daemonapp.Stuck, At: at(4 * sec), Daemon: "stuck", Run: schedule.Run{Started: at(0), Finished: at(4 * sec)},
			}, ran("a", 0, 4*sec, 5*sec, worked(1))},
			"stuck",
		},
		{
			"one that was stuck no longer has the floor",
			[]daemonapp.Event{began("stuck", 0, 0), {
				Kind: daemonapp.Stuck, At: at(2 * sec), Daemon: "stuck", Run: schedule.Run{Started: at(0), Finished: at(2 * sec)},
			}, ran("a", 0, 2*sec, 5*sec, worked(1))},
			"a",
		},
		{"what was before", []daemonapp.Event{ran("a", 0, 0, sec, worked(1))}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			lines := written(t, zapcore.InfoLevel, append(tt.before, waiter...)...)
			want := `"waited":"4s"}`
			if tt.want != "" {
				want = `"waited":"4s","behind":"` + tt.want + `"}`
			}
			if last := lines[len(lines)-1]; !strings.HasSuffix(last, want) {
				t.Errorf("got %s, want ... %s", last, want)
			}
		})
	}
}

// TestBehindInAnApp: with two workers, low starts when hog still has one of them.
func TestBehindInAnApp(t *testing.T) {
	t.Parallel()
	lines := app(
		t, schedule.Limits{Workers: 2, HardDeadline: 30 * sec},
		spec("hog", 9, works(20*sec)), spec("a", 5, works(2*sec)), spec("b", 4, works(3*sec)), spec("low", 0, works(time.Second)),
	)
	for _, line := range lines {
		if strings.Contains(line, `"daemon":"low","took"`) {
			if !strings.HasSuffix(line, `"waited":"5s","behind":"hog"}`) {
				t.Errorf("got %s", line)
			}
			return
		}
	}
	t.Errorf("low never ran:\n%s", strings.Join(lines, "\n"))
}
