package calendar

import (
	"fmt"
	"strings"
	"time"
)

// Days is a set of weekdays: bit n is time.Weekday(n). The empty set means every day.
type Days uint8

// EveryDay are all seven.
const EveryDay Days = 1<<7 - 1

// Has tells whether a weekday is in the set.
func (d Days) Has(w time.Weekday) bool { return d&EveryDay == 0 || d&(1<<w) != 0 }

// every tells whether the set restricts nothing.
func (d Days) every() bool { return d&EveryDay == 0 || d&EveryDay == EveryDay }

// String writes the set as ParseWindow reads it, from Monday on: "mon-fri", "fri-mon", "tue,thu".
func (d Days) String() string {
	if d.every() {
		return "every day"
	}
	var runs []string
	for i := range 7 {
		first := time.Weekday((i + 1) % 7)
		if !d.Has(first) || d.Has((first+6)%7) {
			continue
		}
		last := first
		for d.Has((last + 1) % 7) {
			last = (last + 1) % 7
		}
		run := weekdayAbbr(first)
		if last != first {
			run += "-" + weekdayAbbr(last)
		}
		runs = append(runs, run)
	}
	return strings.Join(runs, ",")
}

func weekdayAbbr(w time.Weekday) string { return strings.ToLower(w.String()[:3]) }

// parseDayNames reads "mon", "monday", "mon-fri", "fri-mon"; none mean every day.
func parseDayNames(names []string) (Days, error) {
	if len(names) == 0 {
		return EveryDay, nil
	}
	var days Days
	for _, name := range names {
		low, high, ranged := strings.Cut(name, "-")
		if !ranged {
			high = low
		}
		first, err := parseDayName(low, name)
		if err != nil {
			return 0, err
		}
		last, err := parseDayName(high, name)
		if err != nil {
			return 0, err
		}
		for day := first; ; day = (day + 1) % 7 {
			days |= 1 << day
			if day == last {
				break
			}
		}
	}
	return days, nil
}

// parseDayName reads one weekday of the item it stands in.
func parseDayName(name, item string) (time.Weekday, error) {
	name = strings.TrimSpace(name)
	for day := time.Sunday; day <= time.Saturday; day++ {
		if named(name, day.String()) {
			return day, nil
		}
	}
	return 0, fmt.Errorf("%q is not a weekday or a range of them", item)
}

// named tells whether a text is a name, in full or its first three letters.
func named(text, name string) bool {
	return strings.EqualFold(text, name) || strings.EqualFold(text, name[:3])
}
