package spool

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Reserved is the name of the folder in a queue's directory that holds all its state but the ready files.
const Reserved = ".peakd"

// The folders in it.
const (
	claimDir  = "claim"
	retryDir  = "retry"
	doneDir   = "done"
	failedDir = "failed"
	tmpDir    = "tmp"
)

// tempPrefix begins the names of files that are being written in the queue's directory itself.
const tempPrefix = Reserved + "-tmp-"

// maxName is how many bytes a name has at most on every file system in use.
const maxName = 255

// CheckName tells whether a file of that name can be handed in: a base name of at most 255 bytes, any but "/" and NUL, that
// does not begin with ".peakd". The error wraps ErrName.
func CheckName(name string) error {
	switch {
	case name == "", name == ".", name == "..":
		return fmt.Errorf("%w: %q", ErrName, name)
	case len(name) > maxName:
		return fmt.Errorf("%w: %q has %d bytes, at most %d fit", ErrName, name, len(name), maxName)
	case strings.ContainsAny(name, "/\x00"):
		return fmt.Errorf("%w: %q has a slash or a NUL", ErrName, name)
	case strings.HasPrefix(name, Reserved):
		return fmt.Errorf("%w: %q begins as the reserved folder %s does", ErrName, name, Reserved)
	}
	return nil
}

// tally is the history of a file.
type tally struct {
	tries   int // attempts that have ended, however they did
	crashes int // those of them that ended with their owner
}

// String is the name of the folder for files with that history.
func (t tally) String() string { return strconv.Itoa(t.tries) + "-" + strconv.Itoa(t.crashes) }

func parseTally(s string) (tally, bool) {
	a, b, ok := strings.Cut(s, "-")
	tries, errTries := strconv.Atoi(a)
	crashes, errCrashes := strconv.Atoi(b)
	t := tally{tries: tries, crashes: crashes}
	return t, ok && errTries == nil && errCrashes == nil && crashes >= 0 && tries >= crashes && t.String() == s
}

// bucketName is the name of the folder for what is due at a Unix time; names sort as times do.
func bucketName(due int64) string { return fmt.Sprintf("%016x", due) }

func parseBucket(s string) (int64, bool) {
	due, err := strconv.ParseInt(s, 16, 64)
	return due, err == nil && len(s) == 16 && due >= 0 && bucketName(due) == s
}

// bucketFor is the Unix time of the bucket for something due at that time. Times are rounded up to a power of two of
// seconds of at most an eighth of the delay: so there are at most 16 buckets between any delay and its double, however
// many files wait in them, and nothing is ever early.
func bucketFor(due, now time.Time) int64 {
	const year = 365 * 24 * time.Hour
	delay := max(0, min(due.Sub(now), 100*year))
	grain := int64(1)
	for time.Duration(grain)*16*time.Second <= delay {
		grain *= 2
	}
	at := max(now.Add(delay).Unix(), 0)
	if delay > 0 && now.Add(delay).Nanosecond() > 0 {
		at++
	}
	return (at + grain - 1) / grain * grain
}

// dayOf is the day of a time, counted from 1970, UTC.
func dayOf(now time.Time) int64 {
	const day = 24 * 60 * 60
	at := now.Unix()
	return (at - ((at%day)+day)%day) / day
}

// nameOfDay is the name of the folder for what is done on that day.
func nameOfDay(day int64) string { return time.Unix(day*24*60*60, 0).UTC().Format(time.DateOnly) }

// variant is the n-th choice of a name for the file that the inode number belongs to, when the earlier ones are taken.
// As no two files that exist have one inode number, the second choice is nearly always free.
func variant(name string, ino uint64, n int) string {
	switch n {
	case 0:
		return name
	case 1:
		return withSuffix(name, "~"+strconv.FormatUint(ino, 16))
	}
	return withSuffix(name, "~"+strconv.FormatUint(ino, 16)+"."+strconv.Itoa(n))
}

// maxVariants is how many names are tried before giving up.
const maxVariants = 1000

// withSuffix cuts a name, not within a character, so that the suffix fits.
func withSuffix(name, suffix string) string {
	keep := maxName - len(suffix)
	if len(name) <= keep {
		return name + suffix
	}
	for i := keep; i > keep-utf8.UTFMax && i > 0; i-- {
		if utf8.RuneStart(name[i]) {
			return name[:i] + suffix
		}
	}
	return name[:keep] + suffix
}
