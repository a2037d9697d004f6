// Package examples_test runs every example, so that none of them is only words.
package examples_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

var programs string // the folder of the programs built for these tests

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "peakd-examples-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	programs = dir
	build := exec.Command("go", "build", "-o", dir+"/", "../cmd/peakd", "./owntype", "./ownseed", "./embed", "./queue-go")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	code := 1
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build the examples:", err)
	} else {
		code = m.Run()
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// outcome is what a program did.
type outcome struct {
	out, log string
	code     int
	took     time.Duration
}

// program runs one of the programs in dir, with a state directory of its own.
func program(t *testing.T, dir, name string, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(programs, name), args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "STATE_DIRECTORY="+t.TempDir(), "RUNTIME_DIRECTORY="+sockets(t))
	var out, log strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &log
	start := time.Now()
	err := cmd.Run()
	o := outcome{out.String(), log.String(), cmd.ProcessState.ExitCode(), time.Since(start)}
	if err != nil && o.code < 0 {
		t.Fatalf("%s %q: %v\n%s", name, args, err, o.log)
	}
	t.Logf("%s %q: exit %d after %s\n%s%s", name, args, o.code, o.took.Round(time.Millisecond), o.log, o.out)
	return o
}

// sockets is a folder for the control sockets of one program: a short path, as that of a socket is bounded.
func sockets(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "peakd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// copied is an example in a folder of its own, so that what it writes stays out of the repository.
func copied(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(name)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func want(t *testing.T, what, text string, patterns ...string) {
	t.Helper()
	for _, p := range patterns {
		if !regexp.MustCompile(`(?m)` + p).MatchString(text) {
			t.Errorf("%s has no line like %q", what, p)
		}
	}
}

// TestConfigurations validates every configuration of the examples, and asks for its canonical layout.
func TestConfigurations(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*/*.hcl")
	if err != nil || len(files) < 10 {
		t.Fatalf("found %d configurations: %v", len(files), err)
	}
	hosts := map[string]string{"owntype": "owntype", "ownseed": "ownseed", "queue-go": "queue-go"}
	for _, file := range files {
		host := hosts[filepath.Dir(file)]
		if host == "" {
			host = "peakd"
		}
		if o := program(t, ".", "peakd", "fmt", "--check", file); o.code != 0 {
			t.Errorf("%s is not in its canonical layout", file)
		}
		if filepath.Base(file) == "assume.hcl" {
			continue
		}
		if o := program(t, ".", host, "validate", "-c", file); o.code != 0 {
			t.Errorf("%s does not validate", file)
		}
	}
}

func TestQuickstart(t *testing.T) {
	t.Parallel()
	o := program(t, copied(t, "quickstart"), "peakd", "run", "-c", "peakd.hcl")
	want(t, "the log", o.log, `hello +output .*line="hello from peakd"`, `hello +worked`, `stopped +reason=hard_deadline`)
	want(t, "the report", o.out, `^hello +0 +3 +3 +0 +0`)
	if o.code != 0 {
		t.Errorf("exit code %d, want 0", o.code)
	}
}

func TestPriorities(t *testing.T) {
	t.Parallel()
	dir := copied(t, "priorities")
	o := program(t, dir, "peakd", "run", "-c", "peakd.hcl")
	ended := regexp.MustCompile(`(?m)INFO +(express|ordinary|slow) +worked`).FindAllStringSubmatch(o.log, -1)
	if len(ended) < 6 {
		t.Fatalf("%d runs, want at least 6", len(ended))
	}
	var order []string
	for _, m := range ended[:3] {
		order = append(order, m[1])
	}
	if got, want := strings.Join(order, " "), "express ordinary slow"; got != want {
		t.Errorf("the first runs were %q, want %q", got, want)
	}
	s := program(t, dir, "peakd", "simulate", "-c", "peakd.hcl", "--assume", "assume.hcl")
	want(t, "the simulation", s.out, `^express +█`, `^stops at 6`)
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	o := program(t, copied(t, "backoff"), "peakd", "run", "-c", "peakd.hcl")
	want(t, "the log", o.log,
		`poller +idle .*next=2s`, `poller +idle .*next=3s`, `poller +worked +count=1 .*next=1s`,
		`broken +failed +exit=1 .*failures=1 next=500ms`, `broken +failed .*failures=3 next=2s .*no such table: orders`,
		`ERROR +broken +disarmed failures=4`)
	s := program(t, "backoff", "peakd", "simulate", "-c", "peakd.hcl", "--assume", "assume.hcl", "--for", "10m", "--format", "json")
	want(t, "the simulation", s.out, `"daemon":"broken".*"outcome":"failed","wait":null`)
}

func TestDeadlines(t *testing.T) {
	t.Parallel()
	tests := []struct {
		file, reason string
		least, most  time.Duration
		log          []string
	}{
		{"stay-alive.hcl", "idle", 3 * time.Second, 20 * time.Second, []string{`soft +after=3s stops_at_gap=2s`}},
		{"stop-when-idle.hcl", "idle", 2 * time.Second, 25 * time.Second, []string{`poller +idle .*next=4s`}},
		{"hard-stop.hcl", "hard_deadline", 4 * time.Second, 20 * time.Second, []string{
			`draining running=1 grace=1s`, `cancelling`, `got a TERM, cleaning up`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			o := program(t, copied(t, "deadlines"), "peakd", "run", "-c", tt.file)
			want(t, "the log", o.log, append(tt.log, `stopped +reason=`+tt.reason)...)
			if o.code != 0 || o.took < tt.least || o.took > tt.most {
				t.Errorf("exit code %d after %s, want 0 after %s to %s", o.code, o.took, tt.least, tt.most)
			}
		})
	}
}

func TestSeeds(t *testing.T) {
	t.Parallel()
	dir := copied(t, "seeds")
	for _, name := range []string{"inbox/news/a.txt", "inbox/urgent/b.txt", "inbox/off-limits/c.txt"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("work\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	o := program(t, dir, "peakd", "run", "-c", "peakd.hcl")
	want(t, "the log", o.log, `inbox +worked .*added=news,urgent`, `inbox/urgent +worked +count=1`, `added=late`, `inbox/late +worked +count=2`)
	left, err := filepath.Glob(filepath.Join(dir, "inbox/*/*.txt"))
	if err != nil || !slices.Equal(left, []string{filepath.Join(dir, "inbox/off-limits/c.txt")}) {
		t.Errorf("left are %q (%v), want only the one of the excluded directory", left, err)
	}
}

func TestCalendar(t *testing.T) {
	t.Parallel()
	o := program(t, "calendar", "peakd", "simulate", "-c", "peakd.hcl", "--start", "2026-03-28T12:00:00+01:00", "--for", "24h",
		"--hostname", "example", "--format", "json")
	// 02:30 does not exist that night: the backup runs at 03:00 summer time, 14 hours after noon.
	want(t, "the simulation", o.out, `"daemon":"backup","due":50400,`, `"daemon":"report","due":54000,`)
	if got := strings.Count(o.out, `"daemon":"hourly"`); got != 23 {
		t.Errorf("the hourly job ran %d times, want 23: from 13:00 to 12:00 on a day of 23 hours", got)
	}
}

func TestVariables(t *testing.T) {
	t.Parallel()
	dir := copied(t, "variables")
	o := program(t, dir, "peakd", "run", "-c", "peakd.hcl", "--var", `hosts=["alpha", "beta"]`, "--log-format", "json")
	want(t, "the log", o.log, `"daemon":"greet-alpha".*HELLO, alpha: the token is \(sensitive\)`, `HELLO, beta`)
	s := program(t, dir, "peakd", "config", "show", "-c", "peakd.hcl")
	want(t, "config show", s.out, `\(sensitive\)`)
	if strings.Contains(o.log+o.out+s.out+s.log, "not-a-real-token") {
		t.Error("the secret shows")
	}
}

func TestOwnType(t *testing.T) {
	t.Parallel()
	o := program(t, copied(t, "owntype"), "owntype", "run", "-c", "owntype.hcl")
	want(t, "the log", o.log, `root +idle .*next=1s`, `stopped +reason=hard_deadline`)
	s := program(t, ".", "owntype", "types", "disk_space")
	want(t, "types", s.out, `Fails while a file system is nearly full`, `below +size`)
}

func TestOwnSeed(t *testing.T) {
	t.Parallel()
	o := program(t, copied(t, "ownseed"), "ownseed", "run", "-c", "ownseed.hcl")
	want(t, "the log", o.log, `hosts +worked +count=3 .*added=alpha,beta,gamma`, `hosts/beta +worked`)
}

// TestEmbed orders over HTTP, sees the daemon do the work, and ends the server with a signal.
func TestEmbed(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), filepath.Join(programs, "embed"), "-listen", "127.0.0.1:0")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	first, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + strings.TrimSpace(strings.TrimPrefix(first, "serving on "))
	for range 3 {
		resp, err := http.Post(url+"/orders", "text/plain", nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	for status := ""; !strings.HasPrefix(status, "0 orders open, 3 done"); {
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		status = string(body)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(lines)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || string(rest) != "3 orders done\n" {
		t.Errorf("it ended with %v and said %q", err, rest)
	}
}

// TestDemo runs what `make demo` runs; the script itself checks that every file was packed and every mail
// delivered once.
func TestDemo(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "demo/run.sh", filepath.Join(programs, "peakd"))
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "the demo", string(out), `added=bulk,news,urgent`, `added=late`, `soft +after=15s`, `stopped +reason=idle`,
		`^94 files packed, 18 old ones removed, 0 left.`,
		`added=bills,letters`, `mail/bills +set_aside file=poison.eml attempt=1 reason="it is addressed to nobody"`,
		`^failed .* poison.eml +it is addressed to nobody`, `^60 mails delivered, 0 of them twice, 1 set aside, 0 left.`)
}

// TestPictures: the pictures of docs/ are what simulate draws.
func TestPictures(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "../.ci/pictures", filepath.Join(programs, "peakd"), dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	pictures, err := filepath.Glob(dir + "/*.svg")
	if err != nil || len(pictures) == 0 {
		t.Fatalf("no pictures: %v", err)
	}
	for _, picture := range pictures {
		drawn, err := os.ReadFile(picture)
		if err != nil {
			t.Fatal(err)
		}
		if kept, err := os.ReadFile("../docs/pictures/" + filepath.Base(picture)); err != nil || string(kept) != string(drawn) {
			t.Errorf("docs/pictures/%s is not what simulate draws (%v): make docs", filepath.Base(picture), err)
		}
	}
}

// TestMailhost: the example of the README stops by itself, and says why.
func TestMailhost(t *testing.T) {
	t.Parallel()
	o := program(t, "mailhost", "peakd", "simulate", "-c", "mailhost.hcl", "--assume", "assume.hcl", "--start", "2026-11-24T00:00:00Z")
	want(t, "the simulation", o.out, `^stops at 21m32s: idle; collective is the next, at 22m34s, 1m02s ahead`,
		`^longest wait: collective, due 0s, started 1m04s, behind session-cleanup \(40s\) and 2 others`)
}
