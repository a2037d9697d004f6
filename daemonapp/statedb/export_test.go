package statedb

// Pragma asks the app's own connection; args may set one.
func (d *DB) Pragma(text string) (string, error) {
	var value string
	err := d.db.QueryRow("PRAGMA " + text).Scan(&value)
	return value, err
}

// Schema is how many steps the schema of this version has.
func Schema() int { return len(schema()) }
