package dirqueue

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
	"github.com/peakd/peakd/daemons/dirqueue/watch"
)

// errAway is the error of a queue whose directory is gone or has another name now, which its manager will find out.
var errAway = errors.New("the directory is not there")

// awayRecheck is how soon a queue looks again whether its directory has come back.
const awayRecheck = time.Second

// open opens the queue, anew if its directory is another one now.
func (r *run) open(now time.Time) error {
	if r.deliverer == nil {
		d, err := r.types.deliverer(r.env, r.settings)
		if err != nil {
			return err
		}
		r.deliverer = d
	}
	if r.spool != nil {
		if good, err := r.keep(now); good || err != nil {
			return err
		}
		r.shut()
	}
	r.moved.Store(false)
	s, err := spool.Open(string(r.settings.Directory), r.settings.options())
	if err != nil && r.managed && isMissing(string(r.settings.Directory)) {
		return errAway
	}
	if err != nil {
		return err
	}
	r.spool, r.kept = s, upkeep{}
	r.watch = r.watched()
	if r.managed && r.renamed() {
		return errAway // before it was watched
	}
	return nil
}

// keep tells whether what is open is the queue still. Otherwise, attempts that are over have been put on record as far as
// they can ever be. An error says why the run goes no further.
func (r *run) keep(now time.Time) (bool, error) {
	if useless := r.spool.Gone() || r.spool.Degraded() != nil; useless {
		return false, nil
	}
	here := r.here(now)
	switch {
	case here && !r.foreign:
		return true, nil
	case !here && r.managed && isMissing(string(r.settings.Directory)):
		r.moved.Store(true) // to look again the next time
		return false, errAway
	}
	r.catchUp()
	return false, r.err
}

// here tells whether the open directory has the queue's name. That is looked at when the watch tells that it was renamed, and
// now and then: a directory above it may have been.
func (r *run) here(now time.Time) bool {
	if r.inherited {
		if r.spool.Follow(string(r.settings.Directory)) != nil {
			return false
		}
		r.inherited = false
		r.rewatch()
		r.moved.Store(true) // nobody has told of what happened before the watch was there
	}
	moved := r.moved.Swap(false)
	return !moved && r.watch != nil && !r.kept.due(now) || r.spool.InPlace() == nil
}

func isMissing(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// renamed tells, in the middle of a run, whether the directory has another name now: who is given a path would not find the file.
func (r *run) renamed() bool {
	if !errors.Is(r.spool.InPlace(), spool.ErrElsewhere) {
		return false
	}
	r.moved.Store(true)
	return true
}

// watched tells the queue of files as they arrive. Where that cannot be, it looks as often as its pace says.
func (q *Queue) watched() *watch.Watch {
	wake := q.env.Wake
	if q.calendar {
		wake = func() {}
	}
	w, err := q.types.watches.Add(q.spool.FD(), watch.Arrivals, func(what watch.Mask) {
		if what&watch.Itself != 0 {
			q.moved.Store(true)
		} else if at := q.failed.Load(); at != 0 && q.env.Clock.Now().Sub(time.Unix(0, at)) < failRest {
			return
		}
		wake()
	})
	if err != nil {
		q.types.unwatched(q.env.Log, err)
		return nil
	}
	return w
}

// rewatch sees to it that the queue is watched, where that can be.
func (q *Queue) rewatch() {
	if q.watch == nil || q.watch.Lost() {
		q.unwatch()
		q.watch = q.watched()
	}
}

// unwatch ends the watch.
func (q *Queue) unwatch() {
	if q.watch != nil {
		q.watch.Close()
		q.watch = nil
	}
}
