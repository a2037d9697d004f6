// Package worker delivers files by programs that stay: each is told of many files, one after the other.
//
// # Protocol
//
// A worker reads lines from its standard input and writes lines to its standard output; each ends in a newline.
// Standard error is for its own trouble: the end of it is kept when the worker dies. PEAKD_WORKER is 1, the version.
//
// When it is ready, it writes
//
//	peakd-worker 1
//
// Then it is told of files, up to in_flight (16) before it has answered:
//
//	deliver N PATH ATTEMPT
//	deliver N PATH ATTEMPT ID     with send_id
//
// N is a number that names this line, ATTEMPT is 1 for the first of the file, ID is the same in every attempt and unlike
// that of any other file. In PATH and ID, every byte but letters, digits and +,-./:@_ is written as "%" and two hexadecimal
// digits; so each is a single word, without a meaning to any shell, whatever a file is called. The name of the file
// is the last part of PATH, which is absolute. It answers each, in any order, with one of
//
//	ok N              delivered
//	retry N REASON    not now
//	fail N REASON     never: the file is set aside
//	trip N REASON     the destination is bad, not the file: the attempt does not count
//
// REASON is for people, to the end of the line, and may be left out. A line has at most 4096 bytes. Later versions may
// append words to deliver lines.
//
// At the end of its input it should end. It may also leave of its own accord, with exit code 0, after it has answered
// at least one file: what it was told of beyond that is told to the next worker. A worker that ends
// otherwise, says anything else, or does not answer for timeout although it has files, is ended with all its children;
// the oldest file it had not answered is to be retried, the others are told to the next worker, as nobody
// knows that it had begun them. A worker must therefore take the same file twice, as every handler of a queue.
//
// So every line is also a command that a shell can run as it is. That is how a shell is told of files quickly: with read it
// makes a system call for each byte, but dash (the /bin/sh of Debian) and the sh of busybox run a script by blocks:
//
//	deliver() { echo "ok $1"; } # the work: $1 is N, $2 PATH, $3 ATTEMPT
//	echo "peakd-worker 1"
//	. /dev/stdin
//
// Bash and others read such a script to its end before they begin: they have to read line by line. In either way what the
// work starts must leave the standard input alone.
//
// A worker inherits the locks of the claims on its files (see deliver.Job), from descriptor 4 on.
package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/program"
)

// Deliverer has as many workers as files may be under way at once; they are started when there is work, and
// stay until Close.
type Deliverer struct {
	settings Settings
	env      deliver.Env
	slots    []*slot
	health   health
}

var _ deliver.Deliverer = (*Deliverer)(nil)

// New makes a deliverer; the error is that of the settings. A program that makes one must call
// process.Trampoline first in main.
func New(s Settings, env deliver.Env) (*Deliverer, error) {
	if err := program.Faults(s.Validate()).Err(); err != nil {
		return nil, fmt.Errorf("deliver by worker: %w", err)
	}
	d := &Deliverer{settings: s, env: env.Filled()}
	for range d.env.Concurrency {
		d.slots = append(d.slots, &slot{Deliverer: d})
	}
	return d, nil
}

// Deliver implements [deliver.Deliverer].
func (d *Deliverer) Deliver(ctx context.Context, jobs []deliver.Job, done func(int, deliver.Result)) {
	f := &feed{jobs: jobs, done: done, workers: min(len(d.slots), len(jobs)), locks: make(map[*os.File]bool)}
	for i := range jobs {
		if lock := jobs[i].Lock; lock != nil {
			f.locks[lock] = true
		}
	}
	var slots sync.WaitGroup
	for _, s := range d.slots[:f.workers] {
		slots.Go(func() { s.work(ctx, f) })
	}
	slots.Wait()
}

// Close ends the workers: they see the end of their input, and after kill_grace TERM, after another KILL.
func (d *Deliverer) Close() error {
	var slots sync.WaitGroup
	for _, s := range d.slots {
		slots.Go(s.retire)
	}
	slots.Wait()
	return nil
}

// feed is the jobs of one Deliver that nobody works on.
type feed struct {
	jobs    []deliver.Job
	workers int // that take from it
	locks   map[*os.File]bool

	mu   sync.Mutex
	done func(int, deliver.Result)
	back []int // put back, the next one last
	next int
}

// take is the next job; false: there is none.
func (f *feed) take() (int, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.back); n > 0 {
		i := f.back[n-1]
		f.back = f.back[:n-1]
		return i, true
	}
	if f.next == len(f.jobs) {
		return 0, false
	}
	f.next++
	return f.next - 1, true
}

// share is how many jobs a worker may take so that enough are left for the others: fewer as there are fewer.
func (f *feed) share() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return (len(f.back) + len(f.jobs) - f.next + f.workers - 1) / f.workers
}

func (f *feed) empty() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.back) == 0 && f.next == len(f.jobs)
}

// putBack makes it the next job.
func (f *feed) putBack(i int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.back = append(f.back, i)
}

func (f *feed) answer(i int, r deliver.Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.done(i, r)
}

// refuse answers all that is left.
func (f *feed) refuse(r deliver.Result) {
	for i, ok := f.take(); ok; i, ok = f.take() {
		f.answer(i, r)
	}
}

// isBroken tells that the reader is gone; the end of its replies says more.
func isBroken(err error) bool { return errors.Is(err, syscall.EPIPE) }
