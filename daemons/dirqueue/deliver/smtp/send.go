package smtp

import (
	"context"
	"errors"
	"fmt"
	"io"

	gosmtp "github.com/emersion/go-smtp"
)

// send tries the open recipients. clean tells that the session is ready for the next mail as it is.
func (t *transaction) send(ctx context.Context, s *session) (clean bool, err error) {
	if began, err := t.begin(s.client); err != nil || !began {
		return true, err // after a refused MAIL there is nothing to undo
	}
	offered, err := t.offer(s.client)
	if err != nil || len(offered) == 0 {
		return false, err
	}
	if err := t.prepare(offered); err != nil {
		return false, err
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	return t.data(s.client, offered)
}

// begin says whom the mail is from. It returns false if the server refuses, for all.
func (t *transaction) begin(c *gosmtp.Client) (bool, error) {
	opts := gosmtp.MailOptions{Size: t.message.size, UTF8: !t.envelope.isASCII()}
	if ok, _ := c.Extension("SMTPUTF8"); !ok && opts.UTF8 {
		return false, malformed("the mail has an address beyond ASCII, and the server does not take such (SMTPUTF8)")
	}
	if ok, _ := c.Extension("8BITMIME"); !ok && t.message.eight {
		return false, malformed("the mail has bytes beyond ASCII, and the server does not take such (8BITMIME)")
	}
	refusal, err := judge(c.Mail(t.envelope.from, &opts), atMail)
	if refusal != nil {
		t.refuse(refusal, t.open...)
		t.open = nil
	}
	return err == nil && refusal == nil, err
}

// offer says whom it is for, and returns those whom the server takes.
func (t *transaction) offer(c *gosmtp.Client) (offered []string, err error) {
	for len(t.open) > 0 {
		to := t.open[0]
		refusal, err := judge(c.Rcpt(to, nil), within)
		switch {
		case err != nil:
			return nil, err
		case refusal != nil:
			t.refuse(refusal, to)
		default:
			offered = append(offered, to)
		}
		t.open = t.open[1:]
	}
	return offered, nil
}

// prepare sees to it that those who will have the mail can be remembered, where not all will.
func (t *transaction) prepare(offered []string) error {
	if len(t.refused) == 0 {
		return nil
	}
	err := t.memory.expect(offered)
	if err == nil {
		return nil
	}
	for _, r := range t.refused {
		if r.err.Temporary() || tooMany(r.err) {
			return fmt.Errorf("not yet for %s, so for nobody: who has the mail could not be remembered (%w)", r.text(), err)
		}
	}
	t.forgets = true
	return nil
}

// data sends the mail itself.
func (t *transaction) data(c *gosmtp.Client, offered []string) (clean bool, err error) {
	w, err := c.Data()
	refusal, err := judge(err, within)
	switch {
	case err != nil:
		return false, err
	case refusal != nil:
		t.refuse(refusal, offered...)
		return false, nil
	}
	if err := t.copy(w); err != nil {
		return false, err // without its end, the mail is none
	}
	_, err = w.CloseWithResponse()
	if refusal, err = judge(err, atEnd); err != nil {
		return false, err
	}
	if refusal != nil {
		t.refuse(refusal, offered...)
		return true, nil
	}
	if len(t.refused) > 0 && !t.forgets {
		t.forgets = t.memory.remember(offered) != nil
	}
	t.accepted = append(t.accepted, offered...)
	return true, nil
}

// copy writes the mail, but for the fields that are not sent.
func (t *transaction) copy(w io.Writer) error {
	for _, part := range t.message.sends {
		from := &failing{Reader: io.NewSectionReader(t.file, part.from, part.to-part.from)}
		if _, err := io.Copy(w, from); err != nil {
			if from.err != nil {
				return fmt.Errorf("read mail: %w", from.err)
			}
			return &lostError{within, err}
		}
	}
	return nil
}

// failing remembers that it was the reading that failed.
type failing struct {
	io.Reader
	err error
}

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

func (t *transaction) refuse(err *gosmtp.SMTPError, recipients ...string) {
	for _, to := range recipients {
		t.refused = append(t.refused, refusal{to: to, err: err})
	}
}

// judge tells an answer about the mail, which is a refusal, from what ends the attempt.
func judge(err error, at stage) (*gosmtp.SMTPError, error) {
	var answer *gosmtp.SMTPError
	switch {
	case err == nil:
		return nil, nil
	case !errors.As(err, &answer):
		return nil, &lostError{at, err}
	case answer.Code/100 == 2:
		return nil, nil // unusual, but a yes
	case about(answer.Code):
		return answer, nil
	}
	return nil, &tripError{at, answer}
}

// about tells whether an answer can be about the mail. The others say that the service ends (421), or that it wants
// encryption or authentication first or has none.
func about(code int) bool {
	switch code {
	case 421, 454, 530, 534, 535, 538:
		return false
	}
	return code/100 == 4 || code/100 == 5
}
