package status

import (
	"fmt"
	"sync"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// Recorder is an observer that keeps what a status tells of each daemon's past: how long its latest runs took, why the
// latest failed one did, and what an operator did to it. It keeps no run, and forgets a daemon that is removed.
type Recorder struct {
	mask func(string) string

	mu      sync.Mutex // guards all below
	records map[string]*record
	// worked is when a run last did something useful, resumed when a pause last ended early.
	worked, resumed time.Time
}

var _ daemonapp.Observer = (*Recorder)(nil)

// record is what is kept of one daemon.
type record struct {
	took    samples
	failure Failure
	by      string    // disarmed it; empty: no operator did
	skipped time.Time // the due time of the run that is left out; zero: none is
	skipper string
	pauseTo time.Time // when the latest pause ends by itself
}

// Failure is why a run failed, and when it ended.
type Failure struct {
	Text string
	At   time.Time
}

// NewRecorder makes a recorder. mask hides the secrets in a text, and may be called from any goroutine; nil hides none.
func NewRecorder(mask func(string) string) *Recorder {
	if mask == nil {
		mask = func(s string) string { return s }
	}
	return &Recorder{mask: mask, records: map[string]*record{}}
}

// Seed hands over how long the latest runs took in earlier lives of the app, the oldest first, by the daemon's name. It
// is called before the app runs.
func (r *Recorder) Seed(took map[string][]time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, list := range took {
		rec := r.of(name)
		for _, d := range list {
			rec.took.add(d)
		}
	}
}

// SeedFailures hands over why the latest failed runs of earlier lives failed, by the daemon's name; likewise.
func (r *Recorder) SeedFailures(failures map[string]Failure) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, f := range failures {
		r.of(name).failure = Failure{Text: Line(r.mask(f.Text), longestError), At: f.At}
	}
}

// longestError is how many characters of an error are kept.
const longestError = 400

// Observe implements [daemonapp.Observer]. It costs a look into a map, and of a failed run the text of its error.
func (r *Recorder) Observe(e daemonapp.Event) {
	if e.Daemon == "" {
		return
	}
	var failure Failure
	if err := failed(&e); err != nil {
		// The whole text is masked: half a secret would not be recognized as one.
		failure = Failure{Text: Line(r.mask(fmt.Sprint(err)), longestError), At: e.At}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e.Kind {
	case daemonapp.Removed:
		delete(r.records, e.Daemon)
		return
	case daemonapp.Replaced:
		r.records[e.Daemon] = &record{}
		return
	default:
	}
	r.of(e.Daemon).note(&e, failure)
	switch {
	case e.Kind == daemonapp.DaemonResumed:
		r.resumed = e.At
	case e.Kind == daemonapp.RunEnded && (e.Run.Result.Outcome == schedule.Worked || e.Run.Result.Outcome == schedule.More):
		r.worked = e.At
	}
}

// failed is the error of a run that failed.
func failed(e *daemonapp.Event) error {
	switch {
	case e.Kind == daemonapp.Stuck:
		return e.Err
	case e.Kind == daemonapp.RunEnded && e.Run.Result.Outcome == schedule.Failed:
		return e.Run.Err
	}
	return nil
}

func (rec *record) note(e *daemonapp.Event, failure Failure) {
	switch e.Kind {
	case daemonapp.RunStarted:
		rec.skipped, rec.skipper = time.Time{}, ""
	case daemonapp.RunEnded:
		if e.Run.Result.Outcome != schedule.Cancelled {
			rec.took.add(e.Run.Finished.Sub(e.Run.Started))
		}
	case daemonapp.DaemonDisarmed:
		rec.by = e.Who
	case daemonapp.DaemonArmed:
		rec.by = ""
	case daemonapp.DaemonPaused:
		rec.pauseTo = e.Next
	case daemonapp.DaemonResumed:
		rec.pauseTo = time.Time{}
	case daemonapp.Skipped:
		if rec.skipped = e.First; e.Who != "" {
			rec.skipper = e.Who
		}
	default:
	}
	if failure.Text != "" {
		rec.failure = failure
	}
}

// of is the record of a daemon, made if there is none.
func (r *Recorder) of(name string) *record {
	rec := r.records[name]
	if rec == nil {
		rec = &record{}
		r.records[name] = rec
	}
	return rec
}

// past is a copy of what is known of a daemon; the samples are put into buffer.
func (r *Recorder) past(name string, buffer samples) record {
	if r == nil {
		return record{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	rec := r.records[name]
	if rec == nil {
		return record{}
	}
	known := *rec
	known.took = samples{took: append(buffer.took[:0], rec.took.took...)}
	return known
}

// workless is since when nothing useful has been done, as far as the recorder has seen: pauses that ended by themselves
// are the caller's to add.
func (r *Recorder) workless() time.Time {
	if r == nil {
		return time.Time{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return laterOf(r.worked, r.resumed)
}
