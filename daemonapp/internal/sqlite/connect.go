package sqlite

import (
	"database/sql"
	"fmt"
	"net/url"

	"modernc.org/sqlite"
)

// connect opens the database on one connection, so that its prepared statements and its transactions
// are never spread over several. mode is SQLite's: rw, ro or rwc.
func connect(path, mode string, f File) (*sql.DB, error) {
	synchronous := "synchronous(NORMAL)"
	if f.Durable {
		synchronous = "synchronous(FULL)"
	}
	query := url.Values{
		"mode":    {mode},
		"_pragma": {"busy_timeout(10000)", synchronous, "journal_size_limit(4194304)"},
	}
	if mode != "ro" {
		query.Set("_txlock", "immediate")
	}
	dsn := url.URL{Scheme: "file", Path: path, OmitHost: true, RawQuery: query.Encode()}
	connector, err := sqlite.NewConnector(dsn.String())
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	db.SetMaxIdleConns(1)
	return db, nil
}

// useWAL lets readers look while the app writes. It is a property of the file, which a file that is
// not ours must not get.
func useWAL(db *sql.DB) error {
	var mode string
	if err := db.QueryRow("PRAGMA journal_mode = WAL").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("its file system has no room for a write-ahead log (journal mode %s)", mode)
	}
	return nil
}

// QuickCheck reads every page, so that damage is told at the start and not by whoever meets it.
func QuickCheck(db *sql.DB) error {
	var verdict string
	if err := db.QueryRow("PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s", ErrDamaged, verdict)
	}
	return nil
}

// InTx commits what do does, or nothing of it.
func InTx(db *sql.DB, do func(*sql.Tx) error) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		// The first error tells what happened; a full disk has rolled back by itself.
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}
