package cli

import (
	"errors"
	"fmt"
)

// Exit codes, in one place.
const (
	// ExitDone: done as asked: a deadline, idle, a signal, a stop; nothing found.
	ExitDone = 0
	// ExitFailure: it failed; also after QUIT.
	ExitFailure = 1
	// ExitUsage: the command line or the configuration is wrong, and nothing was started. For plan: there are changes.
	ExitUsage = 2
	// ExitAbandoned: shut down, but some runs had to be abandoned; also after a second signal that forced it.
	ExitAbandoned = 3
	// ExitNotRunning: status, of an app that does not run.
	ExitNotRunning = 4
)

// exit is an error that says which code the process ends with. A nil err is said already.
type exit struct {
	code int
	err  error
}

// Error implements error.
func (e *exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

// Unwrap gives the cause.
func (e *exit) Unwrap() error { return e.err }

// usage is an error of the command line.
func usage(format string, args ...any) error {
	return &exit{ExitUsage, fmt.Errorf(format, args...)}
}

// code is what the process ends with after err.
func code(err error) int {
	var e *exit
	switch {
	case err == nil:
		return ExitDone
	case errors.As(err, &e):
		return e.code
	}
	return ExitFailure
}
