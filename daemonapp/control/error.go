package control

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// Error is a request that was not carried out, as the server answers it and as the client returns it. A function of
// [Options] may return one, too, to choose the status and the hint.
type Error struct {
	// Status is the HTTP status; 0 counts as 500. It is not in the body.
	Status int `json:"-"`
	// Message says what is wrong, Hint what to do about it.
	Message string `json:"error"`
	Hint    string `json:"hint,omitempty"`
	// Diagnostics is the text, of many lines, on all that is wrong with a configuration.
	Diagnostics string `json:"diagnostics,omitempty"`
	// Results tell of each daemon, where some or all of several refused.
	Results []Result `json:"results,omitempty"`
}

// Error implements error: the message, and the hint after a semicolon.
func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + "; " + e.Hint
}

// The statuses that the API answers with besides 200.
const (
	statusBadRequest  = http.StatusBadRequest
	statusForbidden   = http.StatusForbidden
	statusNotFound    = http.StatusNotFound
	statusWrongMethod = http.StatusMethodNotAllowed
	statusConflict    = http.StatusConflict
	statusTooLarge    = http.StatusRequestEntityTooLarge
	statusInvalid     = http.StatusUnprocessableEntity
	statusInternal    = http.StatusInternalServerError
	statusEnding      = http.StatusServiceUnavailable
)

// asError makes an error of any.
func asError(err error) *Error {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e
	}
	return &Error{Status: statusInternal, Message: err.Error()}
}

// refusal is why a daemon was not steered, in words for people, with the way out. The name that errors of the app begin
// with is left out, as it stands beside them.
func refusal(name string, err error) (message, hint string) {
	for _, known := range []struct {
		err  error
		hint string
	}{
		{schedule.ErrPaused, "resume " + name},
		{schedule.ErrDisarmed, "mend the cause, then arm " + name},
		{schedule.ErrStuck, "wait until that run has returned, or restart the app"},
		{schedule.ErrFinished, ""},
		{daemonapp.ErrNotRunning, ""},
		{daemonapp.ErrNotPaused, ""},
		{daemonapp.ErrUnknown, "it has just been removed"},
	} {
		if errors.Is(err, known.err) {
			return known.err.Error(), known.hint
		}
	}
	if errors.Is(err, daemonapp.ErrRan) {
		return "the app has stopped", ""
	}
	return err.Error(), ""
}

func forbidden(hint, format string, args ...any) *Error {
	return &Error{Status: statusForbidden, Message: fmt.Sprintf(format, args...), Hint: hint}
}

// Errors of verbs that mean nothing to a daemon.
var (
	errNotDisarmed     = errors.New("the daemon is not disarmed")
	errDisarmedAlready = errors.New("the daemon is disarmed already")
)

// reloadError is the error of a reload, with the text on what is wrong with the configuration if that is what it is.
func reloadError(err error) error {
	e, counted := (*Error)(nil), interface{ Errors() int }(nil)
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, daemonapp.ErrRan):
		return &Error{Status: statusConflict, Message: "the app is stopping"}
	case errors.As(err, &counted):
		return &Error{
			Status: statusInvalid, Message: fmt.Sprintf("the configuration is invalid (%d errors), and everything stays as it was", counted.Errors()),
			Diagnostics: err.Error(),
		}
	}
	return &Error{Status: statusInternal, Message: err.Error(), Hint: "everything stays as it was"}
}
