package daemonapp

import (
	"context"
	"slices"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// Daemon is a named piece of recurring work: it exposes a priority and a desired next run time
// (the Planner), and does one slice of its work in Run.
//
// Run is never called twice at once for one daemon. Its context ends with the run, earlier when the
// run is cancelled or past its timeout; Run must then return within the kill grace. An error, or a panic,
// makes the run failed whatever the result says.
type Daemon interface {
	schedule.Planner
	Run(ctx context.Context) (schedule.Result, error)
}

// Seed is a daemon that decides which child daemons exist.
//
// Children is asked after each of its runs that did not fail, on the goroutine that ran it. The app
// starts the missing, stops the vanished and replaces those whose digest changed. The names are those
// of the children alone; the app puts "seed/" before them.
type Seed interface {
	Daemon
	Children() []Spec
}

// Holder is a daemon that may not be able to start for a reason of its own, such as a process left
// by an earlier life of the app. Hold is asked each time the daemon could start, while the
// scheduler waits: it must return at once. An empty reason means go; otherwise the daemon is held
// and asked again after recheck.
type Holder interface {
	Daemon
	Hold() (reason string, recheck time.Duration)
}

// Closer is a daemon that holds something open. Close is called once, after its last run, when it is
// removed, replaced or the app ends.
type Closer interface {
	Close() error
}

// RunFunc is one run of a daemon, as a function.
type RunFunc func(ctx context.Context) (schedule.Result, error)

// Task makes a daemon of a planner and a function.
type Task struct {
	schedule.Planner
	Do RunFunc
}

var _ Daemon = Task{}

// Calendar tells the scheduler of a planner that follows the calendar.
func (t Task) Calendar() schedule.Calendar { return schedule.CalendarOf(t.Planner) }

// Run implements [Daemon].
func (t Task) Run(ctx context.Context) (schedule.Result, error) { return t.Do(ctx) }

// Pace is a planner for a daemon struct to embed: a bare schedule.Planner would hide that it follows
// the calendar.
type Pace struct {
	schedule.Planner
}

// Calendar tells the scheduler of a planner that follows the calendar.
func (p Pace) Calendar() schedule.Calendar { return schedule.CalendarOf(p.Planner) }

// Poll makes the oldest daemon of all: look for a job, do it. A run finds and does one job and then
// yields the floor: it answers More, so that it is due again at once behind its equals, or Idle when
// find reports that there is none.
func Poll[J any](find func(context.Context) (J, bool, error), do func(context.Context, J) error) RunFunc {
	return func(ctx context.Context) (schedule.Result, error) {
		job, found, err := find(ctx)
		if err != nil {
			return schedule.Result{}, err
		}
		if !found {
			return schedule.Result{Outcome: schedule.Idle}, nil
		}
		if err := do(ctx, job); err != nil {
			return schedule.Result{}, err
		}
		return schedule.Result{Outcome: schedule.More, Count: 1}, nil
	}
}

// Spec is everything an app is told of one daemon. Two specs of one name and another digest are
// different daemons: the second replaces the first.
type Spec struct {
	// Name is unique in the app: letters, digits, ".", "_", "-"; a child's is "seed/child".
	Name string
	// Type is the daemon type's name, for people; it may be empty.
	Type string
	// Digest identifies the settings; see [App.Reconcile].
	Digest string
	// Fresh tells that a daemon of another digest which this one replaces has only the name in common with it: it is due
	// as one that is added, not at the pace of that one.
	Fresh  bool
	Daemon Daemon
	Terms  Terms
}

// Terms are the settings common to every daemon that are not its pace. The zero value is a daemon
// that is due at once, has no limits and never disarms.
type Terms struct {
	// StartAfter delays the first run from the moment the daemon is added.
	StartAfter time.Duration
	// Offset is the stable jitter: added to the first due time and, by calendar planners, to each of theirs.
	Offset time.Duration
	// Timeout cancels and fails a run that takes longer; 0 means no limit.
	Timeout time.Duration
	// KillGrace is how long a cancelled run may take to return before its worker is given up; 0 means 5 s.
	KillGrace time.Duration
	// RunOnce tells that the planner answers never after a run; for display.
	RunOnce bool
	// Background keeps the daemon from keeping the app alive.
	Background bool
	// DisarmAfter disarms after so many consecutive failures; 0 means never.
	DisarmAfter int
	// After names the daemons that must have succeeded since this one's last start.
	After []string
	// Windows are the times in which it may start; none means always.
	Windows []Window
	// Slots bound how many of the daemons that share them run at once; nil means no bound.
	Slots *schedule.Slots
	// LoadBelow holds the daemon until the one-minute load is lower; 0 means no condition.
	LoadBelow float64
	// Description and Tags are for people. They and the priority may change without replacing the daemon.
	Description string
	Tags        []string
}

// Window is a schedule.Window, and what happens to a run that is still going when it closes.
type Window struct {
	schedule.Window
	// StopAtClose cancels the run; otherwise it finishes.
	StopAtClose bool
	// Text is how people wrote it: "22:00 to 06:00 mon-fri".
	Text string
}

// Entry is what the scheduler is told of a daemon of that name, pace and terms.
func (t *Terms) Entry(name string, planner schedule.Planner) schedule.Entry {
	return schedule.Entry{
		Name: name, Planner: planner, StartAfter: t.StartAfter, Offset: t.Offset,
		Background: t.Background, DisarmAfter: t.DisarmAfter,
		Conditions: schedule.Conditions{After: slices.Clip(t.After), LoadBelow: t.LoadBelow, Window: anyOf(t.Windows), Slots: t.Slots},
	}
}

func (t *Terms) none() bool {
	return t.StartAfter == 0 && t.Offset == 0 && t.Timeout == 0 && t.KillGrace == 0 && !t.RunOnce && !t.Background &&
		t.DisarmAfter == 0 && len(t.After) == 0 && len(t.Windows) == 0 && t.LoadBelow == 0 && t.Slots == nil && t.Description == "" && len(t.Tags) == 0
}

// DefaultKillGrace is how long a cancelled run may take to return.
const DefaultKillGrace = 5 * time.Second

// FieldError is a fault in a settings struct, told by the settings' own Validate. Field is the name
// in the configuration ("timeout", "limits.nofile"); Message is a sentence that says what is wrong;
// Hint, if any, is the way out.
type FieldError struct {
	Field   string
	Message string
	Hint    string
}

// Error implements error.
func (e *FieldError) Error() string { return e.Field + ": " + e.Message }
