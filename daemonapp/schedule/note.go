package schedule

import "time"

// NoteKind says what a [Note] tells.
type NoteKind uint8

const (
	// NoteHeld: a daemon that is due is held. Reason says why, Until when it is released, if that is known. It is noted
	// once for each time that the daemon is due.
	NoteHeld NoteKind = iota + 1
	// NoteMissed: calendar times passed without a run of their own: Times of them, the first at First.
	NoteMissed
	// NoteSkipped: the run that was due at First is left out, as SkipNext wanted; the next is due at Until.
	NoteSkipped
)

// Note is something that a decision brought with it and that is no decision: a run that did not happen.
type Note struct {
	Kind         NoteKind
	ID           ID
	At           time.Time
	First, Until time.Time
	Times        int
	Reason       string
}

// Why calendar times are missed.
const (
	missedWhileDown    = "the app was not running"
	missedWhileAsleep  = "the clock was set forward, or the machine slept"
	missedWhileRunning = "the run before was still going"
)

// missedLimit bounds how many missed times are counted.
const missedLimit = 10_000

// Heed begins to take notes.
func (s *Scheduler) Heed() { s.heeding = true }

// Noted tells whether there are notes.
func (s *Scheduler) Noted() bool { return len(s.notes) > 0 }

// Notes hands over what was noted since the last call. The list is the scheduler's again at the next decision.
func (s *Scheduler) Notes() []Note {
	notes := s.notes
	s.notes = s.notes[:0]
	return notes
}

// noteHeld notes that a daemon is held, once until its next run has ended.
func (s *Scheduler) noteHeld(id ID) {
	d := s.daemon(id)
	if !s.heeding || d.flags&heldNoted != 0 {
		return
	}
	d.flags |= heldNoted
	st := Status{}
	s.explain(d, &st)
	s.notes = append(s.notes, Note{
		Kind: NoteHeld, ID: id, At: s.Now(), First: s.time(d.due), Until: st.Until, Times: 1, Reason: st.Reason,
	})
}

// noteMissed notes the calendar times from first on, up to then; of those the last is made up for if caught is set, and
// is the answer. Without any that is first.
func (s *Scheduler) noteMissed(id ID, first, to time.Time, caught bool, why string) (last time.Time) {
	d := s.daemon(id)
	times := 0
	last = first
	for t := first; !t.IsZero() && !t.After(to) && times < missedLimit; t = d.after(t) {
		times++
		last = t
	}
	if caught {
		times--
	}
	if s.heeding && times > 0 {
		s.notes = append(s.notes, Note{Kind: NoteMissed, ID: id, At: s.Now(), First: first, Times: times, Reason: why})
	}
	return last
}
