package status

import (
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// Input is what a status is made of.
type Input struct {
	// App is asked for its figures and where its daemons stand; it must be set.
	App *daemonapp.App
	// Name is the app's label, Version that of the program, PID that of the process.
	Name    string
	Version string
	PID     int
	// Config is the configuration that the app runs by.
	Config Config
	// Limits are the app's, as they are now.
	Limits schedule.Limits
	// Daemon finds a daemon of the app by its name; nil, or an answer of nil: its pace is not known, nor what it says itself.
	Daemon func(name string) daemonapp.Daemon
	// Recorder is the app's observer that keeps what status tells of past runs; nil: nothing is told.
	Recorder *Recorder
	// Now is the moment, in the time zone that people read.
	Now time.Time
}

// Explainer is a daemon that has words of its own on why it waits or what it waits for: "38 files to retry". Explain may
// be called from any goroutine, at any time, also during a run; it must return at once and neither start work nor wait
// for any. An empty answer says nothing.
type Explainer interface {
	daemonapp.Daemon
	Explain() string
}

// Planned is a daemon that shows the planner it goes by. A [daemonapp.Task] need not: its planner is known.
type Planned interface {
	daemonapp.Daemon
	// Plan is that planner; the answer must not change.
	Plan() schedule.Planner
}

// Of tells where everything stands. Any goroutine may call it.
func Of(in Input) Status {
	return Status{App: App{Name: in.Name, Version: in.Version, PID: in.PID, At: in.Now, Config: in.Config}}
}
