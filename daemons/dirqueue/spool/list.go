package spool

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// State is where a file stands.
type State uint8

// The states of a file, in the order of a life.
const (
	StateReady State = iota // handed in; it may still be being written
	StateClaimed
	StateRetry // waits for its next attempt
	StateDone
	StateFailed
)

// States are all of them.
func States() []State { return []State{StateReady, StateClaimed, StateRetry, StateDone, StateFailed} }

// String returns the word that people are shown.
func (s State) String() string {
	switch s {
	case StateReady:
		return "ready"
	case StateClaimed:
		return "claimed"
	case StateRetry:
		return "retry"
	case StateDone:
		return "done"
	case StateFailed:
		return "failed"
	}
	return fmt.Sprintf("State(%d)", uint8(s))
}

// Entry is a file of a queue.
type Entry struct {
	State State
	// Name is what the file is called where it lies, which is what Release and Purge want. Original is the name it was
	// handed in by; they differ when the name was taken, or too long.
	Name, Original string
	// Path is where it lies.
	Path     string
	Size     int64
	Modified time.Time
	// Changed is about when it came into its state: the file system's record of its last change of any kind.
	Changed time.Time
	// Attempts is how many attempts have ended, Crashes how many of them with their owner.
	Attempts, Crashes int
	// Owner is who has claimed it, Alive whether the owner, or a handler of his, lives.
	Owner string
	Alive bool
	// Due is when it is tried again.
	Due time.Time
	// Day is the day it was done, in UTC.
	Day time.Time
	// Failure is why it was set aside.
	Failure Failure
}

// List yields the files in a state, in no order, as they are met: what moves meanwhile may be missed or met again. It
// ends with an error if one comes. It disturbs neither the queue nor its owners.
func (q *Queue) List(state State) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		err := q.list(state, func(dir int, e Entry) bool {
			st, err := statAt(dir, e.Name)
			if err != nil {
				return true // it has moved on
			}
			e.Size, e.Modified, e.Changed = st.size, st.modified, st.changed
			if state == StateFailed {
				e.Failure = readWhy(dir, e.Name)
				e.Attempts, e.Crashes = e.Failure.Attempts, e.Failure.Crashes
				if e.Failure.Name != "" {
					e.Original = e.Failure.Name
				}
			}
			return yield(e, nil)
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(Entry{}, q.wrap("list", err))
		}
	}
}

// errEnough stops a walk.
var errEnough = errors.New("enough")

// list calls each with the directory of every file in a state, until it returns false.
func (q *Queue) list(state State, each func(dir int, e Entry) bool) error {
	if err := q.awake(); err != nil {
		return err
	}
	switch state {
	case StateReady:
		return q.walk(q.fd, ".", state, func(dir int, e Entry) bool { return !q.filter.lists([]byte(e.Name)) || each(dir, e) })
	case StateClaimed:
		return q.listFolders(claimDir, func(path, owner string) error { return q.listClaim(path, owner, each) })
	case StateRetry:
		return q.listFolders(retryDir, func(path, bucket string) error { return q.listBucket(path, bucket, each) })
	case StateDone:
		return q.listFolders(doneDir, func(path, date string) error { return q.listDay(path, date, each) })
	case StateFailed:
		return q.walk(q.private, failedDir, state, func(dir int, e Entry) bool {
			return strings.HasSuffix(e.Name, whySuffix) || each(dir, e)
		})
	}
	return fmt.Errorf("no such state: %v", state)
}

// listFolders calls each for the folders in one of the reserved folder's.
func (q *Queue) listFolders(path string, each func(path, name string) error) error {
	if q.private < 0 {
		return nil
	}
	var names []string
	if err := q.eachIn(path, func(e entry) { names = append(names, string(e.name)) }); err != nil {
		return err
	}
	for _, name := range names {
		if err := each(path+"/"+name, name); err != nil {
			return err
		}
	}
	return nil
}

func (q *Queue) listClaim(path, owner string, each func(int, Entry) bool) error {
	if strings.HasPrefix(owner, ".") {
		return nil
	}
	alive := q.isAlive(path)
	return q.listHistories(path, func(e *Entry) { e.State, e.Owner, e.Alive = StateClaimed, owner, alive }, each)
}

func (q *Queue) listBucket(path, bucket string, each func(int, Entry) bool) error {
	due, ok := parseBucket(bucket)
	if !ok {
		return nil
	}
	return q.listHistories(path, func(e *Entry) { e.State, e.Due = StateRetry, time.Unix(due, 0) }, each)
}

func (q *Queue) listHistories(path string, mark func(*Entry), each func(int, Entry) bool) error {
	return q.listFolders(path, func(path, name string) error {
		history, ok := parseTally(name)
		if !ok {
			return nil
		}
		return q.walk(q.private, path, StateReady, func(dir int, e Entry) bool {
			e.Attempts, e.Crashes = history.tries, history.crashes
			mark(&e)
			return each(dir, e)
		})
	})
}

func (q *Queue) listDay(path, date string, each func(int, Entry) bool) error {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return nil //nolint:nilerr // not one of the queue's folders
	}
	return q.walk(q.private, path, StateDone, func(dir int, e Entry) bool {
		e.Day = day
		return each(dir, e)
	})
}

// walk calls each for the entries of one folder, through a descriptor of its own. Directories are none of the queue's.
func (q *Queue) walk(parent int, path string, state State, each func(dir int, e Entry) bool) error {
	if parent < 0 {
		return nil
	}
	fd, err := openAt(parent, path, openDir, 0)
	if err != nil {
		return ignoreMissing(err)
	}
	defer closeFD(fd)
	from, err := readEntries(fd)
	enough := false
	for more := true; more && err == nil && !enough; {
		more, err = from.block(func(e entry) {
			if enough || e.kind == kindDirectory || state == StateReady && parent == q.fd && e.kind == kindOther {
				return
			}
			name := string(e.name)
			enough = !each(fd, Entry{State: state, Name: name, Original: name, Path: q.pathOf(parent, path, name)})
		})
	}
	switch {
	case err != nil:
		return fmt.Errorf("read folder %s: %w", path, err)
	case enough:
		return errEnough
	}
	return nil
}

func (q *Queue) pathOf(parent int, folder, name string) string {
	if parent == q.fd {
		return q.dir + "/" + name
	}
	return q.dir + "/" + Reserved + "/" + folder + "/" + name
}

// isAlive tells whether the lock of a claim directory is held. It asks for a shared one, which no other asker minds.
func (q *Queue) isAlive(path string) bool {
	fd, err := openAt(q.private, path, openDir, 0)
	if err != nil {
		return false
	}
	defer closeFD(fd)
	err = again(func() error { return unix.Flock(fd, unix.LOCK_SH|unix.LOCK_NB) })
	return errors.Is(err, unix.EWOULDBLOCK)
}
