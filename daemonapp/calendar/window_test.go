package calendar_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/calendar"
)

func TestParseWindow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		from, to string
		days     []string
		want     string
	}{
		{"22:00", "06:00", []string{"mon-fri"}, "22:00 to 06:00 mon-fri"},
		{"22:00", "06:00", nil, "22:00 to 06:00"},
		{"0:00", "24:00", []string{"SAT-SUN"}, "00:00 to 24:00 sat-sun"},
		{"7:05", "8:00", []string{"Monday", "thu"}, "07:05 to 08:00 mon,thu"},
		{"22:00", "00:00", []string{"fri-mon"}, "22:00 to 00:00 fri-mon"},
		{"09:00", "17:00", []string{"friday-monday", "Wed"}, "09:00 to 17:00 wed,fri-mon"},
		{"09:00", "17:00", []string{"sun", "tue-thu", "wed-thu"}, "09:00 to 17:00 tue-thu,sun"},
		{"09:00", "17:00", []string{"mon-sun"}, "09:00 to 17:00"},
		{"09:00", "17:00", []string{"thu-wed"}, "09:00 to 17:00"},
		{"09:00", "17:00", []string{"tue-tue"}, "09:00 to 17:00 tue"},
	} {
		w, err := calendar.ParseWindow(tt.from, tt.to, tt.days, time.UTC)
		if err != nil || w.String() != tt.want {
			t.Errorf("ParseWindow(%q, %q, %q) = %v, %v, want %v", tt.from, tt.to, tt.days, w, err, tt.want)
		}
	}
}

func TestParseWindowRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		from, to string
		days     []string
		field    string
	}{
		{"", "06:00", nil, "from"},
		{"22", "06:00", nil, "from"},
		{"22:0", "06:00", nil, "from"},
		{"22:60", "06:00", nil, "from"},
		{"24:00", "06:00", nil, "from"},
		{"-1:00", "06:00", nil, "from"},
		{"022:00", "06:00", nil, "from"},
		{"22:00:00", "06:00", nil, "from"},
		{"10pm", "06:00", nil, "from"},
		{"22:00", "24:01", nil, "to"},
		{"22:00", "25:00", nil, "to"},
		{"22:00", "", nil, "to"},
		{"22:00", "22:00", nil, "to"},
		{"00:00", "0:00", nil, "to"},
		{"22:00", "06:00", []string{"mon", ""}, "days"},
		{"22:00", "06:00", []string{"weekdays"}, "days"},
		{"22:00", "06:00", []string{"mon-"}, "days"},
		{"22:00", "06:00", []string{"mon-tue-wed"}, "days"},
		{"22:00", "06:00", []string{"1-5"}, "days"},
	} {
		w, err := calendar.ParseWindow(tt.from, tt.to, tt.days, time.UTC)
		var fault *daemonapp.FieldError
		if !errors.As(err, &fault) || w != nil {
			t.Errorf("ParseWindow(%q, %q, %q) = %v, %v", tt.from, tt.to, tt.days, w, err)
			continue
		}
		if fault.Field != tt.field || fault.Hint == "" || fault.Message == "" {
			t.Errorf("ParseWindow(%q, %q, %q): got %+v, want a fault of %s", tt.from, tt.to, tt.days, fault, tt.field)
		}
	}
}

func TestParseWindowTellsAllFaults(t *testing.T) {
	t.Parallel()
	_, err := calendar.ParseWindow("25:00", "24:60", []string{"mon-fry"}, time.UTC)
	for _, want := range []string{"25:00", "24:60", "mon-fry"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, which does not tell of %s", err, want)
		}
	}
}

func TestWindowOpen(t *testing.T) {
	t.Parallel()
	const form = "Mon 2006-01-02 15:04:05 -07"
	for _, tt := range []struct {
		name   string
		window [3]string
		zone   string
		now    string // RFC 3339
		open   bool
		change string
	}{
		{"before", [3]string{"22:00", "06:00", "mon-fri"}, "UTC", "2027-01-15T21:59:59Z", false, "Fri 2027-01-15 22:00:00 +00"},
		{"from is included", [3]string{"22:00", "06:00", "mon-fri"}, "UTC", "2027-01-15T22:00:00Z", true, "Sat 2027-01-16 06:00:00 +00"},
		{"after midnight, opened on a day of it", [3]string{"22:00", "06:00", "mon-fri"}, "UTC", "2027-01-16T05:59:59.9Z", true, "Sat 2027-01-16 06:00:00 +00"},
		{"to is excluded", [3]string{"22:00", "06:00", "mon-fri"}, "UTC", "2027-01-16T06:00:00Z", false, "Mon 2027-01-18 22:00:00 +00"},
		{"after midnight, no day of it", [3]string{"22:00", "06:00", "mon-fri"}, "UTC", "2027-01-18T05:00:00Z", false, "Mon 2027-01-18 22:00:00 +00"},
		{"days in a row are one", [3]string{"00:00", "24:00", "sat-sun"}, "UTC", "2027-01-16T10:00:00Z", true, "Mon 2027-01-18 00:00:00 +00"},
		{"always", [3]string{"00:00", "24:00", ""}, "UTC", "2027-01-16T10:00:00Z", true, ""},
		{"another zone", [3]string{"22:00", "06:00", ""}, "America/New_York", "2027-01-16T02:59:59Z", false, "Fri 2027-01-15 22:00:00 -05"},
		{"opens in a gap", [3]string{"02:30", "05:00", ""}, "Europe/Vienna", "2027-03-28T00:59:59Z", false, "Sun 2027-03-28 03:00:00 +02"},
		{"lies in a gap", [3]string{"02:10", "02:50", ""}, "Europe/Vienna", "2027-03-28T00:59:59Z", false, "Mon 2027-03-29 02:10:00 +02"},
		{"closes and opens in a gap", [3]string{"02:30", "02:10", ""}, "Europe/Vienna", "2027-03-28T00:59:59Z", true, "Mon 2027-03-29 02:10:00 +02"},
		{"opens at the first of two", [3]string{"02:30", "05:00", ""}, "Europe/Vienna", "2027-10-31T00:00:00Z", false, "Sun 2027-10-31 02:30:00 +02"},
		{"stays open over the second", [3]string{"02:30", "05:00", ""}, "Europe/Vienna", "2027-10-31T01:15:00Z", true, "Sun 2027-10-31 05:00:00 +01"},
		{"closes at the first of two", [3]string{"22:00", "02:30", ""}, "Europe/Vienna", "2027-10-31T00:00:00Z", true, "Sun 2027-10-31 02:30:00 +02"},
		{"and does not open again", [3]string{"22:00", "02:30", ""}, "Europe/Vienna", "2027-10-31T01:15:00Z", false, "Sun 2027-10-31 22:00:00 +01"},
		{"an hour longer", [3]string{"22:00", "06:00", ""}, "Europe/Vienna", "2027-10-30T20:00:00Z", true, "Sun 2027-10-31 06:00:00 +01"},
		{"a day that does not exist", [3]string{"08:00", "16:00", "fri"}, "Pacific/Apia", "2011-12-29T20:00:00Z", false, "Fri 2012-01-06 08:00:00 +14"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			now, err := time.Parse(time.RFC3339, tt.now)
			if err != nil {
				t.Fatal(err)
			}
			open, change := window(t, tt.window, load(t, tt.zone)).Open(now)
			got := ""
			if !change.IsZero() {
				got = change.Format(form)
			}
			if open != tt.open || got != tt.change {
				t.Errorf("got %v until %q, want %v until %q", open, got, tt.open, tt.change)
			}
		})
	}
}

func TestWindowWithoutText(t *testing.T) {
	t.Parallel()
	noon := time.Date(2027, 1, 15, 12, 0, 0, 0, time.Local)
	if open, change := (&calendar.Window{From: 60, To: 13 * 60}).Open(noon); !open || !change.Equal(noon.Add(time.Hour)) {
		t.Errorf("got %v until %v, want open for an hour every day in the local zone", open, change)
	}
	if open, change := (&calendar.Window{From: 60, To: 60, Location: time.UTC}).Open(noon); open || !change.IsZero() {
		t.Errorf("got %v until %v, want an empty window to stay closed", open, change)
	}
}

func TestDays(t *testing.T) {
	t.Parallel()
	if got := calendar.Days(0).String(); got != "every day" || !calendar.Days(0).Has(time.Sunday) {
		t.Errorf("the empty set is %q", got)
	}
	var names []string
	for days := calendar.Days(1); days < calendar.EveryDay; days++ {
		w, err := calendar.ParseWindow("09:00", "17:00", strings.Split(days.String(), ","), time.UTC)
		if err != nil || w.Days != days {
			t.Errorf("%s became %v, %v", days, w, err)
		}
		names = append(names, days.String())
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != 126 {
		t.Errorf("two sets have one name")
	}
}

// FuzzParseWindow: no text makes it panic, errors point at a field, and what is accepted alternates forwards.
func FuzzParseWindow(f *testing.F) {
	f.Add("22:00", "06:00", "mon-fri,sun", int64(1803280000), uint8(3))
	f.Add("0:00", "24:00", "", int64(-1), uint8(5))
	f.Fuzz(func(t *testing.T, from, to, days string, unix int64, zone uint8) {
		var list []string
		if days != "" {
			list = strings.Split(days, ",")
		}
		w, err := calendar.ParseWindow(from, to, list, load(t, steppedZones[int(zone)%len(steppedZones)].name))
		if err != nil {
			var fault *daemonapp.FieldError
			if !errors.As(err, &fault) {
				t.Fatalf("%v points at no field", err)
			}
			return
		}
		now := time.Unix(unix%(1<<34), 0)
		open, change := w.Open(now)
		if change.IsZero() {
			return
		}
		if then, _ := w.Open(change); !change.After(now) || change.Sub(now) > 9*day || then == open {
			t.Fatalf("%v at %v: %v, then %v at %v", w, now, open, then, change)
		}
		if just, again := w.Open(change.Add(-1)); just != open || !again.Equal(change) {
			t.Fatalf("%v at %v: %v until %v, but just before %v until %v", w, now, open, change, just, again)
		}
	})
}
