package process_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/daemons/exec/process"
)

var errEnough = errors.New("enough")

func TestStop(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		script string
		grace  time.Duration
		want   process.Exit
		least  time.Duration
	}{
		"term is enough": {
			`sh -c 'echo $0 $$; exec sleep 600' $$ & wait`, 30 * time.Second,
			process.Exit{Code: -1, Signal: syscall.SIGTERM, Stopped: true},
			0,
		},
		"term is handled": {
			`trap 'exit 7' TERM; sh -c 'echo $0 $$; exec sleep 600' $$ & wait`, 30 * time.Second,
			process.Exit{Code: 7, Stopped: true},
			0,
		},
		"ignores term, with a grandchild": {
			`trap "" TERM; sh -c 'sleep 600 & echo $0 $$ $!; wait' $$; wait`, 200 * time.Millisecond,
			process.Exit{Code: -1, Signal: syscall.SIGKILL, Stopped: true, Killed: true},
			200 * time.Millisecond,
		},
		"leader goes, a child ignores term": {
			`sh -c 'trap "" TERM; echo $0 $$; while :; do sleep 600; done' $$ & wait`, 200 * time.Millisecond,
			process.Exit{Code: -1, Signal: syscall.SIGTERM, Stopped: true, Killed: true},
			200 * time.Millisecond,
		},
		"stopped by job control": {
			`echo $$; kill -STOP $$`, 30 * time.Second,
			process.Exit{Code: -1, Signal: syscall.SIGTERM, Stopped: true},
			0,
		},
		"a group of its own": {
			`timeout 600 sh -c 'echo $0 $$ $PPID; sleep 600' $$; sleep 600`, 30 * time.Second,
			process.Exit{Code: -1, Signal: syscall.SIGTERM, Stopped: true},
			0,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sh(tt.script)
			s.Grace = tt.grace
			ctx := s.stopOnLine(t, errEnough)
			begin := time.Now()
			got, err := s.Run(ctx)
			took := time.Since(begin)
			if err != nil || ending(got) != tt.want {
				t.Errorf("exit = %+v, %v; want %+v", got, err, tt.want)
			}
			if took < tt.least || took > 20*time.Second {
				t.Errorf("took %v, want %v or little more", took, tt.least)
			}
			line, _, _ := strings.Cut(s.out.String(), "\n")
			mustBeGone(t, pids(t, line))
		})
	}
}

func TestKill(t *testing.T) {
	t.Parallel()
	const script = `trap 'trap "" TERM; echo polite' TERM; echo $$; while :; do sleep 600; done`
	t.Run("with the end of the context", func(t *testing.T) {
		t.Parallel()
		kill := make(chan struct{})
		close(kill)
		s := sh(script)
		s.Grace, s.Kill = time.Hour, kill
		exit, err := s.Run(s.stopOnLine(t, errEnough))
		if err != nil || exit.Signal != syscall.SIGKILL || !exit.Killed || strings.Contains(s.out.String(), "polite") {
			t.Errorf("exit = %+v, %v, output %q", exit, err, s.out.String())
		}
	})
	t.Run("when TERM was not enough", func(t *testing.T) {
		t.Parallel()
		kill := make(chan struct{})
		s := sh(script)
		s.Grace, s.Kill = time.Hour, kill
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		s.onLines(func(line string) {
			switch line {
			case "polite":
				close(kill)
			default:
				cancel(errEnough)
			}
		})
		exit, err := s.Run(ctx)
		if err != nil || exit.Signal != syscall.SIGKILL || !exit.Killed {
			t.Errorf("exit = %+v, %v", exit, err)
		}
	})
}

// TestStopForkBomb ends a job whose processes replace themselves all the time.
func TestStopForkBomb(t *testing.T) {
	t.Parallel()
	const bomb = `trap "" TERM; i=0; while [ $i -lt 6 ]; do (while :; do (:); done) & i=$((i+1)); done; echo $$; wait`
	s := sh(bomb)
	s.Grace = 50 * time.Millisecond
	var session int
	s.Started = func(pid int) { session = pid }
	exit, err := s.Run(s.stopOnLine(t, errEnough))
	if err != nil || !exit.Killed {
		t.Errorf("exit = %+v, %v", exit, err)
	}
	if err := unix.Kill(-session, 0); !errors.Is(err, unix.ESRCH) && len(process.Living(session)) > 0 {
		t.Errorf("the session is still there: %v", process.Living(session))
	}
}

func TestLeftBehind(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		script string
		want   process.Exit
	}{
		"a child":                  {`sleep 600 & echo $!`, process.Exit{Left: 1}},
		"with its output closed":   {`sleep 600 >&- 2>&- & echo $!; exit 4`, process.Exit{Code: 4, Left: 1}},
		"with nothing inherited":   {`sleep 600 <&- >&- 2>&- 3>&- & echo $!`, process.Exit{Left: 1}},
		"two, and one ignores":     {`(trap "" TERM; exec sleep 600) & a=$!; sleep 600 & sleep .05; echo $a $!`, process.Exit{Left: 2, Killed: true}},
		"in a group of its own":    {`timeout 600 sleep 600 & echo $!`, process.Exit{Left: 2}},
		"one that ends in time":    {`(sleep .05; echo last) & echo $!`, process.Exit{}},
		"a zombie of nobody's":     {`(sleep .01 & exec sleep .05) & echo $!`, process.Exit{}},
		"nobody, though it was so": {`sleep 0 & echo $!; wait`, process.Exit{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sh(tt.script)
			s.Grace = 300 * time.Millisecond
			got := s.run(t)
			if ending(got) != tt.want {
				t.Errorf("exit = %+v, want %+v", got, tt.want)
			}
			line, rest, _ := strings.Cut(s.out.String(), "\n")
			mustBeGone(t, pids(t, line))
			if strings.Contains(tt.script, "echo last") && rest != "last\n" {
				t.Errorf("the last words are lost: %q", s.out.String())
			}
		})
	}
}

// TestEscaped lets a process go that left the session, and does not wait for it to close the output.
func TestEscaped(t *testing.T) {
	t.Parallel()
	s := sh(`setsid sh -c 'echo $$; exec sleep 600' & sleep .1; echo last`)
	begin := time.Now()
	exit := s.run(t)
	if !exit.Held || exit.Left != 0 || time.Since(begin) > 3*time.Second {
		t.Errorf("exit = %+v after %v", exit, time.Since(begin))
	}
	first, rest, _ := strings.Cut(s.out.String(), "\n")
	escaped := pids(t, first)
	if !running(escaped[0]) || rest != "last\n" {
		t.Errorf("process %v should run on; output %q", escaped, s.out.String())
	}
	_ = unix.Kill(escaped[0], syscall.SIGKILL)
}

// TestBoundOfTheEnd measures that Run keeps its promise when everything takes as long as it can.
func TestBoundOfTheEnd(t *testing.T) {
	t.Parallel()
	s := sh(`trap "" TERM; setsid sleep 3 & echo $$; while :; do sleep 600; done`)
	s.Grace = 300 * time.Millisecond
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var stopped time.Time
	s.onLines(func(string) { stopped = time.Now(); cancel(errEnough) })
	exit, err := s.Run(ctx)
	took := time.Since(stopped)
	if err != nil || !exit.Killed || !exit.Held || took > s.Grace+process.EndLimit+process.DrainLimit {
		t.Errorf("exit = %+v, %v after %v", exit, err, took)
	}
}

// TestFlood reads 100 MB that nobody wants.
func TestFlood(t *testing.T) {
	t.Parallel()
	s := sh(`head -c 100000000 /dev/zero; head -c 1000000 /dev/zero >&2`)
	var n, m int64
	s.Stdout = func(r io.Reader) { n, _ = io.Copy(io.Discard, r) }
	s.Stderr = func(r io.Reader) { m, _ = io.Copy(io.Discard, r) }
	if s.run(t); n != 100_000_000 || m != 1_000_000 {
		t.Errorf("read %d and %d bytes", n, m)
	}
}

// ending is how a program ended, without what it used.
func ending(exit process.Exit) process.Exit {
	exit.User, exit.System, exit.PeakBytes = 0, 0, 0
	return exit
}

func TestUsage(t *testing.T) {
	t.Parallel()
	s := sh("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done")
	exit := s.run(t)
	if exit.User <= 0 || exit.User > time.Minute || exit.PeakBytes < 100<<10 || exit.PeakBytes > 1<<30 {
		t.Errorf("user %v, system %v, peak %d bytes", exit.User, exit.System, exit.PeakBytes)
	}
}
