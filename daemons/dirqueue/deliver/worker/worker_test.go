package worker_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/delivertest"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/worker"
	"github.com/peakd/peakd/daemons/exec/process/launch"
)

// TestExamples: the workers of the examples deliver files of any name.
func TestExamples(t *testing.T) {
	t.Parallel()
	for _, interpreter := range []string{"sh", "bash", "python3"} {
		t.Run(interpreter, func(t *testing.T) {
			t.Parallel()
			if _, err := osexec.LookPath(interpreter); err != nil {
				t.Skipf("needs %s", interpreter)
			}
			example := "worker.sh"
			if interpreter == "python3" {
				example = "worker.py"
			}
			program, err := filepath.Abs("../../../../examples/queue-worker/" + example)
			if err != nil {
				t.Fatal(err)
			}
			to := t.TempDir()
			d, _ := script(t, "", func(s *worker.Settings) {
				s.Command, s.SendID = []string{interpreter, program, to}, example == "worker.py"
			}, deliver.Env{Concurrency: 2})
			files := []delivertest.File{{Name: "empty is never delivered"}}
			for _, name := range delivertest.HostileNames() {
				files = append(files, delivertest.File{Name: name, Content: "content of " + name})
			}
			results := delivertest.Deliver(t.Context(), t, d, delivertest.Jobs(t, files...))
			if r := results[0]; r.Verdict != deliver.Permanent || r.Reason != "it is empty" {
				t.Errorf("empty file: %+v", r)
			}
			for i, r := range results[1:] {
				file := files[i+1]
				got, err := os.ReadFile(filepath.Join(to, file.Name))
				if r.Verdict != deliver.Done || err != nil || string(got) != file.Content {
					t.Errorf("%q: %+v, content %q, %v", file.Name, r, got, err)
				}
			}
			if err := os.RemoveAll(to); err != nil {
				t.Fatal(err)
			}
			if r := delivertest.Deliver(t.Context(), t, d, delivertest.Jobs(t, files[1]))[0]; example == "worker.sh" && r.Verdict != deliver.Retry {
				t.Errorf("no folder: %+v", r)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	d, log := script(t, loop(`
		echo "$PEAKD_QUEUE $PEAKD_WORKER $verb $path $attempt $id" >>"$LOG"
		case $path in
		*00) echo "ok $number";;
		*01) echo "retry $number not now";;
		*02) echo "fail $number  bad data ";;
		*03) echo "trip $number";;
		*04) printf 'ok %s\r\n' "$number";;
		esac`), func(s *worker.Settings) { s.SendID = true }, deliver.Env{Mask: func(text string) string { return strings.ReplaceAll(text, "data", "***") }})
	results := delivertest.Deliver(t.Context(), t, d, numbered(t, 5))
	want := []deliver.Result{
		{Verdict: deliver.Done},
		{Verdict: deliver.Retry, Reason: "not now"},
		{Verdict: deliver.Permanent, Reason: "bad ***"},
		{Verdict: deliver.Trip},
		{Verdict: deliver.Done},
	}
	for i, r := range results {
		if r.Verdict != want[i].Verdict || r.Reason != want[i].Reason || len(r.Detail) > 0 {
			t.Errorf("%d: %+v, want %+v", i, r, want[i])
		}
	}
	if got := lines(t, log)[1:3]; !slices.Equal(got, []string{"queue 1 deliver /queue/f00 1 f00", "queue 1 deliver /queue/f01 1 f01"}) {
		t.Errorf("told %q", got)
	}
}

// TestOneWorkerForAll: a worker is started once for all calls, keeps their order, and ends with Close.
func TestOneWorkerForAll(t *testing.T) {
	t.Parallel()
	d, log := script(t, loop(`echo "$path" >>"$LOG"; echo "ok $number"`)+`; echo end >>"$LOG"`, nil, deliver.Env{})
	want := []string{}
	for range 3 {
		jobs := numbered(t, 50)
		delivertest.Deliver(t.Context(), t, d, jobs)
		for _, job := range jobs {
			want = append(want, job.Path)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	got := lines(t, log)
	if !strings.HasPrefix(got[0], "start ") || got[len(got)-1] != "end" || !slices.Equal(got[1:len(got)-1], want) {
		t.Errorf("log has %d lines: %q", len(got), got)
	}
}

// TestAnyOrder: a worker may collect what it is told of, and answer backwards.
func TestAnyOrder(t *testing.T) {
	t.Parallel()
	d, _ := script(t, loop(`all="$number $all"; [ $((number % 8)) != 0 ] || { for n in $all; do echo "ok $n"; done; all=; }`), nil, deliver.Env{})
	got := delivertest.Verdicts(delivertest.Deliver(t.Context(), t, d, numbered(t, 64)))
	if strings.Trim(strings.ReplaceAll(got, "done", ""), " ") != "" {
		t.Errorf("got %s", got)
	}
}

// TestDeath: only the file that a worker died of pays for it; those behind are told to the next worker.
func TestDeath(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ death, reason string }{
		"exit code": {`echo "why" >&2; exit 3`, "the worker ended (exit 3)"},
		"exit 0":    {`echo "why" >&2; exit 0`, "the worker ended (exit 0)"}, // a second time, with no answer at all
		"signal":    {`echo "why" >&2; kill -KILL $$`, "the worker ended (killed by SIGKILL)"},
		"half":      {`echo "why" >&2; printf 'ok %s' "$number"; exit 3`, "the worker ended (exit 3)"},
		"garbage":   {`echo "why" >&2; echo "okay"; sleep 600`, `the worker cannot be understood: it wrote "okay\n", which is no answer (killed by SIGKILL)`},
		"no number": {`echo "why" >&2; echo "ok all"; sleep 600`, `the worker cannot be understood: it wrote "ok all\n", which has no number (killed by SIGKILL)`},
		"stranger":  {`echo "why" >&2; echo "ok 99"; sleep 600`, "the worker answered number 99, which it does not have (killed by SIGKILL)"},
		"too long":  {`echo "why" >&2; printf '%5000s\n' x; sleep 600`, "the worker cannot be understood: it wrote a line of more than 4096 bytes (killed by SIGKILL)"},
		"silence":   {`echo "why" >&2; sleep 600`, "the worker did not answer for 1s (killed by SIGKILL)"},
		"closed":    {`echo "why" >&2; exec >&-; sleep 600`, "the worker ended (killed by SIGTERM)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, log := script(t, loop(`echo "$path" >>"$LOG"; case $path in *05) `+tt.death+`;; esac; echo "ok $number"`), func(s *worker.Settings) {
				s.Timeout, s.KillGrace = time.Second, 100*time.Millisecond
			}, deliver.Env{})
			results := delivertest.Deliver(t.Context(), t, d, numbered(t, 40))
			for i, r := range results {
				switch {
				case i == 5 && (r.Verdict != deliver.Retry || r.Reason != tt.reason || string(r.Detail) != "why\n"):
					t.Errorf("the file it died of: %v %q %q, want %q", r.Verdict, r.Reason, r.Detail, tt.reason)
				case i != 5 && r.Verdict != deliver.Done:
					t.Errorf("file %d: %+v", i, r)
				}
			}
			for i := range 40 { // in silence, and after exit 0, the worker may get it again
				if n := count(lines(t, log), "/queue/"+fileName(i)); n != 1 && (i != 5 || name != "exit 0" || n != 2) {
					t.Errorf("file %d was seen %d times", i, n)
				}
			}
		})
	}
}

func count(all []string, one string) (n int) {
	for _, line := range all {
		if line == one {
			n++
		}
	}
	return n
}

// TestLeaves: a worker that ends by itself after some files is replaced, and no file pays for it.
func TestLeaves(t *testing.T) {
	t.Parallel()
	d, log := script(t, loop(`echo "ok $number"; [ "$number" != 10 ] || exit 0`), nil, deliver.Env{})
	results := delivertest.Deliver(t.Context(), t, d, numbered(t, 95))
	for i, r := range results {
		if r.Verdict != deliver.Done {
			t.Errorf("file %d: %+v", i, r)
		}
	}
	if n := len(lines(t, log)); n != 10 {
		t.Errorf("%d workers, want 10", n)
	}
}

// TestUnusable: a program that is no worker trips the destination, and is not started again at once.
func TestUnusable(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		script string
		change func(*worker.Settings)
		reason string
	}{
		"ends":       {`echo x >>"$LOG"; echo why >&2; exit 3`, nil, "the worker cannot be used: it ended before it was ready: exit 3"},
		"says else":  {`echo x >>"$LOG"; echo hello; sleep 600`, nil, `the worker cannot be used: its first line is "hello\n", not "peakd-worker 1"`},
		"is silent":  {`echo x >>"$LOG"; sleep 600`, func(s *worker.Settings) { s.StartTimeout = 300 * time.Millisecond }, "the worker cannot be used: it was not ready after 300ms"},
		"no program": {"", func(s *worker.Settings) { s.Command = []string{"/nowhere/x"} }, "find program: stat /nowhere/x: no such file or directory"},
		"no folder":  {"", func(s *worker.Settings) { s.Dir = "/nowhere" }, "the worker cannot be used: it ended before it was ready: enter /nowhere: no such file or directory"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, log := script(t, tt.script, tt.change, deliver.Env{})
			for call := range 2 {
				for _, r := range delivertest.Deliver(t.Context(), t, d, numbered(t, 3)) {
					if r.Verdict != deliver.Trip || !strings.HasSuffix(r.Reason, tt.reason) || r.After <= 0 || r.After > time.Second {
						t.Errorf("call %d: %+v", call, r)
					}
				}
			}
			if n := len(lines(t, log)); n > 1 {
				t.Errorf("%d workers were started", n)
			}
		})
	}
}

// TestDiesOfEverything: a worker that dies of each file is given up after three.
func TestDiesOfEverything(t *testing.T) {
	t.Parallel()
	d, log := script(t, loop(`exit 1`), nil, deliver.Env{})
	got := delivertest.Verdicts(delivertest.Deliver(t.Context(), t, d, numbered(t, 6)))
	if want := "retry retry retry trip trip trip"; got != want || len(lines(t, log)) != 3 {
		t.Errorf("got %s after %d workers, want %s", got, len(lines(t, log)), want)
	}
}

// TestCancel: a worker may finish what it has within its grace; the rest is told why, and nothing stays.
func TestCancel(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"finishes": "done", "does not": "retry"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			trap := `trap 'echo "ok $number"; exit 0' TERM;`
			if want == "retry" {
				trap = `trap '' TERM;`
			}
			d, log := script(t, trap+loop(`mkfifo "$LOG.p"; echo >"$LOG.p"; while :; do sleep 0.05; done`), func(s *worker.Settings) {
				s.KillGrace = 500 * time.Millisecond
				if want == "done" {
					s.KillGrace = 30 * time.Second
				}
			}, deliver.Env{})
			ctx, cancel := context.WithCancelCause(t.Context())
			go func() { // joined by Deliver, which does not return before
				for ctx.Err() == nil {
					if _, err := os.ReadFile(log + ".p"); err == nil {
						cancel(errors.New("enough"))
					}
				}
			}()
			results := delivertest.Deliver(ctx, t, d, numbered(t, 40))
			if results[0].Verdict.String() != want {
				t.Errorf("the file that was under way: %+v", results[0])
			}
			for _, r := range results[1:] {
				if r.Verdict != deliver.Retry || r.Reason != "the attempt was ended: enough" {
					t.Errorf("result = %+v", r)
				}
			}
			mustBeGone(t, log)
		})
	}
}

// mustBeGone looks for the workers that are in the log.
func mustBeGone(t *testing.T, log string) {
	t.Helper()
	for _, line := range lines(t, log) {
		if word, rest, _ := strings.Cut(line, " "); word == "start" {
			pid, err := strconv.Atoi(rest)
			stat, _ := os.ReadFile("/proc/" + rest + "/stat")
			if err != nil || len(stat) > 0 && !bytes.Contains(stat, []byte(") Z ")) && unix.Kill(pid, 0) == nil {
				t.Errorf("worker %s is still there", rest)
			}
		}
	}
}

// TestCloseEndsAWorkerThatDoesNot tells apart the soft end and the hard one.
func TestCloseEndsAWorkerThatDoesNot(t *testing.T) {
	t.Parallel()
	d, log := script(t, loop(`echo "ok $number"`)+`; trap '' TERM; while :; do sleep 600; done`, func(s *worker.Settings) {
		s.KillGrace = 50 * time.Millisecond
	}, deliver.Env{})
	delivertest.Deliver(t.Context(), t, d, numbered(t, 1))
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	mustBeGone(t, log)
}

// TestLocksAreInherited: a worker holds the locks of all claims it was told of; a new one replaces it where it does not.
func TestLocksAreInherited(t *testing.T) {
	t.Parallel()
	d, log := script(t, loop(`echo "ok $number"`), nil, deliver.Env{})
	var dirs []string
	lockOf := func() *os.File {
		dirs = append(dirs, t.TempDir())
		f, err := os.Open(dirs[len(dirs)-1])
		if err != nil {
			t.Fatal(err)
		}
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
			t.Fatal(err)
		}
		return f
	}
	first, second := lockOf(), lockOf()
	for _, lock := range []*os.File{nil, first, first, second, second} {
		jobs := numbered(t, 2)
		jobs[0].Lock, jobs[1].Lock = lock, lock
		delivertest.Deliver(t.Context(), t, d, jobs)
	}
	if n := len(lines(t, log)); n != 3 {
		t.Errorf("%d workers, want 3", n)
	}
	_, _ = first.Close(), second.Close()
	for i, held := range []bool{false, true} {
		other, err := os.Open(dirs[i])
		if err != nil {
			t.Fatal(err)
		}
		err = unix.Flock(int(other.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if errors.Is(err, unix.EWOULDBLOCK) != held {
			t.Errorf("lock %d: %v, want held %v", i, err, held)
		}
		_ = other.Close()
	}
}

// TestNobodyTakesAll: of few files each worker gets some, however many it may have at once.
func TestNobodyTakesAll(t *testing.T) {
	t.Parallel()
	bothHaveSome := `echo $$ >>"$LOG.took"; while [ "$(sort -u "$LOG.took" | wc -l)" -lt 2 ]; do sleep 0.02; done; `
	d, _ := script(t, loop(bothHaveSome+`echo "ok $number"`), func(s *worker.Settings) {
		s.InFlight, s.Timeout = 64, time.Minute
	}, deliver.Env{Concurrency: 2})
	for _, r := range delivertest.Deliver(t.Context(), t, d, numbered(t, 9)) {
		if r.Verdict != deliver.Done {
			t.Fatalf("result = %+v", r)
		}
	}
}

// TestGarbageAfterAnswers: what was said before is believed, be it in the same breath, and nothing after it. That the worker ends
// well then does not make its file anybody else's.
func TestGarbageAfterAnswers(t *testing.T) {
	t.Parallel()
	d, log := script(t, loop(`if [ "$number" = 3 ]; then printf 'ok 1\nok 3\nwhat?\nok 2\n'; exit 0; fi`), nil, deliver.Env{})
	got := delivertest.Verdicts(delivertest.Deliver(t.Context(), t, d, numbered(t, 3)))
	if got != "done retry done" || len(lines(t, log)) != 1 {
		t.Errorf("got %s, log %q; want done retry done of one worker", got, lines(t, log))
	}
}

// TestLongPaths: more than a pipe holds can be under way, and nobody waits for the other for ever.
func TestLongPaths(t *testing.T) {
	t.Parallel()
	d, _ := script(t, loop(`echo "ok $number"`), func(s *worker.Settings) { s.InFlight = 1024 }, deliver.Env{})
	jobs := numbered(t, 60)
	for i := range jobs {
		jobs[i].Path = "/" + strings.Repeat("\n", 4000)
	}
	for _, r := range delivertest.Deliver(t.Context(), t, d, jobs) {
		if r.Verdict != deliver.Done {
			t.Fatalf("result = %+v", r)
		}
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*worker.Settings)
		field  string
	}{
		"no command":    {func(s *worker.Settings) { s.Command = nil }, "command"},
		"in flight":     {func(s *worker.Settings) { s.InFlight = 0 }, "in_flight"},
		"start timeout": {func(s *worker.Settings) { s.StartTimeout = 0 }, "start_timeout"},
		"timeout":       {func(s *worker.Settings) { s.Timeout = 0 }, "timeout"},
		"user":          {func(s *worker.Settings) { s.User = "a:b" }, "user"},
		"group":         {func(s *worker.Settings) { s.Group = "-x" }, "group"},
		"nice":          {func(s *worker.Settings) { s.Nice = ptr(20) }, "nice"},
		"umask":         {func(s *worker.Settings) { s.Umask = ptr(config.Mode(0o1000)) }, "umask"},
		"limits":        {func(s *worker.Settings) { s.Limits = &launch.Limits{NoFile: ptr(-1)} }, "limits.nofile"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := worker.Defaults()
			s.Command = []string{"true"}
			if faults := s.Validate(); len(faults) > 0 {
				t.Fatalf("valid settings have a fault: %v", faults[0])
			}
			tt.change(&s)
			if faults := s.Validate(); len(faults) != 1 || faults[0].Field != tt.field {
				t.Errorf("faults = %v, want one of %s", faults, tt.field)
			}
		})
	}
	s := worker.Defaults()
	s.Command = []string{"/nowhere/x"}
	if w := s.Warnings(); len(w) != 1 || w[0].Field != "command" {
		t.Errorf("warnings = %v", w)
	}
}
