// Package sqlite keeps SQLite databases of the app's own in a private directory: what the state and the history
// have in common. It opens, checks and migrates a file, and says of an error what it means for the file and what
// a person can do.
package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
)

// File describes a database file.
type File struct {
	// ID marks a file as one of this kind, in SQLite's header.
	ID int
	// Steps are the SQL that leads from each version of the schema to the next; the first makes a file new. A step,
	// once released, never changes.
	Steps []string
	// Durable makes each commit survive a loss of power, not only a kill of the process; it costs an fsync.
	Durable bool
	// Shrinks makes a new file one that can give pages back, with PRAGMA incremental_vacuum.
	Shrinks bool
	// Checked has every page read when the file is opened for writing.
	Checked bool
	// Fresh is what moving the file away is for, in words: "to start without memory".
	Fresh string
}

// Open opens the database at path for writing, in a directory that [PrepareDir] has made sure of, and makes it if
// it is missing. Only one process at a time may; see [Lock]. The errors to tell apart are [ErrUnsafe], [ErrNewer]
// and [ErrDamaged]; none of them changes or removes anything.
func (f File) Open(path string) (*sql.DB, error) {
	if err := prepareFiles(path); err != nil {
		return nil, err
	}
	db, err := connect(path, "rw", f)
	if err != nil {
		return nil, err
	}
	if err := f.prepare(db); err != nil {
		return nil, f.Explain(errors.Join(err, db.Close()))
	}
	return db, nil
}

func (f File) prepare(db *sql.DB) error {
	if err := migrate(db, f); err != nil {
		return err
	}
	if f.Checked {
		return QuickCheck(db)
	}
	return nil
}

// OpenReader opens the database at path for reading, beside whoever writes it, and changes nothing that one would
// notice. The error is [fs.ErrNotExist] where there is none yet, otherwise those of Open. Root may read every user's.
func (f File) OpenReader(path string) (*sql.DB, error) {
	if err := checkReadable(path); err != nil {
		return nil, err
	}
	db, err := connect(path, "ro", f)
	if err != nil {
		return nil, err
	}
	if err := f.upToDate(db); err != nil {
		return nil, f.Explain(errors.Join(err, db.Close()))
	}
	return db, nil
}

func (f File) upToDate(db *sql.DB) error {
	version, err := f.version(db)
	switch {
	case err != nil:
		return err
	case version == 0:
		// An app was stopped before it could make the first table.
		return fs.ErrNotExist
	case version < len(f.Steps):
		return fmt.Errorf("schema %d is older than this program's; run the app once with it", version)
	}
	return nil
}
