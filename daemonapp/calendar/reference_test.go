package calendar_test

import (
	"strings"
	"testing"
	"time"

	cron "github.com/netresearch/go-cron"

	"github.com/peakd/peakd/daemonapp/calendar"
)

// The reference is slow and has nothing in common with the code it judges: it lives through every minute
// of a stretch of time, asks only time.Time for the local one, and remembers what it has seen.

// moment is an instant at which the wall clock shows a whole minute or was stepped.
type moment struct {
	at    time.Time
	local int64   // wall seconds
	fresh []int64 // the whole minutes of the wall that come now for the first time, stepped over or shown
}

// live lists the moments from one instant to another. What was shown before that is not known to it.
func live(loc *time.Location, from, to time.Time) []moment {
	minutes := int(to.Sub(from) / time.Minute)
	moments := make([]moment, 0, minutes+1)
	seen := make(map[int64]bool, minutes)
	last := wallOf(from.Unix()-1, loc)
	for unix := from.Unix(); unix < to.Unix(); unix++ {
		local := wallOf(unix, loc)
		stepped := local != last+1
		if second(local) == 0 || stepped {
			m := moment{at: time.Unix(unix, 0), local: local}
			first := local
			if stepped && local > last {
				first = last + 60 - second(last)
			}
			for wall := first; wall <= local; wall += 60 {
				if !seen[wall] && second(wall) == 0 {
					seen[wall] = true
					m.fresh = append(m.fresh, wall)
				}
			}
			moments = append(moments, m)
		}
		last = local
		if rest := 59 - second(local); rest > 0 && wallOf(unix+rest, loc) == local+rest {
			unix += rest
			last += rest
		}
	}
	return moments
}

// second is that of the minute, before 1970 too.
func second(wall int64) int64 { return (wall%60 + 60) % 60 }

func wallOf(unix int64, loc *time.Location) int64 {
	_, offset := time.Unix(unix, 0).In(loc).Zone()
	return unix + int64(offset)
}

// transitions are the instants between two years at which the offset from UTC changes.
func transitions(loc *time.Location, fromYear, toYear int) []time.Time {
	const step = 6 * 60 * 60
	var all []time.Time
	offset := func(unix int64) int64 { return wallOf(unix, loc) - unix }
	end := time.Date(toYear, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	for low := time.Date(fromYear, 1, 1, 0, 0, 0, 0, time.UTC).Unix(); low < end; low += step {
		if offset(low) == offset(low+step) {
			continue
		}
		before, after := low, low+step
		for after-before > 1 {
			middle := (before + after) / 2
			if offset(middle) == offset(low) {
				before = middle
			} else {
				after = middle
			}
		}
		all = append(all, time.Unix(after, 0).In(loc))
	}
	return all
}

// rule is an expression read by the library in one go, matched field by field.
type rule struct {
	expr    string
	spec    *cron.SpecSchedule
	elapsed bool
	either  bool
}

func ruleOf(tb testing.TB, expr string) rule {
	tb.Helper()
	spec := reference(tb, expr)
	if spec == nil {
		tb.Fatalf("the reference parser refuses %q", expr)
	}
	fields := strings.Fields(expr)
	return rule{
		expr: expr, spec: spec, elapsed: fields[1] == "*",
		either: fields[2][0] != '*' && fields[4][0] != '*',
	}
}

func (r rule) matches(wall int64) bool {
	t := time.Unix(wall, 0).UTC()
	has := func(set uint64, n int) bool { return set>>n&1 == 1 }
	if !has(r.spec.Minute, t.Minute()) || !has(r.spec.Hour, t.Hour()) || !has(r.spec.Month, int(t.Month())) {
		return false
	}
	date, weekday := has(r.spec.Dom, t.Day()), has(r.spec.Dow, int(t.Weekday()))
	if r.either {
		return date || weekday
	}
	return date && weekday
}

// fires are the times of the rule among the moments.
func (r rule) fires(moments []moment) []time.Time {
	var times []time.Time
	for _, m := range moments {
		fire := r.elapsed && second(m.local) == 0 && r.matches(m.local)
		if !r.elapsed {
			for _, wall := range m.fresh {
				fire = fire || r.matches(wall)
			}
		}
		if fire {
			times = append(times, m.at)
		}
	}
	return times
}

// opening is the state of a window over the moments, from the second day on.
func opening(w *calendar.Window, moments []moment) []bool {
	states := make([]bool, len(moments))
	open := false
	for i, m := range moments {
		for _, wall := range m.fresh {
			t := time.Unix(wall, 0).UTC()
			minute := t.Hour()*60 + t.Minute()
			if minute == w.To%(24*60) {
				open = false
			}
			if minute == w.From && w.Days.Has(t.Weekday()) {
				open = true
			}
		}
		states[i] = open
	}
	return states
}
