package cli_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/history"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// recordedRun is the end of a run of a second, so long ago.
func recordedRun(name string, ago time.Duration, o schedule.Outcome, output string) daemonapp.Event {
	at := time.Now().Add(-ago)
	e := daemonapp.Event{
		Kind: daemonapp.RunEnded, At: at, Daemon: name, Type: "exec", Digest: daemonapp.DigestOf("3f9c2a1b"), Attempt: 1, RunID: 0x8f31c2,
		Run: schedule.Run{
			Due: at.Add(-2 * time.Second), Started: at.Add(-time.Second), Finished: at, Result: schedule.Result{Outcome: o, Count: 3},
		},
	}
	if o == schedule.Failed {
		e.Run.Err = errors.New("exit status 12: =cmd|' /C calc'!A0\x1b[31m")
		e.RunID, e.Attempt = 0x8f31d0, 3
	}
	if output != "" {
		e.Report = &daemonapp.Report{
			Head: []byte(output), Tail: []byte("and the \x1b[31mlast"), Dropped: 4711, User: time.Second, PeakBytes: 1 << 20,
		}
	}
	return e
}

// recordedHistory is a state directory in which these events were recorded.
func recordedHistory(t *testing.T, events ...daemonapp.Event) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "state")
	rec, err := history.Open(dir, history.Options{OnError: func(err error) { t.Errorf("history: %v", err) }})
	must(t, err)
	for _, e := range events {
		rec.Observe(e)
	}
	must(t, rec.Close(30*time.Second))
	return dir
}

// aDay is what a host has recorded.
func aDay(t *testing.T) string {
	events := []daemonapp.Event{
		{Kind: daemonapp.AppStarted, At: time.Now().Add(-50 * time.Hour), Daemons: 4},
		recordedRun("backup-db", 30*time.Hour, schedule.Worked, "dumping\n"),
		recordedRun("partner-sftp", 5*time.Hour, schedule.Failed, "connecting\n"),
		{Kind: daemonapp.DaemonDisarmed, At: time.Now().Add(-5 * time.Hour), Daemon: "partner-sftp", Reason: "5 failures"},
		{Kind: daemonapp.DaemonPaused, At: time.Now().Add(-4 * time.Hour), Daemon: "report", Who: "alice", Reason: "DB migration", Next: time.Now()},
		{Kind: daemonapp.Held, At: time.Now().Add(-3 * time.Hour), Daemon: "nightly", Reason: "after backup-db"},
		{Kind: daemonapp.Reloaded, At: time.Now().Add(-2 * time.Hour), Who: "alice", Children: daemonapp.Change{Kept: 4}},
	}
	for n := range 5 {
		events = append(events, recordedRun("mail/a-directory-with-a-rather-long-name", time.Duration(60-n)*time.Minute, schedule.Idle, ""))
	}
	return recordedHistory(t, events...)
}

func TestHistoryTable(t *testing.T) {
	t.Parallel()
	dir := aDay(t)
	out := does(t, "history", "--state-dir", dir)
	want(t, "the table", out,
		`^WHEN +DAEMON +WHAT +TOOK +COUNT +WAITED +WHY$`,
		`mail/a-directory-with-a…  idle x5  +1s +3? +1s  since \d\d-\d\d`,
		`^\d\d-\d\d \d\d:\d\d:\d\d  - +reloaded +by alice: kept 4$`,
		`nightly +held +after backup-db$`,
		`report +paused +by alice until \d\d-\d\d \d\d:\d\d:\n +DB migration$`,
		`partner-sftp +disarmed +5 failures$`,
		`partner-sftp +failed +1s +3 +1s  exit status 12: =cmd\|' /C\n +calc'!A0\\x1b\[31m; attempt\n +3, run 8f31d0$`,
		`backup-db +worked +1s +3 +1s$`,
		`- +started`,
	)
	for _, width := range []int{100, 80, 70} {
		for _, line := range strings.Split(does(t, "history", "--state-dir", dir, "--width", fmt.Sprint(width)), "\n") {
			if n := utf8.RuneCountInString(line); n > width {
				t.Errorf("a line of %d columns where there are %d: %q", n, width, line)
			}
			if strings.ContainsRune(line, 0x1b) {
				t.Errorf("a line moves the cursor: %q", line)
			}
		}
	}
}

func TestHistoryOfSome(t *testing.T) {
	t.Parallel()
	dir := aDay(t)
	for _, c := range []struct {
		args  []string
		lines int // of JSON
		first string
	}{
		{nil, 8, `"outcome":"idle"`},
		{[]string{"backup-db"}, 1, `"daemon":"backup-db"`},
		{[]string{"backup-db", "report"}, 2, `"daemon":"report"`},
		{[]string{"mail"}, 1, `"daemon":"mail/a-d`},
		{[]string{"mail", "--self"}, 0, ""},
		{[]string{"*-*"}, 3, `"kind":"disarmed"`},
		{[]string{"--outcome", "failed,worked"}, 2, `"outcome":"failed"`},
		{[]string{"--kind", "held"}, 1, `"why":"after backup-db"`},
		{[]string{"--last", "1d"}, 6, `"outcome":"idle"`},
		{[]string{"--limit", "2"}, 2, `"outcome":"idle"`},
		{[]string{"--oldest-first"}, 8, `"kind":"started"`},
		{[]string{"nobody"}, 0, ""},
	} {
		out := does(t, append([]string{"history", "--state-dir", dir, "--format", "json"}, c.args...)...)
		if n := strings.Count(out, "\n"); n != c.lines || !strings.Contains(strings.SplitN(out, "\n", 2)[0], c.first) {
			t.Errorf("%q: %d lines, want %d, the first with %s:\n%s", c.args, n, c.lines, c.first, out)
		}
	}
	want(t, "an empty table", does(t, "history", "--state-dir", dir, "nobody"), `^nothing is recorded of nobody$`)
	want(t, "a limited table", does(t, "history", "--state-dir", dir, "--limit", "1"), `^the last 1; --limit 0 shows all`)
}

func TestHistoryAsJSON(t *testing.T) {
	t.Parallel()
	out := does(t, "history", "--state-dir", aDay(t), "--format", "json", "partner-sftp", "--outcome", "failed")
	var got map[string]any
	must(t, json.Unmarshal([]byte(out), &got))
	for key, value := range map[string]any{
		"kind": "run", "outcome": "failed", "daemon": "partner-sftp", "type": "exec", "times": 1.0, "took": 1.0, "waited": 1.0, "count": 3.0,
		"attempt": 3.0, "trigger": "schedule", "run": "8f31d0", "digest": "3f9c2a1b", "cpu_user": 1.0, "peak_bytes": 1048576.0, "output_bytes": 28.0,
	} {
		if got[key] != value {
			t.Errorf("%s is %v, want %v", key, got[key], value)
		}
	}
	for _, key := range []string{"due", "since", "at"} {
		text, _ := got[key].(string)
		if at, err := time.Parse(time.RFC3339Nano, text); err != nil || at.Location() != time.UTC {
			t.Errorf("%s is %q", key, text)
		}
	}
}

// What a job wrote must not become a formula.
func TestHistoryAsCSV(t *testing.T) {
	t.Parallel()
	e := recordedRun("a", time.Hour, schedule.Failed, "")
	e.Run.Err = errors.New("=HYPERLINK(\"http://evil\")\n\"two\", lines")
	out := does(t, "history", "--state-dir", recordedHistory(t, e), "--format", "csv")
	if strings.Count(out, "\r\n") < 2 {
		t.Errorf("lines do not end as RFC 4180 wants: %q", out)
	}
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	must(t, err)
	if len(rows) != 2 || len(rows[0]) != len(rows[1]) {
		t.Fatalf("got %q", rows)
	}
	for i, name := range rows[0] {
		if name == "why" && rows[1][i] != "'=HYPERLINK(\"http://evil\")\n\"two\", lines" {
			t.Errorf("why is %q", rows[1][i])
		}
	}
}

func TestHistoryFaults(t *testing.T) {
	t.Parallel()
	dir := aDay(t)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"history", "--state-dir", t.TempDir()}, 1, "nothing was recorded yet"},
		{[]string{"logs", "--state-dir", t.TempDir(), "a"}, 1, "nothing was recorded yet"},
		{[]string{"history", "--state-dir", dir, "--outcome", "fialed"}, 2, `"fialed": there is no such word: worked, more`},
		{[]string{"history", "--state-dir", dir, "--kind", "x"}, 2, `"x": there is no such word: run, held`},
		{[]string{"history", "--state-dir", dir, "--last", "7"}, 2, "--last"},
		{[]string{"history", "--state-dir", dir, "--limit", "-1"}, 2, "--limit -1"},
		{[]string{"history", "--state-dir", dir, "--format", "xml"}, 2, "table, json or csv"},
		{[]string{"history", "--state-dir", dir, "--width", "10"}, 2, "--width 10"},
		{[]string{"history", "--state-dir", dir, "[a"}, 2, "syntax error in pattern"},
		{[]string{"logs", "--state-dir", dir}, 2, "accepts 1 arg"},
		{[]string{"logs", "--state-dir", dir, "a", "--run", "xyz"}, 2, "--run"},
		{[]string{"logs", "--state-dir", dir, "a", "--last", "0"}, 2, "--last 0"},
		{[]string{"logs", "--state-dir", dir, "a", "--format", "table"}, 2, "text, json or csv"},
		{[]string{"logs", "--state-dir", dir, "a", "-f", "--format", "json"}, 2, "cannot follow"},
		{[]string{"logs", "--state-dir", dir, "a", "-f", "--socket", filepath.Join(dir, "none.sock")}, 1, "nobody answers"},
	} {
		r := command(t, "", nil, c.args...)
		if r.code != c.code || !strings.Contains(r.err, c.says) {
			t.Errorf("%q: exit code %d and %q, want %d and %q", c.args, r.code, r.err, c.code, c.says)
		}
	}
}

func TestHistoryOfAConfiguration(t *testing.T) {
	t.Parallel()
	dir := aDay(t)
	conf := file(t, "app.hcl", fmt.Sprintf("app \"mail-host\" {\n  state_dir = %q\n}\n", dir))
	want(t, "the table", does(t, "history", "-c", conf), `backup-db +worked`)
	want(t, "completion", command(t, "", nil, "__complete", "history", "-c", conf, "").out, `^backup-db$`, `^partner-sftp$`)
}

func TestLogs(t *testing.T) {
	t.Parallel()
	dir := recordedHistory(t,
		recordedRun("a", 3*time.Hour, schedule.Worked, "first\n"), recordedRun("a", 2*time.Hour, schedule.Failed, "second"),
		recordedRun("b", time.Hour, schedule.Worked, ""),
	)
	out := does(t, "logs", "--state-dir", dir, "a")
	want(t, "the last run", out, `^==> a, run 8f31d0, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d, failed after 1s: exit status 12`)
	if tail := "second\n… 4711 bytes not kept …\nand the \x1b[31mlast\n"; !strings.HasSuffix(out, tail) || strings.Contains(out, "first") {
		t.Errorf("got %q, want it to end in %q", out, tail)
	}
	if strings.Contains(strings.SplitN(out, "\n", 2)[0], "\x1b") {
		t.Errorf("the head line moves the cursor: %q", out)
	}
	want(t, "the last two", does(t, "logs", "--state-dir", dir, "--last", "2", "a"), `(?s)first.*\n\n==> a, run 8f31d0.*second`)
	want(t, "those of all", does(t, "logs", "--state-dir", dir, "-n", "9", "*"), `(?s)==> a.*==> a.*==> b.*\(no output\)\n$`)
	want(t, "one run", does(t, "logs", "--state-dir", dir, "a", "--run", "8f31c2"), `^==> a, run 8f31c2`)
	want(t, "the last that failed", does(t, "logs", "--state-dir", dir, "a", "--outcome", "failed"), `^second`)
	r := command(t, "", nil, "logs", "--state-dir", dir, "a", "--run", "77")
	if r.code != 0 || r.out != "" || !strings.Contains(r.err, "no run of a is recorded with the id 77") {
		t.Errorf("a run that there is not: %+v", r)
	}
}

func TestLogsAsJSONAndCSV(t *testing.T) {
	t.Parallel()
	e := recordedRun("a", time.Hour, schedule.Worked, "=1+1\n\xff")
	dir := recordedHistory(t, e)
	var got map[string]any
	must(t, json.Unmarshal([]byte(does(t, "logs", "--state-dir", dir, "a", "--format", "json")), &got))
	if got["head"] != "=1+1\n\uFFFD" || got["tail"] != "and the \x1b[31mlast" || got["dropped_bytes"] != 4711.0 || got["outcome"] != "worked" {
		t.Errorf("got %v", got)
	}
	rows, err := csv.NewReader(strings.NewReader(does(t, "logs", "--state-dir", dir, "a", "--format", "csv"))).ReadAll()
	must(t, err)
	if n := len(rows[0]); len(rows) != 2 || rows[0][n-3] != "head" || rows[1][n-3] != "'=1+1\n\uFFFD" || rows[1][n-1] != "4711" {
		t.Errorf("got %q", rows)
	}
}
