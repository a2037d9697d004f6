package calendar

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	cron "github.com/netresearch/go-cron"
)

// field is one of the five of an expression. The library, go-cron, reads its items one by one, so that an
// error can name the one that is wrong.
type field struct {
	name    string
	options cron.ParseOption
	// names are those of the numbers first to last; nil if they have none.
	names       func(n int) string
	first, last int
	offer       string // what may be written, for errors
}

//nolint:gochecknoglobals // constants, which Go has not for structs
var fields = [5]field{
	{name: "minute", options: cron.Minute, offer: "0 to 59"},
	{name: "hour", options: cron.Hour, offer: "0 to 23"},
	{name: "day of month", options: cron.Dom | cron.DomL | cron.DomW, offer: "1 to 31, L, L-2, 15W, LW"},
	{
		name: "month", options: cron.Month, offer: "1 to 12 or jan to dec",
		names: func(n int) string { return time.Month(n).String() }, first: 1, last: 12,
	},
	{
		name: "weekday", options: cron.Dow | cron.DowNth | cron.DowLast, offer: "0 to 7 or sun to sat, fri#2, fri#L",
		names: func(n int) string { return time.Weekday(n).String() }, last: 6,
	},
}

// starBit is how the library marks a set of which an item is a * without a step.
const starBit = 1 << 63

// parse reads a list of items and returns the union of what the library makes of them.
func (f *field) parse(text string) (*cron.SpecSchedule, error) {
	all := &cron.SpecSchedule{}
	for item := range strings.SplitSeq(text, ",") {
		one := f.read(item)
		if one == nil {
			return nil, f.wrong(item)
		}
		all.Minute |= one.Minute
		all.Hour |= one.Hour
		all.Dom |= one.Dom
		all.Month |= one.Month
		all.Dow |= one.Dow
		all.DomConstraints = append(all.DomConstraints, one.DomConstraints...)
		all.DowConstraints = append(all.DowConstraints, one.DowConstraints...)
	}
	return all, nil
}

// The shape of an item is looked at before the library sees it, which ignores what follows a star (*-5) and
// takes signs (+5, fri#+2, -0#1) and any number of leading zeros.
var (
	shape = regexp.MustCompile(`(?i)^([*?]|(\d{1,3}w?|[a-z]+)(-(\d{1,3}|[a-z]+)|#(\d{1,3}|l))?)(/\d{1,3})?$`)
	word  = regexp.MustCompile(`(?i)[\da-z]+`)
)

// read reads one item; nil if it is none of the field.
func (f *field) read(item string) *cron.SpecSchedule {
	// The library takes ? everywhere; it has a meaning only where the other field of days may be given.
	if !shape.MatchString(item) || item[0] == '?' && f.options&(cron.Dom|cron.Dow) == 0 {
		return nil
	}
	// The library holds the first of a range against the smallest number and the last against the largest,
	// no more, and so takes 24/2 and 9-0 for ranges that run over the end.
	base, _, stepped := strings.Cut(item, "/")
	low, high, ranged := strings.Cut(base, "-")
	if stepped && f.read(base) == nil || ranged && (f.read(low) == nil || f.read(high) == nil) {
		return nil
	}
	item = word.ReplaceAllStringFunc(item, f.numbered)
	parsed, err := cron.MustNewParser(f.options).Parse(item)
	spec, ok := parsed.(*cron.SpecSchedule)
	if err != nil || !ok {
		return nil
	}
	if f.options&cron.Dow != 0 && !recount(item, spec) {
		return nil
	}
	return spec
}

// numbered writes a name as its number: the library knows no long names, and takes the H of THU for its own.
func (f *field) numbered(text string) string {
	for n := f.first; f.names != nil && n <= f.last; n++ {
		if named(text, f.names(n)) {
			return strconv.Itoa(n)
		}
	}
	return text
}

// recount counts the steps of a range of weekdays. The library has eight of them, 0 to 7, and so goes astray
// where sat-wed/2 runs over the end of the week, and lets a step pass, */7 or sat-wed/5, that leaves only the
// first day. It is false for such a step.
func recount(item string, spec *cron.SpecSchedule) bool {
	if item[0] == '*' || item[0] == '?' {
		item = "0-6" + item[1:]
	}
	var first, last, step int
	if n, _ := fmt.Sscanf(item, "%d-%d/%d", &first, &last, &step); n < 3 {
		return true
	}
	if last < first {
		last += 7
	}
	spec.Dow = 0
	for day := first; day <= last; day += step {
		spec.Dow |= 1 << (day % 7)
	}
	return step == 1 || step <= last-first
}

// wrong is the error about an item: field, item, what is wrong with it, what may be written.
func (f *field) wrong(item string) error {
	return fmt.Errorf("%s %q: %s; write %s, a list 1,5, a range 1-5, a step */2, or *", f.name, item, f.problem(item), f.offer)
}

// problem tells what is wrong with an item by trying its first half with a second one that is right.
func (f *field) problem(item string) string {
	base, step, stepped := strings.Cut(item, "/")
	weekday, _, counted := strings.Cut(item, "#")
	upper := strings.ToUpper(item)
	switch {
	case stepped && f.read(base+"/1") != nil:
		if n, ok := number(step); !ok || n < 1 {
			return "a step is a number from 1 on"
		}
		return "the step leads out of the range and would only leave its first; write that alone"
	case counted && f.read(weekday+"#1") != nil:
		return "after the # stands 1 to 5, or L for the last of the month"
	case counted && f.options&cron.Dow != 0:
		return "there is no such weekday before the #"
	case strings.HasPrefix(upper, "L-") && f.options&cron.Dom != 0:
		return "L-1 to L-30 are days before the last one"
	case strings.HasSuffix(upper, "W") && f.options&cron.Dom != 0:
		return "1W to 31W are the working days nearest to a date"
	}
	return "there is no such " + f.name
}

// number reads an unsigned number of up to three digits.
func number(text string) (int, bool) {
	n, err := strconv.ParseUint(text, 10, 16)
	return int(n), err == nil && len(text) <= 3
}
