package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/program"
)

// slot has one worker at a time. It is one goroutine's, for the length of a Deliver.
type slot struct {
	*Deliverer
	worker *running // nil: none
	buf    []byte
}

// told is a job that the worker has been told of.
type told struct {
	n     uint64
	job   int
	bytes int
}

// work delivers jobs of the feed until there are none.
func (s *slot) work(ctx context.Context, feed *feed) {
	for !feed.empty() {
		if refusal, ok := s.prepare(ctx, feed); !ok {
			feed.refuse(refusal)
			return
		}
		s.pump(ctx, feed)
	}
}

// prepare sees to it that there is a worker that is ready, or says what to answer instead.
func (s *slot) prepare(ctx context.Context, feed *feed) (deliver.Result, bool) {
	if ctx.Err() != nil {
		return deliver.Cancelled(ctx), false
	}
	if s.worker != nil && (closed(s.worker.ended) || !covers(s.worker.locks, feed.locks)) {
		s.retire()
	}
	if s.worker != nil {
		return deliver.Result{}, true
	}
	if r, ok := s.health.mayStart(s.env.Clock.Now()); !ok {
		return r, false
	}
	w, err := s.start(ctx, feed.jobs[0].Queue, feed.locks)
	if err != nil {
		return s.sick(err.Error(), nil), false
	}
	return s.await(ctx, w)
}

// await waits for the worker's hello.
func (s *slot) await(ctx context.Context, w *running) (deliver.Result, bool) {
	timer := s.env.Clock.Timer(s.settings.StartTimeout)
	defer timer.Stop()
	ignore := func(reply) {}
	var why error
	select {
	case why = <-w.ready:
		if why == nil {
			s.worker = w
			return deliver.Result{}, true
		}
	case <-timer.C:
		why = fmt.Errorf("it was not ready after %s", s.settings.StartTimeout)
	case <-ctx.Done():
		w.end(term, program.Killed(ctx), ignore)
		return deliver.Cancelled(ctx), false
	}
	if errors.Is(why, errNotReady) {
		w.end(soft, program.Killed(ctx), ignore)
		why = fmt.Errorf("%w: %s", why, w.how())
	} else {
		w.end(hard, nil, ignore)
	}
	return s.sick("the worker cannot be used: "+why.Error(), w.stderr.Detail(s.env.Mask)), false
}

// sick notes that a start was in vain.
func (s *slot) sick(reason string, detail []byte) deliver.Result {
	r := deliver.Result{Verdict: deliver.Trip, Reason: deliver.Sentence(s.env.Mask(reason)), Detail: detail}
	r.After = s.health.failed(s.env.Clock.Now(), r)
	s.env.Log.Warn("worker_failed", zap.String("reason", r.Reason), zap.ByteString("stderr", r.Detail))
	return r
}

// pump keeps the worker busy until the feed is empty or the worker is no more.
func (s *slot) pump(ctx context.Context, feed *feed) {
	p := pump{slot: s, w: s.worker, feed: feed}
	why, how := p.run(ctx)
	if why == "" {
		return
	}
	s.worker = nil
	p.w.end(how, program.Killed(ctx), p.late)
	p.settle(ctx, why, how)
}

type pump struct {
	*slot
	w       *running
	feed    *feed
	told    []told // in the order of their numbers
	bytes   int    // of the told
	moved   time.Time
	garbage bool // what comes now is not to be believed
}

// run returns an empty string when nothing is left to do, else why the worker must go, and how.
func (p *pump) run(ctx context.Context) (string, ending) {
	timer := p.env.Clock.Timer(p.settings.Timeout)
	defer func() { timer.Stop() }()
	p.moved = p.env.Clock.Now()
	for {
		if err := p.fill(ctx); err != nil && !isBroken(err) {
			return err.Error(), hard
		}
		if len(p.told) == 0 {
			return "", soft
		}
		select {
		case batch, ok := <-p.w.replies:
			if !ok {
				return "the worker ended", soft
			}
			if why := p.takeAll(batch); why != "" {
				p.garbage = true
				return why, hard
			}
			p.w.more <- struct{}{}
		case <-timer.C:
			left := p.settings.Timeout - p.env.Clock.Now().Sub(p.moved)
			if left <= 0 {
				return fmt.Sprintf("the worker did not answer for %s", p.settings.Timeout), hard
			}
			timer = p.env.Clock.Timer(left)
		case <-ctx.Done():
			return "cancelled", term
		}
	}
}

// fill tells the worker of more jobs once half of what it may have is answered: seldom, and many at a time.
func (p *pump) fill(ctx context.Context) error {
	if ctx.Err() != nil || len(p.told) > p.settings.InFlight/2 {
		return nil //nolint:nilerr // what has ended is told by who watches ctx
	}
	if len(p.told) == 0 {
		p.moved = p.env.Clock.Now()
	}
	p.buf = p.buf[:0]
	most := min(p.settings.InFlight, len(p.told)+p.feed.share())
	for len(p.told) < most && (p.bytes < p.w.room || len(p.told) == 0) {
		i, ok := p.feed.take()
		if !ok {
			break
		}
		before := len(p.buf)
		p.buf = appendDeliver(p.buf, p.w.next, &p.feed.jobs[i], p.settings.SendID)
		p.told = append(p.told, told{n: p.w.next, job: i, bytes: len(p.buf) - before})
		p.bytes += len(p.buf) - before
		p.w.next++
	}
	if len(p.buf) == 0 {
		return nil
	}
	return p.w.write(p.buf, p.settings.Timeout)
}

func (p *pump) takeAll(batch []reply) string {
	for _, r := range batch {
		if why := p.take(r); why != "" {
			return why
		}
	}
	return ""
}

// take answers a job, or says what is wrong with the reply.
func (p *pump) take(r reply) string {
	if r.err != nil {
		return "the worker cannot be understood: " + r.err.Error()
	}
	at := slices.IndexFunc(p.told, func(t told) bool { return t.n == r.n })
	if at < 0 {
		return fmt.Sprintf("the worker answered number %d, which it does not have", r.n)
	}
	job := p.told[at]
	p.told = slices.Delete(p.told, at, at+1)
	p.bytes -= job.bytes
	p.moved = p.env.Clock.Now()
	if p.w.answered++; p.w.answered == 1 {
		p.health.recovered()
	}
	if r.result.Verdict != deliver.Done {
		r.result.Reason = deliver.Sentence(p.env.Mask(r.result.Reason))
	} else {
		r.result.Reason = ""
	}
	p.feed.answer(job.job, r.result)
	return ""
}

// late takes what a worker still says while it ends.
func (p *pump) late(r reply) {
	if !p.garbage {
		p.garbage = p.take(r) != ""
	}
}

// settle decides about the jobs of a worker that is no more. The oldest is what it was at, or at worst the one
// that is unlucky; for the others it is as if nobody had told of them, unless the run is over.
func (p *pump) settle(ctx context.Context, why string, how ending) {
	rest := p.told
	if ctx.Err() != nil {
		for _, t := range rest {
			p.feed.answer(t.job, deliver.Cancelled(ctx))
		}
		return
	}
	// One that has to go may still end well by itself: it does not leave of its own accord.
	leaves := how == soft && p.w.answered > 0 && p.w.err == nil && p.w.exit.Code == 0 && !p.w.exit.Stopped
	if len(rest) > 0 && !leaves {
		r := deliver.Result{
			Verdict: deliver.Retry, Detail: p.w.stderr.Detail(p.env.Mask),
			Reason: deliver.Sentence(p.env.Mask(why + " (" + p.w.how() + ")")),
		}
		p.env.Log.Warn("worker_ended", zap.String("reason", r.Reason), zap.ByteString("stderr", r.Detail))
		if p.w.answered == 0 {
			p.health.died(p.env.Clock.Now(), r)
		}
		p.feed.answer(rest[0].job, r)
		rest = rest[1:]
	}
	for _, t := range slices.Backward(rest) {
		p.feed.putBack(t.job)
	}
}

// retire ends a worker that has nothing to do.
func (s *slot) retire() {
	if s.worker != nil {
		s.worker.end(soft, nil, func(reply) {})
		s.worker = nil
	}
}

// covers tells that have has all of want.
func covers(have, want map[*os.File]bool) bool {
	for f := range want {
		if !have[f] {
			return false
		}
	}
	return true
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
