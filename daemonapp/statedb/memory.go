package statedb

import (
	"database/sql"
	"fmt"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/internal/sqlite"
	"github.com/peakd/peakd/daemonapp/schedule"
)

const (
	loadSQL = `SELECT name, type, digest, next, never, idle_runs, failures, disarmed,
		last_start, last_end, last_success, last_outcome, gone,
		paused_since, paused_until, paused_by, paused_why, skip_next FROM daemon`

	upsertSQL = `INSERT OR REPLACE INTO daemon (name, type, digest, next, never, idle_runs, failures,
		disarmed, last_start, last_end, last_success, last_outcome, gone,
		paused_since, paused_until, paused_by, paused_why, skip_next)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	// A NULL, on either side, is never less.
	forgetSQL = `DELETE FROM daemon WHERE gone < ?`
)

// values are a memory's in the order of upsertSQL.
func values(m *daemonapp.Memory) []any {
	return []any{
		m.Name, m.Type, m.Digest, sqlite.Nanoseconds(m.Next), m.Never, m.IdleRuns, m.Failures, m.Disarmed,
		sqlite.Nanoseconds(m.LastStart), sqlite.Nanoseconds(m.LastEnd), sqlite.Nanoseconds(m.LastSuccess),
		m.LastOutcome.String(), sqlite.Nanoseconds(m.Gone),
		sqlite.Nanoseconds(m.Pause.Since), sqlite.Nanoseconds(m.Pause.Until), m.Pause.Who, m.Pause.Why, m.SkipNext,
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
		since, until                    sql.NullInt64
		outcome                         string
	)
	err := rows.Scan(&m.Name, &m.Type, &m.Digest, &next, &m.Never, &m.IdleRuns, &m.Failures,
		&m.Disarmed, &start, &end, &success, &outcome, &gone,
		&since, &until, &m.Pause.Who, &m.Pause.Why, &m.SkipNext)
	m.Next, m.LastStart, m.LastEnd = sqlite.Instant(next), sqlite.Instant(start), sqlite.Instant(end)
	m.LastSuccess, m.Gone = sqlite.Instant(success), sqlite.Instant(gone)
	m.Pause.Since, m.Pause.Until = sqlite.Instant(since), sqlite.Instant(until)
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
