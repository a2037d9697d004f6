package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/peakd/peakd/cmd/peakd/cli"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/control"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/status"
)

// steered is an app with a control socket, in this process.
type steered struct {
	app    *daemonapp.App
	feed   *control.Feed
	socket string
	reload error // what a reload answers
}

// TestFollowingLines hands them over until the app ends, and tells of those that came too fast.
func TestFollowingLines(t *testing.T) {
	t.Parallel()
	s := steer(t, filepath.Join(socketDir(t), "shop.sock"), "export", "mail-queues")
	var errs strings.Builder
	got := 0
	enough := errors.New("enough")
	following := make(chan error, 1)
	go func() { // received below
		following <- host().Follow(t.Context(), s.socket, &errs, func(l control.Line) error {
			if got++; l.Daemon != "mail-queues/in" || l.Text == "last" {
				return enough
			}
			return nil
		}, "mail-queues")
	}()
	text := strings.Repeat("x", 10_000)
	for err := error(nil); err == nil; { // until it follows, reads all, and has missed some
		for range 500 {
			s.feed.Line(daemonapp.Line{Daemon: "mail-queues/in", Stream: "out", Text: text})
			s.feed.Line(daemonapp.Line{Daemon: "export", Text: "not this"})
		}
		s.feed.Line(daemonapp.Line{Daemon: "mail-queues/in", Text: "last"})
		select {
		case err = <-following:
			if !errors.Is(err, enough) || got == 0 {
				t.Errorf("after %d lines: %v", got, err)
			}
		default:
		}
	}
	want(t, "standard error", errs.String(), `^peakd: \d+ lines are missing here: they came faster than they could be written$`)
	err := host().Follow(t.Context(), s.socket, &errs, nil, "mail-queus")
	if err == nil || err.Error() != `no daemon is called "mail-queus"; did you mean "mail-queues"?` {
		t.Errorf("got %v", err)
	}
}

// steerable are daemons that work at once, fail, or are seeds.
func steerable(t testing.TB, name string) daemonapp.Spec {
	t.Helper()
	pace := &schedule.Interval{Backoff: schedule.Backoff{RunEvery: time.Hour, MinimumIdle: time.Hour}}
	runs := 0
	task := daemonapp.Task{Planner: pace, Do: func(ctx context.Context) (schedule.Result, error) {
		runs++
		switch {
		case runs > 1 && name == "broken":
			return schedule.Result{}, errors.New("no such table\x1b[31m")
		case runs > 1 && name == "slow":
			<-ctx.Done()
			return schedule.Result{}, ctx.Err()
		}
		return schedule.Result{Outcome: schedule.Worked, Count: 2}, nil
	}}
	spec := daemonapp.Spec{Name: name, Type: "exec", Digest: "1", Daemon: task}
	switch name {
	case "mail-queues":
		spec.Daemon = seeding{task, []daemonapp.Spec{steerable(t, "in"), steerable(t, "out")}}
	case "slow":
		spec.Terms.Tags = []string{"nightly"}
	}
	return spec
}

type seeding struct {
	daemonapp.Task
	children []daemonapp.Spec
}

// Children implements [daemonapp.Seed].
func (s seeding) Children() []daemonapp.Spec { return s.children }

// steer runs such an app at a socket.
func steer(t testing.TB, socket string, names ...string) *steered {
	t.Helper()
	s := &steered{socket: socket}
	feed := &control.Feed{}
	s.feed = feed
	s.app = daemonapp.New(daemonapp.Options{
		Limits: schedule.Limits{Workers: 4}, ShutdownGrace: 100 * time.Millisecond, Observers: []daemonapp.Observer{feed}, Lines: feed.Line,
	})
	var specs []daemonapp.Spec
	for _, name := range names {
		specs = append(specs, steerable(t, name))
	}
	if _, err := s.app.Reconcile(specs); err != nil {
		t.Fatal(err)
	}
	server, err := control.Listen(control.Options{
		App: s.app, Feed: feed, Path: socket, About: control.About{Program: "peakd", Version: "1.2.3", App: control.AppOf(socket)},
		Status: func() status.Status { return status.Of(status.Input{App: s.app, Now: time.Now()}) },
		Reload: func(context.Context, string) (daemonapp.Change, error) {
			return daemonapp.Change{Added: []string{"a"}, Replaced: []string{"b"}, Removed: []string{"c"}, Kept: 7}, s.reload
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	served, ended := make(chan error, 1), make(chan struct{})
	go func() { served <- server.Serve(context.Background()) }() // received in the cleanup
	go func() {                                                  // joined in the cleanup
		defer close(ended)
		_, _ = s.app.Run(context.Background())
	}()
	t.Cleanup(func() {
		s.app.Drain(daemonapp.DrainOptions{Reason: schedule.Asked})
		<-ended
		server.Interrupt()
		<-served
	})
	for len(names) > 0 && !s.settled() {
		time.Sleep(time.Millisecond)
	}
	return s
}

// settled tells whether every daemon has run once.
func (s *steered) settled() bool {
	list := s.app.Status()
	for _, d := range list {
		if d.State != schedule.Waiting {
			return false
		}
	}
	return len(list) > 0
}

// socketDir is a folder with a short name.
func socketDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pk")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// TestSteering is the table of what people say, and what they are told.
func TestSteering(t *testing.T) {
	t.Parallel()
	s := steer(t, filepath.Join(socketDir(t), "shop.sock"), "export", "broken", "slow", "mail-queues")
	tests := []struct {
		args string
		code int
		out  string // all of it, as a pattern
		err  string // a line
	}{
		{"trigger export", 0, `triggered export\n`, ""},
		{"trigger export --wait", 0, `export worked \(2\) in [^,]+, run [0-9a-f]+\n`, ""},
		{"trigger --wait broken export", 1, `broken failed in [^,]+, run [0-9a-f]+: no such table\\x1b\[31m\nexport worked .*\n`, ""},
		{"trigger expotr", 1, ``, `no daemon is called "expotr"; did you mean "export"\?`},
		{"trigger [", 2, ``, `"\[" is not a pattern of names`},
		{"trigger", 2, ``, `name the daemons; see .peakd trigger --help.`},
		{"pause", 2, ``, `name the daemons, or say --all; see`},
		{"pause --all export", 2, ``, `it is either --all or some daemons; see`},
		{"cancel export", 1, ``, `export: the daemon is not running`},
		{"pause export --until 2099-01-02T03:04:05Z --why x", 0, `paused export until 2099-01-0\d \d\d:04:05: x\n`, ""},
		{"pause export --until yesterday", 2, ``, `--until "yesterday" is no time; write `},
		{"pause export --until 2001-01-01T00:00:00Z", 2, ``, `--until 2001-01-01T00:00:00Z has passed`},
		{"trigger export --wait", 1, ``, `export: the daemon is paused; resume export`},
		{"resume export", 0, `resumed export, next (now|in 59m\S*|in 1h)\n`, ""},
		{"pause mail-queues", 0, `paused mail-queues\npaused mail-queues/in\npaused mail-queues/out\n`, ""},
		{"resume --all", 0, `(resumed mail-queues\S*, next \S+( \S+)?\n){3}`, ""},
		{"pause mail-queues --self", 0, `paused mail-queues\n`, ""},
		{"resume mail-*", 0, `resumed mail-queues, next .*\n`, ""},
		{"pause mail-queues/*", 0, `paused mail-queues/in\npaused mail-queues/out\n`, ""},
		{"resume --all", 0, `(resumed mail-queues/\S+, next .*\n){2}`, ""},
		{"resume --all", 1, ``, `none of them is paused`},
		{"disarm export --why broken", 0, `disarmed export: broken\n`, ""},
		{"skip-next export", 1, ``, `export: the daemon is disarmed; mend the cause, then arm export`},
		{"arm export", 0, `armed export.*\n`, ""},
		{"arm export", 1, ``, `export: the daemon is not disarmed`},
		{"skip-next --tag nightly", 0, `skipping the next run of slow, next in (1h59m\S*|2h)\n`, ""},
		{"skip-next --tag daily", 1, ``, `no daemon has the tag "daily"`},
		{"trigger slow", 0, `triggered slow\n`, ""},
		{"cancel slow --kill", 0, `cancelling slow, run [0-9a-f]+\n`, ""},
		{"reload", 0, `added    a\nchanged  b\nremoved  c\nreloaded: 1 added, 1 changed, 1 removed, 7 kept\n`, ""},
		{"stop now", 2, ``, `unknown command "now"`},
		{"status --json", 0, `(?s)\{.*`, ""},
	}
	for _, tt := range tests {
		got := command(t, "", []string{"PEAKD_SOCKET=" + s.socket}, strings.Fields(tt.args)...)
		if got.code != tt.code || !regexp.MustCompile(`^(`+tt.out+`)$`).MatchString(got.out) {
			t.Errorf("%s: exit code %d, want %d; it says\n%q, want\n%q\n%s", tt.args, got.code, tt.code, got.out, tt.out, got.err)
		}
		if tt.err != "" {
			want(t, "standard error of "+tt.args, got.err, tt.err)
		} else if got.err != "" {
			t.Errorf("%s: standard error has %q", tt.args, got.err)
		}
	}
}

// invalid is an error as a configuration with faults has it.
type invalid struct{}

func (invalid) Error() string {
	return "a.hcl:2:3: error: app has no attribute \"workrs\"\n    2 |   workrs\x1b = 2\n"
}
func (invalid) Errors() int { return 1 }

func TestReloadThatIsRefused(t *testing.T) {
	t.Parallel()
	s := steer(t, filepath.Join(socketDir(t), "shop.sock"), "export")
	s.reload = fmt.Errorf("load: %w", invalid{})
	got := command(t, "", nil, "reload", "--socket", s.socket)
	if got.code != 2 || got.out != "" {
		t.Errorf("exit code %d, output %q", got.code, got.out)
	}
	want(t, "standard error", got.err, `a.hcl:2:3: error: app has no attribute "workrs"$`, `^    2 \|   workrs� = 2$`, `^peakd: the configuration is invalid \(1 errors\)`)
	s.reload = errors.New("no such user")
	got = command(t, "", nil, "reload", "--socket", s.socket)
	if got.code != 1 {
		t.Errorf("exit code %d", got.code)
	}
	want(t, "standard error", got.err, `^peakd: no such user; everything stays as it was$`)
}

// TestWhichApp finds the running app, or says where it looked.
func TestWhichApp(t *testing.T) {
	t.Parallel()
	dir := socketDir(t)
	h := host()
	h.Name = "whichd" // so that an app that runs on this machine is not found
	xdg := "XDG_RUNTIME_DIR=" + dir
	if err := os.Mkdir(filepath.Join(dir, "whichd"), 0o700); err != nil {
		t.Fatal(err)
	}
	ask := func(name string, code int, pattern string, args ...string) {
		t.Helper()
		var out, err bytes.Buffer
		streams := cli.Streams{In: strings.NewReader(""), Out: &out, Err: &err, Environ: []string{xdg, "HOME=" + dir}}
		got := result{code: h.Run(t.Context(), args, streams)}
		got.out, got.err = out.String(), err.String()
		if got.code != code {
			t.Errorf("%s: exit code %d, want %d\n%s", name, got.code, code, got.err)
		}
		want(t, name, got.out+got.err, pattern)
	}
	ask("nobody", 4, `whichd: no app is running: nobody answers at a socket in /run/whichd, .*`+dir+`/whichd.*; .whichd run. starts one`, "status")
	ask("nobody", 1, `whichd: no app is running: `, "trigger", "a")
	ask("nobody there", 4, `whichd: the app is not running: nobody answers at /nowhere/x.sock`, "status", "--socket", "/nowhere/x.sock")
	ask("nobody there", 1, `the app is not running`, "stop", "--socket", "/nowhere/x.sock")
	steer(t, filepath.Join(dir, "whichd", "shop.sock"), "export")
	ask("one", 0, `^triggered export$`, "trigger", "export")
	ask("by its name", 0, `^triggered export$`, "--app", "shop", "trigger", "export")
	ask("by another", 4, `no app called "mail" is running`, "status", "--app", "mail")
	ask("by its place and another name", 2, `is called "shop", not "mail"`, "trigger", "export", "--app", "mail", "--socket", filepath.Join(dir, "whichd", "shop.sock"))
	second := filepath.Join(dir, "whichd", "mail.sock")
	steer(t, second, "import")
	ask("two", 2, `several apps run: mail \(.*\), shop \(.*\); say which by --app NAME, or by --socket PATH`, "trigger", "export")
	ask("one of two", 0, `^triggered import$`, "trigger", "import", "--app", "mail")
	ask("one of two by its place", 0, `^triggered import$`, "trigger", "import", "--socket", second)
}

// TestCompletionOfDaemons asks the running app.
func TestCompletionOfDaemons(t *testing.T) {
	t.Parallel()
	s := steer(t, filepath.Join(socketDir(t), "shop.sock"), "export", "mail-queues")
	got := command(t, "", []string{"PEAKD_SOCKET=" + s.socket}, "__complete", "pause", "export", "")
	if got.out != "mail-queues\twaiting, exec\nmail-queues/in\twaiting, exec\nmail-queues/out\twaiting, exec\n:4\n" {
		t.Errorf("got %q", got.out)
	}
	if got := command(t, "", []string{"PEAKD_SOCKET=/nowhere"}, "__complete", "pause", ""); got.out != ":4\n" {
		t.Errorf("without an app: %q", got.out)
	}
}

// asApp makes TestAnAppOfItsOwn an app at that socket.
const asApp = "PEAKD_TEST_AS_APP"

// TestAnAppOfItsOwn is the app that TestEndingAnApp ends, as a process of its own; otherwise it tests nothing.
func TestAnAppOfItsOwn(t *testing.T) {
	socket := os.Getenv(asApp)
	if socket == "" {
		return
	}
	s := steer(t, socket, "export", "slow")
	if err := s.app.Trigger("slow", false, ""); err != nil {
		t.Fatal(err)
	}
	fmt.Println("up")
	for !s.app.Vitals().Stopping || s.app.Vitals().Running > 0 {
		time.Sleep(time.Millisecond)
	}
}

func TestEndingAnApp(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"stop", "drain", "stop --no-wait"} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			socket := filepath.Join(socketDir(t), "shop.sock")
			app := osexec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestAnAppOfItsOwn$", "-test.v=false")
			app.Env = append(os.Environ(), asApp+"="+socket)
			out, err := app.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := app.Start(); err != nil {
				t.Fatal(err)
			}
			if line, err := bufio.NewReader(out).ReadString('\n'); line != "up\n" {
				t.Fatalf("the app says %q (%v)", line, err)
			}
			env := []string{"PEAKD_SOCKET=" + socket}
			cancelled := make(chan result, 1)
			if args == "drain" { // without limit: somebody must end the run
				go func() { // received below
					for {
						got := command(t, "", env, "cancel", "slow")
						if got.code == 0 {
							cancelled <- got
							return
						}
					}
				}()
			} else {
				cancelled <- result{}
			}
			got := command(t, "", env, strings.Fields(args)...)
			<-cancelled
			if got.code != 0 || (got.out != "shop has ended\n") != (args == "stop --no-wait") {
				t.Errorf("exit code %d, output %q\n%s", got.code, got.out, got.err)
			}
			if args == "stop" {
				want(t, "standard error", got.err, `^waiting for slow$`)
			}
			if args != "stop --no-wait" && !gone(app.Process.Pid) {
				t.Error("it is still there")
			}
			if err := app.Wait(); err != nil {
				t.Errorf("the app: %v", err)
			}
		})
	}
}

// gone tells whether a process has ended; its parent, this one, need not have noticed.
func gone(pid int) bool {
	if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil {
		return strings.Contains(string(text), ") Z ")
	}
	return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

// TestUntil is the table of the times that a pause may end at.
func TestUntil(t *testing.T) {
	t.Parallel()
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 17, 30, 0, 0, vienna)
	spring := time.Date(2026, 3, 28, 22, 0, 0, 0, vienna)
	tests := []struct {
		now        time.Time
		text, want string // RFC 3339; empty: an error
	}{
		{now, "2h", "2026-11-23T19:30:00+01:00"},
		{now, "1d12h", "2026-11-25T05:30:00+01:00"},
		{now, "+90s", "2026-11-23T17:31:30+01:00"},
		{now, "18:00", "2026-11-23T18:00:00+01:00"},
		{now, "06:00", "2026-11-24T06:00:00+01:00"},
		{now, "6:00", "2026-11-24T06:00:00+01:00"},
		{now, "17:30", "2026-11-24T17:30:00+01:00"},
		{spring, "02:30", "2026-03-29T03:00:00+02:00"}, // is skipped that night
		{now, "2026-12-01T00:00:00Z", "2026-12-01T00:00:00Z"},
		{now, "2026-11-23T16:30:00Z", ""},
		{now, "-2h", ""},
		{now, "0s", ""},
		{now, "25:00", ""},
		{now, "tomorrow", ""},
		{now, "5", ""},
	}
	for _, tt := range tests {
		got, err := cli.UntilTime(tt.text, tt.now)
		if (err != nil) != (tt.want == "") || err == nil && got.Format(time.RFC3339) != tt.want {
			t.Errorf("%s: got %s (%v), want %s", tt.text, got.Format(time.RFC3339), err, tt.want)
		}
	}
	for want, at := range map[string]time.Time{
		"18:00": now.Add(30 * time.Minute), "17:30:05": now.Add(5 * time.Second), "2026-11-24 17:30": now.AddDate(0, 0, 1),
	} {
		if got := cli.ClockTime(at.UTC(), now); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestReloadTellsAllThatIsWrong, of a real app, as validate does; and it changes nothing. stop ends it.
func TestReloadTellsAllThatIsWrong(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(socketDir(t), "shop.sock")
	text := strings.Replace(good, "{", "{\n  control {\n    socket = \""+socket+"\"\n  }", 1)
	path := file(t, "a.hcl", text)
	p := start(t, "", "run", "-c", path)
	p.await(`orders +worked`, 1)
	rewrite := func(from, to string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, from, to)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := []string{"PEAKD_SOCKET=" + socket}
	rewrite(`["true"]`, `["true", "x"]`)
	if got := command(t, "", env, "reload"); got.code != 0 || got.out != "changed  orders\nreloaded: 0 added, 1 changed, 0 removed, 0 kept\n" {
		t.Errorf("exit code %d: %q\n%s", got.code, got.out, got.err)
	}
	rewrite(`timeout`, `timeuot = 5 # `)
	got := command(t, "", env, "reload")
	if got.code != 2 {
		t.Errorf("exit code %d", got.code)
	}
	want(t, "standard error", got.err, `^.*a.hcl:\d+:\d+: error: .* "timeuot"$`, `^ +\| +\^+$`, `^1 error in 1 file`, `^peakd: the configuration is invalid, and everything stays as it was$`)
	p.await(`refused +errors=1 kept=1 .*by=`, 1)
	if got := command(t, "", env, "stop"); got.code != 0 || got.out != "shop has ended\n" {
		t.Errorf("exit code %d: %q\n%s", got.code, got.out, got.err)
	}
	p.ends(0)
}
