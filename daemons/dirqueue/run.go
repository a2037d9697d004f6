package dirqueue

import (
	"context"
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
	until              time.Time // when the slice is over; zero: never
	delivered, handled int
	more               bool
	read               bool  // what has come before the run is seen to
	err                error // that ends the run: the queue itself is bad
}

// work claims and delivers until there is no more, or the slice is over.
func (r *run) work() error {
	r.catchUp()
	for more := true; more && r.err == nil; {
		if r.ctx.Err() != nil {
			return context.Cause(r.ctx)
		}
		now := r.env.Clock.Now()
		if !r.until.IsZero() && !now.Before(r.until) && r.handled > 0 {
			r.more = true
			return nil
		}
		if more = r.batch(now); more && r.renamed() {
			r.next = now.Add(awayRecheck).Round(0) // the queue goes on under the new name, or here if it comes back
			return r.err
		}
	}
	return r.err
}

// batch claims and delivers some files, and tells whether to go on.
func (r *run) batch(now time.Time) bool {
	n := r.trip.most(r.bucket.take(now, r.size(now)))
	if n == 0 {
		r.next = r.bucket.when().Round(0)
		return false
	}
	batch, err := r.spool.Claim(spool.Request{Now: now.Round(0), N: n, Arrivals: !r.read})
	r.read = true
	r.bucket.giveBack(n - len(batch.Claimed))
	r.next = batch.Next
	r.tell(batch)
	if len(batch.Claimed) > 0 {
		r.deliver(batch)
	}
	if err != nil && r.err == nil {
		r.err = err
	}
	if reason, _ := r.trip.hold(r.env.Clock.Now()); reason != "" {
		r.env.Log.Warn("tripped", zap.String("reason", reason), zap.Duration("cooldown", r.settings.Trip.Cooldown))
		return false
	}
	return batch.More && len(batch.Claimed)+len(batch.Refused) > 0
}

// size is how many files to claim: what fits into the rest of the slice, at the speed of the batch before, and not
// fewer than can be under way at once.
func (r *run) size(now time.Time) int {
	least, most := min(r.settings.atOnce(), r.settings.Batch), r.settings.Batch
	switch {
	case r.until.IsZero():
		return most
	case r.speed == 0:
		return least
	}
	return max(least, int(min(int64(r.until.Sub(now)/r.speed), int64(most))))
}

// tell logs what a claim came across.
func (r *run) tell(b spool.Batch) {
	for _, f := range b.Refused {
		r.env.Log.Warn("set_aside", zap.String("file", f.Name), zap.Int("attempt", f.Attempts), zap.String("reason", f.Reason))
	}
	for _, p := range b.Problems {
		r.env.Log.Warn("left_alone", zap.String("file", p.Name), zap.Error(p.Err))
	}
}

// deliver attempts the files of a batch, and ends each as soon as its result is known.
func (r *run) deliver(b spool.Batch) {
	jobs := make([]deliver.Job, 0, len(b.Claimed))
	for _, c := range b.Claimed {
		jobs = append(jobs, deliver.Job{
			Queue: r.env.Name, Name: c.Name, Path: c.Path, Content: c, Lock: c.LockFile(), Size: c.Size,
			Modified: c.Modified, Attempt: c.Attempt, ID: c.ID(),
		})
	}
	start, late := r.env.Clock.Now(), r.ctx.Err() != nil // it was over before anything was begun
	r.figures.inFlight.Store(int64(len(jobs)))
	r.deliverer.Deliver(r.ctx, jobs, func(i int, result deliver.Result) {
		r.figures.inFlight.Add(-1)
		r.trip.note(r.env.Clock.Now(), result)
		r.end(ending{claim: b.Claimed[i], result: result, stopped: late || r.stopped()})
	})
	if len(jobs) > 0 {
		r.speed = max(r.env.Clock.Now().Sub(start)/time.Duration(len(jobs)), 1)
	}
	if err := r.spool.Sync(); err != nil && r.err == nil {
		r.err = err
	}
	if info, ok := daemonapp.RunFrom(r.ctx); ok {
		info.Progress(r.handled, r.handled+b.Ready)
	}
}
