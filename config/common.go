package config

import (
	"fmt"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// priorities is the largest priority, and its negative the least.
const priorities = 1_000_000

// common checks the common settings of a daemon, and makes its planner and terms of them.
func (d *decoder) common(q request, dec *Decoded) {
	c := &dec.Common
	d.pace(q, c)
	d.idle(c)
	d.retry(c)
	if d.stated("priority") && (c.Priority < -priorities || c.Priority > priorities) {
		d.c.errorf(d.at("priority").value, nil, "priority is from -1000000 to 1000000")
	}
	if d.stated("disarm_after") && c.DisarmAfter < 0 {
		d.negative("disarm_after", "0 means never")
	}
	if d.stated("run_if_load_below") && (c.RunIfLoadBelow < 0 || c.RunIfLoadBelow > 1) {
		d.c.errorf(d.at("run_if_load_below").value, []string{"0.7 waits until less than 70 % of the workers' time is spent in runs"},
			"run_if_load_below is a load from 0 to 1")
	}
	if p := d.at("enabled"); p != nil && q.child {
		d.c.errorf(p.name, []string{"disable the seed, or let it find fewer children"}, "a template cannot be disabled")
	}
	offset := schedule.Offset(d.w.app.Label, d.w.app.host, q.full, c.Jitter)
	loc := d.location("timezone", c.Timezone, d.w.app.Location())
	if c.Schedule != "" || len(c.Windows) > 0 {
		dec.zone = loc.String()
	}
	dec.planner = d.planner(c, loc, offset)
	dec.terms = d.terms(c, loc, offset)
}

func (d *decoder) negative(path, hint string) {
	d.c.errorf(d.at(path).value, []string{hint}, "%s cannot be negative", path)
}

// pace checks that there is one: an interval or a calendar.
func (d *decoder) pace(q request, c *Common) {
	every, calendar := d.at("run_every"), d.at("schedule")
	switch {
	case every == nil && calendar == nil && d.w.partial:
	case every == nil && calendar == nil:
		d.c.errorf(q.header, []string{`write run_every = "5m", or schedule = "0 2 * * *" for every day at 02:00`},
			"the daemon has neither run_every nor schedule")
	case every != nil && calendar != nil:
		d.c.errorf(calendar.name, []string{fmt.Sprintf("run_every is at %s; keep one of them", every.name)},
			"run_every and schedule exclude each other")
	case d.stated("run_every") && c.RunEvery <= 0:
		d.c.errorf(every.value, []string{"for a daemon that runs again as soon as it has worked write minimum_idle = \"0s\""},
			"run_every must be more than 0")
	}
	if missed := d.at("missed"); missed != nil && calendar == nil && !missed.inherited {
		d.c.warnf(missed.name, nil, "missed says nothing without a schedule")
	}
}

// idle checks the idle backoff.
func (d *decoder) idle(c *Common) {
	if d.at("schedule") != nil {
		for _, name := range idleSettings() {
			if p := d.at(name); p != nil && d.at("run_every") == nil {
				d.c.errorf(p.name, []string{"a calendar has its own times, whatever a run found"},
					"%s does not go with a schedule", name)
			}
		}
		return
	}
	if d.stated("multiply_idle_by") && c.MultiplyIdleBy < 1 {
		d.c.errorf(d.at("multiply_idle_by").value, []string{"1 leaves the wait as it is"}, "multiply_idle_by is at least 1")
	}
	if d.stated("maximum_idle") && d.stated("run_every") && c.MaximumIdle != nil && *c.MaximumIdle < c.RunEvery {
		d.c.errorf(d.at("maximum_idle").value, []string{"it is the longest wait of an idle daemon, so at least run_every"},
			"maximum_idle = %q is less than run_every = %q", FormatDuration(*c.MaximumIdle), FormatDuration(c.RunEvery))
	}
}

// retry checks the retry block.
func (d *decoder) retry(c *Common) {
	r := c.Retry
	if r == nil {
		return
	}
	if d.stated("retry.every") && r.Every <= 0 {
		d.c.errorf(d.at("retry.every").value, nil, "every must be more than 0")
	}
	if d.stated("retry.multiply_by") && r.MultiplyBy < 1 {
		d.c.errorf(d.at("retry.multiply_by").value, []string{"1 waits the same after each failure"}, "multiply_by is at least 1")
	}
	if d.stated("retry.attempts") && r.Attempts < 0 {
		d.c.errorf(d.at("retry.attempts").value, []string{"0 means no limit"}, "attempts cannot be negative")
	}
	every, name := r.Every, "every"
	if d.at("retry.every") == nil {
		every, name = c.RunEvery, "run_every"
	}
	if every > 0 && d.stated("retry.maximum") && r.Maximum < every {
		d.c.errorf(d.at("retry.maximum").value, []string{"it is the longest wait after a failure"},
			"maximum = %q is less than %s = %q", FormatDuration(r.Maximum), name, FormatDuration(every))
	}
}

// location is a time zone by its name, or the one around if there is none or it is wrong.
func (d *decoder) location(path, name string, around *time.Location) *time.Location {
	if name == "" || !d.stated(path) {
		return around
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		d.c.errorf(d.at(path).value, []string{zoneHint(name)}, "there is no time zone called %q", name)
		d.at(path).failed = true
		return around
	}
	return loc
}
