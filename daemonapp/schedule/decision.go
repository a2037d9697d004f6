package schedule

import "time"

// Limits are the settings of the app as a whole. A zero duration switches its rule off.
type Limits struct {
	// Workers is how many runs may be in flight; 0 means 1.
	Workers int
	// SoftDeadline is the minimum life of the app.
	SoftDeadline time.Duration
	// HardDeadline is its maximum life: at that age nothing starts any more.
	HardDeadline time.Duration
	// IdleThreshold is how long a gap in the schedule must be for the app to stop.
	IdleThreshold time.Duration
	// NoWorkTimeout is how long nothing useful may have been done for the app to stop, nor any daemon have been
	// paused.
	NoWorkTimeout time.Duration
	// Aging is the wait that counts as one step of priority.
	Aging time.Duration
}

// Action is what the driver of a [Scheduler] is to do.
type Action uint8

const (
	// Wait until Decision.Until, the end of a run or a change, whichever comes first.
	Wait Action = iota + 1
	// Start the run of Decision.ID now, and ask again.
	Start
	// Stop: nothing starts any more; runs in flight may end.
	Stop
)

// Reason is why an app stopped.
type Reason uint8

const (
	// HardDeadline: the app reached its maximum life.
	HardDeadline Reason = iota + 1
	// NoWork: nothing useful was done for the no-work timeout.
	NoWork
	// IdleGap: nothing was scheduled within the idle threshold.
	IdleGap
	// Signalled: the process was asked by a signal.
	Signalled
	// Asked: an operator asked.
	Asked
	// Horizon: a simulation reached its end.
	Horizon
)

var reasonNames = [...]string{"none", "hard_deadline", "no_work", "idle", "signal", "stopped", "horizon"}

// String returns the word used in logs and outputs.
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "unknown"
}

// ID names a daemon of a [Scheduler] as long as it is there; it is reused afterwards.
type ID int32

// Decision is what [Scheduler.Next] answers.
type Decision struct {
	Action Action
	// Reason is why to stop.
	Reason Reason
	// By is who woke the daemon to start early (0: its time had come), ID and Name are its own, Due is since
	// when it is ready, and Failures how many of its runs in a row have failed.
	By       Waker
	ID       ID
	Name     string
	Due      time.Time
	Failures int
	// Until is when to ask again at the latest; the zero time means that only the end of a run or a
	// change can bring anything new.
	Until time.Time
}
