package simulate

import (
	"fmt"
	"strconv"
	"time"
)

// Short writes a duration the way people read it: its two largest units, rounded to the nearest, nothing
// that is zero: 250ms, 8.8s, 45s, 1m08s, 2h05m, 3d04h. Days begin at 48 hours; zero is 0s.
func Short(d time.Duration) string {
	if d < 0 {
		if d == -d { // the least Duration has no counterpart
			d++
		}
		return "-" + Short(-d)
	}
	switch {
	case d == 0:
		return "0s"
	case d < time.Microsecond:
		return strconv.Itoa(int(d)) + "ns"
	case d.Round(time.Microsecond) < time.Millisecond:
		return strconv.Itoa(int(d.Round(time.Microsecond)/time.Microsecond)) + "µs"
	case d.Round(time.Millisecond) < time.Second:
		return strconv.Itoa(int(d.Round(time.Millisecond)/time.Millisecond)) + "ms"
	case d.Round(time.Second/10) < time.Minute:
		return strconv.FormatFloat(d.Round(time.Second/10).Seconds(), 'f', -1, 64) + "s"
	case d.Round(time.Second) < time.Hour:
		return pair(d.Round(time.Second), time.Minute, time.Second, "m", "s")
	case d.Round(time.Minute) < 48*time.Hour:
		return pair(d.Round(time.Minute), time.Hour, time.Minute, "h", "m")
	}
	return pair(d.Round(time.Hour), 24*time.Hour, time.Hour, "d", "h")
}

// pair writes d in two units, the smaller with two digits, or not at all if it is zero.
func pair(d, large, small time.Duration, largeUnit, smallUnit string) string {
	whole, rest := d/large, d%large/small
	if rest == 0 {
		return strconv.Itoa(int(whole)) + largeUnit
	}
	return fmt.Sprintf("%d%s%02d%s", whole, largeUnit, rest, smallUnit)
}
