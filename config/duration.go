package config

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// errOverflow is what a duration beyond 292 years ends in.
var errOverflow = errors.New("it is longer than 292 years")

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// ParseDuration reads a duration as configurations write it: Go's units, and d and w for days and weeks
// of 24 hours, as in "1d12h" or "1.5w". The errors are sentences without a subject.
func ParseDuration(s string) (time.Duration, error) {
	text, sign := strings.CutPrefix(s, "-")
	if text == "" {
		return 0, errors.New("it is empty")
	}
	if text == "0" {
		return 0, nil
	}
	var sum time.Duration
	for text != "" {
		part, rest, err := cutDuration(text)
		if err != nil {
			return 0, err
		}
		if sum += part; sum < 0 {
			return 0, errOverflow
		}
		text = rest
	}
	if sign {
		sum = -sum
	}
	return sum, nil
}

// cutDuration reads one number and its unit.
func cutDuration(text string) (part time.Duration, rest string, err error) {
	n := 0
	for n < len(text) && (text[n] == '.' || '0' <= text[n] && text[n] <= '9') {
		n++
	}
	end := n
	for end < len(text) && text[end] != '.' && (text[end] < '0' || text[end] > '9') {
		end++
	}
	number, unit := text[:n], text[n:end]
	switch {
	case number == "" || number == ".":
		return 0, "", fmt.Errorf("%q does not start with a number", text)
	case unit == "":
		return 0, "", fmt.Errorf("the number %s has no unit", number)
	case unit == "d":
		part, err = multiple(number, day)
	case unit == "w":
		part, err = multiple(number, week)
	default:
		part, err = goDuration(number, unit)
	}
	return part, text[end:], err
}

func goDuration(number, unit string) (time.Duration, error) {
	if _, err := time.ParseDuration("1" + unit); err != nil {
		return 0, fmt.Errorf("%q is no unit of time", unit)
	}
	if strings.Count(number, ".") > 1 {
		return 0, fmt.Errorf("%s is not a number", number)
	}
	d, err := time.ParseDuration(number + unit)
	if err != nil {
		return 0, errOverflow
	}
	return d, nil
}

// multiple is a number of days or weeks, taken as hours so that a fraction of them stays exact.
func multiple(number string, unit time.Duration) (time.Duration, error) {
	d, err := goDuration(number, "h")
	if err != nil {
		return 0, err
	}
	times := unit / time.Hour
	if d > math.MaxInt64/times {
		return 0, errOverflow
	}
	return d * times, nil
}

// FormatDuration writes a duration as configurations and outputs do: "1d12h", "1m30s", "250ms", "0s".
// [ParseDuration] reads it back.
func FormatDuration(d time.Duration) string {
	if d < 0 {
		if d == math.MinInt64 {
			return d.String()
		}
		return "-" + FormatDuration(-d)
	}
	if d < time.Second {
		return strings.Replace(d.String(), "µ", "u", 1)
	}
	var b strings.Builder
	for _, unit := range []struct {
		name string
		is   time.Duration
	}{{"d", day}, {"h", time.Hour}, {"m", time.Minute}} {
		if n := d / unit.is; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, unit.name)
			d -= n * unit.is
		}
	}
	if d > 0 {
		b.WriteString(seconds(d))
	}
	return b.String()
}

// seconds writes what is left under a minute, with as many decimals as it has.
func seconds(d time.Duration) string {
	whole, fraction := d/time.Second, d%time.Second
	if fraction == 0 {
		return fmt.Sprintf("%ds", whole)
	}
	return strings.TrimRight(fmt.Sprintf("%d.%09d", whole, fraction), "0") + "s"
}
