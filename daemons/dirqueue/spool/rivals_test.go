package spool_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

// Folders of retries, claims and days come and go under those who look into them. However their steps fall, none of them
// takes that for an error, and no file is lost.
func TestRivalsMindNoFolderThatGoes(t *testing.T) {
	t.Parallel()
	const files, rounds = 6, 400
	dir := t.TempDir()
	var want []string
	for i := range files {
		want = append(want, fmt.Sprint("f", i))
	}
	put(t, dir, want...)
	now := soon()
	later := now.Add(time.Hour) // everything is due
	r := rivals{dir: dir, now: now, later: later}
	var all sync.WaitGroup
	for i, act := range []func(*spool.Queue) error{r.retry, r.retry, r.die, r.finish, r.look} {
		all.Go(func() {
			for n := range rounds {
				if err := r.once(i, act); err != nil {
					t.Errorf("rival %d, round %d: %v", i, n, err)
					return
				}
			}
		})
	}
	all.Wait()
	q := openQueue(t, dir, spool.Options{Ready: spool.ReadyRenamed, CrashAttempts: 1 << 30})
	_, err := q.Recover(now)
	must(t, err)
	var left int
	for _, state := range spool.States() {
		left += len(list(t, q, state))
	}
	if int(r.done.Load())+left-len(list(t, q, spool.StateDone)) != files {
		t.Errorf("%d files are left and %d were finished, want %d in all:\n%v", left, r.done.Load(), files, tree(t, dir))
	}
}

// rivals work on one directory, each through a queue of its own.
type rivals struct {
	dir        string
	now, later time.Time
	done       atomic.Int32
	mine       [8]*spool.Queue
}

// once opens the rival's queue if it has none.
func (r *rivals) once(i int, act func(*spool.Queue) error) error {
	if r.mine[i] == nil {
		q, err := spool.Open(r.dir, spool.Options{Ready: spool.ReadyRenamed, CrashAttempts: 1 << 30, Durable: spool.DurableNone})
		if err != nil {
			return err
		}
		r.mine[i] = q
	}
	err := act(r.mine[i])
	if errors.Is(err, errDead) {
		r.mine[i], err = nil, nil
	}
	return err
}

var errDead = errors.New("dead")

func (r *rivals) claim(q *spool.Queue) ([]*spool.Claimed, error) {
	b, err := q.Claim(spool.Request{Now: r.later, N: 2, Rescan: true})
	return b.Claimed, err
}

func (r *rivals) retry(q *spool.Queue) error {
	claimed, err := r.claim(q)
	for _, c := range claimed {
		err = errors.Join(err, q.Retry(c, r.now, r.now))
	}
	return errors.Join(err, q.Rest())
}

func (r *rivals) die(q *spool.Queue) error {
	claimed, err := r.claim(q)
	if err != nil || len(claimed) == 0 {
		return err
	}
	q.Die()
	return errDead
}

// finish ends files now and then, and makes a place for the day anew each time.
func (r *rivals) finish(q *spool.Queue) error {
	claimed, err := r.claim(q)
	for i, c := range claimed {
		if i == 0 && r.done.Load() < 2 {
			if e := q.Done(c, r.now); e != nil {
				return errors.Join(err, e)
			}
			r.done.Add(1)
			continue
		}
		err = errors.Join(err, q.PutBack(c, r.now, r.now))
	}
	return err
}

func (r *rivals) look(q *spool.Queue) error {
	_, err := q.Recover(r.now)
	for _, state := range spool.States() {
		for _, e := range q.List(state) {
			err = errors.Join(err, e)
		}
	}
	_, purged := q.Purge(spool.PurgeRequest{State: spool.StateDone})
	return errors.Join(err, purged)
}
