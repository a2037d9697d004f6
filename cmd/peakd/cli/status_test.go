package cli_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peakd/peakd/cmd/peakd/cli"
	"github.com/peakd/peakd/daemonapp/status"
)

var updateStatus = flag.Bool("update", false, "write the golden files of status")

// noon is when the statuses of these tests are told.
var noon = time.Date(2026, time.March, 2, 16, 19, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return noon.Add(-d) }
func in(d time.Duration) time.Time  { return noon.Add(d) }

func seconds(d time.Duration) status.Seconds { return status.Seconds(d) }

// told is a daemon with a last run.
func told(name string, state status.State, outcome string, age time.Duration, next time.Time, p50, p95 time.Duration, why string) status.Daemon {
	d := status.Daemon{
		Name: name, Type: "exec", State: state, Why: why, Outcome: outcome, LastStart: ago(age), LastEnd: ago(age), Next: next,
		P50: seconds(p50), P95: seconds(p95), Samples: 64,
	}
	if i := strings.LastIndexByte(name, '/'); i > 0 {
		d.Parent = name[:i]
	}
	return d
}

// batch7 is the app of the drawings.
func batch7() status.Status {
	const h, m, s, ms = time.Hour, time.Minute, time.Second, time.Millisecond
	never := time.Time{}
	all := status.Status{
		App: status.App{
			Name: "batch7", Version: "0.4.0", PID: 4711, At: noon, Started: ago(76 * h), Up: seconds(76 * h),
			Config:  status.Config{Digest: "3f9c2a1d77", AppliedAt: ago(130 * m), AppliedBy: "alice"},
			Workers: 2, Busy: 1, Load: [3]float64{0.52, 0.51, 0.38}, LagP95: seconds(3 * ms),
			Stops: status.Stops{Why: "soft deadline passed; hard in 26d20h; idle 1m: never, mail-queues/in is due every 10s"},
		},
		Daemons: []status.Daemon{
			told("backup-db", status.Running, "worked", 24*h, ago(19*m), 41*m, 47*m, "19m of 2h, run 8f31c2"),
			told("collective", status.Backoff, "idle", 48*s, in(72*s), 200*ms, 1100*ms, "idle 9 times: 2m, the maximum (30s)"),
			told("mail-queues", status.Waiting, "worked", 140*s, in(160*s), 4*ms, 9*ms, "seed of 3, every 5m"),
			told("mail-queues/bulk", status.Waiting, "more", 3*s, in(7*s), 310*ms, 900*ms, "every 10s; 38 files to retry"),
			told("mail-queues/in", status.Waiting, "worked", 4*s, in(6*s), 90*ms, 240*ms, "every 10s"),
			told("mail-queues/out", status.Waiting, "idle", 8*s, in(2*s), 70*ms, 200*ms, "every 10s"),
			told("nightly-report", status.Held, "worked", 24*h, never, 3*m, 4*m, "due 16:15, after backup-db (running)"),
			told("partner-export", status.Disarmed, "failed", 6*h+5*m, never, 8*s, 11*s, "5 failures, last exit 1: no such table"),
			told("partner-sftp", status.Retrying, "failed", 70*s, in(170*s), 2*s, 9*s, "failure 3, exit 12; else every 5m"),
			told("reindex", status.Window, "worked", 18*h, in(5*h+41*m), 12*m, 15*m, "opens 22:00, to 06:00 mon-fri"),
			told("report-usage", status.Paused, "worked", 23*h, in(101*m), 50*s, 70*s, "by alice until 18:00: DB migration"),
			told("session-cleanup", status.Waiting, "worked", 192*s, in(108*s), 6*ms, 14*ms, "every 5m"),
		},
	}
	all.Daemons[2].Seed, all.Daemons[2].Children = true, 3
	all.Daemons[7].NeedsYou, all.Daemons[7].Failures = true, 5
	all.Daemons[7].LastError, all.Daemons[7].LastErrorAt = "exit 1: no such table", ago(6*h+5*m)
	all.Daemons[8].Failures = 3
	all.Daemons[0].Run = &status.Run{ID: "8f31c2", Started: ago(19 * m), Deadline: in(101 * m), Done: 3, Total: 7}
	all.Daemons[0].Timeout = seconds(2 * h)
	return all
}

// many is an app of so many daemons: two seeds with queues, of which a few are not well, and jobs.
func many(n int) status.Status {
	all := batch7()
	all.Daemons = nil
	for _, name := range []string{"mail", "orders"} {
		d := told(name, status.Waiting, "worked", time.Minute, in(4*time.Minute), time.Millisecond, time.Millisecond, "seed, every 5m")
		d.Seed, d.Children, d.Interval = true, n/3, seconds(5*time.Minute)
		all.Daemons = append(all.Daemons, d)
	}
	for i := range n - 2 {
		name := fmt.Sprintf("%s/q%04d", []string{"mail", "orders"}[i%2], i)
		if i%3 == 2 {
			name = fmt.Sprintf("job%04d", i)
		}
		d := told(name, status.Waiting, "idle", 4*time.Second, in(6*time.Second), time.Millisecond, 2*time.Millisecond, "every 10s")
		d.Interval = seconds(10 * time.Second)
		switch {
		case i%997 == 5:
			d.State, d.NeedsYou, d.Failures, d.Next, d.Why = status.Disarmed, true, 5, time.Time{}, "5 failures, last exit 1"
		case i%211 == 7:
			d.State, d.Why = status.Running, "3s, run 1f"
		case i%5 == 3:
			d.State, d.Why = status.Backoff, "idle 9 times: 2m, the maximum (10s)"
		}
		all.Daemons = append(all.Daemons, d)
	}
	return all
}

// hostile is an app whose names and sentences try to mislead a terminal.
func hostile() status.Status {
	all := batch7()
	all.App.Name = "b\x1b[2Jatch\u202e7"
	why := "ünïcode 日本語の説明 \x1b]0;title\x07 and a \u202eturn"
	all.Daemons = []status.Daemon{
		told("日本語", status.Running, "worked", time.Hour, in(time.Minute), time.Second, time.Second, why),
		told("café", status.Waiting, "worked\x1b[31m", time.Hour, in(time.Minute), time.Second, time.Second, why),
		told("e\u0301te\u0301", status.Retrying, "failed", time.Hour, in(time.Minute), time.Second, time.Second, why),
		told("a\nb'; rm -rf /", status.Disarmed, "failed", time.Hour, in(time.Minute), time.Second, time.Second, why),
		told(strings.Repeat("long", 40), status.Waiting, "idle", time.Hour, in(time.Minute), time.Second, time.Second, why),
	}
	all.Daemons[3].NeedsYou = true
	return all
}

// TestStatusText holds how it looks, at several widths, for a few and for many.
func TestStatusText(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]status.Status{"batch7": batch7(), "three": three(), "many": many(3000), "hostile": hostile(), "none": none()} {
		for _, width := range []int{60, 80, 100, 140} {
			t.Run(fmt.Sprintf("%s at %d", name, width), func(t *testing.T) {
				t.Parallel()
				text := cli.StatusText(s, width, false)
				fits(t, text, width)
				statusGolden(t, fmt.Sprintf("%s-%d.txt", name, width), text)
			})
		}
	}
}

func three() status.Status {
	s := batch7()
	s.Daemons = s.Daemons[:3]
	s.App.Config = status.Config{}
	return s
}

func none() status.Status {
	s := batch7()
	s.Daemons = nil
	return s
}

// fits wants no line to be wider than the screen, and nothing in it that steers one.
func fits(t *testing.T, text string, width int) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if n := cli.Cells(line); n > width {
			t.Errorf("%d columns of %d: %q", n, width, line)
		}
		if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\u202e' }) {
			t.Errorf("%q steers the terminal", line)
		}
	}
}

func statusGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "status", name)
	if *updateStatus {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// TestStatusColours wants colours where they are to be, and none where they are not.
func TestStatusColours(t *testing.T) {
	t.Parallel()
	text := cli.StatusText(batch7(), 100, true)
	for _, tt := range []struct{ begins, colour string }{
		{"partner-export   disarmed", "31"},
		{"partner-sftp     retrying", "33"},
		{"backup-db        running", "32"},
		{"collective       backoff", "2"},
		{"partner-export needs you", "31"},
	} {
		if !strings.Contains(text, "\n\x1b["+tt.colour+"m"+tt.begins) {
			t.Errorf("%q is not painted %s:\n%q", tt.begins, tt.colour, text)
		}
	}
	if strings.Count(text, "\x1b[0m") != 5 {
		t.Errorf("not five painted lines: %q", text)
	}
}

// TestStatusAnswers wants what the flags ask for, and the exit code.
func TestStatusAnswers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		args []string
		code int
		out  []string // lines that are there
		not  string   // is not
		err  string
	}{
		{name: "all", out: []string{"^batch7 ", "^NAME ", "^  bulk ", "^12 daemons: 1 running, 1 held, 5 waiting, 1 backoff, 1 retrying, 1 window, 1 paused, 1 disarmed$"}},
		{name: "check", args: []string{"--check"}, code: 1, out: []string{"^partner-export ", "^partner-sftp ", "needs you"}, not: "backup-db"},
		{name: "check of one that is well", args: []string{"--check", "backup-db"}, not: "a"},
		{name: "check of one that is not", args: []string{"--check", "partner-sftp"}, code: 1, out: []string{"^partner-sftp "}},
		{name: "a seed", args: []string{"mail-queues"}, out: []string{"^daemon       mail-queues$", "^children     3$|^bulk|^mail-queues/bulk"}, not: "session"},
		{name: "children", args: []string{"mail-queues/*"}, out: []string{"^mail-queues/bulk ", "^3 daemons: 3 waiting$"}, not: "session"},
		{name: "unknown", args: []string{"backup"}, code: 2, err: `no daemon is called "backup"; did you mean "backup-db"?`},
		{name: "unknown tag", args: []string{"--tag", "x"}, code: 2, err: `no daemon has the tag "x"`},
		{name: "one", args: []string{"partner-export"}, out: []string{"^state        disarmed$", "^last error   exit 1: no such table", "^next         never$", "peakd arm partner-export$"}},
		{name: "one that runs", args: []string{"backup-db"}, out: []string{"^run          8f31c2, since 2026-03-02 16:00:00 \\(19m\\), times out at 2026-03-02 18:00:00, 3 of 7 done$", "^limits       timeout 2h$"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, code, err := cli.StatusAnswer(host(), batch7(), tt.args...)
			if code != tt.code || !strings.Contains(err, tt.err) {
				t.Errorf("code %d, want %d; error %q, want %q", code, tt.code, err, tt.err)
			}
			want(t, "status", out, tt.out...)
			if tt.not != "" && strings.Contains(out, tt.not) {
				t.Errorf("%q is not asked for:\n%s", tt.not, out)
			}
			fits(t, out, 100)
		})
	}
}

// TestStatusJSON reads back what --json writes.
func TestStatusJSON(t *testing.T) {
	t.Parallel()
	out, code, _ := cli.StatusAnswer(host(), batch7(), "--json", "--check")
	var got status.Status
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 1 {
		t.Fatalf("code %d, %v:\n%s", code, err, out)
	}
	wanted := batch7()
	wanted.Daemons = wanted.Daemons[7:9]
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestStatusOne holds how everything about a daemon looks.
func TestStatusOne(t *testing.T) {
	t.Parallel()
	s := batch7()
	d := &s.Daemons[8]
	d.Description, d.Tags, d.Type = "hands the orders to the partner, and fetches what the partner has for us, twice an hour", []string{"partner", "sftp"}, "exec"
	d.Interval, d.Wait, d.Digest, d.DisarmAfter, d.Timeout = seconds(5*time.Minute), seconds(4*time.Minute), "3f9c", 5, seconds(time.Hour)
	d.LastGood, d.LastError, d.LastErrorAt = ago(time.Hour), "exit 12: connection refused", ago(70*time.Second)
	d.Windows, d.After, d.LoadBelow, d.Background = []string{"06:00 to 22:00"}, []string{"backup-db"}, 0.7, true
	d.Pause = &status.Pause{Since: ago(time.Minute), Who: "alice", Until: in(time.Hour), Why: "later"}
	d.Counts = status.Counts{Worked: 90, Failed: 3, Cancelled: 1, Items: 4000, LongestWait: seconds(3 * time.Second), Starved: seconds(9 * time.Second)}
	out, _, _ := cli.StatusAnswer(host(), s, "partner-sftp")
	statusGolden(t, "one.txt", out)
}

// FuzzStatusText writes a daemon of any name and sentence, at any width.
func FuzzStatusText(f *testing.F) {
	f.Add("name", "why", 80)
	f.Add("日本語/\x1b[31m", "a\nb\u202e", 41)
	f.Add("e\u0301", strings.Repeat("word ", 100), 60)
	f.Add("\xff\xfe", "", 0)
	f.Fuzz(func(t *testing.T, name, why string, width int) {
		width = min(max(width, 40), 300)
		s := batch7()
		s.App.Name, s.App.Stops.Why = name, why
		for i := range s.Daemons {
			s.Daemons[i].Why = why
		}
		s.Daemons[1].Name, s.Daemons[7].Name, s.Daemons[0].Tags = name, name+"x", []string{name}
		s.Daemons[0].Description = why
		fits(t, cli.StatusText(s, width, false), width)
		out, _, _ := cli.StatusAnswer(host(), s, "backup-db")
		fits(t, out, 100)
	})
}
