package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"

	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/program"
)

// Deliverer sends each file as a mail.
type Deliverer struct {
	settings Settings
	env      deliver.Env
	tls      *tls.Config
	pool     pool
}

var _ deliver.Deliverer = (*Deliverer)(nil)

// New makes a deliverer; the error is that of the settings, or of the certificates.
func New(s Settings, env deliver.Env) (*Deliverer, error) {
	if err := program.Faults(s.Validate()).Err(); err != nil {
		return nil, fmt.Errorf("deliver by smtp: %w", err)
	}
	config, err := tlsConfig(&s)
	if err != nil {
		return nil, fmt.Errorf("deliver by smtp: %w", err)
	}
	d := &Deliverer{settings: s, env: env.Filled(), tls: config}
	d.pool.clock = d.env.Clock
	return d, nil
}

// Deliver implements [deliver.Deliverer]. As many connections are open as the environment's concurrency says.
func (d *Deliverer) Deliver(ctx context.Context, jobs []deliver.Job, done func(int, deliver.Result)) {
	d.pool.wake()
	deliver.Each(ctx, d.env.Concurrency, jobs, done, d.attempt)
	d.pool.rest()
}

// Close implements [deliver.Deliverer]: it ends the connections.
func (d *Deliverer) Close() error {
	d.pool.wake()
	d.pool.empty()
	return nil
}

func (d *Deliverer) attempt(ctx context.Context, job *deliver.Job) deliver.Result {
	file, err := job.Open()
	if err != nil {
		return deliver.Unopened(err)
	}
	m, err := readMessage(io.NewSectionReader(file, 0, job.Size))
	if err != nil {
		return d.unreadable(err)
	}
	e, err := d.settings.envelope(m)
	if err != nil {
		return d.unreadable(err)
	}
	known, err := remembered(file)
	if err != nil {
		return d.unreadable(err)
	}
	t := &transaction{Deliverer: d, job: job, file: file, message: m, envelope: e, memory: known}
	return t.run(ctx)
}

// unreadable judges a file that cannot even be offered to a server.
func (d *Deliverer) unreadable(err error) deliver.Result {
	var format *formatError
	if errors.As(err, &format) {
		return d.answer(deliver.Permanent, err.Error())
	}
	return d.answer(deliver.Retry, err.Error())
}

func (d *Deliverer) answer(v deliver.Verdict, reason string) deliver.Result {
	return deliver.Result{Verdict: v, Reason: deliver.Sentence(d.env.Mask(reason))}
}
