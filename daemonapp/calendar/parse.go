package calendar

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	cron "github.com/netresearch/go-cron"
)

// ErrNever is the error of [Parse] for an expression that names no date of the calendar, such as
// the 31st of February.
var ErrNever = errors.New("the schedule never comes")

// Parse reads a cron expression: five fields (minute, hour, day of month, month, weekday), or @hourly, @daily,
// @midnight, @weekly, @monthly, @yearly, @annually. A loc of nil means the local zone.
//
// A field is * or a list of numbers, ranges and steps: "5", "1,15", "9-17", "*/15", "10-50/20". Months and
// weekdays have names too, "nov" or "November"; 0 and 7 are Sunday. A range may run over the end: "fri-mon",
// "22-2". The day of month knows "L" (the last), "L-2" (two before it), "15W" (the working day nearest to
// the 15th in its month) and "LW" (the last working day), the weekday "fri#2" (the second Friday) and
// "fri#L" (the last). ? in one of these two fields is *.
//
// As in cron, a day matches if its date or its weekday does when both are given, and a field that starts
// with * counts as not given: then both must match.
//
// The error is a sentence that names the field and the way out; it is [ErrNever] if nothing but that is wrong.
func Parse(expr string, loc *time.Location) (*Schedule, error) {
	five, err := fiveFields(expr)
	if err != nil {
		return nil, err
	}
	s := &Schedule{expr: expr, loc: located(loc)}
	var in [5]*cron.SpecSchedule
	for i := range fields {
		if in[i], err = fields[i].parse(five[i]); err != nil {
			return nil, err
		}
	}
	s.minutes, s.hours, s.elapsed = in[0].Minute&^starBit, uint32(in[1].Hour), in[1].Hour&starBit != 0
	s.days = daySet{months: uint16(in[3].Month), either: given(five[2]) && given(five[4])}
	s.days.addDates(in[2])
	s.days.addWeekdays(in[4])
	if _, ok := s.nextWall(0); !ok {
		return nil, fmt.Errorf("%w: no date fits the day of month %q, the month %q and the weekday %q; change one of them",
			ErrNever, five[2], five[3], five[4])
	}
	return s, nil
}

// fiveFields splits an expression, descriptors resolved.
func fiveFields(expr string) ([]string, error) {
	five := strings.Fields(expr)
	if len(five) == 0 {
		return nil, errors.New(`the schedule is empty: write five fields, "0 2 * * *" for every day at 02:00`)
	}
	if zone, ok := zonePrefix(five[0]); ok {
		return nil, fmt.Errorf("the time zone is a setting of its own: write timezone = %q and the schedule without the prefix", zone)
	}
	if five[0][0] == '@' {
		return descriptor(five[0], five[1:])
	}
	if n := len(five); n != 5 {
		return nil, fmt.Errorf("the schedule has %d of the five fields minute, hour, day of month, month, weekday "+
			`(there is none for seconds or years): "0 2 * * *" is every day at 02:00`, n)
	}
	return five, nil
}

// zonePrefix finds the zone of "TZ=Europe/Vienna".
func zonePrefix(first string) (string, bool) {
	name, zone, ok := strings.Cut(first, "=")
	return zone, ok && (strings.EqualFold(name, "TZ") || strings.EqualFold(name, "CRON_TZ"))
}

func descriptor(name string, rest []string) ([]string, error) {
	switch name = strings.ToLower(name); name {
	case "@every":
		return nil, fmt.Errorf("@every is an interval: write run_every = %q in place of the schedule",
			cmp.Or(strings.Join(rest, ""), "5m"))
	case "@reboot":
		return nil, errors.New("@reboot is not a time of the calendar: " +
			"write run_every in place of the schedule, due at the start of the app, with run_once = true if that is all")
	}
	fields := map[string]string{
		"@hourly":   "0 * * * *",
		"@daily":    "0 0 * * *",
		"@midnight": "0 0 * * *",
		"@weekly":   "0 0 * * 0",
		"@monthly":  "0 0 1 * *",
		"@yearly":   "0 0 1 1 *",
		"@annually": "0 0 1 1 *",
	}[name]
	if fields == "" {
		return nil, fmt.Errorf("%s is unknown: write @hourly, @daily, @weekly, @monthly, @yearly or five fields", name)
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%s stands alone: remove %q or write five fields", name, strings.Join(rest, " "))
	}
	return strings.Fields(fields), nil
}

// given tells whether a field of days restricts them, by cron's own rule: "*/2" does not count. The library
// counts it, so its DowOrDom would not do.
func given(field string) bool { return field[0] != '*' && field[0] != '?' }

func (d *daySet) addDates(in *cron.SpecSchedule) {
	d.dates = uint32(in.Dom)
	for _, date := range in.DomConstraints {
		d.special = true
		switch date.Type {
		case cron.DomLast:
			d.fromEnd |= 1
		case cron.DomLastOffset:
			d.fromEnd |= 1 << date.N
		case cron.DomLastWeekday:
			d.lastWorkday = true
		case cron.DomNearestWeekday:
			d.nearest |= 1 << date.N
		}
	}
}

func (d *daySet) addWeekdays(in *cron.SpecSchedule) {
	d.weekdays = uint8(in.Dow)
	for _, weekday := range in.DowConstraints {
		d.special = true
		d.nth[max(weekday.N, 0)] |= 1 << weekday.Weekday // the last has N -1
	}
}
