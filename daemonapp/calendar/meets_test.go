package calendar_test

import (
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/calendar"
)

func TestMeets(t *testing.T) {
	t.Parallel()
	vienna := load(t, "Europe/Vienna")
	from := time.Date(2027, 1, 15, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		expr   string
		window [3]string
		want   bool
	}{
		{"0 2 * * *", [3]string{"22:00", "06:00", ""}, true},
		{"0 12 * * *", [3]string{"22:00", "06:00", ""}, false},
		{"0 6 * * *", [3]string{"22:00", "06:00", ""}, false},
		{"0 22 * * *", [3]string{"22:00", "06:00", ""}, true},
		{"* * * * *", [3]string{"03:00", "03:01", "sun"}, true},
		{"*/2 * * * *", [3]string{"03:01", "03:02", ""}, false},
		{"0 2 * * sat", [3]string{"22:00", "06:00", "mon-fri"}, true},
		{"0 2 * * mon", [3]string{"22:00", "06:00", "mon-fri"}, false},
		{"0 2 1 * *", [3]string{"22:00", "06:00", "mon"}, true},
		{"0 12 * * *", [3]string{"00:00", "24:00", ""}, true},
		{"0 2 29 2 *", [3]string{"01:00", "03:00", ""}, true},
		{"0 2 29 2 *", [3]string{"02:01", "03:00", ""}, false},
		{"30 2 * * *", [3]string{"03:00", "03:01", ""}, true}, // on the day the clock is put forward
	} {
		if got := calendar.Meets(parse(t, tt.expr, vienna), window(t, tt.window, vienna), from); got != tt.want {
			t.Errorf("%s in %v: got %v, want %v", tt.expr, tt.window, got, tt.want)
		}
	}
}

func TestMeetsOverZones(t *testing.T) {
	t.Parallel()
	s := parse(t, "0 2 * * *", load(t, "America/New_York"))
	utc := window(t, [3]string{"02:00", "03:00", ""}, time.UTC)
	viennese := window(t, [3]string{"08:00", "08:01", "sun"}, load(t, "Europe/Vienna"))
	if from := time.Unix(1800000000, 0); !calendar.Meets(s, viennese, from) || calendar.Meets(s, utc, from) {
		t.Error("02:00 in New York is 08:00 in Vienna")
	}
}

// restless is a window of somebody else's that is closed and always about to open.
type restless struct{ looks int }

func (r *restless) Open(now time.Time) (bool, time.Time) {
	r.looks++
	return false, now.Add(time.Minute)
}

func TestMeetsIsBounded(t *testing.T) {
	t.Parallel()
	w := &restless{}
	if !calendar.Meets(parse(t, "* * * * *", time.UTC), w, time.Unix(0, 0)) || w.looks > 5000 {
		t.Errorf("looked %d times", w.looks)
	}
}
