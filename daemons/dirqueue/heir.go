package dirqueue

import (
	"reflect"
	"sync"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

// heirRecheck is how often a queue looks whether that of the earlier name has ended.
const heirRecheck = 100 * time.Millisecond

// estate is what a queue leaves when its directory has got another name: an app knows a daemon by its name, so that the
// directory's queue is another daemon then, which goes on where this one ended.
type estate struct {
	spool   *spool.Queue // nil: it was not open
	options spool.Options
	unended []ending
	kept    upkeep
	trip    breaker
	bucket  bucket
	speed   time.Duration
	worked  time.Time
	failed  int64
	streaks streaks
}

// bequest is an estate on its way. Its methods may be called from any goroutine.
type bequest struct {
	mu     sync.Mutex // guards all below
	is     progress
	estate estate
	to     *bequest // who gets it instead
}

type progress uint8

const (
	promised  progress = iota // the queue of the earlier name has not ended
	left                      // it has
	delivered                 // or given up
)

// leave hands an estate over; false: nobody wants it any more.
func (b *bequest) leave(e estate) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.to != nil {
		return b.to.leave(e)
	}
	if b.is != promised {
		return false
	}
	b.is, b.estate = left, e
	return true
}

// take is the estate; false: not yet. It is empty if there is none to come.
func (b *bequest) take() (e estate, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.is == promised {
		return estate{}, false
	}
	e, b.estate, b.is = b.estate, estate{}, delivered
	return e, true
}

// pass lets another one have what has not been taken: the directory has got yet another name.
func (b *bequest) pass(to *bequest) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch b.is {
	case promised:
		b.to = to
	case left:
		if !to.leave(b.estate) {
			b.estate.end()
		}
	case delivered:
		to.leave(estate{}) // it may have been passed on itself
	}
	b.estate, b.is = estate{}, delivered
}

// giveUp ends a bequest that nobody will take. One that was passed on goes its way.
func (b *bequest) giveUp() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.estate.end()
	b.estate, b.is = estate{}, delivered
}

// end closes what nobody inherits. Attempts that are not on record are left to recovery.
func (e *estate) end() {
	if e.spool != nil {
		_ = e.spool.Close() // a failed sync has been told, or means a repeat
	}
}

// living are the queues that an app has, by name: one that was made to be compared, as at a reload, is none of them.
type living struct {
	mu     sync.Mutex // guards queues, and heirs as far as they come and are looked for
	queues map[string]*Queue
}

// enlist tells that an app has the queue.
func (l *living) enlist(q *Queue) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queues[q.env.Name] = q
}

// strike tells that a queue is to end, and who inherits from it; nil: nobody.
func (l *living) strike(q *Queue) *bequest {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.queues[q.env.Name] == q {
		delete(l.queues, q.env.Name)
	}
	return q.heir
}

// bequest makes an heir of what the queue of that name and directory leaves; nil: there is none, or it has one.
func (l *living) bequest(name string, id spool.Identity) *bequest {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.queues[name]
	if q == nil || q.directory != id || q.heir != nil {
		return nil
	}
	q.heir = &bequest{}
	return q.heir
}

// bequeath leaves all to the heir, if there is one.
func (q *Queue) bequeath() {
	heir := q.types.living.strike(q)
	switch {
	case heir == nil && q.legacy == nil:
		return
	case heir == nil:
		q.legacy.giveUp()
		return
	case q.legacy != nil:
		q.legacy.pass(heir)
		return
	}
	q.unwatch()
	e := estate{
		options: q.settings.options(), kept: q.kept, trip: q.trip, bucket: q.bucket, speed: q.speed, worked: q.worked,
		failed: q.failed.Load(), streaks: q.streaks,
	}
	if q.spool != nil && q.spool.Degraded() == nil {
		e.spool, e.unended = q.spool, q.unended
	}
	if heir.leave(e) && e.spool != nil {
		q.spool, q.unended = nil, nil
		q.sleep()
	}
}

// inherit takes what the queue of the earlier name has left; false: it has not ended.
func (q *Queue) inherit() bool {
	e, ok := q.legacy.take()
	if !ok {
		return false
	}
	q.legacy = nil
	q.kept, q.speed, q.worked, q.streaks = e.kept, e.speed, e.worked, e.streaks.before()
	q.failed.Store(e.failed)
	q.trip.failures, q.trip.until, q.trip.on, q.trip.reason = e.trip.failures, e.trip.until, e.trip.on, e.trip.reason
	q.bucket.spent = e.bucket.spent
	if e.spool != nil {
		q.spool, q.unended, q.inherited = e.spool, e.unended, true
		q.foreign = !reflect.DeepEqual(e.options, q.settings.options())
		q.wake()
	}
	return true
}

// streaks are the runs in a row without work, and those that failed: of the daemon, as the app counts them, and of those before
// it whose heir it is.
type streaks struct{ idle, failures, idleBefore, failuresBefore int }

// before are the streaks of one who begins where these end.
func (s streaks) before() streaks {
	return streaks{idleBefore: s.idle + s.idleBefore, failuresBefore: s.failures + s.failuresBefore}
}

// count adds to the counts of a run what was before the daemon.
func (s *streaks) count(last schedule.Run) schedule.Run {
	switch last.Result.Outcome {
	case schedule.Worked, schedule.More:
		s.idleBefore, s.failuresBefore = 0, 0
	case schedule.Idle:
		s.failuresBefore = 0
	case schedule.Failed, schedule.Cancelled:
	default:
		return last // no run, but a question
	}
	s.idle, s.failures = last.IdleRuns, last.Failures
	last.IdleRuns += s.idleBefore
	last.Failures += s.failuresBefore
	return last
}
