package exec_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/exec"
)

func TestOutcome(t *testing.T) {
	t.Parallel()
	const say = `say() { echo "$@" >&"$PEAKD_REPORT_FD"; }; `
	tests := map[string]struct {
		script  string
		success []int
		idle    []int
		want    schedule.Result
		err     string
	}{
		"worked":                {script: "exit 0", want: result(schedule.Worked, 0)},
		"success":               {script: "exit 3", success: []int{3, 4}, want: result(schedule.Worked, 0)},
		"zero is no success":    {script: "exit 0", success: []int{3}, want: result(schedule.Failed, 0), err: "exit 0"},
		"idle":                  {script: "exit 75", idle: []int{75}, want: result(schedule.Idle, 0)},
		"failed":                {script: "echo gone >&2; exit 12", idle: []int{75}, want: result(schedule.Failed, 0), err: "exit 12: gone"},
		"failed in silence":     {script: "exit 12", want: result(schedule.Failed, 0), err: "exit 12"},
		"last line":             {script: `printf 'a\n\nno such table\n\n' >&2; exit 1`, want: result(schedule.Failed, 0), err: "exit 1: no such table"},
		"no secrets":            {script: `echo password hunter2 >&2; exit 1`, want: result(schedule.Failed, 0), err: "exit 1: password ***"},
		"signal":                {script: `kill -SEGV $$`, want: result(schedule.Failed, 0), err: "killed by SIGSEGV"},
		"reported":              {script: say + "say worked 7", want: result(schedule.Worked, 7)},
		"reported more":         {script: say + "say worked 7 more", want: result(schedule.More, 7)},
		"reported idle":         {script: say + "say idle", want: result(schedule.Idle, 0)},
		"reported failure":      {script: say + "say failed disk is full hunter2", want: result(schedule.Failed, 0), err: "disk is full ***"},
		"the last one counts":   {script: say + "say failed x; say idle; say progress 1/2; say worked 2; say nonsense", want: result(schedule.Worked, 2)},
		"without a newline":     {script: `printf 'worked 5' >&"$PEAKD_REPORT_FD"`, want: result(schedule.Worked, 5)},
		"code over report":      {script: say + "say worked 7; exit 9", want: result(schedule.Failed, 0), err: "exit 9"},
		"code with a reason":    {script: say + "say failed x; echo y >&2; exit 9", want: result(schedule.Failed, 0), err: "exit 9: x"},
		"idle code over report": {script: say + "say worked 7; exit 75", idle: []int{75}, want: result(schedule.Idle, 0)},
		"failure over idle":     {script: say + "say failed x; exit 75", idle: []int{75}, want: result(schedule.Failed, 0), err: "exit 75: x"},
		"a line too long":       {script: `{ printf 'failed '; head -c 5000 /dev/zero | tr '\0' x; echo; echo idle; } >&3`, want: result(schedule.Idle, 0)},
		"nonsense is ignored":   {script: say + "say; say worked; say worked -1; say worked 1 less; say idle 1; say failed; say progress 1", want: result(schedule.Worked, 0)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := script(tt.script)
			s.IdleExitCodes = tt.idle
			if tt.success != nil {
				s.SuccessExitCodes = tt.success
			}
			got, err := start(t, s).Run(t.Context())
			if text := errorText(err); got != tt.want || text != tt.err {
				t.Errorf("result = %+v, %q; want %+v, %q", got, text, tt.want, tt.err)
			}
		})
	}
}

func result(o schedule.Outcome, count int) schedule.Result {
	return schedule.Result{Outcome: o, Count: count}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestExitErrorTellsTheCode(t *testing.T) {
	t.Parallel()
	_, err := start(t, script("exit 12")).Run(t.Context())
	var exit *exec.ExitError
	var coded interface{ ExitCode() int }
	if !errors.As(err, &exit) || !errors.As(err, &coded) || coded.ExitCode() != 12 {
		t.Errorf("error = %#v", err)
	}
}

func TestStartFails(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*exec.Settings)
		want   string
	}{
		"program":     {func(s *exec.Settings) { s.Command = []string{"no-such-program"} }, "no-such-program"},
		"path":        {func(s *exec.Settings) { s.Command = []string{"/nowhere/x"} }, "/nowhere/x"},
		"directory":   {func(s *exec.Settings) { s.Dir = "/nowhere" }, "/nowhere"},
		"user":        {func(s *exec.Settings) { s.User = "no-such-user" }, "no-such-user"},
		"interpreter": {func(s *exec.Settings) { s.Command, s.Script, s.Interpreter = nil, "x", "nosh" }, "nosh"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := exec.Defaults()
			s.Command = []string{"true"}
			tt.change(&s)
			result, err := start(t, s).Run(t.Context())
			if result.Outcome != schedule.Failed || !strings.Contains(errorText(err), tt.want) {
				t.Errorf("result = %+v, error = %v; want one that names %s", result, err, tt.want)
			}
		})
	}
}

func TestStopped(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		script string
		cause  error
		want   string
	}{
		"timeout": {
			`sh -c 'echo $0 $$ >"$1"; exec sleep 600' $$ "$F" & wait`,
			daemonapp.ErrTimeout, "the run took longer than its timeout; ended by TERM",
		},
		"ignores term": {
			`trap "" TERM; echo still busy >&2; sh -c 'echo $0 $$ >"$1"; while :; do sleep 600; done' $$ "$F" & wait`,
			daemonapp.ErrTimeout, "the run took longer than its timeout; ended by KILL: still busy",
		},
		"success comes too late": {
			`trap "exit 0" TERM; sh -c 'echo $0 $$ >"$1"; exec sleep 600' $$ "$F" & wait`,
			daemonapp.ErrStopping, "the app is stopping; ended by TERM",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := t.TempDir() + "/pids"
			s := script(tt.script)
			s.Env = map[string]string{"F": file}
			b := start(t, s)
			ctx := stopOnFile(t, file, tt.cause)
			_, err := b.Run(ctx)
			if !errors.Is(err, tt.cause) || err.Error() != tt.want {
				t.Errorf("error = %v, want %q", err, tt.want)
			}
			mustBeGone(t, pidsIn(t, file))
		})
	}
}

// TestReturnsInTime: a run that does everything to stay is over within what the app allows.
func TestReturnsInTime(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/pids"
	s := script(`trap "" TERM; setsid sleep 5 & sh -c 'echo $0 $$ >"$1"; while :; do sleep 600; done' $$ "$F" & while :; do wait; done`)
	s.Env = map[string]string{"F": file}
	b := start(t, s)
	ctx := stopOnFile(t, file, daemonapp.ErrTimeout)
	ended := make(chan time.Time, 1)
	context.AfterFunc(ctx, func() { ended <- time.Now() })
	_, err := b.Run(ctx)
	if took := time.Since(<-ended); err == nil || took > 400*time.Millisecond+b.ReturnGrace() {
		t.Errorf("returned %v after the end of its context, error %v", took, err)
	}
	mustBeGone(t, pidsIn(t, file))
}

func TestLeftBehindIsTold(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/pids"
	s := script(`sleep 600 & a=$!; sleep 600 & echo $a $! >"$F"`)
	s.Env = map[string]string{"F": file}
	b := start(t, s)
	if got := b.ok(t); got.Outcome != schedule.Worked {
		t.Errorf("result = %+v", got)
	}
	mustBeGone(t, pidsIn(t, file))
	left := b.logs.FilterMessage("left_behind").All()
	if len(left) != 1 || left[0].ContextMap()["processes"] != int64(2) {
		t.Errorf("logged %v", left)
	}
}

func TestStartsAndStops(t *testing.T) {
	t.Parallel()
	b := start(t, script(`sleep 600`))
	for i := range 100 {
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Duration(i)*50*time.Microsecond, daemonapp.ErrStopping)
		if _, err := b.Run(ctx); !errors.Is(err, daemonapp.ErrStopping) {
			t.Errorf("error = %v", err)
		}
		cancel()
	}
	b = start(t, script(`exit 0`))
	for range 50 {
		b.ok(t)
	}
}
