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

// ending is an attempt that is over.
type ending struct {
	claim  *spool.Claimed
	result deliver.Result
	// stopped: the run was being stopped when it ended, so that a retry says nothing about the file.
	stopped bool
}

// stopped tells whether the run is being stopped. One that takes too long is not: its files do, and it counts.
func (r *run) stopped() bool {
	return r.ctx.Err() != nil && !errors.Is(context.Cause(r.ctx), daemonapp.ErrTimeout)
}

func (r *run) now() time.Time { return r.env.Clock.Now().Round(0) }

// catchUp puts on record what an earlier run could not, so that nothing is delivered again because of a full disk.
func (r *run) catchUp() {
	for len(r.unended) > 0 && r.err == nil {
		e := r.unended[0]
		r.unended = r.unended[1:]
		r.end(e)
	}
}

// end puts on record how an attempt ended. What cannot be is kept for the next run, which then goes no further.
func (r *run) end(e ending) {
	err := r.record(&e)
	switch {
	case err == nil:
		r.handled++
		if e.result.Verdict == deliver.Done {
			r.delivered++
		}
	case errors.Is(err, spool.ErrLost), errors.Is(err, spool.ErrReason):
		r.handled++
		r.env.Log.Warn("not_on_record", zap.String("file", e.claim.Name), zap.Error(err))
	case errors.Is(err, spool.ErrDegraded):
		r.handled++
		r.err = err
	default:
		r.unended = append(r.unended, e)
		r.err = err
	}
}

// record puts a file where its result sends it.
func (r *run) record(e *ending) error {
	c, now := e.claim, r.now()
	switch e.result.Verdict {
	case deliver.Done:
		if ce := r.env.Log.Check(zap.DebugLevel, "delivered"); ce != nil {
			ce.Write(zap.String("file", c.Name), zap.Int("attempt", c.Attempt))
		}
		return r.spool.Done(c, now)
	case deliver.Permanent:
		return r.setAside(c, e.result, e.result.Reason)
	case deliver.Trip:
		at := now.Add(max(e.result.After, r.settings.FileRetry.Every))
		r.env.Log.Info("put_back", zap.String("file", c.Name), zap.String("reason", e.result.Reason), zap.Time("at", spool.Due(at, now)))
		return r.deferred(at, now, r.spool.PutBack(c, at, now))
	case deliver.Retry:
	default:
		e.result = deliver.Result{Verdict: deliver.Retry, Reason: "the deliverer gave no verdict"}
	}
	if e.stopped {
		return r.spool.PutBack(c, now, now)
	}
	return r.retry(c, e.result, now)
}

// retry tries a file again later, unless it has been tried long enough.
func (r *run) retry(c *spool.Claimed, result deliver.Result, now time.Time) error {
	f := r.settings.FileRetry
	switch {
	case f.Attempts > 0 && c.Attempt >= f.Attempts:
		return r.setAside(c, result, fmt.Sprintf("given up after %d attempts: %s", c.Attempt, result.Reason))
	case f.MaximumAge > 0 && now.Sub(c.Modified) >= f.MaximumAge:
		return r.setAside(c, result, fmt.Sprintf("given up at an age of more than %s: %s", f.MaximumAge, result.Reason))
	}
	at := now.Add(max(f.wait(c.Attempt, rand.Float64()), result.After)) //nolint:gosec // a jitter is no secret
	err := r.spool.Retry(c, at, now)
	if err == nil {
		r.env.Log.Info("retry", zap.String("file", c.Name), zap.Int("attempt", c.Attempt), zap.String("reason", result.Reason),
			zap.Time("at", spool.Due(at, now)))
	}
	return r.deferred(at, now, err)
}

// deferred takes note of when a file is tried again.
func (r *run) deferred(at, now time.Time, err error) error {
	if due := spool.Due(at, now); err == nil && (r.next.IsZero() || due.Before(r.next)) {
		r.next = due
	}
	return err
}

func (r *run) setAside(c *spool.Claimed, result deliver.Result, reason string) error {
	err := r.spool.Fail(c, spool.Failure{Reason: reason, Detail: result.Detail}, r.now())
	if err == nil || errors.Is(err, spool.ErrReason) {
		r.env.Log.Warn("set_aside", zap.String("file", c.Name), zap.Int("attempt", c.Attempt), zap.String("reason", reason))
	}
	return err
}
