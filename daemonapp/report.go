package daemonapp

import "time"

// Report is what a run tells of itself beside its outcome; see [RunInfo.Attach].
type Report struct {
	// User and System are the processor time of what the run started.
	User, System time.Duration
	// PeakBytes is the largest resident set of any process that the run started; 0 if unknown.
	PeakBytes int64
	// Head and Tail are the first and the last of its output, both streams in the order of their arrival, with
	// secrets masked; Dropped is how many bytes are missing between them.
	Head, Tail []byte
	Dropped    int64
}

// Attach hands over what the run tells of itself: its end is announced with it. Only the run's own goroutine
// may call it, before Run returns; of several calls the last counts. What r holds must not be changed afterwards.
func (i *RunInfo) Attach(r Report) { i.report = &r }

// Line is a line that a run has written, on its way to those who follow it.
type Line struct {
	At     time.Time
	Daemon string
	Run    RunID
	// Stream is "out" or "err"; Text has no line end, and secrets in it are masked.
	Stream, Text string
}

// Pause is why a daemon is paused. The zero value means that it is not.
type Pause struct {
	// Since is when it began, Until when it ends by itself; zero: not by itself.
	Since, Until time.Time
	// Who wanted it, and Why, as they said.
	Who, Why string
}

// Gauge is a figure of a daemon as it stands now.
type Gauge struct {
	// Name is that of the metric without the app's prefix, in Prometheus' form: "queue_files". Help is a sentence.
	Name, Help string
	Value      float64
}

// Gauger is a daemon that has figures of its own to show. Gauges may be called from any goroutine, at any time; it
// must return at once and neither start work nor wait for any.
type Gauger interface {
	Daemon
	Gauges() []Gauge
}

// Gauges are the figures of every daemon that has some, by the daemon's name. A daemon that panics has none.
func (a *App) Gauges() map[string][]Gauge {
	all := map[string][]Gauge{}
	for name, g := range a.gaugers() {
		if gauges := measured(g); len(gauges) > 0 {
			all[name] = gauges
		}
	}
	return all
}

func (a *App) gaugers() map[string]Gauger {
	a.lock()
	defer a.unlock()
	found := map[string]Gauger{}
	for id := range a.sched.All() {
		if g, ok := a.units[id].daemon.(Gauger); ok {
			found[a.sched.Name(id)] = g
		}
	}
	return found
}

func measured(g Gauger) (gauges []Gauge) {
	defer func() {
		if recover() != nil {
			gauges = nil
		}
	}()
	return g.Gauges()
}
