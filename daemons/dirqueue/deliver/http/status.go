package http

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/peakd/peakd/daemons/dirqueue/deliver"
)

// verdict judges a status: the code itself, then its class.
func (s *Settings) verdict(code int) deliver.Verdict {
	exact := strconv.Itoa(code)
	for _, word := range []string{exact, exact[:1] + "xx"} {
		switch {
		case slices.Contains(s.DoneStatus, word):
			return deliver.Done
		case slices.Contains(s.RetryStatus, word):
			return deliver.Retry
		case slices.Contains(s.TripStatus, word):
			return deliver.Trip
		}
	}
	return deliver.Permanent
}

// longestAfter bounds what a server may ask for.
const longestAfter = 24 * time.Hour

// retryAfter reads a Retry-After: seconds, or a date.
func retryAfter(text string, now time.Time) time.Duration {
	text = strings.TrimSpace(text)
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, longestAfter)
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return min(max(0, at.Sub(now)), longestAfter)
}
