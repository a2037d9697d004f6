package exec

import (
	"context"
	"fmt"
	"slices"

	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/exec/process"
)

// ExitError is a run that failed by its own account: an exit code that is not a success, a signal, or
// a reported failure.
type ExitError struct {
	// Exit is how it ended.
	Exit process.Exit
	// Reported tells that the job reported the failure itself; Detail is then its reason, else the last
	// line it wrote to stderr. Secrets are masked.
	Reported bool
	Detail   string
}

// Error implements error: "exit 12: no such table".
func (e *ExitError) Error() string {
	switch {
	case e.Reported && e.Exit.Code == 0:
		return e.Detail
	case e.Detail == "":
		return e.Exit.String()
	}
	return e.Exit.String() + ": " + e.Detail
}

// ExitCode is the exit code, or -1 if a signal ended the job.
func (e *ExitError) ExitCode() int { return e.Exit.Code }

// outcome decides what a run was. In this order: a run that was stopped says why; an exit code that is
// neither a success nor idle is a failure; a reported failure is one whatever the exit code; an idle
// exit code is idle; and with a success the last reported outcome counts, if any, else it worked.
func (s *Settings) outcome(exit process.Exit, said *report, lastError string) (schedule.Result, error) {
	success := slices.Contains(s.SuccessExitCodes, exit.Code)
	idle := slices.Contains(s.IdleExitCodes, exit.Code)
	reported := said.result.Outcome == schedule.Failed
	switch {
	case reported:
		return failed(exit, true, said.shownReason())
	case exit.Signal != 0 || !success && !idle:
		return failed(exit, false, lastError)
	case idle:
		return schedule.Result{Outcome: schedule.Idle}, nil
	case said.result.Outcome != 0:
		return said.result, nil
	}
	return schedule.Result{Outcome: schedule.Worked}, nil
}

func failed(exit process.Exit, reported bool, detail string) (schedule.Result, error) {
	return schedule.Result{Outcome: schedule.Failed}, &ExitError{Exit: exit, Reported: reported, Detail: detail}
}

// stopped is the error of a run that was ended from outside; it wraps the reason for that.
func stopped(ctx context.Context, exit process.Exit, lastError string) error {
	how := "ended by TERM"
	if exit.Killed {
		how = "ended by KILL"
	}
	if lastError != "" {
		how += ": " + lastError
	}
	return fmt.Errorf("%w; %s", context.Cause(ctx), how)
}
