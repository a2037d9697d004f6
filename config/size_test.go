package config_test

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/peakd/peakd/config"
)

func TestParseSize(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]config.Size{
		"0":      0,
		"0B":     0,
		"12B":    12,
		"512KiB": 512 << 10,
		"2GB":    2e9,
		"1.5MiB": 3 << 19,
		"64kB":   64e3,
		"1PiB":   1 << 50,
	} {
		if got, err := config.ParseSize(in); err != nil || got != want {
			t.Errorf("ParseSize(%q) = %d, %v, want %d", in, got, err, want)
		}
	}
}

func TestParseSizeRefuses(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":           "does not start with a number",
		"-1B":        "does not start with a number",
		"12":         "has no unit",
		"12 KB":      "is no unit of size",
		"12kib":      "is no unit of size",
		"1.5B":       "no whole number of bytes",
		"1.2.3KB":    "is not a number",
		"9999999PiB": "more than 8 EiB",
	} {
		if got, err := config.ParseSize(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseSize(%q) = %d, %v, want an error with %q", in, got, err, want)
		}
	}
}

func TestSizesSurviveTheirText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := config.Size(rapid.OneOf(
			rapid.Int64Range(0, math.MaxInt64),
			rapid.Custom(func(t *rapid.T) int64 {
				return rapid.Int64Range(0, 9000).Draw(t, "n") << rapid.SampledFrom([]int{0, 10, 20, 30, 40}).Draw(t, "unit")
			}),
		).Draw(t, "size"))
		if got, err := config.ParseSize(s.String()); err != nil || got != s {
			t.Fatalf("%d written as %q is read as %d, %v", s, s.String(), got, err)
		}
	})
}

func TestSizeString(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]config.Size{"64KiB": 64 << 10, "2GB": 2e9, "0B": 0, "1KB": 1000, "1025B": 1025} {
		if s.String() != want {
			t.Errorf("Size(%d) is written %q, want %q", int64(s), s, want)
		}
	}
}

func TestMode(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"0640": "0640", "22": "0022", "7777": "7777", "0": "0000"} {
		if m, err := config.ParseMode(in); err != nil || m.String() != want {
			t.Errorf("ParseMode(%q) = %s, %v, want %s", in, m, err, want)
		}
	}
	for _, in := range []string{"", "8", "0o640", "10000", "-1", "0x1ff"} {
		if m, err := config.ParseMode(in); err == nil {
			t.Errorf("ParseMode(%q) = %s, want an error", in, m)
		}
	}
}
