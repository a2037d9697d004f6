package calendar_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/peakd/peakd/daemonapp/calendar"
)

// runs are the times of a schedule on one day of a zone.
func runs(t *testing.T, expr, zone, date string) []time.Time {
	t.Helper()
	loc := load(t, zone)
	noon, err := time.ParseInLocation("2006-01-02 15:04", date+" 12:00", loc)
	if err != nil {
		t.Fatal(err)
	}
	s := parse(t, expr, loc)
	y, m, d := noon.Date()
	var all []time.Time
	for next := s.Next(noon.Add(-30 * time.Hour)); next.Before(noon.Add(30 * time.Hour)); next = s.Next(next) {
		if ny, nm, nd := next.Date(); ny == y && nm == m && nd == d {
			all = append(all, next)
		}
	}
	return all
}

// TestNextWhereTheClockIsStepped is the table of the contract: what a schedule does on the day.
func TestNextWhereTheClockIsStepped(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, expr, zone, date string
		runs                   int
		first                  string // RFC 3339
	}{
		{"gap", "30 2 * * *", "America/New_York", "2027-03-14", 1, "2027-03-14T03:00:00-04:00"},
		{"several in one gap", "*/10 2 * * *", "America/New_York", "2027-03-14", 1, "2027-03-14T03:00:00-04:00"},
		{"gap and the time after it", "0,30 2,3 * * *", "America/New_York", "2027-03-14", 2, "2027-03-14T03:00:00-04:00"},
		{"gap in London", "30 1 * * *", "Europe/London", "2027-03-28", 1, "2027-03-28T02:00:00+01:00"},
		{"gap in Vienna", "30 2 * * *", "Europe/Vienna", "2027-03-28", 1, "2027-03-28T03:00:00+02:00"},
		{"gap at midnight", "0 0 * * *", "Africa/Cairo", "2027-04-30", 1, "2027-04-30T01:00:00+03:00"},
		{"gap of half an hour", "15 2 * * *", "Australia/Lord_Howe", "2027-10-03", 1, "2027-10-03T02:30:00+11:00"},
		{"gap of a day", "0 12 30 12 *", "Pacific/Apia", "2011-12-31", 1, "2011-12-31T00:00:00+14:00"},
		{"twice", "30 1 * * *", "America/New_York", "2027-11-07", 1, "2027-11-07T01:30:00-04:00"},
		{"twice in London", "30 1 * * *", "Europe/London", "2027-10-31", 1, "2027-10-31T01:30:00+01:00"},
		{"twice in Vienna", "30 2 * * *", "Europe/Vienna", "2027-10-31", 1, "2027-10-31T02:30:00+02:00"},
		{"twice for half an hour", "45 1 * * *", "Australia/Lord_Howe", "2027-04-04", 1, "2027-04-04T01:45:00+11:00"},
		{"midnight twice", "30 23 * * *", "Africa/Cairo", "2027-10-28", 1, "2027-10-28T23:30:00+03:00"},
		{"hourly, long", "0 * * * *", "America/New_York", "2027-11-07", 25, "2027-11-07T00:00:00-04:00"},
		{"hourly, short", "0 * * * *", "America/New_York", "2027-03-14", 23, "2027-03-14T00:00:00-05:00"},
		{"half past, short", "30 * * * *", "Europe/Vienna", "2027-03-28", 23, "2027-03-28T00:30:00+01:00"},
		{"quarters, long", "*/15 * * * *", "Europe/London", "2027-10-31", 100, "2027-10-31T00:00:00+01:00"},
		{"quarters, short", "*/15 * * * *", "Europe/London", "2027-03-28", 92, "2027-03-28T00:00:00Z"},
		{"quarters, short by half an hour", "*/15 * * * *", "Australia/Lord_Howe", "2027-10-03", 94, "2027-10-03T00:00:00+10:30"},
		{"hourly without midnight", "0 * * * *", "Africa/Cairo", "2027-04-30", 23, "2027-04-30T01:00:00+03:00"},
		{"every hour, with a step, long", "0 */1 * * *", "America/New_York", "2027-11-07", 25, "2027-11-07T00:00:00-04:00"},
		{"every hour and one more, long", "0 3,* * * *", "America/New_York", "2027-11-07", 25, "2027-11-07T00:00:00-04:00"},
		{"the hours written out, long", "0 0-23 * * *", "America/New_York", "2027-11-07", 24, "2027-11-07T00:00:00-04:00"},
		{"every second hour, long", "0 */2 * * *", "America/New_York", "2027-11-07", 12, "2027-11-07T00:00:00-04:00"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := runs(t, tt.expr, tt.zone, tt.date)
			if len(got) != tt.runs || got[0].Format(time.RFC3339) != tt.first {
				t.Errorf("got %d runs: %v, want %d from %s on", len(got), got, tt.runs, tt.first)
			}
		})
	}
}

// TestNextByRule covers the end of a leap year, where the time package reports a period that is over.
func TestNextByRule(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"America/New_York", "Australia/Sydney", "Europe/Vienna"} {
		for _, expr := range []string{"0 12 * * *", "0 * * * *"} {
			loc := load(t, zone)
			s := parse(t, expr, loc)
			at := time.Date(2048, 12, 29, 12, 0, 0, 0, loc)
			for end := at.AddDate(0, 0, 5); at.Before(end); {
				want := at.Add(time.Hour)
				if expr == "0 12 * * *" {
					want = at.Add(day)
				}
				if at = s.Next(at); !at.Equal(want) {
					t.Fatalf("%s %q: got %v, want %v", zone, expr, at, want)
				}
			}
		}
	}
}

func TestNextIsStrictlyLater(t *testing.T) {
	t.Parallel()
	s := parse(t, "0 2 * * *", time.UTC)
	two := time.Date(2027, 1, 1, 2, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		from, want time.Time
	}{
		{two, two.Add(day)},
		{two.Add(-1), two},
		{two.Add(1), two.Add(day)},
		{two.Add(-1).In(time.FixedZone("", 3*60*60)), two},
		{time.Time{}, time.Date(1, 1, 1, 2, 0, 0, 0, time.UTC)},
		{time.Date(-4, 12, 31, 3, 0, 0, 0, time.UTC), time.Date(-3, 1, 1, 2, 0, 0, 0, time.UTC)},
	} {
		if got := s.Next(tt.from); got != tt.want {
			t.Errorf("after %v: got %v, want %v", tt.from, got, tt.want)
		}
	}
}

// TestNextIsOneLine: however often and from wherever it is asked, the times of a schedule are the same.
func TestNextIsOneLine(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		loc := load(t, rapid.SampledFrom(steppedZones).Draw(rt, "zone").name)
		s := parse(t, rapid.SampledFrom(steppedSchedules).Draw(rt, "expr"), loc)
		a := time.Unix(rapid.Int64Range(-3e9, 3e9).Draw(rt, "a"), 0)
		b := a.Add(time.Duration(rapid.Int64Range(0, 3*int64(day)).Draw(rt, "later")))
		first, second := s.Next(a), s.Next(b)
		if !first.After(a) || second.Before(first) || (first.After(b) && !second.Equal(first)) {
			rt.Fatalf("%s: after %v comes %v, after %v comes %v", s, a, first, b, second)
		}
	})
}

func TestNextKnowsTheCenturies(t *testing.T) {
	t.Parallel()
	s := parse(t, "0 0 29 2 *", time.UTC)
	for from, want := range map[int]int{1896: 1904, 1996: 2000, 2000: 2004, 2096: 2104, 2396: 2400} {
		got := s.Next(time.Date(from, 3, 1, 0, 0, 0, 0, time.UTC))
		if !got.Equal(time.Date(want, 2, 29, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("after %d: got %v, want %d", from, got, want)
		}
	}
}

func TestNextDoesNotAllocate(t *testing.T) {
	loc := load(t, "America/New_York")
	for _, expr := range steppedSchedules {
		s := parse(t, expr, loc)
		from := time.Date(2027, 11, 7, 5, 30, 0, 0, time.UTC)
		if n := testing.AllocsPerRun(100, func() { from = s.Next(from) }); n != 0 {
			t.Errorf("%s: %v allocations", expr, n)
		}
	}
}

var _ interface {
	Next(time.Time) time.Time
	String() string
} = (*calendar.Schedule)(nil)
