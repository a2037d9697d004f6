package cli_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/peakd/peakd/cmd/peakd/cli"
	"github.com/peakd/peakd/daemonapp/status"
)

// TestTopScreen presses keys and looks at what is marked, asked and done.
func TestTopScreen(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		status status.Status
		keys   string
		marked string
		foot   string // the last line
		acts   []string
		quit   bool
	}{
		{name: "begins with the worst", marked: "partner-export", foot: "q quit  j k move  p pause  r resume  t trigger  a arm  w all"},
		{name: "down and up", keys: "jj\x1b[Bk", marked: "backup-db"},
		{name: "not above the first", keys: "k\x1b[A\x1bOA", marked: "partner-export"},
		{name: "the end and the beginning", keys: "\x1b[F\x1b[6~\x1b[B", marked: "session-cleanup"},
		{name: "home", keys: "\x1b[4~\x1b[H", marked: "partner-export"},
		{name: "asks back", keys: "jp", marked: "partner-sftp", foot: "pause partner-sftp? y or n"},
		{name: "asks back for a seed", keys: "jjjjjjjt", marked: "mail-queues", foot: "trigger mail-queues and what it has started, 3 daemons? y or n"},
		{name: "does it", keys: "ay", marked: "partner-export", acts: []string{"arm partner-export"}},
		{name: "does not", keys: "an", marked: "partner-export", foot: "not done"},
		{name: "an arrow is no yes", keys: "a\x1b[B", marked: "partner-export", foot: "not done"},
		{name: "all four", keys: "pyrytyay", marked: "partner-export", acts: []string{"pause partner-export", "resume partner-export", "trigger partner-export", "arm partner-export"}},
		{name: "q ends it", keys: "q", marked: "partner-export", quit: true},
		{name: "Ctrl-C ends it, also while asked", keys: "p\x03", marked: "partner-export", quit: true},
		{name: "q while asked does not", keys: "pq", marked: "partner-export", foot: "not done"},
		{name: "keys that are none", keys: "\x1b[99~\x01zé\xff\x1b", marked: "partner-export"},
		{name: "without daemons", status: none(), keys: "jkp\x1b[F\x1b[Hpy"},
		{name: "over what is folded", status: many(60), keys: "\x1b[F", marked: "job0011"},
		{name: "over all", status: many(60), keys: "w\x1b[F", marked: "job0056"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := tt.status
			if s.App.Name == "" {
				s = batch7()
			}
			screen := cli.NewTop(100, 30)
			screen.See(s)
			acts, quit := screen.Press(tt.keys)
			if !slices.Equal(acts, tt.acts) || quit != tt.quit || screen.Marked() != tt.marked {
				t.Errorf("did %q, want %q; quit %v, want %v; marked %q, want %q", acts, tt.acts, quit, tt.quit, screen.Marked(), tt.marked)
			}
			frame := screen.Frame()
			if got := frame[len(frame)-1]; tt.foot != "" && got != tt.foot {
				t.Errorf("the last line is %q, want %q", got, tt.foot)
			}
		})
	}
}

// TestTopMarkStays wants the mark to stay on its daemon when others come before it, and near it when it goes.
func TestTopMarkStays(t *testing.T) {
	t.Parallel()
	screen := cli.NewTop(100, 30)
	screen.See(batch7())
	screen.Press("jj")
	s := batch7()
	s.Daemons[9].State = status.Disarmed // now before it
	screen.See(s)
	if got := screen.Marked(); got != "backup-db" {
		t.Errorf("marked %s", got)
	}
	s = batch7()
	s.Daemons = s.Daemons[1:] // it is gone
	screen.See(s)
	if got := screen.Marked(); got != "reindex" && got != "report-usage" && got != "nightly-report" {
		t.Errorf("marked %q", got)
	}
}

// TestTopFits wants every frame to fit its screen, with the mark in it, whatever the size.
func TestTopFits(t *testing.T) {
	t.Parallel()
	for _, s := range []status.Status{batch7(), many(3000), hostile(), none()} {
		for _, width := range []int{40, 60, 80, 140} {
			for _, height := range []int{4, 12, 24, 50} {
				screen := cli.NewTop(width, height)
				screen.See(s)
				screen.Press("w")
				for range 5 {
					screen.Press("jjj\x1b[6~")
					frame := screen.Frame()
					if len(frame) > height {
						t.Fatalf("%d lines of %d", len(frame), height)
					}
					marks := 0
					for i, line := range frame {
						if rest, ok := strings.CutPrefix(line, "\x1b[7m"); ok {
							marks++
							frame[i] = strings.TrimSuffix(rest, "\x1b[0m")
						}
					}
					fits(t, strings.Join(frame, "\n"), width)
					if height >= 24 && len(s.Daemons) > 0 && marks != 1 {
						t.Fatalf("%d marks at %d x %d:\n%s", marks, width, height, strings.Join(frame, "\n"))
					}
				}
			}
		}
	}
}

func TestSparkline(t *testing.T) {
	t.Parallel()
	rising := make([]float64, 300)
	for i := range rising {
		rising[i] = float64(i) / 300
	}
	for _, tt := range []struct {
		name    string
		values  []float64
		columns int
		want    string
	}{
		{"none", nil, 8, ""},
		{"rising", rising, 8, "▁▂▃▄▅▆▇█"},
		{"the first", []float64{0.5}, 60, "▅"},
		{"beyond", []float64{-1}, 60, "▁"},
		{"above", []float64{9}, 60, "█"},
		{"no room", rising, 0, ""},
	} {
		if got := cli.Sparkline(tt.values, tt.columns); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// FuzzTopKeys sends a terminal's bytes of any kind: they never steer without a y.
func FuzzTopKeys(f *testing.F) {
	f.Add("jp\x1b[B", 24)
	f.Add("\x1b[", 1)
	f.Add("\x1b[1;5A\x1bO", 9)
	f.Fuzz(func(t *testing.T, sent string, height int) {
		screen := cli.NewTop(80, min(max(height, 4), 99))
		screen.See(batch7())
		acts, _ := screen.Press(sent)
		if len(acts) > strings.Count(strings.ToLower(sent), "y") {
			t.Errorf("%q did %q", sent, acts)
		}
		screen.Frame()
	})
}
