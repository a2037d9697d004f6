package calendar

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// field is what one of the five fields may hold: size whole numbers from min on, which follow each other
// in a circle. Only weekdays have a second number for one of them: 7 is 0.
type field struct {
	name      string
	min, size int
	max       int // the largest that may be written
	names     func(n int) string
	offer     string // what may be written, for errors
}

//nolint:gochecknoglobals // constants, which Go has not for structs
var (
	minuteField  = field{name: "minute", size: 60, max: 59, offer: "0 to 59"}
	hourField    = field{name: "hour", size: 24, max: 23, offer: "0 to 23"}
	dateField    = field{name: "day of month", min: 1, size: 31, max: 31, offer: "1 to 31, L, L-2, 15W, LW"}
	monthField   = field{name: "month", min: 1, size: 12, max: 12, offer: "1 to 12 or jan to dec", names: monthName}
	weekdayField = field{name: "weekday", size: 7, max: 7, offer: "0 to 7 or sun to sat, fri#2, fri#L", names: weekdayName}
)

func monthName(n int) string   { return time.Month(n).String() }
func weekdayName(n int) string { return time.Weekday(n % 7).String() }

// parse reads a field without items of its own kind; see parseWith.
func (f *field) parse(text string) (set uint64, every bool, err error) {
	return f.parseWith(text, func(string) (bool, error) { return false, nil })
}

// parseWith reads a list of items; special is asked first whether it takes one. Bit n of set is the number
// n; every tells that an item is a plain *.
func (f *field) parseWith(text string, special func(item string) (bool, error)) (set uint64, every bool, err error) {
	for item := range strings.SplitSeq(text, ",") {
		taken, err := special(item)
		if err != nil {
			return 0, false, err
		}
		if taken {
			continue
		}
		bits, star, err := f.item(item)
		if err != nil {
			return 0, false, err
		}
		set |= bits
		every = every || star
	}
	return set, every, nil
}

// item reads "5", "1-5", "*", each with or without "/step"; "5/step" runs to the end of the field.
func (f *field) item(text string) (set uint64, star bool, err error) {
	base, stepText, stepped := strings.Cut(text, "/")
	first, last := f.min, f.min+f.size-1
	star = f.star(base)
	if !star {
		low, high, ranged := strings.Cut(base, "-")
		if !ranged {
			high = low
		}
		var ok, ok2 bool
		first, ok = f.value(low)
		last, ok2 = f.value(high)
		switch {
		case !ok || !ok2:
			return 0, false, f.wrong(text, "there is no such "+f.name)
		case stepped && !ranged:
			last = f.max
		case last < first:
			last += f.size
		}
	}
	step := 1
	if stepped {
		n, ok := number(stepText)
		if !ok || n < 1 {
			return 0, false, f.wrong(text, "a step is a number from 1 on")
		}
		if n > 1 && n > last-first {
			return 0, false, f.wrong(text, "the step leads out of the range and would only leave its first; write that alone")
		}
		step = n
	}
	for n := first; n <= last; n += step {
		set |= 1 << (f.min + (n-f.min)%f.size)
	}
	return set, star && step == 1, nil
}

// star tells whether an item without its step means the whole field; ? does in the fields of days.
func (f *field) star(base string) bool {
	return base == "*" || base == "?" && (f.name == dateField.name || f.name == weekdayField.name)
}

// value reads a number or a name of the field.
func (f *field) value(text string) (int, bool) {
	if n, ok := number(text); ok {
		return n, n >= f.min && n <= f.max
	}
	if f.names == nil {
		return 0, false
	}
	for n := f.min; n < f.min+f.size; n++ {
		if name := f.names(n); strings.EqualFold(text, name) || strings.EqualFold(text, name[:3]) {
			return n, true
		}
	}
	return 0, false
}

// wrong is the error about an item: field, item, what is wrong with it, what may be written.
func (f *field) wrong(item, problem string) error {
	return fmt.Errorf("%s %q: %s; write %s, a list 1,5, a range 1-5, a step */2, or *", f.name, item, problem, f.offer)
}

// number reads an unsigned number of up to three digits.
func number(text string) (int, bool) {
	n, err := strconv.ParseUint(text, 10, 16)
	return int(n), err == nil && len(text) <= 3
}
