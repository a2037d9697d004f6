package sqlite

import (
	"database/sql"
	"math"
	"time"
)

// Nanoseconds is a time as stored: since 1970 in UTC, clipped to what an int64 holds (the years 1677 to 2262); nil
// for none.
func Nanoseconds(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return Clipped(t)
}

// Clipped is Nanoseconds of a time that there is.
func Clipped(t time.Time) int64 {
	switch {
	case t.Before(time.Unix(0, math.MinInt64)):
		return math.MinInt64
	case t.After(time.Unix(0, math.MaxInt64)):
		return math.MaxInt64
	}
	return t.UnixNano()
}

// Instant is the time that was stored, in UTC; the zero time for none.
func Instant(ns sql.NullInt64) time.Time {
	if !ns.Valid {
		return time.Time{}
	}
	return time.Unix(0, ns.Int64).UTC()
}
