package daemonapp

import (
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// Kind says what happened.
type Kind uint8

const (
	// AppStarted: the app begins to dispatch.
	AppStarted Kind = iota + 1
	// RunStarted: a run of a daemon begins.
	RunStarted
	// RunEnded: it has ended, and its next run is planned.
	RunEnded
	// Added: there is a new daemon.
	Added
	// Changed: its description, tags or priority are others, which replaces nothing.
	Changed
	// Replaced: a successor with other settings has taken its place.
	Replaced
	// Removed: it is gone.
	Removed
	// DaemonDisarmed: it is no longer scheduled, after failures or by an operator.
	DaemonDisarmed
	// DaemonArmed: it is scheduled again.
	DaemonArmed
	// DaemonPaused: it does not start, until it is resumed or a time comes.
	DaemonPaused
	// DaemonResumed: it may start again.
	DaemonResumed
	// Stuck: a run did not return within its kill grace and was given up.
	Stuck
	// Unstuck: such a run has returned after all.
	Unstuck
	// ChildrenRefused: a seed stated children that cannot be; nothing changed.
	ChildrenRefused
	// SoftDeadlinePassed: from now on the app may stop for being idle.
	SoftDeadlinePassed
	// Draining: nothing starts any more, runs in flight may end.
	Draining
	// Cancelling: the grace is over, and the contexts of runs in flight are cancelled.
	Cancelling
	// AppStopped: nothing runs any more, but what was abandoned.
	AppStopped
	// Held: a daemon is due and a condition does not hold. It is told once for each time it is due.
	Held
	// Missed: calendar times passed without a run, while the app was down, the machine asleep or a run in flight.
	Missed
	// Skipped: an operator had its next run left out.
	Skipped
	// Triggered: an operator made it due.
	Triggered
	// CancelWanted: an operator cancels its run in flight.
	CancelWanted
	// Reloading: a configuration is being read, to be taken over.
	Reloading
	// Reloaded: the app runs by it.
	Reloaded
	// ReloadRefused: it does not, as that one has faults.
	ReloadRefused
)

var kindNames = [...]string{
	"none", "started", "run_started", "run_ended", "added", "changed", "replaced", "removed", "disarmed", "armed",
	"paused", "resumed", "stuck", "unstuck", "children_refused", "soft", "draining", "cancelling", "stopped",
	"held", "missed", "skipped", "triggered", "cancel", "reloading", "reloaded", "refused",
}

// String is a fixed word for logs and streams.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// Event is one thing that happened: a flat value. Which fields are set depends on Kind.
type Event struct {
	Kind Kind
	At   time.Time
	// Daemon and Type are those of the daemon concerned; empty for the app itself.
	Daemon string
	Type   string
	// Digest identifies the settings that the daemon runs, or ran, by.
	Digest Digest
	// Run is the record of a run that ended or got stuck; of one that started only Due and Started are set.
	Run schedule.Run
	// RunID names the run; see [RunInfo.ID].
	RunID RunID
	// Attempt is [RunInfo.Attempt] of a run, and Report what it told of itself; nil if nothing.
	Attempt int
	Report  *Report
	// By is who woke the daemon early for this run; 0: its time had come.
	By schedule.Waker
	// Next is the daemon's next desired run time, Stretched whether its wait is longer than the one
	// before because the run was idle.
	Next      time.Time
	Stretched bool
	// Times are how many calendar times were missed, the first of them, or the time whose run was skipped, being First.
	Times int
	First time.Time
	// Children is what a seed's run changed, or a reload of the daemons of the app.
	Children Change
	// Reason is why a daemon was disarmed, is held, or is paused, or why the app stops; Err is the error behind it.
	Reason string
	Err    error
	// Who asked, where somebody did.
	Who string
	// Stop is why the app stopped, and when; Running how many runs were in flight.
	Stop    schedule.Reason
	Running int
	Grace   time.Duration
	// Gap is the idle threshold: how long a gap in the schedule ends the app from now on.
	Gap time.Duration
	// Daemons and Limits are those that the app starts with; Once tells that each daemon is to run once.
	Daemons int
	Once    bool
	Limits  *schedule.Limits
	// NextDaemon is due first after an idle stop, at Next.
	NextDaemon string
}

// Observer is told everything that happens, one event at a time and in order, by whoever holds the app's
// lock. Observe must not block, must not keep the app waiting and must not call the app.
type Observer interface {
	Observe(Event)
}

// ObserverFunc makes an observer of a function.
type ObserverFunc func(Event)

// Observe implements [Observer].
func (f ObserverFunc) Observe(e Event) { f(e) }

// Rememberer is where an app hands over what is to survive a restart. Put must not block; urgent tells
// that the daemon did something that must not be done twice.
type Rememberer interface {
	Put(m Memory, urgent bool)
}
