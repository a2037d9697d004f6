package spool

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"time"
)

// Ready is how a queue knows that a file is complete.
type Ready uint8

const (
	// ReadyClosed means: no process has the file open for writing. Where the kernel cannot tell (files of others without
	// CAP_LEASE, some file systems, other systems than Linux), as ReadySettled.
	ReadyClosed Ready = iota
	// ReadyRenamed means: producers rename or link complete files into the directory, as Put does; every file is complete.
	ReadyRenamed
	// ReadySettled means: size, times and inode were the same in two looks.
	ReadySettled
	// ReadyMarked means: another file says so. It is deleted when its file is claimed.
	ReadyMarked
)

// Order is which of the ready files is claimed first, among those in the window.
type Order uint8

const (
	// OrderName is the order of the names' bytes.
	OrderName Order = iota
	// OrderNone is the order in which the file system lists them; the quickest to begin with.
	OrderNone
	// OrderModified is the oldest first. It costs a stat of each file.
	OrderModified
	// OrderPriority is the highest number in the name first, then the order of names.
	OrderPriority
)

// Durability is what a power cut may undo.
type Durability uint8

const (
	// DurableGroup means: what Sync has confirmed lasts. At a power cut, at most what has ended since is done again.
	DurableGroup Durability = iota
	// DurableNone means: the kernel writes when it likes to. A crash of the process loses nothing all the same.
	DurableNone
	// DurableEach means: every end of an attempt lasts when its call returns.
	DurableEach
)

// Options are the settings of a queue. The zero value is good.
type Options struct {
	// ReadOnly opens a queue for List and Depth: nothing is made or changed, and the folder may be another user's.
	ReadOnly bool
	// Include and Exclude are patterns of path.Match for the names of ready files; an excluded file is left alone.
	// The defaults are "*" and ".*", "*.tmp", "*.part", "*~" (nil; an empty list excludes nothing).
	Include, Exclude []string

	Ready Ready
	// Settle is how far apart the two looks of ReadySettled are; default 2 s.
	Settle time.Duration
	// Marker is the name of the marker of a file, with "{name}" for the file's; default "{name}.done".
	Marker string
	// Owners are the user ids whose files are taken; others are set aside. Empty: everybody's.
	Owners []int
	// MaxSizeBytes is how large a file may be; larger ones are set aside. 0: no limit.
	MaxSizeBytes int64

	Order Order
	// Priority finds the number of OrderPriority: its first group, or all that it matches. No match counts as 0.
	Priority *regexp.Regexp
	// Window is how many names are kept at least after the directory was read, the first ones in order; default 1,000.
	// In a directory that holds far more it grows with them, up to 64 times.
	Window int

	// CrashAttempts is how many owners a file may outlive; after so many it is set aside as poison. Default 3.
	CrashAttempts int
	// CrashDelay is how long a file waits after its owner died; default 1 s.
	CrashDelay time.Duration

	// Delete deletes what is done instead of keeping it in done/.
	Delete bool
	// Durable is what a power cut may undo.
	Durable Durability
	// Own says that the directory is this queue's own: nobody minds when it is replaced by a fresh one, see Compact.
	Own bool
}

// maxWindowGrowth bounds how many windows a window grows to.
const maxWindowGrowth = 64

// withDefaults also checks the patterns.
func (o Options) withDefaults() (Options, error) {
	o.Include = orDefault(o.Include, "*")
	if o.Exclude == nil {
		o.Exclude = []string{".*", "*.tmp", "*.part", "*~"}
	}
	for _, pattern := range append(append([]string(nil), o.Include...), o.Exclude...) {
		if _, err := path.Match(pattern, ""); err != nil {
			return o, fmt.Errorf("pattern %q: %w", pattern, err)
		}
	}
	if o.Order == OrderPriority && o.Priority == nil {
		return o, errors.New("order by priority needs an expression that finds the number")
	}
	o.Settle = positive(o.Settle, 2*time.Second)
	o.Window = positive(o.Window, 1000)
	o.CrashAttempts = positive(o.CrashAttempts, 3)
	o.CrashDelay = positive(o.CrashDelay, time.Second)
	if o.Marker == "" {
		o.Marker = "{name}.done"
	}
	return o, nil
}

func positive[N ~int | ~int64](n, otherwise N) N {
	if n > 0 {
		return n
	}
	return otherwise
}

func orDefault(patterns []string, otherwise ...string) []string {
	if len(patterns) > 0 {
		return patterns
	}
	return otherwise
}
