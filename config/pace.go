package config

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/calendar"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// planner is the pace as the scheduler takes it; nil if the schedule is wrong.
func (d *decoder) planner(c *Common, loc *time.Location, offset time.Duration) schedule.Planner {
	if d.stated("schedule") {
		cron, err := calendar.Parse(c.Schedule, loc)
		if err != nil {
			d.badSchedule(c.Schedule, err)
			return nil
		}
		plan := &calendar.Plan{
			Schedule: cron, Prio: c.Priority, Offset: offset,
			Skip: c.Missed == missedSkip, Once: c.RunOnce, OnceRetries: c.Retry != nil,
		}
		if c.Retry != nil {
			curve := c.Retry.curve()
			plan.Retry = &curve
		}
		return plan
	}
	p := &schedule.Interval{Prio: c.Priority, Once: c.RunOnce, OnceRetries: c.Retry != nil}
	p.Backoff = schedule.Backoff{
		RunEvery: c.RunEvery, MinimumIdle: c.RunEvery,
		IncreaseIdleBy: c.IncreaseIdleBy, MultiplyIdleBy: c.MultiplyIdleBy, Retry: c.Retry.curve(),
	}
	if c.MinimumIdle != nil {
		p.MinimumIdle = *c.MinimumIdle
	}
	if c.MaximumIdle != nil {
		p.MaximumIdle = *c.MaximumIdle
	}
	return p
}

// shared is the sample's planner where that of a child is the same interval: most children of a template differ in
// nothing but their names, and intervals hold settings only.
func shared(child, sample schedule.Planner) schedule.Planner {
	c, isInterval := child.(*schedule.Interval)
	s, both := sample.(*schedule.Interval)
	if isInterval && both && *c == *s {
		return sample
	}
	return child
}

// badSchedule tells what is wrong with a cron expression, at the field that is wrong.
func (d *decoder) badSchedule(expr string, err error) {
	p := d.at("schedule")
	p.failed = true
	at := p.value
	if errors.Is(err, calendar.ErrNever) {
		_, rest, _ := strings.Cut(err.Error(), ": ")
		d.c.errorf(at, []string{rest}, "the schedule never comes")
		return
	}
	if start, end, ok := badField(expr); ok && literal(at, expr) {
		at = at.src.span(int(at.start)+1+start, int(at.start)+1+end)
	}
	sentence, hint, cut := strings.Cut(err.Error(), "; ")
	if i := strings.LastIndex(sentence, ": "); !cut && i >= 0 {
		sentence, hint = sentence[:i], sentence[i+2:]
	}
	d.c.errorf(at, []string{hint}, "%s", sentence)
}

// badField finds the first of five fields that is wrong by itself.
func badField(expr string) (start, end int, ok bool) {
	fields := strings.Fields(expr)
	if len(fields) != 5 {
		return 0, 0, false
	}
	from := 0
	for i, f := range fields {
		start = from + strings.Index(expr[from:], f)
		from = start + len(f)
		alone := []string{"*", "*", "*", "*", "*"}
		alone[i] = f
		if _, err := calendar.Parse(strings.Join(alone, " "), time.UTC); err != nil && !errors.Is(err, calendar.ErrNever) {
			return start, from, true
		}
	}
	return 0, 0, false
}

// literal tells whether a value stands in its file letter by letter, in quotes.
func literal(at span, value string) bool { return at.text() == `"`+value+`"` }

// terms are the common settings that are not the pace.
func (d *decoder) terms(c *Common, loc *time.Location, offset time.Duration) daemonapp.Terms {
	return daemonapp.Terms{
		StartAfter: c.StartAfter, Offset: offset, Timeout: c.Timeout, KillGrace: c.KillGrace,
		RunOnce: c.RunOnce, Background: c.Background, DisarmAfter: c.DisarmAfter, After: c.After,
		Windows: d.windows(c.Windows, loc), LoadBelow: c.RunIfLoadBelow,
		Description: c.Description, Tags: c.Tags,
	}
}

func (d *decoder) windows(all []Window, around *time.Location) []daemonapp.Window {
	var made []daemonapp.Window
	for i, w := range all {
		path := fmt.Sprintf("window[%d]", i)
		loc := d.location(path+".timezone", w.Timezone, around)
		if !d.stated(path+".from") || !d.stated(path+".to") || d.at(path+".days") != nil && !d.stated(path+".days") {
			continue
		}
		window, err := calendar.ParseWindow(w.From, w.To, w.Days, loc)
		if err != nil {
			d.badWindow(path, err)
			continue
		}
		text := window.String()
		if w.Timezone != "" {
			text += " " + w.Timezone
		}
		made = append(made, daemonapp.Window{Window: window, StopAtClose: w.AtClose == atCloseStop, Text: text})
	}
	return made
}

func (d *decoder) badWindow(path string, err error) {
	faults := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // each of those it joins
		faults = joined.Unwrap()
	}
	for _, fault := range faults {
		at, sentence, hint := d.at(path), fault.Error(), ""
		if f := (&daemonapp.FieldError{}); errors.As(fault, &f) {
			if p := d.at(path + "." + f.Field); p != nil {
				at = p
			}
			sentence, hint = f.Message, f.Hint
		}
		d.c.errorf(at.value, []string{hint}, "%s", sentence)
	}
}
