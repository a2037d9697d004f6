package config_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/peakd/peakd/config"
)

func TestParseDuration(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in   string
		want time.Duration
	}{
		{"0", 0},
		{"0s", 0},
		{"30s", 30 * time.Second},
		{"1d12h", 36 * time.Hour},
		{"2w", 14 * 24 * time.Hour},
		{"1.5d", 36 * time.Hour},
		{"0.5w", 84 * time.Hour},
		{"1m30s", 90 * time.Second},
		{"250ms", 250 * time.Millisecond},
		{"3us", 3 * time.Microsecond},
		{"3µs", 3 * time.Microsecond},
		{"7ns", 7},
		{"-1h", -time.Hour},
		{".5h", 30 * time.Minute},
	} {
		got, err := config.ParseDuration(tt.in)
		if err != nil || got != tt.want {
			t.Errorf("ParseDuration(%q) = %v, %v, want %v", tt.in, got, err, tt.want)
		}
	}
}

func TestParseDurationRefuses(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                       "empty",
		"-":                      "empty",
		"10":                     "the number 10 has no unit",
		"1h30":                   "the number 30 has no unit",
		"5 m":                    `" m" is no unit`,
		"5min":                   `"min" is no unit`,
		"1D":                     `"D" is no unit`,
		"abc":                    "does not start with a number",
		"h":                      "does not start with a number",
		"1.2.3s":                 "is not a number",
		".s":                     "does not start with a number",
		"--1s":                   "does not start with a number",
		"20000w":                 "longer than 292 years",
		"292y":                   `"y" is no unit`,
		"200000d":                "longer than 292 years",
		"99999999999999999999h":  "longer than 292 years",
		"106000d" + "106000d":    "longer than 292 years",
		"2562047h2562047h":       "longer than 292 years",
		"9223372036854775808ns":  "longer than 292 years",
		"1s\x00":                 "is no unit",
		strings.Repeat("9", 400): "has no unit",
	} {
		if got, err := config.ParseDuration(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseDuration(%q) = %v, %v, want an error with %q", in, got, err, want)
		}
	}
}

func TestFormatDuration(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]time.Duration{
		"0s":       0,
		"1ns":      1,
		"1.5us":    1500,
		"250ms":    250 * time.Millisecond,
		"30s":      30 * time.Second,
		"1m30s":    90 * time.Second,
		"1.25s":    1250 * time.Millisecond,
		"1h":       time.Hour,
		"1h0.001s": time.Hour + time.Millisecond,
		"1d12h":    36 * time.Hour,
		"26d20h":   644 * time.Hour,
		"-5m":      -5 * time.Minute,
	} {
		if got := config.FormatDuration(d); got != want {
			t.Errorf("FormatDuration(%d) = %q, want %q", d, got, want)
		}
	}
}

func TestDurationsSurviveTheirText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(-math.MaxInt64, math.MaxInt64).Draw(t, "d"))
		got, err := config.ParseDuration(config.FormatDuration(d))
		if err != nil || got != d {
			t.Fatalf("%d written as %q is read as %d, %v", d, config.FormatDuration(d), got, err)
		}
	})
}

func TestParseDurationAgreesWithGo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.StringMatching(`-?([0-9]{1,3}(\.[0-9]{1,3})?(h|m|s|ms|us|ns)){1,3}`).Draw(t, "in")
		want, err := time.ParseDuration(in)
		if err != nil {
			t.Skip()
		}
		if got, err := config.ParseDuration(in); err != nil || got != want {
			t.Fatalf("ParseDuration(%q) = %v, %v, want %v", in, got, err, want)
		}
	})
}

func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{"1d12h", "-5m", "0", "1.5w", "5 m", "9999999999999w"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := config.ParseDuration(s)
		if err != nil {
			return
		}
		if again, err := config.ParseDuration(config.FormatDuration(d)); err != nil || again != d {
			t.Errorf("%q is %d, written %q, read as %d, %v", s, d, config.FormatDuration(d), again, err)
		}
	})
}
