package history

import (
	"database/sql"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// Entry is a run, several that are alike, a run that did not happen, or an act of somebody. Which fields are set depends
// on Kind. Times are in UTC.
type Entry struct {
	// ID is the entry's number in its file.
	ID int64
	// Kind says what it tells of; Outcome how a run ended: one of [Outcomes].
	Kind    Kind
	Outcome string
	// Daemon is the full name, empty for the app itself; Digest identifies the settings that it ran by.
	Daemon, Type, Digest string
	// At is when it ended or happened; Since is when the run started, since when a daemon was held, or the first time
	// that was missed or skipped. Of several that share the entry At is that of the last, Since that of the first.
	At, Since time.Time
	// Times is how many share the entry.
	Times int
	// Took is how long the run took, of several all together; Waited how long it was ready before it started, of several
	// the longest.
	Took, Waited time.Duration
	// Count is how many things the run did, or how many runs or daemons an act concerned.
	Count int
	// Attempt is 1, or one more than the consecutive failures before the run.
	Attempt int
	// Trigger is "schedule", "wake" or "operator"; empty for what is no run.
	Trigger string
	// RunID names the run, of several the last; see [daemonapp.RunInfo].
	RunID daemonapp.RunID
	// User and System are the processor time of what the run started, PeakBytes the largest resident set of it.
	User, System time.Duration
	PeakBytes    int64
	// Until is when a pause ends, a held daemon is released or the next run is due, where that is known.
	Until time.Time
	// Who did it, and Why: the reason or the error.
	Who, Why string
	// OutputBytes is how much output is kept.
	OutputBytes int64
}

// Due is when the run was due; zero for what is no run and for several of them.
func (e *Entry) Due() time.Time {
	if e.Kind != Run || e.Times > 1 || e.Since.IsZero() {
		return time.Time{}
	}
	return e.Since.Add(-e.Waited)
}

// Mean is how long a run took, of several on average.
func (e *Entry) Mean() time.Duration { return e.Took / time.Duration(max(e.Times, 1)) }

// entrySQL selects entries by their numbers, in the order of these.
const entrySQL = `SELECT entry.id, word, daemon.name, daemon.type, digest.text, at, since, times, took, waited, count, attempt, waker, run,
	user, system, peak, until, who, why, output.head + output.tail
	FROM json_each(?) AS wanted CROSS JOIN entry ON entry.id = wanted.value
	JOIN daemon ON daemon.id = entry.daemon LEFT JOIN digest ON digest.id = entry.digest LEFT JOIN output ON output.entry = entry.id
	ORDER BY wanted.key`

func scanEntry(rows *sql.Rows) (Entry, error) {
	var (
		e                                          Entry
		w                                          word
		ended                                      int64
		since, took, waited, count, attempt, waker sql.NullInt64
		run, user, system, peak, until, output     sql.NullInt64
		digest, who, why                           sql.NullString
	)
	err := rows.Scan(&e.ID, &w, &e.Daemon, &e.Type, &digest, &ended, &since, &e.Times, &took, &waited, &count, &attempt, &waker, &run,
		&user, &system, &peak, &until, &who, &why, &output)
	m := meaningOf(w)
	e.Kind, e.Outcome = m.kind, m.outcome
	e.At, e.Since, e.Until = at(ended), at(since.Int64), at(until.Int64)
	e.Digest, e.Who, e.Why = digest.String, who.String, why.String
	e.Took, e.Waited = time.Duration(took.Int64), time.Duration(waited.Int64)
	e.Count, e.Attempt, e.RunID = int(count.Int64), int(attempt.Int64), daemonapp.RunID(run.Int64)
	e.User, e.System, e.PeakBytes = time.Duration(user.Int64), time.Duration(system.Int64), peak.Int64
	e.OutputBytes = output.Int64
	if e.Kind == Run {
		e.Trigger = trigger(schedule.Waker(waker.Int64))
	}
	return e, err
}

// trigger is the word that a run is told; see [daemonapp.RunInfo].
func trigger(by schedule.Waker) string {
	switch by {
	case schedule.ByEvent:
		return "wake"
	case schedule.ByOperator, schedule.ByOperatorShift:
		return "operator"
	}
	return "schedule"
}
