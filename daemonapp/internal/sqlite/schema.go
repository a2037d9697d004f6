package sqlite

import (
	"database/sql"
	"fmt"
)

// migrate brings the database up to the last step. Each step is one transaction with its version number,
// so that a process killed between them goes on where it was.
func migrate(db *sql.DB, f File) error {
	version, err := f.version(db)
	if err != nil {
		return err
	}
	if version == 0 && f.Shrinks {
		// Only a file without tables can become one that gives pages back.
		if _, err := db.Exec("PRAGMA auto_vacuum = INCREMENTAL"); err != nil {
			return err
		}
	}
	if err := useWAL(db); err != nil {
		return err
	}
	for ; version < len(f.Steps); version++ {
		if err := f.step(db, version); err != nil {
			return fmt.Errorf("migrate to schema %d: %w", version+1, err)
		}
	}
	return nil
}

// step leads from a version to the next.
func (f File) step(db *sql.DB, version int) error {
	return InTx(db, func(tx *sql.Tx) error {
		if _, err := tx.Exec(f.Steps[version]); err != nil {
			return err
		}
		// A pragma takes no parameters.
		_, err := tx.Exec(fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", f.ID, version+1))
		return err
	})
}

// version returns the file's schema version, 0 for a new file.
func (f File) version(db *sql.DB) (int, error) {
	var version, id, tables int
	err := db.QueryRow(`SELECT (SELECT user_version FROM pragma_user_version),
		(SELECT application_id FROM pragma_application_id),
		(SELECT count(*) FROM sqlite_schema)`).Scan(&version, &id, &tables)
	switch {
	case err != nil:
		return 0, err
	case id == 0 && version == 0 && tables == 0:
		return 0, nil
	case id != f.ID || version <= 0:
		return 0, fmt.Errorf("%w: not this database of peakd", ErrDamaged)
	case version > len(f.Steps):
		return 0, fmt.Errorf("%w: schema %d, this one knows up to %d; it was left as it is: "+
			"run that version, or move the file away %s", ErrNewer, version, len(f.Steps), f.Fresh)
	}
	return version, nil
}
