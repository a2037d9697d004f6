// Package deliver is how the files of a directory queue reach their destination: what a deliverer is asked, and what it
// answers. The ways to deliver live in folders below.
package deliver

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// Verdict is what becomes of a file after an attempt.
type Verdict uint8

const (
	// Done: it is delivered, and is archived or deleted.
	Done Verdict = iota + 1
	// Retry: not now; it is tried again later, with backoff.
	Retry
	// Permanent: it will never be; it is set aside with the reason.
	Permanent
	// Trip: the destination is bad rather than the file: it is tried again later without counting the
	// attempt, and the queue rests when this goes on.
	Trip
)

// String returns the word used in logs.
func (v Verdict) String() string {
	names := [...]string{"none", "done", "retry", "permanent", "trip"}
	if int(v) < len(names) {
		return names[v]
	}
	return "unknown"
}

// Job is one claimed file.
type Job struct {
	// Queue is the queue's name (the daemon's), Name the file's base name, any bytes but "/" and NUL.
	Queue, Name string
	// Path is where the file lies while it is claimed, absolute; it does not change until the attempt is over.
	Path string
	// Content opens the file, see Open.
	Content Content
	// Lock is what proves that the claim is alive: its lock holds as long as anybody has this descriptor. A deliverer
	// gives it to every process that works on the file, so that a process which outlives peakd is not robbed of
	// it. Nil if there is none. The queue closes it, not before the deliverer is closed.
	Lock *os.File
	Size int64
	// Modified is the file's modification time.
	Modified time.Time
	// Attempt is 1 for the first.
	Attempt int
	// ID is stable over attempts and restarts, and unlike that of any other file that is or was in
	// the queue at the same time: for a destination that wants to recognize repeats.
	ID string
}

// Content is what opens a claimed file: the same one each time.
type Content interface {
	File() (*os.File, error)
}

// Open is the file, open for reading, at its start when first asked for. It is the file that was claimed, whatever its path
// leads to by now. Who needs no more than the path does not pay for it. The queue closes it after the attempt.
func (j *Job) Open() (*os.File, error) {
	if j.Content == nil {
		return nil, fmt.Errorf("open %s: %w", j.Path, fs.ErrNotExist)
	}
	return j.Content.File()
}

// Unopened is the answer for a job whose file cannot be opened.
func Unopened(err error) Result { return Result{Verdict: Retry, Reason: Sentence(err.Error())} }

// Result is how an attempt ended.
type Result struct {
	Verdict Verdict
	// Reason is a sentence for people; for Retry, Permanent and Trip it is kept with the file. It has no
	// control characters.
	Reason string
	// Detail is more of it, at most [DetailBytes]: the end of a job's stderr, a server's answer.
	Detail []byte
	// After is how long the destination asks to be left alone with this file, for Retry and Trip: the next attempt
	// comes no sooner. 0 leaves it to the queue.
	After time.Duration
}

// Deliverer delivers files. It is used by one run of one queue at a time.
type Deliverer interface {
	// Deliver attempts every job, in this order as far as one after the other goes, and calls done once for each as
	// soon as its end is known, from any goroutine but one call at a time. It returns when all calls have been
	// made. When ctx is cancelled it ends what is under way and answers Retry with the cause for what
	// has not ended.
	Deliver(ctx context.Context, jobs []Job, done func(job int, r Result))
	// Close ends what lives longer than a call, such as a worker process or a connection. It is called once, after
	// the last Deliver.
	Close() error
}
