package control

import (
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/status"
)

// APIVersion is the number in the paths. Within it fields and routes are added, and none changes its meaning or goes.
const APIVersion = 1

// About is what a server says of itself.
type About struct {
	// API is [APIVersion]; the server fills it in.
	API int `json:"api"`
	// Program and Version are those of the host program, App the app's label, PID its process.
	Program string    `json:"program"`
	Version string    `json:"version"`
	App     string    `json:"app"`
	PID     int       `json:"pid"`
	Started time.Time `json:"started,omitzero"`
}

// Daemons is a short list of all daemons, for completion and for choosing; the status has more.
type Daemons struct {
	Daemons []Listed `json:"daemons"`
}

// Listed is a daemon in a list.
type Listed struct {
	Name   string   `json:"name"`
	Type   string   `json:"type,omitempty"`
	State  string   `json:"state"`
	Seed   bool     `json:"seed,omitempty"`
	Parent string   `json:"parent,omitempty"`
	Tags   []string `json:"tags,omitempty"`
	// Run is the run in flight, and Since when it began.
	Run   string    `json:"run,omitempty"`
	Since time.Time `json:"since,omitzero"`
}

// Choice says which daemons are meant: those of the names and those with one of the tags. A seed includes its children,
// their children too.
type Choice struct {
	// Names are names or globs ("mail-queues/*").
	Names []string `json:"names,omitempty"`
	Tags  []string `json:"tags,omitempty"`
	// All means every daemon.
	All bool `json:"all,omitempty"`
	// Self leaves the children of a seed out.
	Self bool `json:"self,omitempty"`
}

// TriggerRequest makes daemons due now, whatever their windows, after and load conditions say.
type TriggerRequest struct {
	Choice
	// Shift plans the next run anew; otherwise the time planned before stands.
	Shift bool `json:"shift,omitempty"`
	// Wait answers when the runs have ended.
	Wait bool `json:"wait,omitempty"`
}

// CancelRequest ends runs in flight.
type CancelRequest struct {
	Choice
	// Kill ends what they have started at once.
	Kill bool `json:"kill,omitempty"`
}

// PauseRequest keeps daemons from starting.
type PauseRequest struct {
	Choice
	// Until ends the pause by itself; zero: not by itself.
	Until time.Time `json:"until,omitzero"`
	// Why is for people, in status and history.
	Why string `json:"why,omitempty"`
}

// DisarmRequest takes daemons out of the schedule.
type DisarmRequest struct {
	Choice
	// Why is for people, in status and history.
	Why string `json:"why,omitempty"`
}

// ChoiceRequest is the request of the verbs that need no more: resume, arm, skip-next.
type ChoiceRequest struct {
	Choice
}

// NoRequest is the empty request of drain, stop and reload.
type NoRequest struct{}

// Steered is what became of each daemon. It is the answer if all were steered; otherwise the answer is an [Error] with
// the results.
type Steered struct {
	Results []Result `json:"results"`
}

// Result is what became of one daemon.
type Result struct {
	Daemon string `json:"daemon"`
	// Error is why it was not steered, or why the run that was waited for did not work; Hint what to do about it.
	Error string `json:"error,omitempty"`
	Hint  string `json:"hint,omitempty"`
	// Next is when it is due now; zero: not by itself, or it runs.
	Next time.Time `json:"next,omitzero"`
	// Until and Why are those of a pause.
	Until time.Time `json:"until,omitzero"`
	Why   string    `json:"why,omitempty"`
	// Run is the run that was waited for or cancelled.
	Run string `json:"run,omitempty"`
	// Outcome, Count, Started and Took are those of a run that was waited for.
	Outcome string         `json:"outcome,omitempty"`
	Count   int            `json:"count,omitempty"`
	Started time.Time      `json:"started,omitzero"`
	Took    status.Seconds `json:"took,omitempty"`
}

// Reloaded is what a reload changed, by name.
type Reloaded struct {
	Added []string `json:"added"`
	// Changed are those that were replaced, and those with another description, priority or other tags.
	Changed []string `json:"changed"`
	Removed []string `json:"removed"`
	// Kept is how many stayed as they were.
	Kept int `json:"kept"`
}

// Ending is an app that is asked to end.
type Ending struct {
	// Already tells that it was about to end before, and goes on as it was told then.
	Already bool `json:"already,omitempty"`
	// Running are the daemons whose runs are waited for.
	Running []string `json:"running"`
	// PID is the process that ends.
	PID int `json:"pid"`
}

// Event is one thing that happened, or a word on the stream itself: "dropped", "alive", "end".
type Event struct {
	// Event is the kind: "run_ended", "paused", "dropped".
	Event string    `json:"event"`
	At    time.Time `json:"at"`
	// Daemon, Type and Digest are those of the daemon concerned; empty for the app itself.
	Daemon string `json:"daemon,omitempty"`
	Type   string `json:"type,omitempty"`
	Digest string `json:"digest,omitempty"`
	// Run names the run, Attempt counts the tries, Trigger is "operator" or "wake" where its time had not come.
	Run     string `json:"run,omitempty"`
	Attempt int    `json:"attempt,omitempty"`
	Trigger string `json:"trigger,omitempty"`
	// Due, Started and Ended are those of the run.
	Due     time.Time `json:"due,omitzero"`
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	Outcome string    `json:"outcome,omitempty"`
	Count   int       `json:"count,omitempty"`
	// IdleRuns and Failures count the latest runs in a row that were so.
	IdleRuns int `json:"idle_runs,omitempty"`
	Failures int `json:"failures,omitempty"`
	// CPU and PeakBytes are what the run has used, as far as it told.
	CPU       float64 `json:"cpu,omitempty"`
	PeakBytes int64   `json:"peak_bytes,omitempty"`
	// Next is the next run time; of a pause when it ends by itself.
	Next time.Time `json:"next,omitzero"`
	// Times is how many calendar times were missed or skipped, First the first of them.
	Times int       `json:"times,omitempty"`
	First time.Time `json:"first,omitzero"`
	// Reason is why, Error the error behind it, Who asked for it.
	Reason string `json:"reason,omitempty"`
	Error  string `json:"error,omitempty"`
	Who    string `json:"who,omitempty"`
	// Added, Changed, Removed and Kept are what a reload, or the run of a seed, changed.
	Added   []string `json:"added,omitempty"`
	Changed []string `json:"changed,omitempty"`
	Removed []string `json:"removed,omitempty"`
	Kept    int      `json:"kept,omitempty"`
	// Running is how many runs were in flight, Grace how long they have got, Daemons how many daemons the app starts with.
	Running int            `json:"running,omitempty"`
	Grace   status.Seconds `json:"grace,omitempty"`
	Daemons int            `json:"daemons,omitempty"`
	// Dropped is how many events the reader has missed here, as it was too slow.
	Dropped int64 `json:"dropped,omitempty"`
}

// Line is a line that a run has written, or a word on the stream itself.
type Line struct {
	// Event is empty for a line; "dropped", "alive" or "end" for a word on the stream.
	Event  string    `json:"event,omitempty"`
	At     time.Time `json:"at"`
	Daemon string    `json:"daemon,omitempty"`
	Run    string    `json:"run,omitempty"`
	// Stream is "out" or "err".
	Stream string `json:"stream,omitempty"`
	Text   string `json:"text,omitempty"`
	// Dropped is how many lines the reader has missed here, Reason why the stream ends.
	Dropped int64  `json:"dropped,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// The words on a stream itself.
const (
	// WordDropped: so many are missing here, as the reader was too slow.
	WordDropped = "dropped"
	// WordAlive: nothing has happened for a while.
	WordAlive = "alive"
	// WordEnd: nothing more comes.
	WordEnd = "end"
)

// reloaded is what a change comes to.
func reloaded(c daemonapp.Change) Reloaded {
	r := Reloaded{Added: c.Added, Removed: c.Removed, Kept: c.Kept}
	r.Changed = append(append(r.Changed, c.Replaced...), c.Changed...)
	for _, list := range []*[]string{&r.Added, &r.Changed, &r.Removed} {
		if *list == nil {
			*list = []string{}
		}
	}
	return r
}
