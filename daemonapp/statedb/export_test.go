package statedb

import (
	"database/sql"
	"errors"
)

// Pragma asks the app's own connection; args may set one.
func (d *DB) Pragma(text string) (string, error) {
	var value string
	err := d.db.QueryRow("PRAGMA " + text).Scan(&value)
	return value, err
}

// MigrateFile brings a database file up to a schema of the test's own.
func MigrateFile(path string, steps []string) error {
	db, err := connect(path, "rwc")
	if err != nil {
		return err
	}
	defer db.Close()
	return migrate(db, steps)
}

// Exec runs SQL on a file that no app has open and returns what a last query gives.
func Exec(path, text string) (string, error) {
	db, err := connect(path, "rwc")
	if err != nil {
		return "", err
	}
	defer db.Close()
	var value sql.NullString
	err = db.QueryRow(text).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return value.String, err
}

// Schema is how many steps the schema of this version has.
func Schema() int { return len(schema()) }
