package deliver

import (
	"context"
	"sync"
)

// enough trips one after the other show that it is not the file.
const enough = 2

// Each is Deliver for those who take one job at a time: it attempts the jobs in their order, up to n at once.
//
// After two trips in a row the jobs that have not begun are answered the same without an attempt. One trip
// is not enough: it could be one file's doing, and that must not be in the way of the others.
func Each(ctx context.Context, n int, jobs []Job, done func(int, Result), attempt func(context.Context, *Job) Result) {
	e := each{jobs: jobs, done: done}
	n = min(n, len(jobs))
	if n <= 1 {
		e.work(ctx, attempt)
		return
	}
	var hands sync.WaitGroup
	for range n {
		hands.Go(func() { e.work(ctx, attempt) })
	}
	hands.Wait()
}

// each is one call of Each.
type each struct {
	jobs []Job
	done func(int, Result)

	mu    sync.Mutex
	next  int
	trips int // in a row
	last  Result
}

func (e *each) work(ctx context.Context, attempt func(context.Context, *Job) Result) {
	for i := e.take(ctx); i < len(e.jobs); i = e.take(ctx) {
		e.finish(i, attempt(ctx, &e.jobs[i]))
	}
}

// take is the next job to attempt; those that none will be made of are answered on the way.
func (e *each) take(ctx context.Context) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	for ; e.next < len(e.jobs); e.next++ {
		switch {
		case ctx.Err() != nil:
			e.done(e.next, Cancelled(ctx))
		case e.trips >= enough:
			e.done(e.next, e.last)
		default:
			e.next++
			return e.next - 1
		}
	}
	return len(e.jobs)
}

func (e *each) finish(i int, r Result) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.Verdict == Trip {
		e.trips, e.last = e.trips+1, r
	} else {
		e.trips = 0
	}
	e.done(i, r)
}

// Cancelled is the answer for a job that has not ended when ctx did.
func Cancelled(ctx context.Context) Result {
	return Result{Verdict: Retry, Reason: Sentence("the attempt was ended: " + context.Cause(ctx).Error())}
}
