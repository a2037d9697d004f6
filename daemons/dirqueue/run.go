package dirqueue

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

// run is one run of a queue.
type run struct {
	*Queue
	ctx                context.Context
	until              time.Time
	delivered, handled int
	more               bool
	err                error // that ends the run: the queue itself is bad
}

// work claims and delivers until there is no more, or the slice is over.
func (r *run) work() error {
	for r.err == nil && r.ctx.Err() == nil {
		now := r.env.Clock.Now()
		if r.handled > 0 && !now.Before(r.until) {
			r.more = true
			return nil
		}
		n := r.trip.most(r.bucket.take(now, r.settings.Batch))
		if n == 0 {
			r.next = r.bucket.when(now)
			return nil
		}
		batch, err := r.spool.Claim(spool.Request{Now: now.Round(0), N: n})
		r.bucket.giveBack(n - len(batch.Claimed))
		r.tell(batch)
		if len(batch.Claimed) > 0 {
			r.deliver(batch)
		}
		r.next = batch.Next
		if err != nil {
			return err
		}
		if reason, _ := r.trip.hold(r.env.Clock.Now()); reason != "" {
			r.env.Log.Warn("tripped", zap.String("reason", reason))
			return r.err
		}
		if !batch.More {
			return r.err
		}
	}
	if r.err == nil {
		r.err = context.Cause(r.ctx)
	}
	return r.err
}

// tell logs what a claim came across.
func (r *run) tell(b spool.Batch) {
	for _, f := range b.Refused {
		r.env.Log.Error("set_aside", zap.String("file", f.Name), zap.String("reason", f.Reason))
	}
	for _, p := range b.Problems {
		r.env.Log.Warn("left_alone", zap.String("file", p.Name), zap.Error(p.Err))
	}
}

// deliver attempts the files of a batch, and ends each as soon as its result is known.
func (r *run) deliver(b spool.Batch) {
	jobs := make([]deliver.Job, 0, len(b.Claimed))
	claims := make([]*spool.Claimed, 0, len(b.Claimed))
	for _, c := range b.Claimed {
		file, err := c.File()
		if err != nil {
			r.note(c, "put back", r.spool.PutBack(c, r.later(0), r.now()))
			continue
		}
		claims = append(claims, c)
		jobs = append(jobs, deliver.Job{
			Queue: r.env.Name, Name: c.Name, Path: c.Path, File: file, Lock: c.LockFile(), Size: c.Size,
			Modified: c.Modified, Attempt: c.Attempt, ID: c.ID(),
		})
	}
	r.deliverer.Deliver(r.ctx, jobs, func(i int, result deliver.Result) { r.end(claims[i], result) })
	if err := r.spool.Sync(); err != nil {
		r.err = err
	}
	if info, ok := daemonapp.RunFrom(r.ctx); ok {
		info.Progress(r.handled, r.handled+b.Ready)
	}
}

func (r *run) now() time.Time { return r.env.Clock.Now().Round(0) }

// end puts a file where its result sends it.
func (r *run) end(c *spool.Claimed, result deliver.Result) {
	r.handled++
	now := r.now()
	r.trip.note(now, result)
	switch result.Verdict {
	case deliver.Done:
		r.delivered++
		r.note(c, "finish", r.spool.Done(c, now))
	case deliver.Permanent:
		r.fail(c, result.Reason, result)
	case deliver.Trip:
		r.note(c, "put back", r.spool.PutBack(c, r.later(result.After), now))
	case deliver.Retry:
		r.retry(c, result, now)
	default:
		r.retry(c, deliver.Result{Verdict: deliver.Retry, Reason: "the deliverer gave no verdict"}, now)
	}
}

// later is when a file is tried again whose attempt said nothing about it.
func (r *run) later(after time.Duration) time.Time {
	return r.now().Add(max(after, r.settings.FileRetry.Every))
}

// retry tries a file again later, unless it has been tried long enough. A run that is being stopped counts nowhere.
func (r *run) retry(c *spool.Claimed, result deliver.Result, now time.Time) {
	if r.ctx.Err() != nil {
		r.note(c, "put back", r.spool.PutBack(c, now, now))
		return
	}
	f := r.settings.FileRetry
	switch {
	case f.Attempts > 0 && c.Attempt >= f.Attempts:
		r.fail(c, fmt.Sprintf("given up after %d attempts: %s", c.Attempt, result.Reason), result)
		return
	case f.MaximumAge > 0 && now.Sub(c.Modified) >= f.MaximumAge:
		r.fail(c, fmt.Sprintf("given up at an age of more than %s: %s", f.MaximumAge, result.Reason), result)
		return
	}
	at := now.Add(max(f.wait(c.Attempt, rand.Float64()), result.After))
	r.env.Log.Debug("retry", zap.String("file", c.Name), zap.Int("attempt", c.Attempt), zap.String("reason", result.Reason),
		zap.Time("at", at))
	r.note(c, "defer", r.spool.Retry(c, at, now))
}

func (r *run) fail(c *spool.Claimed, reason string, result deliver.Result) {
	r.env.Log.Warn("set_aside", zap.String("file", c.Name), zap.Int("attempt", c.Attempt), zap.String("reason", reason))
	r.note(c, "set aside", r.spool.Fail(c, spool.Failure{Reason: reason, Detail: result.Detail}, r.now()))
}

// note takes an error of a file's end: only a disk that does not keep what it is given ends the run.
func (r *run) note(c *spool.Claimed, verb string, err error) {
	switch {
	case err == nil:
	case errors.Is(err, spool.ErrLost), errors.Is(err, spool.ErrReason):
		r.env.Log.Warn(verb, zap.String("file", c.Name), zap.Error(err))
	default:
		r.err = err
	}
}
