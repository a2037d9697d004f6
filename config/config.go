package config

import (
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// Config is a configuration as decoded: checked, but with nothing built or started.
type Config struct {
	App App
	// Daemons are the enabled daemons in the order of the configuration (files in lexical order).
	Daemons []*Decoded
	// Disabled are those with enabled = false.
	Disabled []*Decoded
	// Files are the files read, in order.
	Files []string
	// Digest identifies the whole configuration: 12 hexadecimal digits.
	Digest string

	registry *Registry
	secrets  *secrets
}

// Mask replaces each secret of the configuration that occurs in a text by "(sensitive)". Secrets under 4
// bytes are not looked for, as they would be found everywhere; of a secret of several lines, lines from 8 bytes
// on are. Any goroutine may call it.
func (c *Config) Mask(text string) string { return c.secrets.mask(text) }

// App are the settings of the app block; the zero label means there was none.
type App struct {
	Label            string        `hcl:"name,label" doc:"the app's name, in paths, logs and the control socket"`
	StayAliveFor     time.Duration `hcl:"stay_alive_for" doc:"soft deadline: the minimum life of the app"`
	ShutdownAfter    time.Duration `hcl:"shutdown_after" doc:"hard deadline: the maximum life of the app; 0 means none"`
	ShutdownIfIdle   time.Duration `hcl:"shutdown_if_idle" doc:"idle threshold: how long a gap in the schedule must be for the app to stop; 0 means never"`
	ShutdownIfNoWork time.Duration `hcl:"shutdown_if_no_work" doc:"how long nothing useful may have been done for the app to stop; 0 means never"`
	Workers          int           `hcl:"workers" doc:"how many runs may be in flight"`
	ShutdownGrace    time.Duration `hcl:"shutdown_grace" doc:"how long runs in flight may go on once the app stops"`
	Aging            time.Duration `hcl:"aging" doc:"a ready daemon's priority counts as one higher for each such span it waits; 0 means off"`
	Timezone         string        `hcl:"timezone" doc:"for calendars and windows that name none" default:"the host's"`
	StateDir         Path          `hcl:"state_dir" doc:"private directory for what survives a restart" default:"see Operations"`
	Observe          *Observe      `hcl:"observe,block" doc:"a listener for monitoring; without the block there is none"`
	Control          *Control      `hcl:"control,block" doc:"who may look at and steer the running app"`
	History          *History      `hcl:"history,block" doc:"what is kept of runs"`

	location *time.Location
	host     string
	header   span // no place if the block was not given
	places   []place
}

// Limits are the app's settings as the scheduler takes them.
func (a App) Limits() schedule.Limits {
	return schedule.Limits{
		Workers: a.Workers, SoftDeadline: a.StayAliveFor, HardDeadline: a.ShutdownAfter,
		IdleThreshold: a.ShutdownIfIdle, NoWorkTimeout: a.ShutdownIfNoWork, Aging: a.Aging,
	}
}

// Location is the time zone of calendars and windows that name none.
func (a App) Location() *time.Location {
	if a.location == nil {
		return time.Local
	}
	return a.location
}

// at is where a setting of the app block stands; nil if it is not given.
func (a App) at(path string) *place { return find(a.places, path) }

func defaultApp() App { return App{Workers: 1, ShutdownGrace: 20 * time.Second} }

// Common are the settings that every daemon has, as written; a nil pointer means not given.
type Common struct {
	RunEvery       time.Duration  `hcl:"run_every" doc:"the wait from the end of a run to the next; this or schedule" default:"none"`
	Schedule       string         `hcl:"schedule" doc:"calendar times in cron syntax, instead of run_every"`
	Timezone       string         `hcl:"timezone" doc:"time zone of schedule" default:"the app's"`
	Missed         string         `hcl:"missed" enum:"once|skip" doc:"calendar times that passed while the app was down"`
	Priority       int            `hcl:"priority" doc:"the higher goes first, -1000000 to 1000000"`
	MinimumIdle    *time.Duration `hcl:"minimum_idle" doc:"the wait after a run that worked; 0 means again at once" default:"run_every"`
	IncreaseIdleBy time.Duration  `hcl:"increase_idle_by" doc:"added to the wait by each idle run"`
	MultiplyIdleBy float64        `hcl:"multiply_idle_by" doc:"multiplies the wait by each idle run, before the addition"`
	MaximumIdle    *time.Duration `hcl:"maximum_idle" doc:"the longest wait of an idle daemon" default:"three increases of run_every"`
	StartAfter     time.Duration  `hcl:"start_after" doc:"delays the first run"`
	Jitter         time.Duration  `hcl:"jitter" doc:"a stable offset below it, by app, host and name, for the first due time and for calendar times"`
	Timeout        time.Duration  `hcl:"timeout" doc:"cancels and fails a run that takes longer; 0 means no limit"`
	KillGrace      time.Duration  `hcl:"kill_grace" doc:"how long a cancelled run may take to return"`
	Background     bool           `hcl:"background" doc:"does not keep the app alive"`
	Enabled        bool           `hcl:"enabled" doc:"false takes the daemon out"`
	RunOnce        bool           `hcl:"run_once" doc:"ends the daemon after its first run"`
	After          []string       `hcl:"after" doc:"daemons that must have succeeded since this one's last start"`
	RunIfLoadBelow float64        `hcl:"run_if_load_below" doc:"holds the daemon while the one-minute load is not lower; 0 means off" default:"none"`
	DisarmAfter    int            `hcl:"disarm_after" doc:"disarms after so many consecutive failures; 0 means never"`
	Description    string         `hcl:"description" doc:"for people"`
	Tags           []string       `hcl:"tags" doc:"for selecting daemons"`
	Windows        []Window       `hcl:"window,block" doc:"when the daemon may start; several mean any of them"`
	Retry          *Retry         `hcl:"retry,block" doc:"the wait after failures"`
}

func defaultCommon() Common {
	return Common{Missed: missedOnce, MultiplyIdleBy: 1, KillGrace: daemonapp.DefaultKillGrace, Enabled: true}
}

// The values of missed and at_close.
const (
	missedOnce    = "once"
	missedSkip    = "skip"
	atCloseFinish = "finish"
	atCloseStop   = "stop"
)

// Window is a window block.
type Window struct {
	From     string   `hcl:"from,required" doc:"opens: \"22:00\""`
	To       string   `hcl:"to,required" doc:"closes, excluded: \"06:00\""`
	Days     []string `hcl:"days" doc:"days on which it opens: [\"mon-fri\", \"sun\"]" default:"every day"`
	Timezone string   `hcl:"timezone" doc:"time zone" default:"the daemon's"`
	AtClose  string   `hcl:"at_close" enum:"finish|stop" doc:"what happens to a run that is still going"`
}

// SetDefaults sets what a window block may leave out.
func (w *Window) SetDefaults() { w.AtClose = atCloseFinish }

// Retry is a retry block.
type Retry struct {
	Every      time.Duration `hcl:"every" doc:"the wait after the first failure" default:"run_every, or 1m with a schedule"`
	MultiplyBy float64       `hcl:"multiply_by" doc:"by how much each further failure stretches it"`
	Maximum    time.Duration `hcl:"maximum" doc:"the longest" default:"the larger of run_every and 1h"`
	Attempts   int           `hcl:"attempts" doc:"after so many retries back to run_every; 0 means no limit"`
}

// SetDefaults sets what a retry block may leave out.
func (r *Retry) SetDefaults() { r.MultiplyBy = 2 }

// curve is the retry block as the scheduler takes it.
func (r *Retry) curve() schedule.Retry {
	if r == nil {
		return schedule.Retry{}
	}
	return schedule.Retry{Every: r.Every, MultiplyBy: r.MultiplyBy, Maximum: r.Maximum, Attempts: r.Attempts}
}

// Decoded is one daemon block (or one child of a template), decoded and checked.
type Decoded struct {
	// Name is the daemon's name; of a child its own alone, without the seed's.
	Name   string
	Type   string
	Common Common
	// Settings is the type's own struct.
	Settings any
	// Digest identifies everything whose change replaces the daemon: not description, tags or priority.
	Digest string

	full    string // "seed/child" for a child
	header  span
	places  []place
	planner schedule.Planner
	terms   daemonapp.Terms
	unknown bool   // a template's sample: some settings depend on the child
	broken  bool   // it has errors
	zone    string // the time zone of its calendar and windows
}

// FullName is the name under which the app knows it: "seed/child" for a child.
func (d *Decoded) FullName() string { return d.full }

// Planner is its pace: interval or calendar, priority and retry curve.
func (d *Decoded) Planner() schedule.Planner { return d.planner }

// Terms are its other common settings.
func (d *Decoded) Terms() daemonapp.Terms { return d.terms }

// at is where a setting stands ("run_every", "window[0].from", "deliver.server"); nil if it is not given.
func (d *Decoded) at(path string) *place { return find(d.places, path) }

func find(places []place, path string) *place {
	for i := range places {
		if places[i].path == path {
			return &places[i]
		}
	}
	return nil
}
