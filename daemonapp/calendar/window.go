package calendar

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// Window is a stretch of the day, on some weekdays, in which a daemon may start. [ParseWindow] makes one
// of text. No field may change while it is in use.
//
// Daylight saving: it opens and closes at the first instant at which the wall clock shows that time or has
// stepped over it, and once. So it never closes before it opens; one that lies in a gap as a whole does
// not open that day; a time of closing that happens twice closes it at its first occurrence.
type Window struct {
	// From and To are minutes of the day, From included (0 to 1439), To excluded (0 to 1440). A To before
	// From is on the next day. If they are equal the window is never open.
	From, To int
	// Days are the weekdays on which it opens; 0 means every day.
	Days Days
	// Location is the time zone; nil means the local one.
	Location *time.Location
}

var _ schedule.Window = (*Window)(nil)

// ParseWindow reads a window as people write it: times of the day "22:00" (to may be "24:00"), and weekdays
// on which it opens: "mon", "monday", "mon-fri", "fri-mon", none for every day. A loc of nil means the
// local zone. The error joins a [*daemonapp.FieldError] for each of from, to and days that is wrong.
func ParseWindow(from, to string, days []string, loc *time.Location) (*Window, error) {
	w := &Window{Location: located(loc)}
	var okFrom, okTo bool
	var faults []error
	if w.From, okFrom = parseTimeOfDay(from); !okFrom || w.From == minutesPerDay {
		faults = append(faults, notTimeOfDay("from", from, `"00:00" to "23:59"`))
	}
	if w.To, okTo = parseTimeOfDay(to); !okTo {
		faults = append(faults, notTimeOfDay("to", to, `"00:00" to "24:00"`))
	}
	if okFrom && okTo && w.From == w.To && w.From < minutesPerDay {
		faults = append(faults, &daemonapp.FieldError{
			Field:   "to",
			Message: fmt.Sprintf("the window ends at %s, when it begins, so it would never be open", clockText(w.To)),
			Hint:    `for the whole day write from = "00:00" and to = "24:00"`,
		})
	}
	var err error
	if w.Days, err = parseDayNames(days); err != nil {
		faults = append(faults, &daemonapp.FieldError{
			Field:   "days",
			Message: err.Error(),
			Hint:    `write days = ["mon-fri"] or ["tue", "saturday"]; without days the window opens every day`,
		})
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return w, nil
}

func notTimeOfDay(field, text, offer string) error {
	return &daemonapp.FieldError{
		Field:   field,
		Message: fmt.Sprintf("%q is not a time of day", text),
		Hint:    "write hour and minute, " + offer,
	}
}

// parseTimeOfDay reads "7:05", "22:00", "24:00".
func parseTimeOfDay(text string) (int, bool) {
	hourText, minuteText, ok := strings.Cut(text, ":")
	hour, ok1 := number(hourText)
	minute, ok2 := number(minuteText)
	if !ok || !ok1 || !ok2 || len(hourText) > 2 || len(minuteText) != 2 || minute > 59 {
		return 0, false
	}
	tod := hour*60 + minute
	return tod, tod <= minutesPerDay
}

func clockText(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

// String writes the window for people: "22:00 to 06:00 mon-fri".
func (w *Window) String() string {
	text := clockText(w.From) + " to " + clockText(w.To)
	if !w.Days.every() {
		text += " " + w.Days.String()
	}
	return text
}

// patternDays is after how many days of wall time every state of a weekly pattern has been seen: a week,
// and one more for a stretch that a step of the clock swallowed.
const patternDays = 15

// Open implements [schedule.Window].
func (w *Window) Open(now time.Time) (open bool, change time.Time) {
	loc := located(w.Location)
	wall, p := reached(now.Unix(), loc)
	open = w.shows(wall)
	for last := wall + patternDays*secondsPerDay; wall < last; {
		// Several edges may arrive at one instant, in a gap: what counts is the state after it.
		unix := arrival(w.edge(wall), p, loc)
		wall, p = reached(unix, loc)
		if w.shows(wall) != open {
			return open, time.Unix(unix, 0).In(loc)
		}
	}
	return open, time.Time{}
}

// shows tells whether the window is open while the wall clock has reached wall.
func (w *Window) shows(wall int64) bool {
	day := floorDiv(wall, secondsPerDay)
	minute := int(wall-day*secondsPerDay) / secondsPerMinute
	today := w.Days.Has(weekdayOf(day))
	if w.From <= w.To {
		return today && w.From <= minute && minute < w.To
	}
	return today && w.From <= minute || minute < w.To && w.Days.Has(weekdayOf(day-1))
}

// edge is the next wall time after wall at which the window could open or close on any day.
func (w *Window) edge(wall int64) int64 {
	today := floorDiv(wall, secondsPerDay) * secondsPerDay
	from := today + int64(w.From)*secondsPerMinute
	to := today + int64(w.To)*secondsPerMinute
	if from <= wall {
		from += secondsPerDay
	}
	if to <= wall {
		to += secondsPerDay
	}
	return min(from, to)
}

// weekdayOf is the weekday of a day counted from 1970-01-01, a Thursday.
func weekdayOf(day int64) time.Weekday {
	return time.Weekday(((day+int64(time.Thursday))%7 + 7) % 7)
}
