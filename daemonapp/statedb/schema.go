package statedb

import (
	"database/sql"
	"fmt"
)

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
	`}
}

// migrate brings the file up to the last step. Each step is one transaction with its version number,
// so that a process killed between them goes on where it was.
func migrate(db *sql.DB, steps []string) error {
	version, err := checkVersion(db, len(steps))
	if err != nil {
		return err
	}
	if err := useWAL(db); err != nil {
		return err
	}
	for ; version < len(steps); version++ {
		if err := step(db, steps[version], version+1); err != nil {
			return fmt.Errorf("migrate to schema %d: %w", version+1, err)
		}
	}
	return nil
}

func step(db *sql.DB, ddl string, version int) error {
	return inTx(db, func(tx *sql.Tx) error {
		if _, err := tx.Exec(ddl); err != nil {
			return err
		}
		// A pragma takes no parameters.
		_, err := tx.Exec(fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d",
			applicationID, version))
		return err
	})
}

// checkVersion returns the file's schema version, 0 for a new file. known is the last one this
// program knows.
func checkVersion(db *sql.DB, known int) (int, error) {
	var version, id, tables int
	err := db.QueryRow(`SELECT (SELECT user_version FROM pragma_user_version),
		(SELECT application_id FROM pragma_application_id),
		(SELECT count(*) FROM sqlite_schema)`).Scan(&version, &id, &tables)
	switch {
	case err != nil:
		return 0, err
	case id == 0 && version == 0 && tables == 0:
		return 0, nil
	case id != applicationID || version <= 0:
		return 0, fmt.Errorf("%w: not a database of peakd", ErrDamaged)
	case version > known:
		return 0, fmt.Errorf("%w: schema %d, this one knows up to %d; it was left as it is: "+
			"run that version, or move the file away to start without memory", ErrNewer, version, known)
	}
	return version, nil
}
