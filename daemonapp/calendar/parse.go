package calendar

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"
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
	minutes, _, err := minuteField.parse(five[0])
	if err != nil {
		return nil, err
	}
	hours, everyHour, err := hourField.parse(five[1])
	if err != nil {
		return nil, err
	}
	s.minutes, s.hours, s.elapsed = minutes, uint32(hours), everyHour
	if s.days, err = parseDays(five[2], five[3], five[4]); err != nil {
		return nil, err
	}
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

// parseDays reads the last three fields.
func parseDays(dates, months, weekdays string) (daySet, error) {
	d := daySet{either: given(dates) && given(weekdays)}
	dateSet, _, err := dateField.parseWith(dates, d.addDate)
	if err != nil {
		return d, err
	}
	monthSet, _, err := monthField.parse(months)
	if err != nil {
		return d, err
	}
	weekdaySet, _, err := weekdayField.parseWith(weekdays, d.addWeekday)
	if err != nil {
		return d, err
	}
	d.dates, d.months, d.weekdays = uint32(dateSet), uint16(monthSet), uint8(weekdaySet)
	return d, nil
}

// given tells whether a field of days restricts them, by cron's own rule: "*/2" does not count.
func given(field string) bool { return field[0] != '*' && field[0] != '?' }

// addDate takes an item of the day of month that depends on the month; false if it is another one.
func (d *daySet) addDate(item string) (bool, error) {
	upper := strings.ToUpper(item)
	switch {
	case upper == "LW":
		d.lastWorkday = true
	case upper == "L":
		d.fromEnd |= 1
	case strings.HasPrefix(upper, "L-"):
		n, ok := number(item[2:])
		if !ok || n < 1 || n > 30 {
			return true, dateField.wrong(item, "L-1 to L-30 are days before the last one")
		}
		d.fromEnd |= 1 << n
	case strings.HasSuffix(upper, "W"):
		n, ok := number(item[:len(item)-1])
		if !ok || n < 1 || n > 31 {
			return true, dateField.wrong(item, "1W to 31W are the working days nearest to a date")
		}
		d.nearest |= 1 << n
	default:
		return false, nil
	}
	d.special = true
	return true, nil
}

// addWeekday takes an item like "fri#2"; false if it is another one.
func (d *daySet) addWeekday(item string) (bool, error) {
	name, nth, ok := strings.Cut(item, "#")
	if !ok {
		return false, nil
	}
	weekday, ok := weekdayField.value(name)
	if !ok {
		return true, weekdayField.wrong(item, "there is no such weekday before the #")
	}
	n, ok := number(nth)
	switch {
	case strings.EqualFold(nth, "L"):
		n = 0
	case !ok || n < 1 || n > 5:
		return true, weekdayField.wrong(item, "after the # stands 1 to 5, or L for the last of the month")
	}
	d.nth[n] |= 1 << (weekday % 7)
	d.special = true
	return true, nil
}
