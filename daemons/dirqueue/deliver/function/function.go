// Package function delivers files by functions of the program that peakd is built into: deliver "go".
package function

import (
	"context"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/program"
)

// Func delivers one file. It reads what job.Open returns, and keeps nothing of the job when it returns. It returns soon after ctx has
// ended. As many calls run at once as the queue's concurrency says. A panic is a [deliver.Retry], and so
// is a result without a verdict.
type Func func(ctx context.Context, job deliver.Job) deliver.Result

// Functions are the functions that a program offers, by the names that a configuration has for them.
type Functions map[string]Func

// Settings are those of a deliver "go" block.
type Settings struct {
	Function string `hcl:"function,required" doc:"the name under which the program offers the function"`
}

// Defaults are the settings that a configuration leaves out.
func Defaults() Settings { return Settings{} }

// Validate tells what is wrong with the settings by themselves. Whether there is such a function only
// [Functions.Check] knows.
func (s *Settings) Validate() []*daemonapp.FieldError {
	var f program.Faults
	if s.Function == "" {
		f.Add("function", "write the name of a function that this program offers", "the name is empty")
	}
	return f
}

// Check tells whether the function is offered.
func (fs Functions) Check(s Settings) []*daemonapp.FieldError {
	f := program.Faults(s.Validate())
	if fs[s.Function] == nil && len(f) == 0 {
		f.Add("function", fs.hint(), "this program offers no function %q", s.Function)
	}
	return f
}

func (fs Functions) hint() string {
	if len(fs) == 0 {
		return "it offers none; functions are given where the daemon type is registered"
	}
	return "it offers " + strings.Join(slices.Sorted(maps.Keys(fs)), ", ")
}

// Deliverer calls a function.
type Deliverer struct {
	name string
	call Func
	env  deliver.Env
}

var _ deliver.Deliverer = (*Deliverer)(nil)

// New makes a deliverer; the error is that of Check.
func (fs Functions) New(s Settings, env deliver.Env) (*Deliverer, error) {
	if err := program.Faults(fs.Check(s)).Err(); err != nil {
		return nil, fmt.Errorf("deliver by go: %w", err)
	}
	return &Deliverer{name: s.Function, call: fs[s.Function], env: env.Filled()}, nil
}

// Deliver implements [deliver.Deliverer].
func (d *Deliverer) Deliver(ctx context.Context, jobs []deliver.Job, done func(int, deliver.Result)) {
	deliver.Each(ctx, d.env.Concurrency, jobs, done, d.attempt)
}

// Close implements [deliver.Deliverer].
func (d *Deliverer) Close() error { return nil }

// attempt brings what a function says into the form of a result.
func (d *Deliverer) attempt(ctx context.Context, job *deliver.Job) deliver.Result {
	r := d.contained(ctx, job)
	if r.Verdict == deliver.Done {
		return deliver.Result{Verdict: deliver.Done}
	}
	if r.Verdict == 0 || r.Verdict > deliver.Trip {
		r.Verdict, r.Reason = deliver.Retry, fmt.Sprintf("the function %s gave no verdict. %s", d.name, r.Reason)
	}
	r.Reason = deliver.Sentence(d.env.Mask(r.Reason))
	r.Detail = deliver.Head(r.Detail, d.env.Mask)
	r.After = max(0, r.After)
	return r
}

func (d *Deliverer) contained(ctx context.Context, job *deliver.Job) (r deliver.Result) {
	defer func() {
		if p := recover(); p != nil {
			r = deliver.Result{
				Verdict: deliver.Retry, Reason: fmt.Sprintf("the function %s panicked: %v", d.name, p), Detail: debug.Stack(),
			}
		}
	}()
	return d.call(ctx, *job)
}
