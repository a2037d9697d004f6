package calendar_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/peakd/peakd/daemonapp/calendar"
)

// times are the next n of a schedule, written short.
func times(s *calendar.Schedule, from time.Time, n int) []string {
	var list []string
	for range n {
		from = s.Next(from)
		list = append(list, from.Format("Mon 2006-01-02 15:04"))
	}
	return list
}

func TestParse(t *testing.T) {
	t.Parallel()
	from := time.Date(2027, 1, 15, 12, 30, 30, 0, time.UTC) // a Friday
	for _, tt := range []struct {
		expr string
		want []string
	}{
		{"0 2 * * *", []string{"Sat 2027-01-16 02:00", "Sun 2027-01-17 02:00"}},
		{"  0\t2 * * *  ", []string{"Sat 2027-01-16 02:00"}},
		{"*/20 12 * * *", []string{"Fri 2027-01-15 12:40", "Sat 2027-01-16 12:00"}},
		{"10-50/20 * * * *", []string{"Fri 2027-01-15 12:50", "Fri 2027-01-15 13:10", "Fri 2027-01-15 13:30"}},
		{"50/5 * * * *", []string{"Fri 2027-01-15 12:50", "Fri 2027-01-15 12:55", "Fri 2027-01-15 13:50"}},
		{"58-1 * * * *", []string{"Fri 2027-01-15 12:58", "Fri 2027-01-15 12:59", "Fri 2027-01-15 13:00", "Fri 2027-01-15 13:01", "Fri 2027-01-15 13:58"}},
		{"0 22-2/2 * * *", []string{"Fri 2027-01-15 22:00", "Sat 2027-01-16 00:00", "Sat 2027-01-16 02:00", "Sat 2027-01-16 22:00"}},
		{"0 0 ? NOV-jan ?", []string{"Sat 2027-01-16 00:00"}},
		{"0 0 1 march,October *", []string{"Mon 2027-03-01 00:00", "Fri 2027-10-01 00:00"}},
		{"0 0 * * 7", []string{"Sun 2027-01-17 00:00", "Sun 2027-01-24 00:00"}},
		{"0 0 * * 0", []string{"Sun 2027-01-17 00:00", "Sun 2027-01-24 00:00"}},
		{"0 0 * * THU", []string{"Thu 2027-01-21 00:00", "Thu 2027-01-28 00:00"}},
		{"0 0 * * fri-mon", []string{"Sat 2027-01-16 00:00", "Sun 2027-01-17 00:00", "Mon 2027-01-18 00:00", "Fri 2027-01-22 00:00"}},
		{"0 0 * * 5-7", []string{"Sat 2027-01-16 00:00", "Sun 2027-01-17 00:00", "Fri 2027-01-22 00:00"}},
		{"0 0 * * 7-2", []string{"Sun 2027-01-17 00:00", "Mon 2027-01-18 00:00", "Tue 2027-01-19 00:00", "Sun 2027-01-24 00:00"}},
		{"0 0 * * 5/2", []string{"Sun 2027-01-17 00:00", "Fri 2027-01-22 00:00", "Sun 2027-01-24 00:00"}},
		{"0 0 * * 7-2/2", []string{"Sun 2027-01-17 00:00", "Tue 2027-01-19 00:00", "Sun 2027-01-24 00:00"}},
		{"0 0 * * sat-wednesday/2", []string{"Sat 2027-01-16 00:00", "Mon 2027-01-18 00:00", "Wed 2027-01-20 00:00", "Sat 2027-01-23 00:00"}},
		// Day of month and weekday: either, unless one starts with a star.
		{"0 0 13 * 5", []string{"Fri 2027-01-22 00:00", "Fri 2027-01-29 00:00", "Fri 2027-02-05 00:00", "Fri 2027-02-12 00:00", "Sat 2027-02-13 00:00"}},
		{"0 0 */2 * mon", []string{"Mon 2027-01-25 00:00", "Mon 2027-02-01 00:00", "Mon 2027-02-15 00:00"}},
		{"0 0 1 * */3", []string{"Sat 2027-05-01 00:00", "Sun 2027-08-01 00:00", "Wed 2027-09-01 00:00"}},
		{"0 0 29 2 *", []string{"Tue 2028-02-29 00:00", "Sun 2032-02-29 00:00"}},
		{"0 0 * 2 mon#5", []string{"Mon 2044-02-29 00:00", "Mon 2072-02-29 00:00"}},
		{"0 0 L * *", []string{"Sun 2027-01-31 00:00", "Sun 2027-02-28 00:00", "Wed 2027-03-31 00:00"}},
		{"0 0 l-1,20 * *", []string{"Wed 2027-01-20 00:00", "Sat 2027-01-30 00:00", "Sat 2027-02-20 00:00", "Sat 2027-02-27 00:00"}},
		{"0 0 LW * *", []string{"Fri 2027-01-29 00:00", "Fri 2027-02-26 00:00", "Wed 2027-03-31 00:00"}},
		{"0 0 1W * *", []string{"Mon 2027-02-01 00:00", "Mon 2027-03-01 00:00", "Thu 2027-04-01 00:00", "Mon 2027-05-03 00:00"}},
		{"0 0 17w,31W 1,2 *", []string{"Mon 2027-01-18 00:00", "Fri 2027-01-29 00:00", "Wed 2027-02-17 00:00"}},
		{"0 0 * * fri#2,SUN#l", []string{"Sun 2027-01-31 00:00", "Fri 2027-02-12 00:00", "Sun 2027-02-28 00:00"}},
		{"0 0 * 8 7#1", []string{"Sun 2027-08-01 00:00"}},
		{"0 0 L * fri#3", []string{"Sun 2027-01-31 00:00", "Fri 2027-02-19 00:00", "Sun 2027-02-28 00:00"}},
		{"@hourly", []string{"Fri 2027-01-15 13:00", "Fri 2027-01-15 14:00"}},
		{"@Daily", []string{"Sat 2027-01-16 00:00"}},
		{"@midnight", []string{"Sat 2027-01-16 00:00"}},
		{"@weekly", []string{"Sun 2027-01-17 00:00"}},
		{"@monthly", []string{"Mon 2027-02-01 00:00"}},
		{"@yearly", []string{"Sat 2028-01-01 00:00"}},
		{"@annually", []string{"Sat 2028-01-01 00:00"}},
	} {
		t.Run(tt.expr, func(t *testing.T) {
			t.Parallel()
			s := parse(t, tt.expr, time.UTC)
			if got := times(s, from, len(tt.want)); !slices.Equal(got, tt.want) {
				t.Errorf("got  %v\nwant %v", got, tt.want)
			}
			if s.String() != tt.expr || s.Location() != time.UTC {
				t.Errorf("String() = %q, Location() = %v", s, s.Location())
			}
		})
	}
}

func TestParseLocalZone(t *testing.T) {
	t.Parallel()
	if loc := parse(t, "@daily", nil).Location(); loc != time.Local {
		t.Errorf("got %v, want the local zone", loc)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ expr, want string }{
		{"", "empty"},
		{" \t", "empty"},
		{"0 2 * *", "4 of the five fields"},
		{"0 0 2 * * *", "6 of the five fields"},
		{"0 2 * * * 2027", "seconds or years"},
		{"TZ=Europe/Vienna 0 2 * * *", `timezone = "Europe/Vienna"`},
		{"cron_tz=UTC 0 2 * * *", `timezone = "UTC"`},
		{"CRON_TZ=UTC", `timezone = "UTC"`},
		{"TZ=0", `timezone = "0"`},
		{"@every 5m", `run_every = "5m"`},
		{"@every", `run_every = "5m"`},
		{"@reboot", "run_once"},
		{"@fortnightly", "@fortnightly is unknown"},
		{"@daily 3", `remove "3"`},
		{"@", "unknown"},
		{"60 * * * *", `minute "60": there is no such minute; write 0 to 59`},
		{"* 24 * * *", `hour "24": there is no such hour; write 0 to 23`},
		{"* * 0 * *", `day of month "0": there is no such day of month; write 1 to 31`},
		{"* * 32 * *", `day of month "32"`},
		{"* * * 13 *", `month "13": there is no such month; write 1 to 12 or jan to dec`},
		{"* * * juno *", `month "juno"`},
		{"* * * * 8", `weekday "8": there is no such weekday; write 0 to 7 or sun to sat`},
		{"* * * * mo", `weekday "mo"`},
		{"* * * * fri#6", `weekday "fri#6": after the # stands 1 to 5, or L`},
		{"* * * * fri#", `weekday "fri#"`},
		{"* * * * #2", `weekday "#2": there is no such weekday before the #`},
		{"* * * * 5L", `weekday "5L"`},
		{"* * L-31 * *", `day of month "L-31": L-1 to L-30`},
		{"* * L-0 * *", `day of month "L-0"`},
		{"* * W * *", `day of month "W": 1W to 31W`},
		{"* * 32W * *", `day of month "32W"`},
		{"* * L5 * *", `day of month "L5"`},
		{"L * * * *", `minute "L"`},
		{"? * * * *", `minute "?"`},
		{"H * * * *", `minute "H"`},
		{", * * * *", `minute ""`},
		{"1,,2 * * * *", `minute ""`},
		{"1-2-3 * * * *", `minute "1-2-3"`},
		{"-5 * * * *", `minute "-5"`},
		{"+5 * * * *", `minute "+5"`},
		{"5- * * * *", `minute "5-"`},
		{"*-5 * * * *", `minute "*-5"`},
		{"*5 * * * *", `minute "*5"`},
		{"*/0 * * * *", `minute "*/0": a step is a number from 1 on`},
		{"*/ * * * *", `minute "*/": a step`},
		{"*/-1 * * * *", `minute "*/-1": a step`},
		{"1/2/3 * * * *", `minute "1/2/3": a step`},
		{"*/60 * * * *", `minute "*/60": the step leads out of the range`},
		{"* 5-7/3 * * *", `hour "5-7/3": the step leads out`},
		// What the library alone would take.
		{"* ?-5 * * *", `hour "?-5": there is no such hour`},
		{"* * * ? *", `month "?"`},
		{"* * +15W * *", `day of month "+15W": 1W to 31W`},
		{"* * L-+5 * *", `day of month "L-+5": L-1 to L-30`},
		{"* * * * fri#+2", `weekday "fri#+2": after the # stands 1 to 5`},
		{"* * * * fri#mon", `weekday "fri#mon": after the # stands 1 to 5`},
		{"* * * * -0#1", `weekday "-0#1": there is no such weekday before the #`},
		{"*/+5 * * * *", `minute "*/+5": a step is a number`},
		{"60/5 * * * *", `minute "60/5": there is no such minute`},
		{"* 24-2 * * *", `hour "24-2": there is no such hour`},
		{"* * 20-0 * *", `day of month "20-0": there is no such day of month`},
		{"* * * 9-0/2 *", `month "9-0/2": there is no such month`},
		{"* * * * 8-2", `weekday "8-2": there is no such weekday`},
		{"* * * * */7", `weekday "*/7": the step leads out`},
		{"* * * * sat-wed/5", `weekday "sat-wed/5": the step leads out`},
		{"0000000000000001 * * * *", `minute "0000000000000001"`},
		{"99999999999999999999 * * * *", `minute "99999999999999999999"`},
	} {
		t.Run(tt.expr, func(t *testing.T) {
			t.Parallel()
			s, err := calendar.Parse(tt.expr, time.UTC)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, %v, want an error with %q", s, err, tt.want)
			}
			if errors.Is(err, calendar.ErrNever) {
				t.Errorf("%v is ErrNever", err)
			}
		})
	}
}

func TestParseRefusesWhatNeverComes(t *testing.T) {
	t.Parallel()
	for _, expr := range []string{"0 0 31 2 *", "0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "0 0 L-29 2 *", "0 0 30W 2 *", "* * 31 feb ?", "0 0 31 apr */2"} {
		_, err := calendar.Parse(expr, time.UTC)
		if !errors.Is(err, calendar.ErrNever) {
			t.Errorf("Parse(%q): got %v, want ErrNever", expr, err)
		}
	}
}

// TestParseCountsEveryRange compares every range of hours and weekdays, with every step, with one that is walked
// number by number.
func TestParseCountsEveryRange(t *testing.T) {
	t.Parallel()
	start := time.Date(2027, 1, 17, 0, 0, 0, 0, time.UTC) // a Sunday
	for _, tt := range []struct {
		form      string
		max, size int
		unit      time.Duration
	}{
		{"0 %d-%d/%d * * *", 23, 24, time.Hour},
		{"0 0 * * %d-%d/%d", 7, 7, day},
	} {
		for i := range (tt.max + 1) * (tt.max + 1) * tt.size {
			first, last, step := i/tt.size/(tt.max+1), i/tt.size%(tt.max+1), i%tt.size+1
			expr := fmt.Sprintf(tt.form, first, last, step)
			span := last - first
			if span < 0 {
				span += tt.size
			}
			s, err := calendar.Parse(expr, time.UTC)
			if refuse := step > 1 && step > span; refuse != (err != nil) {
				t.Fatalf("%q: got %v, %v", expr, s, err)
			}
			if err != nil {
				continue
			}
			want := make([]bool, tt.size)
			for n := 0; n <= span; n += step {
				want[(first+n)%tt.size] = true
			}
			got := make([]bool, tt.size)
			end := start.Add(time.Duration(tt.size) * tt.unit)
			for at := s.Next(start.Add(-1)); at.Before(end); at = s.Next(at) {
				got[at.Sub(start)/tt.unit] = true
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%q: got %v, want %v", expr, got, want)
			}
		}
	}
}

// drawExpr draws expressions that the library alone understands, and understands as we do. It refuses THU in
// capitals and counts a range of weekdays that runs over the end, with a step, wrongly.
func drawExpr(t *rapid.T) string {
	item := func(name string, low, high int, more ...string) string {
		number := rapid.IntRange(low, high)
		switch kind := rapid.IntRange(0, 4+len(more)).Draw(t, name+" kind"); kind {
		case 0, 1:
			return "*"
		case 2:
			return fmt.Sprint(number.Draw(t, name))
		case 3:
			a, b := number.Draw(t, name+" from"), number.Draw(t, name+" to")
			return fmt.Sprintf("%d-%d", a, b)
		case 4:
			a, b := number.Draw(t, name+" from"), number.Draw(t, name+" to")
			a, b = min(a, b), max(a, b)
			if b-a < 2 {
				return fmt.Sprint(a)
			}
			return fmt.Sprintf("%d-%d/%d", a, b, rapid.IntRange(1, b-a).Draw(t, name+" step"))
		default:
			return more[kind-5]
		}
	}
	list := func(name string, low, high int, more ...string) string {
		first := item(name, low, high, more...)
		if first == "*" || rapid.Bool().Draw(t, name+" alone") {
			return first
		}
		if second := item(name, low, high); second != "*" {
			return first + "," + second
		}
		return first
	}
	return strings.Join([]string{
		list("minute", 0, 59, "*/7"), list("hour", 0, 23, "*/5"),
		list("date", 1, 31, "L", "LW", "15W", "31W", "1W", "L-3"), list("month", 1, 12, "feb", "nov-mar"),
		list("weekday", 0, 7, "mon", "fri#2", "sun#L", "7#5", "sat-tue"),
	}, " ")
}

// TestNextAgreesWithTheLibrary compares with the library's own evaluator in UTC, where it is right, and with its
// parser used in one go.
func TestNextAgreesWithTheLibrary(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		expr := drawExpr(rt)
		theirs := reference(t, expr)
		ours, err := calendar.Parse(expr, time.UTC)
		if errors.Is(err, calendar.ErrNever) && theirs != nil {
			return
		}
		if err != nil || theirs == nil {
			rt.Fatalf("%q: ours %v, %v, theirs %v", expr, ours, err, theirs)
		}
		theirs.Location, theirs.MaxSearchYears = time.UTC, 50
		at := time.Unix(rapid.Int64Range(0, 8e9).Draw(rt, "from"), rapid.Int64Range(0, 1e9-1).Draw(rt, "ns")).UTC()
		for range 5 {
			got, want := ours.Next(at), theirs.Next(at)
			if !got.Equal(want) {
				rt.Fatalf("%q after %v: got %v, want %v", expr, at, got, want)
			}
			at = got
		}
	})
}

// FuzzParse: no text makes it panic, and what it accepts has times, in order, whose way there does not matter.
func FuzzParse(f *testing.F) {
	for _, expr := range []string{"0 2 * * *", "*/15 * 1-7,L-2 nov-feb fri#2", "@daily", "TZ=UTC * * * * *", "58-1 22-2/2 15W,LW * 7", "0 0 31 2 *", "60/5 24-2 20-0 * sat-wed/2"} {
		f.Add(expr, int64(1803280000), int32(5000), uint8(3))
	}
	f.Fuzz(func(t *testing.T, expr string, unix int64, later int32, zone uint8) {
		loc := load(t, steppedZones[int(zone)%len(steppedZones)].name)
		s, err := calendar.Parse(expr, loc)
		if err != nil {
			if err.Error() == "" || s != nil {
				t.Fatalf("Parse(%q): %v, %q", expr, s, err)
			}
			return
		}
		from := time.Unix(unix%(1<<34), 0)
		next := s.Next(from)
		if !next.After(from) || next.Sub(from) > 41*366*day {
			t.Fatalf("%q: %v comes after %v", expr, next, from)
		}
		between := from.Add(min(time.Duration(later).Abs()*time.Second, next.Sub(from)-1))
		if again := s.Next(between); !again.Equal(next) {
			t.Fatalf("%q: from %v comes %v, from %v comes %v", expr, from, next, between, again)
		}
	})
}
