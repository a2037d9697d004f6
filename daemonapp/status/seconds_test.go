package status_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/status"
)

func TestSeconds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		want time.Duration
	}{
		{"0", 0},
		{"0.25", 250 * time.Millisecond},
		{"3600", time.Hour},
		{"-0.5", -time.Second / 2},
		{"-1.000000001", -time.Second - 1},
		{"0.000000001", 1},
		{"9223372036.854775807", math.MaxInt64},
		{"-9223372036.854775808", math.MinInt64},
	} {
		var got status.Seconds
		if err := json.Unmarshal([]byte(tt.text), &got); err != nil || got.Duration() != tt.want {
			t.Errorf("read %s: %d, %v; want %d", tt.text, got, err, tt.want)
		}
		if text, err := json.Marshal(status.Seconds(tt.want)); err != nil || string(text) != tt.text {
			t.Errorf("write %d: %s, %v; want %s", tt.want, text, err, tt.text)
		}
	}
	for text, want := range map[string]time.Duration{"1e1": 10 * time.Second, "1e300": math.MaxInt64, "-1e300": math.MinInt64, "null": 0} {
		var got status.Seconds
		if err := json.Unmarshal([]byte(text), &got); err != nil || got.Duration() != want {
			t.Errorf("read %s: %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{`"1"`, `"1h"`, `{}`, `[1]`, `true`} {
		var got status.Seconds
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("read %s: %d, want an error", text, got)
		}
	}
}

func FuzzSeconds(f *testing.F) {
	for _, n := range []int64{0, 1, -1, 1e9, math.MaxInt64, math.MinInt64} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, n int64) {
		text, err := json.Marshal(status.Seconds(n))
		if err != nil {
			t.Fatal(err)
		}
		var back status.Seconds
		if err := json.Unmarshal(text, &back); err != nil || int64(back) != n {
			t.Errorf("%d is %s and then %d, %v", n, text, back, err)
		}
	})
}
