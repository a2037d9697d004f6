package smtp

import (
	"context"
	"errors"
	"os"

	gosmtp "github.com/emersion/go-smtp"

	"github.com/peakd/peakd/daemons/dirqueue/deliver"
)

// transaction is one attempt to send a mail to those who do not have it.
type transaction struct {
	*Deliverer

	job      *deliver.Job
	file     *os.File
	message  *message
	envelope envelope
	memory   *memory

	open     []string  // recipients without an answer
	accepted []string  // in this attempt
	refused  []refusal // in this attempt
	forgets  bool      // those who have the mail could not be remembered
}

// refusal is a recipient with the server's answer.
type refusal struct {
	to  string
	err *gosmtp.SMTPError
}

// stage is how far a mail was.
type stage uint8

const (
	atMail stage = iota // nobody knew more than the sender
	within
	atEnd // all was sent
)

// lostError says that the session ended in the middle.
type lostError struct {
	stage stage
	err   error
}

func (e *lostError) Error() string {
	if e.stage == atEnd {
		return "the session ended before the server had answered, which may have the mail: " + e.err.Error()
	}
	return "the session ended: " + e.err.Error()
}

func (e *lostError) Unwrap() error { return e.err }

// tripError is an answer that is not about this mail.
type tripError struct {
	stage stage
	err   *gosmtp.SMTPError
}

func (e *tripError) Error() string { return "the server answered " + said(e.err) }

// stale tells whether the error may only mean that the session had ended while it rested.
func stale(err error) bool {
	var gone *lostError
	var trip *tripError
	return errors.As(err, &gone) && gone.stage == atMail || errors.As(err, &trip) && trip.stage == atMail
}

// run sends the mail in as many rounds as the server needs: one that takes only so many recipients at a time gets
// the others in the next.
func (t *transaction) run(ctx context.Context) deliver.Result {
	for _, to := range t.envelope.to {
		if !t.memory.has(to) {
			t.open = append(t.open, to)
		}
	}
	for len(t.open) > 0 {
		before := len(t.accepted)
		if err := t.round(ctx); err != nil {
			return t.failed(ctx, err)
		}
		if len(t.accepted) > before && ctx.Err() == nil {
			t.offerAgain()
		}
	}
	return t.verdict()
}

// offerAgain opens those who only were too many.
func (t *transaction) offerAgain() {
	var kept []refusal
	for _, r := range t.refused {
		if tooMany(r.err) {
			t.open = append(t.open, r.to)
		} else {
			kept = append(kept, r)
		}
	}
	t.refused = kept
}

// tooMany tells whether the server has enough recipients: 452, and 552 of old (RFC 5321, section 4.5.3.1.10).
func tooMany(err *gosmtp.SMTPError) bool { return err.Code == 452 || err.Code == 552 }

// round is one transaction of the protocol. Afterwards every recipient has an answer, unless there is an error.
func (t *transaction) round(ctx context.Context) error {
	s := t.pool.take()
	if s != nil {
		if err := t.use(ctx, s); !stale(err) {
			return err
		}
		t.pool.empty() // the others are older
	}
	s, err := t.connect(ctx)
	if err != nil {
		return &unreachableError{err}
	}
	return t.use(ctx, s)
}

// unreachableError says that there was no session at all.
type unreachableError struct{ err error }

func (e *unreachableError) Error() string { return e.err.Error() }

func (e *unreachableError) Unwrap() error { return e.err }

// use sends over a session, which is then kept or dropped. When ctx ends, what is under way has a moment left.
func (t *transaction) use(ctx context.Context, s *session) error {
	stop := context.AfterFunc(ctx, func() { s.conn.cut(t.env.Clock.Now().Add(lastWords)) })
	clean, err := t.send(ctx, s)
	switch ended := !stop(); {
	case err == nil && clean && !ended:
		t.pool.put(s)
	case err == nil && !ended && s.client.Reset() == nil:
		t.pool.put(s)
	default:
		s.drop()
	}
	return err
}

// failed judges an attempt that ended before every recipient had an answer.
func (t *transaction) failed(ctx context.Context, err error) deliver.Result {
	var gone *lostError
	var trip *tripError
	var off *unreachableError
	isGone := errors.As(err, &gone)
	switch {
	case ctx.Err() != nil && !(isGone && gone.stage == atEnd):
		return deliver.Cancelled(ctx)
	case errors.As(err, &trip), errors.As(err, &off), isGone && gone.stage == atMail:
		return t.answer(deliver.Trip, err.Error())
	}
	return t.unreadable(err)
}
