package status

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Seconds is a duration that is a number of seconds in JSON.
type Seconds time.Duration

var (
	_ json.Marshaler   = Seconds(0)
	_ json.Unmarshaler = (*Seconds)(nil)
)

// Duration is s as a [time.Duration].
func (s Seconds) Duration() time.Duration { return time.Duration(s) }

// MarshalJSON writes seconds to the nanosecond: 0.25, 3600.
func (s Seconds) MarshalJSON() ([]byte, error) {
	sign, whole, rest := "", int64(s)/int64(time.Second), int64(s)%int64(time.Second)
	if s < 0 {
		sign, whole, rest = "-", -whole, -rest
	}
	text := sign + strconv.FormatInt(whole, 10)
	if rest == 0 {
		return []byte(text), nil
	}
	return []byte(text + "." + strings.TrimRight(fmt.Sprintf("%09d", rest), "0")), nil
}

// UnmarshalJSON reads what MarshalJSON writes, and any other number of seconds about as precisely as a float64 is.
func (s *Seconds) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	if exact, err := time.ParseDuration(string(text) + "s"); err == nil && json.Valid(text) {
		*s = Seconds(exact)
		return nil
	}
	var seconds float64
	if err := json.Unmarshal(text, &seconds); err != nil {
		return fmt.Errorf("read seconds: %.40q is not a number", text)
	}
	switch ns := math.Round(seconds * float64(time.Second)); {
	case ns >= math.MaxInt64:
		*s = math.MaxInt64
	case ns <= math.MinInt64:
		*s = math.MinInt64
	default:
		*s = Seconds(ns)
	}
	return nil
}
