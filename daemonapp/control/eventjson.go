package control

import (
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/status"
)

// encode makes what the API shows of an event.
func (h *happening) encode(mask func(string) string) Event {
	e := &h.Event
	told := Event{
		Event: e.Kind.String(), At: e.At, Daemon: e.Daemon, Type: e.Type, Digest: e.Digest.String(), Attempt: e.Attempt, Trigger: wokenBy(e.By),
		Due: e.Run.Due, Started: e.Run.Started, Ended: e.Run.Finished, Count: e.Run.Result.Count,
		IdleRuns: e.Run.IdleRuns, Failures: e.Run.Failures, CPU: h.usage.cpu, PeakBytes: h.usage.peak,
		Next: e.Next, Times: e.Times, First: e.First, Reason: mask(e.Reason), Who: e.Who,
		Added: e.Children.Added, Removed: e.Children.Removed, Kept: e.Children.Kept,
		Running: e.Running, Grace: status.Seconds(e.Grace), Daemons: e.Daemons,
	}
	told.Changed = reloaded(e.Children).Changed
	if e.RunID != 0 {
		told.Run = e.RunID.String()
	}
	if e.Run.Result.Outcome != 0 {
		told.Outcome = e.Run.Result.Outcome.String()
	}
	if err := e.Err; err != nil {
		told.Error = mask(err.Error())
	} else if e.Run.Err != nil {
		told.Error = mask(e.Run.Err.Error())
	}
	return told
}

// encode makes what the API shows of a run that was waited for.
func (r *Result) encode(end runEnd, mask func(string) string) {
	if end.run != 0 {
		r.Run = end.run.String()
	}
	run := end.end
	if run.Result.Outcome != 0 {
		r.Outcome, r.Count, r.Started = run.Result.Outcome.String(), run.Result.Count, run.Started
		r.Took = status.Seconds(run.Finished.Sub(run.Started))
	}
	switch {
	case end.cause != "":
		r.Error = end.cause
	case run.Err != nil:
		r.Error = mask(run.Err.Error())
	case run.Result.Outcome == schedule.Failed, run.Result.Outcome == schedule.Cancelled:
		r.Error = "the run " + run.Result.Outcome.String()
	}
}

func wokenBy(by schedule.Waker) string {
	switch by {
	case schedule.ByEvent:
		return "wake"
	case schedule.ByOperator, schedule.ByOperatorShift:
		return "operator"
	}
	return ""
}

// kindsOf are the bits of the kinds with these names; 0 for no names.
func kindsOf(words []string) (bits uint64, err error) {
	known := kinds()
	for _, word := range words {
		kind, ok := known[word]
		if !ok {
			return 0, &Error{Status: statusBadRequest, Message: "no event is called " + quoted(word), Hint: didYouMean(word, keys(known))}
		}
		bits |= 1 << kind
	}
	return bits, nil
}

// kinds are the kinds of events by their words.
func kinds() map[string]daemonapp.Kind {
	all := map[string]daemonapp.Kind{}
	for k := daemonapp.AppStarted; k < 64 && k.String() != "unknown"; k++ {
		all[k.String()] = k
	}
	return all
}

func lineOf(l *daemonapp.Line) Line {
	return Line{At: l.At, Daemon: l.Daemon, Run: l.Run.String(), Stream: l.Stream, Text: l.Text}
}

// word is a word on a stream of events, lineWord on one of lines.
func word(what string, at time.Time, dropped int64, reason string) Event {
	return Event{Event: what, At: at, Dropped: dropped, Reason: reason}
}

func lineWord(what string, at time.Time, dropped int64, reason string) Line {
	return Line{Event: what, At: at, Dropped: dropped, Reason: reason}
}
