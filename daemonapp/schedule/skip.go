package schedule

import (
	"errors"
	"fmt"
	"time"
)

// ErrFinished: the daemon has asked never to run again.
var ErrFinished = errors.New("the daemon has finished")

// SkipNext leaves out the next run of a daemon: it is due as if that run had ended, with the outcome of the last one, the
// moment it was due. Of a daemon that runs it is the run after, and both times are zero; a [Note] tells when it comes to
// that. It reports ErrDisarmed, ErrStuck or ErrFinished, and then changes nothing.
func (s *Scheduler) SkipNext(now time.Time, id ID) (skipped, next time.Time, err error) {
	s.advance(now)
	d := s.daemon(id)
	switch d.state {
	case Disarmed:
		err = ErrDisarmed
		if d.flags&isStuck != 0 {
			err = ErrStuck
		}
		return skipped, next, fmt.Errorf("skip the next run of %s: %w", d.name, err)
	case Finished:
		return skipped, next, fmt.Errorf("skip the next run of %s: %w", d.name, ErrFinished)
	case Running:
		d.flags |= skipLater
		return skipped, next, nil
	case Paused:
		skipped = s.time(d.due)
		d.due = s.skip(d)
	case Waiting, Ready, HeldByWindow, HeldByAfter, HeldByLoad, HeldBySlots, HeldByDaemon:
		skipped = s.time(d.due)
		s.unqueue(id)
		d.flags &^= isForced | isWoken | heldNoted
		s.wait(id, s.skip(d))
	}
	return skipped, s.time(d.due), nil
}

// skip is when the run after the next one is due.
func (s *Scheduler) skip(d *daemon) int64 {
	if d.extra != nil {
		d.extra.planned = unset
	}
	at := max(d.due, s.at)
	if d.calendar() != nil {
		from := d.extra.wall
		if from.IsZero() {
			from = s.time(at)
		}
		return max(s.onCalendar(d, d.after(from)), s.at)
	}
	last := d.outcome
	if last == More {
		last = Worked // what was left is left until then
	}
	if p := d.interval(); p != nil {
		return p.after(at, last, d.idle, d.fails)
	}
	next := d.ask(&Run{
		Due: s.time(d.due), Started: s.time(at), Finished: s.time(at), Result: Result{Outcome: last},
		IdleRuns: int(d.idle), Failures: int(d.fails),
	})
	return max(s.offset(next), s.at)
}

// skipAfter leaves out the run of a daemon that waits since its last one ended.
func (s *Scheduler) skipAfter(id ID) {
	d := s.daemon(id)
	skipped := s.time(d.due)
	s.unqueue(id)
	s.wait(id, s.skip(d))
	if s.heeding {
		s.notes = append(s.notes, Note{
			Kind: NoteSkipped, ID: id, At: s.Now(), First: skipped, Until: s.time(d.due), Times: 1, Reason: "skip-next",
		})
	}
}
