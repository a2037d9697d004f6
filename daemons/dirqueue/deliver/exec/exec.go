package exec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/program"
	"github.com/peakd/peakd/daemons/exec/process"
)

// Deliverer starts a program for each file.
type Deliverer struct {
	settings Settings
	env      deliver.Env
}

var _ deliver.Deliverer = (*Deliverer)(nil)

// New makes a deliverer; the error is that of the settings. A program that makes one must call
// process.Trampoline first in main.
func New(s Settings, env deliver.Env) (*Deliverer, error) {
	if err := program.Faults(s.Validate()).Err(); err != nil {
		return nil, fmt.Errorf("deliver by exec: %w", err)
	}
	return &Deliverer{settings: s, env: env.Filled()}, nil
}

// Deliver implements [deliver.Deliverer].
func (d *Deliverer) Deliver(ctx context.Context, jobs []deliver.Job, done func(int, deliver.Result)) {
	deliver.Each(ctx, d.env.Concurrency, jobs, done, d.attempt)
}

// Close implements [deliver.Deliverer]; nothing lives longer than a file's attempt.
func (d *Deliverer) Close() error { return nil }

// errTimeout ends a program that takes too long.
var errTimeout = errors.New("it took too long")

func (d *Deliverer) attempt(ctx context.Context, job *deliver.Job) deliver.Result {
	var stderr deliver.Tail
	var stdin *os.File
	if d.settings.Input == InputStdin {
		file, err := job.Open()
		if err != nil {
			return deliver.Unopened(err)
		}
		stdin = file
	}
	cmd, err := d.command(ctx, job, stdin)
	if err != nil {
		return deliver.Result{Verdict: deliver.Trip, Reason: d.sentence(err.Error())}
	}
	cmd.Stderr = program.Into(&stderr)
	limited, stop := deliver.Limited(ctx, d.env.Clock, d.settings.Timeout, errTimeout)
	exit, err := cmd.Run(limited)
	cause := context.Cause(limited)
	stop()
	r := d.result(ctx, exit, err, cause)
	if r.Verdict != deliver.Done {
		r.Detail = stderr.Detail(d.env.Mask)
		r.Reason = because(r.Reason, r.Detail)
	}
	return r
}

// because adds the last line that the program wrote to standard error, which mostly says why, to a reason.
func because(reason string, detail []byte) string {
	text := bytes.TrimSpace(detail)
	if last := deliver.Sentence(string(text[bytes.LastIndexByte(text, '\n')+1:])); last != "" {
		return deliver.Sentence(reason + ": " + last)
	}
	return reason
}

// command is the program for one file. The path is absolute, so that no name can look like an option.
func (d *Deliverer) command(ctx context.Context, job *deliver.Job, stdin *os.File) (*process.Command, error) {
	vars := map[string]string{
		"PEAKD_QUEUE": job.Queue, "PEAKD_FILE": job.Path, "PEAKD_NAME": job.Name,
		"PEAKD_ATTEMPT": strconv.Itoa(job.Attempt), "PEAKD_ID": job.ID,
	}
	var args []string
	if stdin == nil {
		args = []string{job.Path}
	}
	cmd, err := d.settings.Prepare(d.env.Clock, vars, args...)
	if err != nil {
		return nil, err
	}
	cmd.Stdin = stdin
	if job.Lock != nil {
		cmd.Extra = []*os.File{job.Lock}
	}
	cmd.Kill = program.Killed(ctx)
	return cmd, nil
}

// result judges an attempt. cause is why it was stopped, if it was.
func (d *Deliverer) result(ctx context.Context, exit process.Exit, err, cause error) deliver.Result {
	var start *process.StepError
	var alive *process.AliveError
	switch {
	case errors.As(err, &start) || errors.Is(err, process.ErrNoTrampoline):
		return d.answer(deliver.Trip, err.Error())
	case exit.Stopped && errors.Is(cause, errTimeout):
		return d.answer(deliver.Retry, fmt.Sprintf("%s took longer than %s", d.settings.Command[0], d.settings.Timeout))
	case ctx.Err() != nil && (exit.Stopped || err != nil):
		return deliver.Cancelled(ctx)
	case err != nil && (exit.Stopped || !errors.As(err, &alive)): // a child that cannot be ended is no word on the file
		return d.answer(deliver.Retry, err.Error())
	}
	return d.judge(exit)
}

func (d *Deliverer) judge(exit process.Exit) deliver.Result {
	s := &d.settings
	switch {
	case has(s.DoneExitCodes, exit.Code):
		return deliver.Result{Verdict: deliver.Done}
	case has(s.PermanentExitCodes, exit.Code):
		return d.answer(deliver.Permanent, exit.String())
	case has(s.TripExitCodes, exit.Code):
		return d.answer(deliver.Trip, exit.String())
	}
	return d.answer(deliver.Retry, exit.String())
}

func (d *Deliverer) answer(v deliver.Verdict, reason string) deliver.Result {
	return deliver.Result{Verdict: v, Reason: d.sentence(reason)}
}

func (d *Deliverer) sentence(text string) string { return deliver.Sentence(d.env.Mask(text)) }
