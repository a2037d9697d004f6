package smtp

import (
	"fmt"
	"strings"

	gosmtp "github.com/emersion/go-smtp"

	"github.com/peakd/peakd/daemons/dirqueue/deliver"
)

// verdict judges an attempt in which every recipient got an answer.
func (t *transaction) verdict() deliver.Result {
	if len(t.refused) == 0 {
		return deliver.Result{Verdict: deliver.Done}
	}
	verdict := deliver.Permanent
	worst := t.refused[0]
	for _, r := range t.refused {
		if r.err.Temporary() {
			verdict, worst = deliver.Retry, r
			break
		}
	}
	reason := worst.text()
	if n := len(t.refused) - 1; n > 0 {
		reason += fmt.Sprintf(", and %d more", n)
	}
	switch have := len(t.envelope.to) - len(t.refused); {
	case have == 1:
		reason += "; the other one has the mail"
	case have > 1:
		reason += fmt.Sprintf("; the %d others have the mail", have)
	}
	if t.forgets && len(t.accepted) > 0 {
		verdict = deliver.Permanent // again would be twice
		reason += ", but that could not be remembered: do not try the file again as it is"
	}
	r := t.answer(verdict, reason)
	r.Detail = deliver.Head(t.report(), t.env.Mask)
	return r
}

// report lists everybody, those without the mail first.
func (t *transaction) report() []byte {
	var b strings.Builder
	for _, r := range t.refused {
		b.WriteString(r.text() + "\n")
	}
	for _, to := range t.accepted {
		b.WriteString("<" + to + ">: delivered\n")
	}
	for _, to := range t.envelope.to {
		if t.memory.had(to) {
			b.WriteString("<" + to + ">: delivered in an earlier attempt\n")
		}
	}
	return []byte(b.String())
}

func (r refusal) text() string { return "<" + r.to + ">: " + said(r.err) }

// said is an answer as the server gave it.
func said(err *gosmtp.SMTPError) string {
	text := fmt.Sprintf("%03d ", err.Code)
	if code := err.EnhancedCode; code[0] > 0 {
		text += fmt.Sprintf("%d.%d.%d ", code[0], code[1], code[2])
	}
	return text + err.Message
}
