package daemonapp

import (
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// Memory is what an app remembers of one daemon over a restart. Its times are wall-clock times to the
// nanosecond; the zero time means none.
type Memory struct {
	// Name is the daemon's name in the app ("seed/child" for a child); there is one Memory a name.
	Name string
	// Type is the daemon type's name, for people.
	Type string
	// Digest identifies the settings the rest was learned under; see [Spec].
	Digest string
	// Next is the desired next run.
	Next time.Time
	// Never tells that there is none: a zero Next is a decision, not a lack of knowledge.
	Never bool
	// IdleRuns and Failures are the consecutive idle and failed runs.
	IdleRuns int
	Failures int
	// Disarmed is why the daemon is disarmed; empty means that it is armed.
	Disarmed string
	// LastStart and LastEnd are those of the last run; LastSuccess is the end of the last one that did
	// not fail.
	LastStart   time.Time
	LastEnd     time.Time
	LastSuccess time.Time
	// LastOutcome is how the last run ended; zero means that there was none.
	LastOutcome schedule.Outcome
	// Pause is why the daemon is paused; Next is then the planned time that stands after it.
	Pause Pause
	// SkipNext tells that the run after the next one is to be left out: an operator asked while one was in flight.
	SkipNext bool
	// Gone is since when no daemon of that name exists; zero means that it exists.
	Gone time.Time
}

// KeepGone is how long the app keeps what it knows of a daemon that no longer exists.
const KeepGone = 30 * 24 * time.Hour

// State is where an app keeps what survives a restart. Its methods may be called from any goroutine;
// they may block on a disk, so the app's loop calls none of them.
//
// An implementation gives times back in UTC and passes the suite in statedb/statetest.
type State interface {
	// Load returns everything known by name, also of daemons that are gone. The map is the caller's.
	Load() (map[string]Memory, error)
	// Save replaces what is known of each daemon in the batch: all of it or, with an error, none of it.
	// Of two entries of one name the later counts. It is durable when Save returns nil.
	Save(batch []Memory) error
	// Forget drops the daemons that are gone since before that time.
	Forget(before time.Time) error
}
