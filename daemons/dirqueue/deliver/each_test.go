package deliver_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/delivertest"
)

// each is Each as a deliverer.
type each struct {
	n       int
	attempt func(context.Context, *deliver.Job) deliver.Result
}

func (e each) Deliver(ctx context.Context, jobs []deliver.Job, done func(int, deliver.Result)) {
	deliver.Each(ctx, e.n, jobs, done, e.attempt)
}

func (e each) Close() error { return nil }

func named(names ...string) []deliver.Job {
	jobs := make([]deliver.Job, len(names))
	for i, name := range names {
		jobs[i].Name = name
	}
	return jobs
}

func TestEachEndsABatchAfterTwoTrips(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ jobs, want, attempted string }{
		"none":             {"", "", ""},
		"all":              {"d d d", "done done done", "d d d"},
		"one trip":         {"t d t d", "trip done trip done", "t d t d"},
		"two trips":        {"d t t d p", "done trip trip trip trip", "d t t"},
		"others between":   {"t p t r t d", "trip permanent trip retry trip done", "t p t r t d"},
		"none of the file": {"t t", "trip trip", "t t"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			verdicts := map[string]deliver.Verdict{"d": deliver.Done, "t": deliver.Trip, "p": deliver.Permanent, "r": deliver.Retry}
			var attempted []string
			d := each{1, func(_ context.Context, job *deliver.Job) deliver.Result {
				attempted = append(attempted, job.Name)
				return deliver.Result{Verdict: verdicts[job.Name]}
			}}
			got := delivertest.Verdicts(delivertest.Deliver(t.Context(), t, d, named(strings.Fields(tt.jobs)...)))
			if got != tt.want || strings.Join(attempted, " ") != tt.attempted {
				t.Errorf("got %s, attempted %v; want %s, %s", got, attempted, tt.want, tt.attempted)
			}
		})
	}
}

func TestEachKeepsToItsNumber(t *testing.T) {
	t.Parallel()
	const n = 3
	var inside, most atomic.Int32
	full := make(chan struct{})
	d := each{n, func(context.Context, *deliver.Job) deliver.Result {
		now := inside.Add(1)
		defer inside.Add(-1)
		for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
		}
		if now == n {
			select {
			case <-full:
			default:
				close(full)
			}
		}
		<-full // all n are at it at once
		return deliver.Result{Verdict: deliver.Done}
	}}
	delivertest.Deliver(t.Context(), t, d, make([]deliver.Job, 100))
	if most.Load() != n {
		t.Errorf("%d at once, want %d", most.Load(), n)
	}
}

func TestEachStopsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	d := each{1, func(_ context.Context, job *deliver.Job) deliver.Result {
		if job.Name == "b" {
			cancel(errors.New("over"))
		}
		return deliver.Result{Verdict: deliver.Done}
	}}
	results := delivertest.Deliver(ctx, t, d, named("a", "b", "c", "d"))
	if got := delivertest.Verdicts(results); got != "done done retry retry" || results[3].Reason != "the attempt was ended: over" {
		t.Errorf("got %s, %q", got, results[3].Reason)
	}
}
