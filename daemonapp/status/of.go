package status

import (
	"cmp"
	"math"
	"slices"
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

// Planned is a daemon that shows the planner it goes by. One that embeds [daemonapp.Pace] or [daemonapp.Task], or has its
// planner in an exported field called Planner, need not.
type Planned interface {
	daemonapp.Daemon
	// Plan is that planner; the answer must not change.
	Plan() schedule.Planner
}

// Of tells where everything stands. Any goroutine may call it. It holds the app's lock only while it copies where the
// daemons stand; of a panic in a daemon's own words these are left out.
func Of(in Input) Status {
	vitals := in.App.Vitals()
	v := newView(in, vitals, in.App.Status())
	s := Status{Daemons: make([]Daemon, len(v.daemons))}
	for i := range v.daemons {
		s.Daemons[i] = v.daemon(&v.daemons[i])
	}
	s.App = v.app()
	return s
}

// view is what sentences are made of: the daemons, and what several of them need of each other.
type view struct {
	Input
	daemons  []subject // sorted by name
	byName   map[string]*subject
	children map[string]int
	running  []*subject // by start
	holders  map[*schedule.Slots][]string
	vitals   daemonapp.Vitals
	workless time.Time // since when nothing useful was done
	buffer   []float32
}

// subject is a daemon, and what is known of it besides.
type subject struct {
	*daemonapp.DaemonStatus
	daemon daemonapp.Daemon
	pace   pace
	state  State
	past   record
	before int // of the ready, how many go first
}

func newView(in Input, vitals daemonapp.Vitals, list []daemonapp.DaemonStatus) *view {
	slices.SortFunc(list, func(a, b daemonapp.DaemonStatus) int { return cmp.Compare(a.Name, b.Name) })
	v := &view{
		Input: in, vitals: vitals, daemons: make([]subject, len(list)), byName: make(map[string]*subject, len(list)),
		children: map[string]int{}, holders: map[*schedule.Slots][]string{},
		workless: in.Recorder.workless(), buffer: make([]float32, 0, most),
	}
	var ready []*subject
	for i := range list {
		d := &v.daemons[i]
		d.DaemonStatus = &list[i]
		if in.Daemon != nil {
			d.daemon = in.Daemon(d.Name)
		}
		d.pace = paceOf(d.daemon)
		if wait := d.Due.Sub(d.LastEnd); d.State == schedule.Waiting && !d.LastEnd.IsZero() && wait > 0 {
			d.pace.observed = wait
		}
		d.state = v.word(d)
		v.byName[d.Name] = d
		if d.Parent != "" {
			v.children[d.Parent]++
		}
		switch d.state { //nolint:exhaustive // the others need no index
		case Running:
			v.running = append(v.running, d)
			if slots := d.Terms.Slots; slots != nil {
				v.holders[slots] = append(v.holders[slots], d.Name)
			}
		case Ready:
			ready = append(ready, d)
		}
	}
	slices.SortStableFunc(v.running, func(a, b *subject) int { return a.LastStart.Compare(b.LastStart) })
	v.line(ready)
	return v
}

// line finds out the order in which the ready get the floor.
func (v *view) line(ready []*subject) {
	slices.SortStableFunc(ready, func(a, b *subject) int {
		return cmp.Or(cmp.Compare(v.standing(b), v.standing(a)), a.Due.Compare(b.Due))
	})
	for i, d := range ready {
		d.before = i
	}
}

// standing is the priority of a daemon that is ready, with what it has gained by waiting.
func (v *view) standing(d *subject) float64 {
	gained := 0.0
	if aging := v.Limits.Aging; aging > 0 {
		gained = float64(v.Now.Sub(d.Due)) / float64(aging)
	}
	return float64(d.Priority) + gained
}

// word is the state of a daemon, in a finer word than the scheduler's. That looks at who is due only when it can start
// somebody: who has become due since counts as ready.
func (v *view) word(d *subject) State {
	switch d.State {
	case schedule.Running:
		return Running
	case schedule.Ready:
		return Ready
	case schedule.HeldByWindow:
		return Window
	case schedule.HeldByAfter, schedule.HeldByLoad, schedule.HeldBySlots, schedule.HeldByDaemon:
		return Held
	case schedule.Paused:
		return Paused
	case schedule.Disarmed:
		if d.Stuck {
			return Stuck
		}
		return Disarmed
	case schedule.Finished:
		return Finished
	case schedule.Waiting:
	}
	every := d.pace.every()
	switch {
	case !d.Due.After(v.Now):
		return Ready
	case d.Failures > 0:
		return Retrying
	case d.IdleRuns > 0 && d.LastOutcome == schedule.Idle && every > 0 && d.pace.observed > every:
		return Backoff
	}
	return Waiting
}

func (v *view) app() App {
	vitals := v.vitals
	app := App{
		Name: v.Name, Version: v.Version, PID: v.PID,
		At: v.Now, Started: vitals.Started, Up: Seconds(v.Now.Sub(vitals.Started)), Draining: vitals.Stopping, Config: v.Config,
		Workers: vitals.Workers, Busy: vitals.Running, Load: rounded(vitals.Load), Starved: Seconds(vitals.Starved),
		LagP50: Seconds(vitals.LagP50), LagP95: Seconds(vitals.LagP95), LagMax: Seconds(vitals.LagMax),
		States: map[State]int{}, Stops: v.stops(),
	}
	for i := range v.daemons {
		d := &v.daemons[i]
		app.States[d.state]++
		if d.state == Ready {
			app.Starved = max(app.Starved, Seconds(v.Now.Sub(d.Due)))
		}
	}
	app.Ready = app.States[Ready]
	return app
}

// rounded are loads to as many digits as mean anything.
func rounded(load [3]float64) [3]float64 {
	for i := range load {
		load[i] = math.Round(load[i]*1e4) / 1e4
	}
	return load
}
