package statedb

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/peakd/peakd/daemonapp/internal/sqlite"
)

// Applied is the configuration an app took over last: what a plan is the difference to.
type Applied struct {
	// App is the app's label, Digest that of the whole configuration.
	App, Digest string
	// At is when it was applied, By who asked for it.
	At time.Time
	By string
	// Daemons are its daemons in the order of the configuration.
	Daemons []AppliedDaemon
}

// AppliedDaemon is one daemon of an applied configuration.
type AppliedDaemon struct {
	Name, Type, Digest string
	// Where is its place, "file:line".
	Where string
	// Settings are its attributes as text, by path ("retry.every"). The caller has put a mask and a
	// short hash where a secret was: this package stores what it is given.
	Settings map[string]string
}

const (
	saveAppliedSQL = `INSERT OR REPLACE INTO applied (id, app, digest, at, by, daemons) VALUES (1, ?, ?, ?, ?, ?)`
	loadAppliedSQL = `SELECT app, digest, at, by, daemons FROM applied WHERE id = 1`
)

// SaveApplied replaces the configuration applied last. It is durable when it returns nil.
func (d *DB) SaveApplied(a Applied) error {
	daemons, err := json.Marshal(a.Daemons)
	if err == nil {
		_, err = d.db.Exec(saveAppliedSQL, a.App, a.Digest, sqlite.Nanoseconds(a.At), a.By, string(daemons))
	}
	if err != nil {
		return fmt.Errorf("save applied configuration %s: %w", d.path, explain(err))
	}
	return nil
}

// LoadApplied returns the configuration applied last, and whether there was one.
func (d *DB) LoadApplied() (Applied, bool, error) { return loadApplied(d.db, d.path) }

func loadApplied(db *sql.DB, path string) (Applied, bool, error) {
	var (
		a       Applied
		at      sql.NullInt64
		daemons []byte
	)
	err := db.QueryRow(loadAppliedSQL).Scan(&a.App, &a.Digest, &at, &a.By, &daemons)
	if errors.Is(err, sql.ErrNoRows) {
		return Applied{}, false, nil
	}
	if err == nil {
		err = decodeDaemons(daemons, &a)
	}
	if err != nil {
		return Applied{}, false, fmt.Errorf("load applied configuration %s: %w", path, explain(err))
	}
	a.At = sqlite.Instant(at)
	return a, true, nil
}

func decodeDaemons(text []byte, a *Applied) error {
	if err := json.Unmarshal(text, &a.Daemons); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}
