package status

import (
	"math"
	"reflect"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/calendar"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// pace is what is known of when a daemon runs. The zero value knows nothing.
type pace struct {
	interval *schedule.Interval
	calendar schedule.Calendar
	// observed is the wait that it is in, where nothing else is known.
	observed time.Duration
}

// paceOf looks at the planner that a daemon goes by. Only settings are read: what another planner would answer is not
// asked, as it may keep a state. Of a panic nothing is known.
func paceOf(d daemonapp.Daemon) (known pace) {
	if d == nil {
		return pace{}
	}
	defer func() {
		if recover() != nil {
			known = pace{}
		}
	}()
	planner := plannerOf(d)
	interval, _ := planner.(*schedule.Interval)
	return pace{interval: interval, calendar: calendarOf(planner)}
}

// plannerOf is the planner of a daemon: what it shows, or has embedded, or is.
func plannerOf(d daemonapp.Daemon) schedule.Planner {
	switch d := d.(type) {
	case Planned:
		return d.Plan()
	case daemonapp.Task:
		if d.Planner != nil {
			return d.Planner
		}
	}
	if p := embedded(d); p != nil {
		return p
	}
	return d
}

// embedded is the planner in the field of that name of a struct, as [daemonapp.Pace] and [daemonapp.Task] bring it into
// whatever embeds them: it hides behind their methods, and is set once, before the daemon first runs.
func embedded(d daemonapp.Daemon) schedule.Planner {
	v := reflect.Indirect(reflect.ValueOf(d))
	if v.Kind() != reflect.Struct {
		return nil
	}
	field, there := v.Type().FieldByName("Planner")
	if !there || !field.IsExported() {
		return nil
	}
	value, err := v.FieldByIndexErr(field.Index)
	if err != nil || !value.CanInterface() {
		return nil
	}
	p, _ := value.Interface().(schedule.Planner)
	return p
}

func calendarOf(p schedule.Planner) schedule.Calendar {
	if p == nil {
		return nil
	}
	return schedule.CalendarOf(p)
}

// maximal are as many idle runs as there can be: whatever increases has done so.
const maximal = math.MaxInt32

// every is the ordinary wait between two runs; 0: there is none, or it is not known.
func (p pace) every() time.Duration {
	if p.interval == nil {
		return 0
	}
	return p.interval.RunEvery
}

// longest is the longest wait of a daemon that does not fail; 0: not known.
func (p pace) longest() time.Duration {
	if p.interval == nil {
		return 0
	}
	return max(p.interval.AfterIdle(maximal), p.interval.MinimumIdle)
}

// cron is the calendar schedule as it was written; empty if there is none, or it is of another kind.
func (p pace) cron() string {
	plan, ok := p.calendar.(*calendar.Plan)
	if !ok || plan.Schedule == nil {
		return ""
	}
	return plan.Schedule.String()
}

// zone is the time zone of the calendar schedule.
func (p pace) zone() string {
	plan, ok := p.calendar.(*calendar.Plan)
	if !ok || plan.Schedule == nil {
		return ""
	}
	return plan.Schedule.Location().String()
}

// next is the latest that it could be due after a run that ended then as the n-th in a row that found nothing.
func (p pace) next(ended time.Time, idle int) (next time.Time, ok bool) {
	switch {
	case p.interval != nil:
		return ended.Add(max(p.interval.AfterIdle(idle), p.interval.MinimumIdle)), true
	case p.calendar != nil:
		next = after(p.calendar, ended)
		return next, next.After(ended)
	case p.observed > 0:
		return ended.Add(p.observed), true
	}
	return time.Time{}, false
}

// after asks a calendar, whose panic means that there is no other time.
func after(c schedule.Calendar, t time.Time) (next time.Time) {
	defer func() {
		if recover() != nil {
			next = time.Time{}
		}
	}()
	return c.After(t)
}

// opening is t, or when the first of the windows opens after it; ok is false if none ever does.
func opening(windows []daemonapp.Window, t time.Time) (at time.Time, ok bool) {
	if len(windows) == 0 {
		return t, true
	}
	for i := range windows {
		open, change := look(windows[i], t)
		if open {
			return t, true
		}
		if !change.IsZero() && (at.IsZero() || change.Before(at)) {
			at = change
		}
	}
	return at, !at.IsZero()
}

// look asks a window, whose panic means that it is closed for good.
func look(w daemonapp.Window, t time.Time) (open bool, change time.Time) {
	defer func() {
		if recover() != nil {
			open, change = false, time.Time{}
		}
	}()
	return w.Open(t)
}
