// Package status tells where everything in an app stands, and why each daemon waits: a value to print and to send.
//
// [Of] makes it of an app. It reads, and starts nothing. All texts in it are for people, bounded, of one line and
// without control characters; what they say may change between releases, the names of the fields do not.
package status

import "time"

// Status is where an app and each of its daemons stand at one moment. In JSON times are RFC 3339 and durations are
// seconds; what there is none of is left out.
type Status struct {
	App App `json:"app"`
	// Daemons are sorted by name, so that a child stands somewhere behind its seed.
	Daemons []Daemon `json:"daemons"`
}

// App is where an app as a whole stands.
type App struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	PID     int    `json:"pid,omitempty"`
	// At is the moment of which all this is true, Started when the app started, Up its age.
	At      time.Time `json:"at"`
	Started time.Time `json:"started"`
	Up      Seconds   `json:"up"`
	// Draining tells that nothing starts any more: the app is about to end.
	Draining bool   `json:"draining,omitempty"`
	Config   Config `json:"config"`
	// Workers is how many runs may be in flight, Busy how many are, Ready how many daemons wait for the floor.
	Workers int `json:"workers"`
	Busy    int `json:"busy"`
	Ready   int `json:"ready"`
	// Load is the share of worker time spent in runs, 0 to 1, over one, five and fifteen minutes.
	Load [3]float64 `json:"load"`
	// LagP50, LagP95 and LagMax are the dispatch lag, start minus due time, of the last five to ten minutes.
	LagP50 Seconds `json:"lag_p50"`
	LagP95 Seconds `json:"lag_p95"`
	LagMax Seconds `json:"lag_max"`
	// Starved is how long the longest-ready daemon has waited for the floor.
	Starved Seconds `json:"starved"`
	// States is how many daemons are in each state; states that none is in are left out.
	States map[State]int `json:"states"`
	Stops  Stops         `json:"stops"`
}

// Config is the configuration that an app runs by.
type Config struct {
	// Digest identifies it; empty if unknown.
	Digest string `json:"digest,omitempty"`
	// AppliedAt is since when the app runs by it, and AppliedBy who wanted it.
	AppliedAt time.Time `json:"applied_at,omitzero"`
	AppliedBy string    `json:"applied_by,omitempty"`
}

// Stops is when the app stops by itself.
type Stops struct {
	// SoftAt and HardAt are the deadlines: the app stops not before the one, and at the other. Zero: there is none.
	SoftAt time.Time `json:"soft_at,omitzero"`
	HardAt time.Time `json:"hard_at,omitzero"`
	// Idle is how long a gap in the schedule ends the app, NoWork how long nothing useful may have been done; 0: never.
	Idle   Seconds `json:"idle,omitempty"`
	NoWork Seconds `json:"no_work,omitempty"`
	// IdleAt is the earliest moment at which it could stop for being idle: every run until then is taken to find
	// nothing and to take no time. Zero: never, not within sight, or unknown; Never tells the first.
	IdleAt time.Time `json:"idle_at,omitzero"`
	Never  bool      `json:"never,omitempty"`
	// KeptBy is the daemon that keeps the app alive.
	KeptBy string `json:"kept_by,omitempty"`
	// NoWorkAt is when it stops for want of useful work, if there is none until then.
	NoWorkAt time.Time `json:"no_work_at,omitzero"`
	// Suspended counts the paused daemons: while there are any, the app does not stop for being idle or without work.
	Suspended int `json:"suspended,omitempty"`
	// Why is all this as a sentence.
	Why string `json:"why"`
}

// State is the word for where a daemon stands.
type State string

// The states, in the order of the attention they need.
const (
	// Disarmed: not scheduled, after failures or by an operator.
	Disarmed State = "disarmed"
	// Stuck: not scheduled, as a run that was given up has not returned.
	Stuck State = "stuck"
	// Retrying: its last run failed, and it waits to try again.
	Retrying State = "retrying"
	// Running: a run is in flight.
	Running State = "running"
	// Ready: due, waiting for the floor.
	Ready State = "ready"
	// Held: due, but a condition does not hold.
	Held State = "held"
	// Paused by an operator.
	Paused State = "paused"
	// Window: due, but outside its window.
	Window State = "window"
	// Backoff: it found nothing to do, and waits longer than usual.
	Backoff State = "backoff"
	// Waiting for its next run time.
	Waiting State = "waiting"
	// Finished: it asked never to run again.
	Finished State = "finished"
)

// States are all states, those first that need the most attention.
func States() []State {
	return []State{Disarmed, Stuck, Retrying, Running, Ready, Held, Paused, Window, Backoff, Waiting, Finished}
}

// Failing tells whether something is wrong with the daemon: it is disarmed or stuck, or its last run failed.
func (d *Daemon) Failing() bool { return d.State == Disarmed || d.State == Stuck || d.Failures > 0 }

// Daemon is where a daemon stands.
type Daemon struct {
	Name        string   `json:"name"`
	Type        string   `json:"type,omitempty"`
	Description string   `json:"description,omitempty"`
	Tags        []string `json:"tags,omitempty"`
	// Digest identifies its settings.
	Digest string `json:"digest,omitempty"`
	// Seed tells that it is one, Children how many there are now, Parent the seed that it is a child of.
	Seed     bool   `json:"seed,omitempty"`
	Children int    `json:"children,omitempty"`
	Parent   string `json:"parent,omitempty"`

	State State `json:"state"`
	// Why is a sentence on why it is in that state and waits as long as it does.
	Why string `json:"why"`
	// NeedsYou tells that nothing happens until a person does something: it was disarmed after failures, or is stuck.
	NeedsYou bool `json:"needs_you,omitempty"`

	// Outcome is how the last run ended: worked, more, idle, failed or cancelled; empty if there was none.
	Outcome   string    `json:"outcome,omitempty"`
	LastStart time.Time `json:"last_start,omitzero"`
	LastEnd   time.Time `json:"last_end,omitzero"`
	LastGood  time.Time `json:"last_good,omitzero"`
	// Next is when it is due, or expected to be released or resumed; since when it is due while it is ready or runs.
	// Zero: never, or not known.
	Next time.Time `json:"next,omitzero"`
	// Interval is its ordinary wait between two runs, Wait the one it is in; 0: none, or not known.
	Interval Seconds `json:"interval,omitempty"`
	Wait     Seconds `json:"wait,omitempty"`
	// Schedule is its calendar schedule, if it has one.
	Schedule string `json:"schedule,omitempty"`
	// IdleRuns and Failures count the latest runs in a row that were so. DisarmAfter is how many failures disarm it; 0: none do.
	IdleRuns    int `json:"idle_runs,omitempty"`
	Failures    int `json:"failures,omitempty"`
	DisarmAfter int `json:"disarm_after,omitempty"`
	// LastError is why the latest failed run failed, and LastErrorAt when; it may have worked since.
	LastError   string    `json:"last_error,omitempty"`
	LastErrorAt time.Time `json:"last_error_at,omitzero"`
	// P50 and P95 are how long half, and nineteen of twenty, of its latest runs took at most; Samples is of how many.
	P50     Seconds `json:"p50,omitempty"`
	P95     Seconds `json:"p95,omitempty"`
	Samples int     `json:"samples,omitempty"`

	// Run is the run in flight; of a stuck daemon the one that was given up.
	Run *Run `json:"run,omitempty"`
	// Timeout ends a run that takes longer; 0: none does.
	Timeout    Seconds  `json:"timeout,omitempty"`
	Priority   int      `json:"priority"`
	Background bool     `json:"background,omitempty"`
	Windows    []string `json:"windows,omitempty"`
	After      []string `json:"after,omitempty"`
	LoadBelow  float64  `json:"load_below,omitempty"`
	// Pause is why it is paused, or will be when its run ends.
	Pause *Pause `json:"pause,omitempty"`
	// Leaving tells that it is removed when its run ends.
	Leaving bool   `json:"leaving,omitempty"`
	Counts  Counts `json:"counts"`
}

// Run is a run in flight.
type Run struct {
	ID      string    `json:"id"`
	Started time.Time `json:"started"`
	// Deadline is when it times out; zero: never.
	Deadline time.Time `json:"deadline,omitzero"`
	// Done and Total are how far it has come, as it told; both 0 if it did not.
	Done  int `json:"done,omitempty"`
	Total int `json:"total,omitempty"`
}

// Pause is why a daemon is paused.
type Pause struct {
	Since time.Time `json:"since"`
	// Until is when it ends by itself; zero: not by itself.
	Until time.Time `json:"until,omitzero"`
	Who   string    `json:"who,omitempty"`
	Why   string    `json:"why,omitempty"`
}

// Counts are the sums of a daemon's runs in this life of the app.
type Counts struct {
	Worked    uint32 `json:"worked"`
	Idle      uint32 `json:"idle"`
	Failed    uint32 `json:"failed"`
	Cancelled uint32 `json:"cancelled"`
	// Items is how many things the runs did, as far as they told.
	Items int64 `json:"items"`
	// Busy is the time spent in runs, LongestWait the longest wait for the floor, Starved the sum of these waits.
	Busy        Seconds `json:"busy"`
	LongestWait Seconds `json:"longest_wait"`
	Starved     Seconds `json:"starved"`
}
