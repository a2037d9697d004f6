package statedb

import "github.com/peakd/peakd/daemonapp/internal/sqlite"

// fileName is the database's name in the state directory; SQLite puts fileName-wal and fileName-shm
// beside it while it is open.
const fileName = "state.db"

// file is the state's database. Each commit is durable: what was done must not be done twice.
func file() sqlite.File {
	return sqlite.File{ID: applicationID, Steps: schema(), Durable: true, Checked: true, Fresh: "to start without memory"}
}

func explain(err error) error { return file().Explain(err) }

// applicationID marks a file as peakd's in SQLite's header: "peak".
const applicationID = 0x7065616b

// schema is the SQL that leads from each version of the file to the next: the first makes a file
// new. A step, once released, never changes.
func schema() []string {
	return []string{`
		CREATE TABLE daemon (
			name         TEXT PRIMARY KEY,
			type         TEXT NOT NULL,
			digest       TEXT NOT NULL,
			next         INTEGER,            -- times: nanoseconds since 1970, UTC; NULL is none
			never        INTEGER NOT NULL,
			idle_runs    INTEGER NOT NULL,
			failures     INTEGER NOT NULL,
			disarmed     TEXT NOT NULL,
			last_start   INTEGER,
			last_end     INTEGER,
			last_success INTEGER,
			last_outcome TEXT NOT NULL,
			gone         INTEGER
		) STRICT, WITHOUT ROWID;
		CREATE TABLE applied (
			id      INTEGER PRIMARY KEY CHECK (id = 1),
			app     TEXT NOT NULL,
			digest  TEXT NOT NULL,
			at      INTEGER,
			by      TEXT NOT NULL,
			daemons TEXT NOT NULL            -- JSON
		) STRICT;
	`, `
		ALTER TABLE daemon ADD COLUMN paused_since INTEGER;
		ALTER TABLE daemon ADD COLUMN paused_until INTEGER;
		ALTER TABLE daemon ADD COLUMN paused_by TEXT NOT NULL DEFAULT '';
		ALTER TABLE daemon ADD COLUMN paused_why TEXT NOT NULL DEFAULT '';
		ALTER TABLE daemon ADD COLUMN skip_next INTEGER NOT NULL DEFAULT 0;
	`}
}
