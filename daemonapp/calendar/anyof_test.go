package calendar_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/peakd/peakd/daemonapp/calendar"
)

func TestAnyOfOpen(t *testing.T) {
	t.Parallel()
	friday := time.Date(2027, 1, 15, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name    string
		windows [][3]string
		now     time.Duration // from Friday 00:00
		open    bool
		change  time.Duration // 0: never
	}{
		{"none", nil, 0, true, 0},
		{"one", [][3]string{{"22:00", "06:00", ""}}, 0, true, 6 * time.Hour},
		{"the earlier opens", [][3]string{{"22:00", "06:00", ""}, {"12:00", "13:00", ""}}, 7 * time.Hour, false, 12 * time.Hour},
		{"between them", [][3]string{{"22:00", "06:00", ""}, {"12:00", "13:00", ""}}, 13 * time.Hour, false, 22 * time.Hour},
		{"overlapping", [][3]string{{"08:00", "12:00", ""}, {"10:00", "14:00", ""}}, 9 * time.Hour, true, 14 * time.Hour},
		{"one within another", [][3]string{{"08:00", "20:00", ""}, {"10:00", "14:00", ""}}, 9 * time.Hour, true, 20 * time.Hour},
		{"touching", [][3]string{{"08:00", "12:00", ""}, {"12:00", "14:00", ""}}, 9 * time.Hour, true, 14 * time.Hour},
		{"touching over days", [][3]string{{"00:00", "24:00", "fri"}, {"00:00", "06:00", "sat"}}, 9 * time.Hour, true, 30 * time.Hour},
		{"together always", [][3]string{{"06:00", "22:00", ""}, {"22:00", "06:00", ""}}, 9 * time.Hour, true, 0},
		{"all but an hour a week", [][3]string{{"06:00", "22:00", ""}, {"22:00", "06:00", "mon-sat"}, {"23:00", "06:00", "sun"}}, 72 * time.Hour, true, 2*day + 22*time.Hour + 7*day},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var union calendar.AnyOf
			for _, text := range tt.windows {
				union = append(union, window(t, text, time.UTC))
			}
			var want time.Time
			if tt.change > 0 {
				want = friday.Add(tt.change)
			}
			if open, change := union.Open(friday.Add(tt.now)); open != tt.open || !change.Equal(want) {
				t.Errorf("got %v until %v, want %v until %v", open, change, tt.open, want)
			}
		})
	}
}

// TestAnyOfIsTheUnion walks a week and a half minute by minute, over a step of the clock.
func TestAnyOfIsTheUnion(t *testing.T) {
	t.Parallel()
	zones := []string{"Europe/Vienna", "America/New_York", "UTC", "Australia/Lord_Howe"}
	rapid.Check(t, func(rt *rapid.T) {
		var union calendar.AnyOf
		for range rapid.IntRange(1, 4).Draw(rt, "windows") {
			from, length := rapid.IntRange(0, 1439).Draw(rt, "from"), rapid.IntRange(1, 1439).Draw(rt, "minutes")
			union = append(union, &calendar.Window{
				From: from, To: (from + length) % 1440, Days: calendar.Days(rapid.Uint8Range(1, 127).Draw(rt, "days")),
				Location: load(t, rapid.SampledFrom(zones).Draw(rt, "zone")),
			})
		}
		now := time.Date(2027, 3, 27, rapid.IntRange(0, 23).Draw(rt, "hour"), 0, 0, 0, time.UTC)
		open, change := union.Open(now)
		for at := now; at.Before(now.Add(10 * day)); at = at.Add(time.Minute) {
			one := false
			for _, w := range union {
				alone, _ := w.Open(at)
				one = one || alone
			}
			if at.Equal(change) {
				if one == open {
					rt.Fatalf("%v: no change at %v", union, change)
				}
				return
			}
			if one != open {
				rt.Fatalf("%v: changes at %v, not only at %v", union, at, change)
			}
		}
		if !change.IsZero() {
			rt.Fatalf("%v: changes only at %v", union, change)
		}
	})
}
