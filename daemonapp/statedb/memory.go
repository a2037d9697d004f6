package statedb

import (
	"database/sql"
	"fmt"
	"math"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

const (
	loadSQL = `SELECT name, type, digest, next, never, idle_runs, failures, disarmed,
		last_start, last_end, last_success, last_outcome, gone FROM daemon`

	upsertSQL = `INSERT OR REPLACE INTO daemon (name, type, digest, next, never, idle_runs, failures,
		disarmed, last_start, last_end, last_success, last_outcome, gone)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	// A NULL, on either side, is never less.
	forgetSQL = `DELETE FROM daemon WHERE gone < ?`
)

// values are a memory's in the order of upsertSQL.
func values(m *daemonapp.Memory) []any {
	return []any{
		m.Name, m.Type, m.Digest, nanoseconds(m.Next), m.Never, m.IdleRuns, m.Failures, m.Disarmed,
		nanoseconds(m.LastStart), nanoseconds(m.LastEnd), nanoseconds(m.LastSuccess),
		m.LastOutcome.String(), nanoseconds(m.Gone),
	}
}

func load(db *sql.DB, path string) (map[string]daemonapp.Memory, error) {
	all, err := loadRows(db)
	if err != nil {
		return nil, fmt.Errorf("load state %s: %w", path, explain(err))
	}
	return all, nil
}

func loadRows(db *sql.DB) (map[string]daemonapp.Memory, error) {
	rows, err := db.Query(loadSQL)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err tells of whatever ended the rows.
	all := make(map[string]daemonapp.Memory)
	for rows.Next() {
		m, err := scanMemory(rows)
		if err != nil {
			return nil, err
		}
		all[m.Name] = m
	}
	return all, rows.Err()
}

func scanMemory(rows *sql.Rows) (daemonapp.Memory, error) {
	var (
		m                               daemonapp.Memory
		next, start, end, success, gone sql.NullInt64
		outcome                         string
	)
	err := rows.Scan(&m.Name, &m.Type, &m.Digest, &next, &m.Never, &m.IdleRuns, &m.Failures,
		&m.Disarmed, &start, &end, &success, &outcome, &gone)
	m.Next, m.LastStart, m.LastEnd = instant(next), instant(start), instant(end)
	m.LastSuccess, m.Gone = instant(success), instant(gone)
	m.LastOutcome = parseOutcome(outcome)
	return m, err
}

// parseOutcome reads what String wrote. The word is stored, not the number, so that the file can be
// read by people and outlives a new order of the constants. A word it does not know is no outcome.
func parseOutcome(word string) schedule.Outcome {
	if word == schedule.Cancelled.String() {
		return schedule.Cancelled
	}
	outcome, _ := schedule.ParseOutcome(word)
	return outcome
}

// nanoseconds is a time as stored: since 1970 in UTC, clipped to what an int64 holds; nil for none.
func nanoseconds(t time.Time) any {
	switch {
	case t.IsZero():
		return nil
	case t.Before(time.Unix(0, math.MinInt64)):
		return int64(math.MinInt64)
	case t.After(time.Unix(0, math.MaxInt64)):
		return int64(math.MaxInt64)
	}
	return t.UnixNano()
}

func instant(ns sql.NullInt64) time.Time {
	if !ns.Valid {
		return time.Time{}
	}
	return time.Unix(0, ns.Int64).UTC()
}
